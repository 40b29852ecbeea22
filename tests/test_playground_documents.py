"""The handbook's pages in the browser: safe to open whatever they hold, marked where quoted."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bot.playground.documents import find_page, mark, render
from bot.playground.server import start


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    handbook = tmp_path / "handbook"
    (handbook / "hr").mkdir(parents=True)
    (handbook / "hr" / "leave.md").write_text(
        "# Leave & <b>rest</b>\n\nFull-time staff get **25 days** of\nleave.\n\n<script>alert(1)</script>\n",
        encoding="utf-8",
    )
    (handbook / "plain.txt").write_text("a < b", encoding="utf-8")
    (handbook / ".hidden.md").write_text("hidden", encoding="utf-8")
    (handbook / "picture.png").write_bytes(b"")
    (tmp_path / "secret.md").write_text("secret", encoding="utf-8")
    (handbook / "way-out.md").symlink_to(tmp_path / "secret.md")
    return handbook


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_page_shows_its_html_and_never_runs_it(folder: Path) -> None:
    with start(folder=folder) as playground:
        status, page = fetch(f"{playground.url}/documents/hr/leave.md")
    assert status == 200
    assert "<title>Leave &amp; &lt;b&gt;rest&lt;/b&gt;</title>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "path",
    [
        "../secret.md",
        "hr/../../secret.md",
        "/etc/passwd",
        "way-out.md",
        ".hidden.md",
        "picture.png",
        "hr",
        "no.md",
    ],
)
def test_a_path_leads_nowhere_but_to_a_page_of_the_folder(folder: Path, path: str) -> None:
    assert find_page(folder, path) is None


def test_a_path_that_climbs_out_is_not_found_however_it_is_written(folder: Path) -> None:
    with start(folder=folder) as playground:
        for path in (
            "../secret.md",
            "%2e%2e/secret.md",
            "hr/..%2f..%2fsecret.md",
            "%2fetc%2fpasswd",
            "a%00b.md",
        ):
            status, page = fetch(f"{playground.url}/documents/{path}")
            assert status == 404
            assert ">secret<" not in page


def test_the_list_names_every_page_that_can_be_opened(folder: Path) -> None:
    with start(folder=folder) as playground:
        _, page = fetch(f"{playground.url}/documents/")
    assert "/documents/hr/leave.md" in page
    assert "/documents/plain.txt" in page
    assert ".hidden" not in page
    assert "way-out" not in page


def test_a_quoted_sentence_is_marked_across_markup_and_line_breaks(folder: Path) -> None:
    with start(folder=folder) as playground:
        _, page = fetch(f"{playground.url}/documents/hr/leave.md?q=Full-time+staff+get+25+days+of+leave.")
    assert '<mark id="found">Full-time staff get </mark><strong><mark>25 days</mark></strong>' in page
    assert "<mark> of\nleave</mark>" in page


def test_a_mark_never_opens_inside_a_tag_or_an_entity() -> None:
    content = render("Use `a < b` & *c*, class or p")
    assert mark(content, "a b c").count("<mark") == 3
    assert "&lt;" in mark(content, "a b")
    assert mark(content, "nowhere to be found") == content
    assert mark(content, "...") == content
    # The letters of tags and entities don't count as text.
    assert mark(content, "code") == content
    assert mark(content, "lt") == content


def test_a_text_file_is_shown_as_it_is() -> None:
    assert render("a < b", ".txt") == "<pre>a &lt; b</pre>"
