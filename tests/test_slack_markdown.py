"""Documents' Markdown as Slack's rich text: what the document means stays, and the answer stands where it stood."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from slack_limits import message_faults
from slack_stage import elements
from test_slack_blocks import ANSWER, PASSAGE

from bot.slack.looks import blocks
from bot.slack.looks.display import without_markdown
from bot.slack.looks.markdown import pieces, plain_pieces, within
from bot.slack.looks.quoting import shown

DOCUMENT = """# Leave

You get **28 days** of `annual leave`, see [the wiki](https://wiki.test/a_b) or <https://x.test/y>. A *small* ~~old~~ note
&amp; \\*stars\\*.

1. Ask **your lead**.
2. Write it down:
   - in the `calendar`

   and in the plan.

| Leave | Days |
|---|---|
| Annual | 28 |

> Nobody has
> ever asked.

```sh
leave --days 3
  --until friday
```
"""
_SIGNS = "** * _ ~~ ` [ ](https://a.test/x) ](b.md) | - 1. # > &amp; \\ < > <br> . ! ( ) https://c.test/y ☂"
SIGNS = st.sampled_from(_SIGNS.split(" "))
GAPS = st.sampled_from([" ", "  ", "\n", "\n\n", "\n- ", "\n1. ", "\n# ", "\n> ", "```\n", "|---|---|\n"])
WORDS = st.sampled_from(["leave", "28", "days", "Ä", "été", "مرحبا", "日本", "snake_case", "a1"])
MARKDOWN = st.lists(SIGNS | GAPS | WORDS, max_size=40).map("".join)


def styled(
    text: str, start: int = 0, end: int = 10_000, mark: tuple[int, int] = (0, 0), *, quoted: bool = True
):
    """(words, styles, link) of every leaf."""
    parts = shown(within(pieces(text), start, end), mark, quoted=quoted)
    leaves = elements(parts, "text") + elements(parts, "link")
    return [(each["text"], set(each.get("style", {})), each.get("url")) for each in leaves]


def test_what_a_document_means_is_shown_and_its_signs_are_not() -> None:
    leaves = styled(DOCUMENT)
    for expected in (
        ("28 days", {"bold"}, None),
        ("annual leave", {"code"}, None),
        ("small", {"italic"}, None),
        ("old", {"strike"}, None),
        ("the wiki", set(), "https://wiki.test/a_b"),
        ("https://x.test/y", set(), "https://x.test/y"),
        ("your lead", {"bold"}, None),
        ("leave --days 3\n  --until friday", set(), None),
    ):
        assert expected in leaves
    assert any("note & *stars*." in words for words, _, _ in leaves)
    assert any("Annual · 28" in words for words, _, _ in leaves)


def test_lists_keep_their_depth_and_numbers_and_a_paragraph_of_an_item_stays_in_it() -> None:
    parts = shown(pieces(DOCUMENT), (0, 0), quoted=True)
    lists = [each for each in parts if each["type"] == "rich_text_list"]
    assert [(each["style"], each.get("indent", 0), len(each["elements"])) for each in lists] == [
        ("ordered", 0, 2),
        ("bullet", 1, 1),
        ("ordered", 0, 1),
        ("bullet", 0, 2),
    ]
    assert without_markdown("7. seven\n8. eight") == "7. seven 8. eight"
    (listed,) = shown(pieces("7. seven\n8. eight"), (0, 0), quoted=False)
    assert listed["offset"] == 6


def test_only_the_readers_words_are_bold_in_an_answer_that_is_the_whole_sentence() -> None:
    said = "**Leave:** you get 28 days."
    mark = (said.index("28"), said.index("28") + 7)
    assert [words for words, style, _ in styled(said, mark=mark, quoted=False) if "bold" in style] == [
        "28 days"
    ]
    assert [words for words, style, _ in styled(said, mark=mark) if "bold" in style] == ["Leave:", "28 days"]


def test_a_sentence_in_the_middle_of_something_bold_is_bold() -> None:
    text = "**Never. Not even once.** Perhaps."
    start = text.index("Not")
    assert styled(text, start, start + len("Not even once.")) == [("Not even once.", {"bold"}, None)]


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](leave.md)",
        "[x](ftp://bank.test)",
        "[bank.test](https://evil.test)",
        "[see bank.test now](https://bank.test.evil.test)",
        "[b](https://evil.test/<!channel>)",
        "![x](https://evil.test/pixel.png)",
        "<javascript:alert(1)>",
        "[x](https://[evil.test)",
    ],
)
def test_no_link_that_no_browser_opens_or_whose_words_name_another_place(text: str) -> None:
    assert not [url for _, _, url in styled(text) if url]


def test_a_link_whose_words_are_an_address_leads_there_whatever_the_document_says() -> None:
    assert styled("[https://bank.test/in](https://evil.test)") == [
        ("https://bank.test/in", set(), "https://bank.test/in")
    ]
    assert styled("[README.md](https://git.test/x)") == [("README.md", set(), "https://git.test/x")]
    assert styled("See https://a.test/x_y, now.")[-1] == ("https://a.test/x_y", set(), "https://a.test/x_y")


def test_words_of_the_thread_are_no_markdown() -> None:
    said = "call __init__ and 2 * 3 * 4"
    assert "".join(sign.text for piece in plain_pieces(said) for sign in piece.signs) == said
    answer = replace(
        ANSWER,
        offered=(replace(PASSAGE, text=said, passage_id=None),),
        sentence=said,
        start=5,
        end=13,
        text="__init__",
    )
    assert elements(blocks.reply(answer).blocks, "text")[0]["text"] == "__init__"


@settings(max_examples=400, deadline=None)
@given(MARKDOWN)
def test_every_letter_stands_where_it_stood(text: str) -> None:
    signs = [sign for piece in pieces(text) for sign in piece.signs]
    placed = [sign for sign in signs if sign.text.isalnum()]
    assert all(text[sign.at] == sign.text for sign in placed if "&" not in text)
    positions = [sign.at for sign in placed]
    assert positions == sorted(set(positions)) or "&" in text


@settings(max_examples=400, deadline=None)
@given(MARKDOWN)
def test_the_disguise_changes_nothing_of_what_is_read(text: str) -> None:
    """As markdown-it-py reads the text itself, without positions."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.disable(["code", "reference", "html_block", "html_inline"])
    read = "".join(_words(parser.parse(text.replace("<br>", "    "))))
    got = "".join(sign.text for piece in pieces(text) for sign in piece.signs)
    letters = "".join(c for c in read if c.isalnum())
    assert "".join(c for c in got if c.isalnum()) == letters


@settings(max_examples=400, deadline=None)
@given(MARKDOWN, st.data())
def test_the_readers_words_are_bold_exactly_where_they_stand(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = [piece for piece in pieces(text) if piece.kind != "code"]
    expected = [s.text for piece in found for s in piece.signs if start <= s.at < end and s.text.isalnum()]
    parts = shown(found, (start, end), quoted=False)
    leaves = _in_order(parts)
    bold = "".join(each["text"] for each in leaves if each.get("style", {}).get("bold"))
    assert [c for c in bold if c.isalnum()] == expected
    if parts:
        assert not message_faults("words", [{"type": "rich_text", "elements": parts}])


def _in_order(parts: list[dict]) -> list[dict]:
    found = []
    for part in parts:
        found += _in_order(part["elements"]) if "elements" in part else [part]
    return found


def _words(tokens):
    for token in tokens:
        if token.type == "inline" or token.type == "image":
            yield from _words(token.children)
        elif token.type in ("text", "text_special", "code_inline", "fence"):
            yield token.content
