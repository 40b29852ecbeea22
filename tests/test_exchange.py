"""Adapters and feedback as files: what goes out comes back the same, and what is not ours is refused whole."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import AdapterError, DataError
from bot.exchange import export_adapter, export_feedback, export_person, import_adapter, import_feedback
from bot.records import Answer, ChannelSettings, Document, Feedback, Offered, Passage, Question, Review
from bot.registry import Registry
from bot.store import (
    Store,
    channels,
    documents,
    feedback,
    open_store,
    people,
    questions,
    reviews,
    slack_sources,
)

BASE = "all-MiniLM-L6-v2"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "a" / "lorebot.db")


@pytest.fixture
def registry(store: Store, tmp_path: Path) -> Registry:
    return Registry(store, tmp_path / "a" / "adapters")


@pytest.fixture
def exported(registry: Registry, tmp_path: Path) -> Path:
    """A zip with a trained version: the seed's files under another id."""
    folder = tmp_path / "trained"
    shutil.copytree(registry.seed().folder, folder)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "id": "a-1", "parent": card["id"]}))
    file = tmp_path / "a-1.zip"
    export_adapter(registry.register(folder), file)
    return file


@pytest.fixture
def other(tmp_path: Path) -> Registry:
    """Somebody else's state folder."""
    return Registry(open_store(tmp_path / "b" / "lorebot.db"), tmp_path / "b" / "adapters")


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def test_an_exported_adapter_can_be_imported_elsewhere_but_does_not_serve_there(
    exported: Path, other: Registry
) -> None:
    imported = import_adapter(other, exported)
    assert imported.id == "a-1"
    assert other.verify() == {}
    assert other.champion().id == other.seed().id


def _add_pickle(files: dict[str, bytes]) -> None:
    files["adapter_model.bin"] = b"code"


def _add_path_trick(files: dict[str, bytes]) -> None:
    files["../../card.json"] = b"{}"


def _drop_card(files: dict[str, bytes]) -> None:
    del files["card.json"]


def _flip_weights(files: dict[str, bytes]) -> None:
    files["adapter_model.safetensors"] = files["adapter_model.safetensors"][:-1] + b"\x01"


def _name_another_base(files: dict[str, bytes]) -> None:
    card = json.loads(files["card.json"])
    files["card.json"] = json.dumps({**card, "base": "bert-base-uncased", "base_sha256": "c" * 64}).encode()


def _break_card(files: dict[str, bytes]) -> None:
    files["card.json"] = b"not json"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_add_pickle, "adapter_model.bin"),
        (_add_path_trick, r"\.\./\.\./card.json"),
        (_drop_card, "lacks card.json"),
        (_flip_weights, "SHA-256"),
        (_name_another_base, "bert-base-uncased with SHA-256 c{64}; found all-MiniLM-L6-v2 with 53aa"),
        (_break_card, "card"),
    ],
)
def test_a_file_that_is_no_adapter_of_ours_is_refused_and_leaves_nothing(
    exported: Path, other: Registry, change: Callable[[dict[str, bytes]], None], told: str
) -> None:
    before = [each.id for each in other.adapters()]
    with pytest.raises(AdapterError, match=told):
        import_adapter(other, rewritten(exported, change))
    assert [each.id for each in other.adapters()] == before


def test_a_file_that_is_no_zip_is_told_so(tmp_path: Path, other: Registry) -> None:
    (tmp_path / "x.zip").write_text("hello")
    with pytest.raises(AdapterError, match="lorebot adapters export"):
        import_adapter(other, tmp_path / "x.zip")


