"""`lorebot feedback review`: at the keyboard, for scripts, and what it keeps to itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_reviewing import said, teach
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.errors import DataError
from bot.records import WORKSPACE
from bot.settings import load_settings
from bot.store import Store, channels, documents, open_store, reviews

SECRET = "no word of this"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOREBOT_HOME", str(tmp_path / "home"))
    made = open_store(load_settings().database)
    channels.note(made, "C1", public=True)
    return made


def review(*arguments: str, keys: str = "") -> Result:
    return CliRunner().invoke(app, ["feedback", "review", *arguments], input=keys)


def listed(*arguments: str) -> list[dict[str, object]]:
    rows = json.loads(review("--json", *arguments).stdout)["waiting"]
    assert isinstance(rows, list)
    return rows


def decided(store: Store) -> dict[str, tuple[str, str | None]]:
    return {f"{a}:{p}": (made.decision, made.words) for (a, p), made in reviews.all_of(store).items()}


def test_the_list_tells_what_was_asked_answered_and_said_and_why_it_waits(store: Store) -> None:
    answer, lesson = said(store, correction="28 days"), teach(store)
    first, second = listed()
    assert (first["key"], first["kind"], first["private"]) == (f"{answer}:UGUEST", "feedback", False)
    assert (first["answer"], first["vote"], first["words"]) == ("25 days", "down", "28 days")
    assert "guest" in str(first["why"])
    assert (second["key"], second["question"], second["words"]) == (
        f"taught:{lesson}",
        "Where is the key?",
        "Hook 3",
    )


def test_each_key_does_what_it_says(store: Store) -> None:
    accepted, rejected, edited, skipped, left = (said(store) for _ in range(5))
    result = review(keys="a\nr\ne\n28 days\ns\nq\n")
    assert result.exit_code == 0, result.output
    assert decided(store) == {
        f"{accepted}:UGUEST": ("accept", None),
        f"{rejected}:UGUEST": ("reject", None),
        f"{edited}:UGUEST": ("edit", "28 days"),
    }
    assert [row["key"] for row in listed()] == [f"{skipped}:UGUEST", f"{left}:UGUEST"]


def test_an_edit_offers_the_persons_own_words(store: Store) -> None:
    answer = said(store, correction="28 days")
    review(keys="e\n\n")
    assert decided(store) == {f"{answer}:UGUEST": ("edit", "28 days")}


def test_all_of_one_person_at_once_after_asking_once_more(store: Store) -> None:
    spam = [said(store, "UGUEST2") for _ in range(3)]
    other = said(store)
    assert review(keys="R\nn\nq\n").exit_code == 0
    assert decided(store) == {}
    result = review(keys="R\ny\na\n")
    assert result.exit_code == 0, result.output
    expected = {f"{each}:UGUEST2": ("reject", None) for each in spam}
    assert decided(store) == {**expected, f"{other}:UGUEST": ("accept", None)}


def test_scripts_decide_by_key_and_person_and_may_change_their_mind(store: Store) -> None:
    first, second, third = said(store), said(store), said(store, "UGUEST2")
    lesson = teach(store)
    told = review(
        *("--accept", f"{first}:UGUEST", "--accept", f"taught:{lesson}", "--edit", f"{second}:UGUEST=a = b"),
        *("--reject-person", "UGUEST2", "--json"),
    )
    assert json.loads(told.stdout) == {
        "accept": [f"{first}:UGUEST", f"taught:{lesson}"],
        "reject": [f"{third}:UGUEST2"],
        "edit": [f"{second}:UGUEST"],
    }
    assert decided(store)[f"{second}:UGUEST"] == ("edit", "a = b")
    assert len(documents.taught(store, [WORKSPACE])) == 1
    assert review("--reject", f"{first}:UGUEST").stdout == "1 rejected.\n"
    assert decided(store)[f"{first}:UGUEST"] == ("reject", None)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--accept", "99:UGUEST"),
        ("--accept", "nonsense"),
        ("--edit", "1:UGUEST"),
        ("--edit", "1:UGUEST="),
        ("--reject-person", "UNOBODY"),
    ],
)
def test_one_mistake_and_nothing_is_decided(store: Store, wrong: tuple[str, str]) -> None:
    answer = said(store)
    result = review("--accept", f"{answer}:UGUEST", *wrong)
    assert isinstance(result.exception, DataError)
    assert "expected" in str(result.exception)
    assert decided(store) == {}


def test_what_was_asked_in_private_is_counted_and_not_shown(store: Store) -> None:
    hidden = said(store, channel="D1", correction=SECRET)
    elsewhere = said(store, channel="CUNKNOWN", correction=SECRET)
    open_one = said(store)
    by_hand = review(keys="q\n")
    assert "2 more were asked in private" in by_hand.output
    assert SECRET not in by_hand.output
    rows = {row["key"]: row for row in listed()}
    assert rows[f"{hidden}:UGUEST"]["private"] is True
    assert SECRET not in json.dumps(rows)
    assert "question" not in rows[f"{elsewhere}:UGUEST"]
    review("--reject-person", "UGUEST")
    assert list(decided(store)) == [f"{open_one}:UGUEST"]
    assert SECRET in json.dumps(listed("--private"))
    assert SECRET in review("--private", keys="q\n").output
    review("--reject-person", "UGUEST", "--private")
    assert len(decided(store)) == 3


def test_what_people_wrote_steers_no_terminal(store: Store) -> None:
    answer = said(store, correction="28\x1b[2J days\n[9/9] U1: accepted")
    shown = review(keys="e\n\n").output
    assert "\x1b" not in shown
    assert "\n[9/9]" not in shown
    assert decided(store) == {f"{answer}:UGUEST": ("edit", "28\x1b[2J days\n[9/9] U1: accepted")}


def test_nothing_waits(store: Store) -> None:
    assert review().output == "Nothing waits.\n"
    assert listed() == []
