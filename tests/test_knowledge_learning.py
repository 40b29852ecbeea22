"""Learning again costs nothing, forgets nothing by accident, and names what it could not learn."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stand_ins import HashingEncoder

from bot.knowledge.learning import LearnReport, learn
from bot.records import WORKSPACE
from bot.store import Store, documents, open_store

LONG = "This sentence fills the section. " * 25


class Counting(HashingEncoder):
    """Remembers what it was given to embed."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        return super().encode(texts)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "state" / "lorebot.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "docs" / "leave.md", "# Leave\n\nSix days.")
    write(tmp_path / "docs" / "it" / "wifi & co.md", "# Wi-Fi\n\nAsk Ines.")
    return tmp_path / "docs"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def again(
    store: Store, *paths: Path, scope: str = WORKSPACE, prune: bool = False, link_base: str | None = None
) -> LearnReport:
    return learn(store, Counting(), paths, scope=scope, prune=prune, link_base=link_base, max_file_mb=1)


def sources(store: Store, scope: str = WORKSPACE) -> list[str]:
    return [Path(each.source).name for each in documents.documents(store, scope)]


def test_a_folder_is_learned_with_all_below_it(store: Store, folder: Path) -> None:
    report = again(store, folder)
    assert (report.learned, report.passages, report.failed) == (2, 2, ())
    passage = documents.passages_of(store, 2)[0]
    assert (passage.title, passage.heading, passage.text) == ("Wi-Fi", "Wi-Fi", "# Wi-Fi\n\nAsk Ines.")
    assert passage.source == str(folder / "it" / "wifi & co.md")


def test_unchanged_files_are_skipped_and_changed_ones_replaced(store: Store, folder: Path) -> None:
    again(store, folder)
    write(folder / "leave.md", "# Leave\n\nSeven days.")
    encoder = Counting()
    report = learn(store, encoder, [folder])
    assert (report.learned, report.replaced, report.unchanged) == (0, 1, 1)
    assert encoder.seen == ["Leave\n# Leave\n\nSeven days."]
    assert [each.text for each in documents.passages_of(store, 1)] == ["# Leave\n\nSeven days."]


def test_of_a_changed_file_only_new_passages_are_embedded(store: Store, folder: Path) -> None:
    write(folder / "leave.md", f"# Leave\n\n## A\n\n{LONG}\n\n## B\n\n{LONG}")
    again(store, folder)
    write(folder / "leave.md", f"# Leave\n\n## A\n\n{LONG}\n\n## B\n\n{LONG} And more.")
    encoder = Counting()
    learn(store, encoder, [folder])
    assert len(encoder.seen) == 1
    assert encoder.seen[0].endswith("And more.")
    for passage in documents.passages_of(store, 1):
        expected = encoder.encode([f"{passage.heading}\n{passage.text}"])[0]
        stored = documents.vectors_of(store, [passage.id or 0])[passage.id or 0]
        assert np.allclose(np.frombuffer(stored, np.float32), expected)


def test_links_are_quoted_places_below_the_folder_and_change_without_embedding(
    store: Store, folder: Path
) -> None:
    again(store, folder, link_base="https://wiki.example/docs/")
    assert documents.passages_of(store, 2)[0].link == "https://wiki.example/docs/it/wifi%20%26%20co.md"
    encoder = Counting()
    report = learn(store, encoder, [folder], link_base="http://127.0.0.1:8321")
    assert (report.replaced, encoder.seen) == (2, [])
    assert documents.passages_of(store, 1)[0].link == "http://127.0.0.1:8321/leave.md"
    again(store, folder)
    assert documents.passages_of(store, 1)[0].link is None


