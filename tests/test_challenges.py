"""Live trials in the registry: who may be put on one, what ends it, and who has to prove something after a promotion."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from adapter_folders import write_adapter

from bot.errors import AdapterError, BusyError
from bot.registry import Registry
from bot.store import Store, challenges, open_store

Make = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "home" / "lorebot.db")


@pytest.fixture
def registry(store: Store, tmp_path: Path) -> Registry:
    seed = write_adapter(tmp_path / "seed", "seed", parent=None)
    return Registry(store, tmp_path / "home" / "adapters", seed=seed)


@pytest.fixture
def make(registry: Registry, tmp_path: Path) -> Make:
    def registered(adapter_id: str, **card: object) -> str:
        return registry.register(write_adapter(tmp_path / "made" / adapter_id, adapter_id, **card)).id

    return registered


def test_a_challenger_is_on_trial_until_it_ends_and_the_row_stays(
    registry: Registry, store: Store, make: Make
) -> None:
    assert registry.challenger() is None
    begun = registry.challenge(make("a-1"), by="schedule", why="not worse on what people voted on", share=0.2)
    found = registry.challenger()
    assert found is not None
    assert (found.id, begun.champion, begun.share) == ("a-1", "seed", 0.2)
    assert registry.champion().id == "seed", "a trial promotes nothing"
    ended = registry.end_challenge("undecided", "14 days are over")
    assert ended is not None
    assert (ended.id, ended.outcome, ended.ending) == (begun.id, "undecided", "14 days are over")
    assert registry.challenger() is None
    assert registry.end_challenge("worse", "again") is None
    assert challenges.of_champion(store, "seed") == [ended]


def test_one_trial_at_a_time(registry: Registry, store: Store, make: Make) -> None:
    registry.challenge(make("a-1"), by="cli", why="")
    with pytest.raises(BusyError, match="a-1 is on trial already"):
        registry.challenge(make("a-2"), by="cli", why="")
    assert [each.adapter for each in challenges.of_champion(store, "seed")] == ["a-1"]


def test_who_cannot_serve_or_serves_already_is_put_on_no_trial(registry: Registry, make: Make) -> None:
    with pytest.raises(AdapterError, match="is the champion"):
        registry.challenge(registry.champion().id, by="cli", why="")
    with pytest.raises(AdapterError, match="was made for base"):
        registry.challenge(make("a-1", base_sha256="c" * 64), by="cli", why="")
    with pytest.raises(AdapterError, match=r"share of 0\.9"):
        registry.challenge(make("a-2"), by="cli", why="", share=0.9)
    with pytest.raises(AdapterError, match="no adapter a-9"):
        registry.challenge("a-9", by="cli", why="")
    assert registry.challenger() is None


def test_a_promotion_or_a_rollback_of_anything_ends_a_trial(
    registry: Registry, store: Store, make: Make
) -> None:
    registry.promote(make("a-1"), by="cli", why="")
    registry.challenge(make("a-2"), by="cli", why="")
    registry.promote("a-2", by="bot", why="90 of 100 ups against 60 of 100")
    registry.challenge(make("a-3"), by="cli", why="")
    registry.rollback(by="U1", why="worse on Mondays")
    registry.challenge("a-3", by="cli", why="")
    registry.promote(make("a-4"), by="schedule", why="better")
    assert challenges.current(store) is None
    ended = [
        *challenges.of_champion(store, "a-1"),
        *challenges.of_champion(store, "a-2"),
    ]
    assert sorted((each.id or 0, each.outcome, each.ending) for each in ended) == [
        (1, "promoted", "90 of 100 ups against 60 of 100"),
        (2, "overtaken", "worse on Mondays"),
        (3, "overtaken", "better"),
    ]


def test_a_challenger_that_was_changed_or_retired_is_none(
    registry: Registry, store: Store, make: Make
) -> None:
    registry.challenge(make("a-1"), by="cli", why="")
    (Path(registry.show("a-1").folder) / "calibrator.json").write_text("[]")
    assert registry.challenger() is None
    assert challenges.current(store) is not None, "looking changes nothing"
    registry.retire("a-1", by="cli", why="learned from a person who was forgotten")
    assert challenges.current(store) is None
    assert [each.outcome for each in challenges.of_champion(store, "seed")] == ["ended"]


def test_what_has_ended_can_neither_be_changed_nor_deleted(
    registry: Registry, store: Store, make: Make
) -> None:
    registry.challenge(make("a-1"), by="cli", why="")
    registry.end_challenge("worse", "3 of 40 ups")
    for sql in ("UPDATE challenges SET outcome = 'promoted'", "DELETE FROM challenges"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.write() as db:
            db.execute(sql)
    assert not challenges.end(store, 1, "promoted", "after all")


def test_an_ending_that_is_meant_for_another_trial_ends_none(registry: Registry, make: Make) -> None:
    begun = registry.challenge(make("a-1"), by="cli", why="")
    assert registry.end_challenge("failed", "it crashed", only=(begun.id or 0) + 1) is None
    assert registry.challenger() is not None


def test_only_a_version_that_is_new_in_service_has_to_prove_something(registry: Registry, make: Make) -> None:
    def watched() -> tuple[str, str] | None:
        found = registry.newcomer()
        return None if found is None else (found[0].adapter, found[1].id)

    assert watched() is None
    registry.promote(make("a-1"), by="schedule", why="")
    assert watched() == ("a-1", "seed")
    registry.promote(make("a-2"), by="schedule", why="")
    assert watched() == ("a-2", "a-1")
    registry.rollback(by="bot", why="fewer ups")
    assert watched() is None, "what was gone back to is not gone back from by itself"
    registry.promote("a-2", by="U1", why="it was the documents")
    assert watched() == ("a-2", "a-1"), "somebody promoted it anew"
    registry.promote("a-2", by="U1", why="I stand by it")
    assert watched() is None
