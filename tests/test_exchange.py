"""Adapters and feedback as files: what goes out comes back the same, and what is not ours is refused whole."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import AdapterError, DataError
from bot.exchange import export_adapter, export_feedback, import_adapter, import_feedback
from bot.records import Answer, Feedback, Offered, Question
from bot.registry import Registry
from bot.store import Store, feedback, open_store, questions

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