def test_prune_drops_what_is_gone_below_these_folders_in_this_scope_alone(store: Store, folder: Path) -> None:
    other = write(folder.parent / "other" / "gone.md", "Gone soon.")
    again(store, folder, other)
    again(store, folder, scope="C1")
    other.unlink()
    (folder / "leave.md").unlink()
    assert again(store, folder).pruned == 0
    assert again(store, folder, prune=True).pruned == 1
    assert sources(store) == ["wifi & co.md", "gone.md"]
    assert sources(store, "C1") == ["wifi & co.md", "leave.md"]


def test_a_folder_that_is_gone_itself_loses_nothing(store: Store, folder: Path) -> None:
    again(store, folder)
    folder.rename(folder.parent / "elsewhere")
    report = again(store, folder, prune=True)
    assert report.pruned == 0
    assert report.failed[0][1].startswith("no such file")
    assert len(sources(store)) == 2


def test_a_file_that_fails_now_keeps_what_was_learned_from_it(store: Store, folder: Path) -> None:
    again(store, folder)
    write(folder / "leave.md", "")
    report = again(store, folder, prune=True)
    assert report.failed == (
        (str(folder / "leave.md"), "it is empty; expected text: fill it or leave it out"),
    )
    assert (report.unchanged, report.pruned, len(sources(store))) == (1, 0, 2)


def test_one_bad_file_does_not_stop_the_rest(store: Store, folder: Path) -> None:
    write(folder / "a.pdf", "no PDF")
    (folder / "b.txt").write_bytes(b"caf\xe9")
    report = again(store, folder)
    assert (report.learned, [Path(path).name for path, _ in report.failed]) == (3, ["a.pdf"])
    assert [Path(path).name for path, _ in report.notes] == ["b.txt"]


def test_other_kinds_are_skipped_in_folders_and_refused_by_name(store: Store, folder: Path) -> None:
    picture = write(folder / "logo.png", "x")
    assert (again(store, folder).skipped, again(store, folder).failed) == (1, ())
    report = again(store, picture)
    assert report.failed[0][1].startswith("its kind is '.png'")


def test_hidden_files_are_passed_over_unless_named(store: Store, folder: Path) -> None:
    hidden = write(folder / ".git" / "notes.md", "Hidden.")
    write(folder / ".draft.md", "Hidden.")
    write(folder / "~$leave.docx", "lock")
    assert (again(store, folder).learned, again(store, folder).skipped) == (2, 0)
    assert again(store, hidden).learned == 1


def test_links_in_circles_end_and_nothing_is_learned_twice(store: Store, folder: Path) -> None:
    os.symlink(folder, folder / "it" / "up")
    os.symlink(folder / "it" / "up", folder / "loop")
    os.symlink(folder / "leave.md", folder / "same.md")
    os.symlink(folder / "nowhere", folder / "broken.md")
    write(folder.parent / "far" / "far.md", "Far away.")
    os.symlink(folder.parent / "far", folder / "far")
    report = again(store, folder, folder / "leave.md", folder / "it")
    assert (report.learned, report.skipped, report.failed) == (3, 1, ())
    assert again(store, folder).unchanged == 3


def test_a_name_that_is_no_utf8_is_refused(store: Store, folder: Path) -> None:
    with open(os.fsencode(folder) + b"/caf\xe9.md", "wb") as stream:
        stream.write(b"text")
    report = again(store, folder)
    assert "name is not UTF-8" in report.failed[0][1]
    report.failed[0][0].encode()


def test_a_scope_learns_for_itself(store: Store, folder: Path) -> None:
    again(store, folder, scope="C1")
    assert again(store, folder).learned == 2
    assert {each.scope for each in documents.passages(store, [1, 2, 3, 4])} == {"C1", WORKSPACE}


def test_progress_is_told_for_each_file_and_at_the_end(store: Store, folder: Path) -> None:
    told: list[tuple[int, int, str]] = []
    learn(store, Counting(), [folder], progress=lambda *step: told.append(step))
    assert told == [(0, 2, "leave.md"), (1, 2, "wifi & co.md"), (2, 2, "")]
