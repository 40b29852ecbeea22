"""Adapter versions: only what is whole may serve, the log tells who served, and going back goes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from adapter_folders import write_adapter

from bot.errors import AdapterError
from bot.reading.hashes import file_sha256
from bot.reading.shipped import shipped_folder
from bot.registry import Registry, new_id, person_digest
from bot.store import Store, open_store
from bot.store import adapters as log

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda adapter_id, **card: write_adapter(tmp_path / "made" / adapter_id, adapter_id, **card)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "home" / "lorebot.db")


@pytest.fixture
def registry(store: Store, tmp_path: Path) -> Registry:
    seed = write_adapter(tmp_path / "seed", "seed", parent=None)
    return Registry(store, tmp_path / "home" / "adapters", seed=seed)


def test_before_any_promotion_the_seed_serves(registry: Registry) -> None:
    assert registry.champion().id == "seed"
    assert [each.id for each in registry.adapters()] == ["seed"]
    assert registry.promotions() == []


def test_the_shipped_seed_is_found_as_data() -> None:
    assert shipped_folder().is_dir()


def test_a_seed_that_moved_is_found_where_it_is_now(store: Store, tmp_path: Path) -> None:
    first = write_adapter(tmp_path / "one", "seed", parent=None)
    old = Registry(store, tmp_path / "a", seed=first).seed()
    first.rename(tmp_path / "two")
    moved = Registry(store, tmp_path / "a", seed=tmp_path / "two").seed()
    assert (moved.folder, moved.created_at) == (str(tmp_path / "two"), old.created_at)
    assert len(log.adapters(store)) == 1


def test_registering_moves_the_folder_to_its_place(registry: Registry, make: Make, tmp_path: Path) -> None:
    made = make("a-1")
    adapter = registry.register(made)
    assert Path(adapter.folder) == tmp_path / "home" / "adapters" / "a-1"
    assert Path(adapter.folder).is_dir()
    assert not made.exists()
    assert registry.show("a-1").parent == "seed"
    assert registry.champion().id == "seed"


def test_registering_the_same_again_is_no_mistake_but_another_of_that_name_is(
    registry: Registry, make: Make, tmp_path: Path
) -> None:
    first = registry.register(make("a-1"))
    assert registry.register(Path(first.folder)) == registry.show("a-1")
    other = write_adapter(tmp_path / "other", "a-1")
    (other / "adapter_model.safetensors").write_bytes(b"something else")
    card = json.loads((other / "card.json").read_text())
    card["sha256"] = file_sha256(other / "adapter_model.safetensors")
    (other / "card.json").write_text(json.dumps(card))
    with pytest.raises(AdapterError, match="another adapter with id a-1"):
        registry.register(other)


@pytest.mark.parametrize("name", ["adapter_model.bin", "optimizer.pt", "run.py", ".hidden"])
def test_files_that_an_adapter_has_no_use_for_are_refused(registry: Registry, make: Make, name: str) -> None:
    folder = make("a-1")
    (folder / name).write_text("print('hello')")
    with pytest.raises(AdapterError, match=name):
        registry.register(folder)
    assert [each.id for each in registry.adapters()] == ["seed"]
    assert folder.exists()


@pytest.mark.parametrize("adapter_id", ["../evil", "a/b", "", ".hidden", "x" * 99])
def test_an_id_that_is_no_name_is_refused(registry: Registry, tmp_path: Path, adapter_id: str) -> None:
    folder = write_adapter(tmp_path / "made", adapter_id)
    with pytest.raises(AdapterError, match="has id"):
        registry.register(folder)


def test_changed_weights_are_noticed_and_never_promoted(registry: Registry, make: Make) -> None:
    adapter = registry.register(make("a-1"))
    assert registry.verify() == {}
    (Path(adapter.folder) / "adapter_model.safetensors").write_bytes(b"changed")
    assert list(registry.verify()) == ["a-1"]
    with pytest.raises(AdapterError, match="was changed"):
        registry.promote("a-1", by="U1", why="because")
    assert registry.champion().id == "seed"


def test_weights_and_card_changed_together_are_noticed_too(registry: Registry, make: Make) -> None:
    folder = Path(registry.register(make("a-1")).folder)
    (folder / "adapter_model.safetensors").write_bytes(b"changed")
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(
        json.dumps({**card, "sha256": file_sha256(folder / "adapter_model.safetensors")})
    )
    assert "as registered" in registry.verify()["a-1"]


def test_an_adapter_for_another_base_is_not_promoted(registry: Registry, make: Make) -> None:
    registry.register(make("a-1", base_sha256="c" * 64))
    with pytest.raises(AdapterError, match="was made for base"):
        registry.promote("a-1", by="U1", why="because")


def test_an_unknown_adapter_is_named_with_the_known_ones(registry: Registry) -> None:
    with pytest.raises(AdapterError, match="no adapter a-9; expected one of seed"):
        registry.promote("a-9", by="U1", why="because")


def test_promotion_and_rollback_are_rows_of_one_log(registry: Registry, make: Make) -> None:
    for name in ("a-1", "a-2"):
        registry.register(make(name))
        registry.promote(name, by="schedule", why=f"{name} is better")
    assert registry.champion().id == "a-2"
    assert registry.rollback(by="U1", why="worse on Mondays").adapter == "a-1"
    assert registry.rollback(by="U1", why="worse too").adapter == "seed"
    with pytest.raises(AdapterError, match="nothing that served before seed"):
        registry.rollback(by="U1", why="once more")
    assert [(row.adapter, row.by) for row in registry.promotions()] == [
        ("a-1", "schedule"),
        ("a-2", "schedule"),
        ("a-1", "U1"),
        ("seed", "U1"),
    ]


def test_what_was_rolled_back_is_not_gone_back_to(registry: Registry, make: Make) -> None:
    for name in ("a-1", "a-2", "a-3"):
        registry.register(make(name))
    registry.promote("a-1", by="U1", why="")
    registry.promote("a-2", by="U1", why="")
    registry.rollback(by="U1", why="")
    registry.promote("a-3", by="U1", why="")
    assert registry.rollback(by="U1", why="").adapter == "a-1"


def test_a_rollback_passes_over_a_version_that_is_damaged(registry: Registry, make: Make) -> None:
    for name in ("a-1", "a-2"):
        registry.register(make(name))
        registry.promote(name, by="U1", why="")
    (Path(registry.show("a-1").folder) / "calibrator.json").write_text("[]")
    assert registry.rollback(by="U1", why="").adapter == "seed"


def test_what_learned_from_a_person_can_be_found_and_retired(registry: Registry, make: Make) -> None:
    registry.register(make("a-1", data={"people": [person_digest("U1")]}))
    registry.register(make("a-2", data={"people": [person_digest("U2")]}))
    for name in ("a-2", "a-1"):
        registry.promote(name, by="cli", why="")
    assert [each.id for each in registry.learned_from("U1")] == ["a-1"]
    registry.retire("a-1", by="cli", why="forgotten")
    assert registry.champion().id == "a-2"
    assert not Path(registry.show("a-1").folder).exists()
    assert registry.learned_from("U1") == []
    assert registry.verify() == {}
    with pytest.raises(AdapterError, match="was retired"):
        registry.promote("a-1", by="cli", why="")
    with pytest.raises(AdapterError, match="is the seed"):
        registry.retire("seed", by="cli", why="")


def test_ids_sort_by_time_and_differ_within_a_minute() -> None:
    assert new_id(0) < new_id(60)
    assert new_id(0).startswith("a-19700101-0000-")
    assert len({new_id(0) for _ in range(20)}) > 15