def test_feedback_goes_out_and_comes_back_once(store: Store, tmp_path: Path) -> None:
    question = questions.record_question(store, Question("message", "C1:1", "how much leave?", "U1", "C1"))
    answer = Answer(
        question.id or 0, "25 days", 0.8, "seed", (Offered("25 days", None, "", "", None, 0.5),), (), 0, 0, 7
    )
    answer_id = questions.record_answer(store, answer).id or 0
    feedback.record(store, Feedback(answer_id, "U2", "down", "button", "wrong", "28 days"))
    file = tmp_path / "feedback.jsonl"
    assert export_feedback(store, file) == 1

    elsewhere = open_store(tmp_path / "c" / "lorebot.db")
    assert import_feedback(elsewhere, file) == 1
    assert import_feedback(elsewhere, file) == 0
    (given,) = feedback.all_of(elsewhere)
    assert (given.person, given.vote, given.correction) == ("U2", "down", "28 days")
    assert questions.answer(elsewhere, given.answer_id).text == "25 days"  # type: ignore[union-attr]


def test_one_wrong_line_is_named_and_nothing_is_read(store: Store, tmp_path: Path) -> None:
    question = questions.record_question(store, Question("message", "C1:1", "how much leave?", "U1", "C1"))
    answer = questions.record_answer(store, Answer(question.id or 0, "25 days", 0.8, "seed", (), ()))
    feedback.record(store, Feedback(answer.id or 0, "U2", "up", "button"))
    file = tmp_path / "feedback.jsonl"
    export_feedback(store, file)
    file.write_text(file.read_text() + '{"question": {}}\n')
    elsewhere = open_store(tmp_path / "c" / "lorebot.db")
    with pytest.raises(DataError, match="line 2"):
        import_feedback(elsewhere, file)
    assert feedback.all_of(elsewhere) == []


def test_a_person_gets_all_that_is_kept_of_them_and_of_others_only_what_they_said(store: Store):
    people.seen(store, "U0ALICE", "guest", 1.0)
    own = questions.record_question(
        store,
        Question(
            "message", "1", "How much leave?", "U0ALICE", "C1", context="My contract", follows="Bob's secret"
        ),
    )
    answer = questions.record_answer(store, Answer(own.id or 0, "28 days", 0.9, "seed", (), ()))
    others = questions.record_question(store, Question("message", "2", "Who is let go?", "U0BOB", "G1"))
    theirs = questions.record_answer(store, Answer(others.id or 0, "Nobody", 0.9, "seed", (), ()))
    feedback.record(store, Feedback(answer.id or 0, "U0ALICE", "up"))
    feedback.record(store, Feedback(theirs.id or 0, "U0ALICE", "down", correction="Not Bob"))
    feedback.record(store, Feedback(answer.id or 0, "U0BOB", "down", correction="Bob's words"))
    reviews.record(store, Review(answer.id or 0, "U0BOB", "edit", "27 days", "U0ALICE"))
    for person, where in (("U0ALICE", "Hook 3"), ("U0BOB", "Hook 4")):
        text = f"Where is the key?\n{where}"
        lesson = Passage(0, "C1", "key", "", text, 0, 0, question="Where is the key?", answer_start=18)
        taught = Document(f"taught:{person}", "key", "C1", "0", kind="taught", person=person)
        documents.replace(store, taught, [lesson], [b""])
    file = documents.replace(store, Document("slack:file:F1", "Plan.pdf", "C1", "0", kind="slack"), [], [])
    slack_sources.note(store, file, "C1", file="F1", person="U0ALICE")
    channels.configure(store, ChannelSettings("C1", "all", by="U0ALICE"))
    kept = json.dumps(export_person(store, "U0ALICE"))
    for part in (
        "How much leave?",
        "My contract",
        "28 days",
        "Not Bob",
        "27 days",
        "Hook 3",
        "Plan.pdf",
        "guest",
        '"C1"',
    ):
        assert part in kept
    for part in ("Bob's secret", "Who is let go?", "Nobody", "Bob's words", "Hook 4"):
        assert part not in kept


def test_of_somebody_unknown_there_is_nothing_to_export(store: Store):
    kept = export_person(store, "U0NOBODY")
    assert not any(value for name, value in kept.items() if name != "person")
