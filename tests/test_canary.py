"""A challenger on live trial: which questions it meets, and that nobody is left without an answer because of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from stand_ins import HashingEncoder, ScriptedReader

from bot.answering import Answerer, ChampionWatch, LiveReader, OnTrial
from bot.errors import AdapterError, SettingsError
from bot.knowledge.index import Index
from bot.records import WORKSPACE, Adapter, Challenge, Document, Passage, Promotion, Question
from bot.registry import Registry
from bot.settings import load_settings
from bot.store import Store, challenges, documents, open_store

ASKED = "how many days of leave do employees get?"
Make = Callable[[str], str]


class Stage:
    """A service whose readers are scripted: what they are, who was loaded, who crashes."""

    def __init__(self, tmp_path: Path, canary: float = 0.5) -> None:
        self.store: Store = open_store(tmp_path / "home" / "lorebot.db")
        seed = write_adapter(tmp_path / "seed", "seed", parent=None, min_confidence=0.5)
        self.registry = Registry(self.store, tmp_path / "home" / "adapters", seed=seed)
        for name, least in (("a-1", 0.5), ("a-2", 0.95)):
            folder = write_adapter(tmp_path / "made" / name, name, min_confidence=least)
            self.registry.register(folder)
        self.readers: dict[str, ScriptedReader] = {}
        self.loaded: list[str] = []
        self.broken: set[str] = set()
        self.swapped: list[Promotion] = []
        self.live = LiveReader(self.registry, self.load)  # type: ignore[arg-type]
        self.watch = ChampionWatch(
            self.store,
            self.registry,
            self.live,
            lambda promotion, _: self.swapped.append(promotion),
            canary=canary,
        )
        encoder = HashingEncoder()
        passage = Passage(0, WORKSPACE, "Leave", "", "Employees get 25 days of leave.", 0, 0)
        vectors = [encoder.encode([passage.text])[0].tobytes()]
        documents.replace(self.store, Document("/leave.md", "Leave", WORKSPACE, "h"), [passage], vectors)
        self.answerer = Answerer(self.store, Index(self.store, encoder), encoder, self.live)

    def load(self, adapter: Adapter) -> ScriptedReader:
        self.loaded.append(adapter.id)
        if adapter.id in self.broken:
            raise AdapterError("the file was changed")
        self.readers[adapter.id] = ScriptedReader(adapter.id, {"25 days": 0.9})
        return self.readers[adapter.id]

    def asks(self, n: int, thread: str | None = None, start: int = 0) -> list[str]:
        """Who answers each of `n` questions, in threads of their own unless one is named."""
        found = []
        for i in range(start, start + n):
            asked = Question("message", f"C1:{i}", ASKED, "U1", channel="C1", thread=thread or str(i))
            found.append(self.answerer.answer(asked).adapter)
        return found


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_thread_always_meets_the_same_reader_and_another_trial_deals_anew(on: Stage) -> None:
    trial = on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()
    first = {thread: set(on.asks(3, thread=thread, start=10 * i)) for i, thread in enumerate("abcdefgh")}
    assert all(len(met) == 1 for met in first.values())
    assert set().union(*first.values()) == {"seed", "a-1"}
    service = on.live.on_trial.service  # type: ignore[union-attr]

    def dealt(trial_id: int) -> list[bool]:
        other = OnTrial(Challenge("a-1", "seed", None, "cli", "", id=trial_id), 0.5, service)
        return [other.meets(Question("message", f"C1:{i}", "", "U1", "C1", str(i))) for i in range(50)]

    assert dealt(trial.id or 0) == dealt(trial.id or 0) != dealt(99)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5])
def test_the_challenger_meets_about_its_share_of_the_threads(on: Stage, share: float) -> None:
    trial = OnTrial(Challenge("a-1", "seed", share, "cli", "", id=7), share, on.live.current)
    met = sum(
        trial.meets(Question("message", f"C{i % 5}:{i}", "", "U1", f"C{i % 5}", str(i))) for i in range(5000)
    )
    assert abs(met / 5000 - share) < 4 * (share * (1 - share) / 5000) ** 0.5


@pytest.mark.parametrize("value", ["0.6", "-0.1", "some"])
def test_a_share_that_is_none_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOREBOT_CANARY", value)
    with pytest.raises(SettingsError, match="LOREBOT_CANARY is"):
        load_settings()


def test_without_a_trial_the_champion_answers_everything(on: Stage) -> None:
    on.watch.look()
    assert set(on.asks(20)) == {"seed"}
    assert on.loaded == ["seed"]


def test_the_challenger_decides_with_its_own_threshold(on: Stage) -> None:
    on.registry.challenge("a-2", by="cli", why="")
    on.watch.look()
    said = {}
    for i in range(20):
        answer = on.answerer.answer(Question("message", f"C1:{i}", ASKED, "U1", channel="C1", thread=str(i)))
        said.setdefault(answer.adapter, set()).add(answer.text)
    assert said == {"seed": {"25 days"}, "a-2": {None}}


def test_the_challenger_is_warm_before_anybody_meets_it_and_gone_when_its_trial_is_over(on: Stage) -> None:
    on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()
    assert on.readers["a-1"].warmed
    on.registry.end_challenge("worse", "3 of 40 ups")
    on.watch.look()
    assert on.live.on_trial is None
    assert set(on.asks(20)) == {"seed"}


def test_a_challenger_that_wins_serves_without_being_loaded_again(on: Stage) -> None:
    on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()
    on.registry.promote("a-1", by="bot", why="better on live trial")
    on.watch.look()
    assert on.live.current.adapter.id == "a-1"
    assert on.live.on_trial is None
    assert on.loaded == ["seed", "a-1"]
    assert set(on.asks(20)) == {"a-1"}
    assert [each.adapter for each in on.swapped] == ["a-1"]


def test_a_challenger_that_fails_at_a_question_is_off_and_the_champion_answers_it(
    on: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()

    def crash(*_: object) -> None:
        raise RuntimeError(f"can't read {ASKED}")

    monkeypatch.setattr(on.readers["a-1"], "read", crash)
    with caplog.at_level(logging.ERROR):
        assert set(on.asks(20)) == {"seed"}
    ended = challenges.of_champion(on.store, "seed")
    assert [(each.outcome, each.ending) for each in ended] == [
        ("failed", "it failed at a question: RuntimeError")
    ], "loudly, and without what was asked"
    assert "its trial ends" in caplog.text
    on.watch.look()
    assert on.live.on_trial is None
    assert on.loaded == ["seed", "a-1"]


def test_a_question_that_the_champion_fails_at_fails_as_before(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(on.readers["seed"], "read", crash)
    with pytest.raises(RuntimeError):
        on.asks(1)


def test_a_challenger_that_cannot_be_loaded_is_off_with_the_reason(on: Stage) -> None:
    on.broken.add("a-1")
    on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()
    assert set(on.asks(10)) == {"seed"}
    ended = challenges.of_champion(on.store, "seed")
    assert [(each.outcome, each.ending) for each in ended] == [
        ("failed", "can't be loaded: the file was changed")
    ]
    assert on.registry.promotions() == []


def test_a_challenger_whose_files_were_changed_is_never_loaded(on: Stage) -> None:
    on.registry.challenge("a-1", by="cli", why="")
    (Path(on.registry.show("a-1").folder) / "calibrator.json").write_text("[]")
    on.watch.look()
    assert on.loaded == ["seed"]
    assert [each.outcome for each in challenges.of_champion(on.store, "seed")] == ["failed"]


def test_one_trial_after_another_puts_the_new_challenger_in_the_olds_place(on: Stage) -> None:
    on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()
    on.registry.end_challenge("undecided", "")
    on.registry.challenge("a-2", by="cli", why="", share=0.5)
    on.watch.look()
    assert on.live.on_trial is not None
    assert on.live.on_trial.service.adapter.id == "a-2"
    assert set(on.asks(20)) == {"seed", "a-2"}


def test_a_share_of_its_own_goes_before_the_settings_and_zero_ends_a_trial(tmp_path: Path) -> None:
    on = Stage(tmp_path, canary=0.0)
    on.registry.challenge("a-1", by="cli", why="")
    on.watch.look()
    assert on.loaded == ["seed"]
    assert [each.outcome for each in challenges.of_champion(on.store, "seed")] == ["ended"]
    on.registry.challenge("a-1", by="cli", why="", share=0.25)
    on.watch.look()
    assert on.live.on_trial is not None
    assert on.live.on_trial.share == 0.25
