"""Claims: one worker an event, for good, across threads and restarts."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest

from bot.store import Store, claims, open_store


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path / "lorebot.db")
    yield opened
    opened.close()


def expire(store: Store) -> None:
    with store.write() as db:
        db.execute("UPDATE claims SET lease_until = 1 WHERE state = 'taken'")


def test_only_the_first_gets_a_claim(store: Store):
    assert claims.claim(store, "message:C1:1", {"text": "hi"})
    assert not claims.claim(store, "message:C1:1", {"text": "hi"})
    assert claims.claim(store, "message:C1:2")


def test_of_many_threads_one_gets_it(store: Store):
    won: list[bool] = []
    start = threading.Barrier(8)

    def race() -> None:
        start.wait()
        won.append(claims.claim(store, "message:C1:1", {}))
        store.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_finished_claim_is_not_given_again_and_forgets_its_text(store: Store):
    claims.claim(store, "k", {"text": "secret"})
    claims.finish(store, "k")
    assert not claims.claim(store, "k", {"text": "secret"})
    expire(store)
    assert claims.take_over(store) == []
    assert store.one("SELECT payload FROM claims") == {"payload": None}


def test_an_expired_claim_is_taken_over_once(store: Store):
    claims.claim(store, "k", {"text": "hi"})
    assert claims.take_over(store) == []
    expire(store)
    assert claims.take_over(store) == [("k", {"text": "hi"})]
    assert claims.take_over(store) == []


def test_a_renewed_claim_is_left_alone(store: Store):
    claims.claim(store, "k", {})
    expire(store)
    claims.renew(store, ["k", "unknown"])
    assert claims.take_over(store) == []


def test_what_fails_again_and_again_is_worn_out_and_told_a_few_times_at_most(store: Store):
    claims.claim(store, "k", {"text": "hi"})
    for _ in range(claims.MAX_ATTEMPTS - 1):
        expire(store)
        assert claims.worn_out(store) == []
        assert len(claims.take_over(store)) == 1
    for _ in range(claims.SORRY_ATTEMPTS):
        expire(store)
        assert claims.take_over(store) == []
        assert claims.worn_out(store) == [("k", {"text": "hi"})]
        assert claims.worn_out(store) == []
        assert claims.waiting(store) == 1
    expire(store)
    assert claims.worn_out(store) == []
    assert claims.waiting(store) == 0
    assert store.one("SELECT state, payload FROM claims") == {"state": "done", "payload": None}


def test_what_is_handed_back_is_free_at_once_and_counts_no_attempt(store: Store):
    claims.claim(store, "k", {})
    for _ in range(claims.MAX_ATTEMPTS + 1):
        claims.hand_back(store, "k")
        assert len(claims.take_over(store)) == 1


def test_without_a_payload_nothing_can_be_taken_up_again(store: Store):
    claims.claim(store, "k")
    expire(store)
    assert claims.take_over(store) == []
    assert claims.worn_out(store) == []
    assert claims.waiting(store) == 0


def test_a_locked_file_is_not_waited_for_longer_than_slack_waits(store: Store, monkeypatch):
    monkeypatch.setattr(claims, "CLAIM_WAIT_S", 0.1)
    locker = sqlite3.connect(store.path)
    locker.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        claims.claim(store, "k", {})
    assert time.monotonic() - began < 20  # the store itself would wait for 30
    locker.rollback()
    locker.close()
    assert claims.claim(store, "k", {})


def test_old_finished_claims_are_forgotten(store: Store):
    claims.claim(store, "old")
    claims.finish(store, "old")
    claims.claim(store, "open", {})
    with store.write() as db:
        db.execute("UPDATE claims SET claimed_at = 1")
    assert claims.forget_old(store) == 1
    assert store.one("SELECT key FROM claims") == {"key": "open"}
