"""What votes decide: trials end as people voted, a new champion that gets fewer ups goes, and silence decides nothing."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from adapter_folders import write_adapter

from bot import watching
from bot.records import Answer, Feedback, Question, Vote
from bot.registry import Registry
from bot.store import Store, adapters, ballots, challenges, feedback, open_store, people, questions
from bot.watching import Notice, VoteWatch

SECRET = "how much does Zoltan earn"


@dataclass
class Team:
    """A workspace in which people ask, adapters answer and people vote, with a watch that looks when told to."""

    store: Store
    registry: Registry
    told: list[Notice] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.watch = VoteWatch(self.store, self.registry, self.told.append)
        self.random = random.Random(5)
        self.watch.look()

    def vote(
        self,
        adapter: str,
        vote: Vote,
        *,
        person: str | None = None,
        text: str | None = None,
        silent: bool = False,
    ) -> None:
        self.asked += 1
        who = person or f"U{self.random.randrange(8)}"
        asked = Question(
            "message",
            f"C1:{self.asked}",
            text or f"{SECRET} {self.asked}",
            who,
            channel="C1",
            thread=f"{self.asked}",
        )
        question = questions.record_question(self.store, asked)
        said = None if silent else "a lot"
        answer = questions.record_answer(
            self.store, Answer(question.id or 0, said, 0.9, adapter, offered=(), candidates=())
        )
        feedback.record(self.store, Feedback(answer.id or 0, who, vote, "button"))

    def votes(self, adapter: str, ups: int, downs: int, **more: object) -> None:
        given: list[Vote] = [*["up"] * ups, *["down"] * downs]  # type: ignore[list-item]
        self.random.shuffle(given)
        with self.store.write():
            for vote in given:
                self.vote(adapter, vote, **more)  # type: ignore[arg-type]

    def log(self) -> list[tuple[str, str]]:
        return [(each.adapter, each.by) for each in self.registry.promotions()]


@pytest.fixture
def team(tmp_path: Path) -> Team:
    store = open_store(tmp_path / "home" / "lorebot.db")
    seed = write_adapter(tmp_path / "seed", "seed", parent=None)
    registry = Registry(store, tmp_path / "home" / "adapters", seed=seed)
    for name in ("a-1", "a-2"):
        registry.register(write_adapter(tmp_path / "made" / name, name))
    registry.champion()
    return Team(store, registry)


def mixed(team: Team, first: tuple[str, int, int], second: tuple[str, int, int]) -> None:
    """Votes on two adapters, shuffled among each other: (adapter, ups, downs)."""
    given: list[tuple[str, Vote]] = []
    for adapter, ups, downs in (first, second):
        given += [(adapter, "up")] * ups + [(adapter, "down")] * downs
    team.random.shuffle(given)
    with team.store.write():
        for adapter, vote in given:
            team.vote(adapter, vote)


def test_a_challenger_that_people_like_better_is_promoted_with_the_numbers(team: Team) -> None:
    team.registry.challenge("a-1", by="schedule", why="earned by votes")
    team.watch.look()
    mixed(team, ("a-1", 46, 4), ("seed", 25, 35))
    team.watch.look()
    promotion = team.registry.promotions()[-1]
    assert (promotion.adapter, promotion.by) == ("a-1", "bot")
    assert "46 of 50" in promotion.why
    assert "25 of 60" in promotion.why
    assert [(each.kind, each.adapter, each.serving) for each in team.told] == [("promoted", "a-1", "a-1")]
    assert challenges.current(team.store) is None


def test_a_challenger_that_people_like_less_goes_and_the_champion_stays(team: Team) -> None:
    team.registry.challenge("a-1", by="schedule", why="")
    team.watch.look()
    mixed(team, ("a-1", 10, 25), ("seed", 70, 10))
    team.watch.look()
    assert team.log() == []
    assert [(each.kind, each.serving) for each in team.told] == [("worse", "seed")]
    assert "10 of 35" in team.told[0].why


def test_an_equal_challenger_stays_on_trial_until_its_time_is_over(team: Team) -> None:
    begun = team.registry.challenge("a-1", by="schedule", why="")
    team.watch.look()
    mixed(team, ("a-1", 35, 15), ("seed", 70, 30))
    team.watch.look()
    assert challenges.current(team.store) == begun
    with team.store.write() as db:
        db.execute(
            "UPDATE challenges SET started_at = ? WHERE id = ?", [begun.started_at - 14.1 * 86400, begun.id]
        )
    team.watch.look()
    assert [(each.kind, each.adapter) for each in team.told] == [("undecided", "a-1")]
    assert "35 of 50" in team.told[0].why
    assert team.log() == []


def test_too_few_votes_decide_nothing_however_clear(team: Team) -> None:
    team.registry.challenge("a-1", by="schedule", why="")
    mixed(team, ("a-1", watching.LEAST - 1, 0), ("seed", 0, 60))
    team.watch.look()
    assert challenges.current(team.store) is not None
    mixed(team, ("a-1", 6, 0), ("seed", 0, 6))
    team.watch.look()
    assert team.log() == [("a-1", "bot")], "a few more are enough"


def test_a_challenger_that_keeps_silent_to_look_good_is_not_promoted(team: Team) -> None:
    begun = team.registry.challenge("a-1", by="schedule", why="")
    mixed(team, ("a-1", 46, 4), ("seed", 25, 35))
    for i in range(60):
        question = questions.record_question(
            team.store, Question("message", f"C2:{i}", f"what is {i}", "U1", channel="C2", thread=f"{i}")
        )
        questions.record_answer(
            team.store, Answer(question.id or 0, None, 0.1, "a-1", offered=(), candidates=())
        )
    team.watch.look()
    assert challenges.current(team.store) == begun
    assert ballots.silences(team.store, "a-1", begun.started_at) == (60, 110)
    with team.store.write() as db:
        db.execute(
            "UPDATE answers SET text = 'an answer' WHERE adapter = 'a-1' AND id % 20 > 0 AND text IS NULL"
        )
    team.watch.look()
    assert team.log() == [("a-1", "bot")]


def test_what_was_voted_before_the_trial_doesnt_count_in_it(team: Team) -> None:
    mixed(team, ("seed", 5, 60), ("a-1", 40, 0))
    team.registry.challenge("a-1", by="schedule", why="")
    team.watch.look()
    assert challenges.current(team.store) is not None
    assert team.log() == []


def test_a_second_challenger_of_one_champion_has_to_prove_more(team: Team) -> None:
    first = team.registry.challenge("a-1", by="schedule", why="")
    assert watching.needed(team.store, first) == watching.PROVEN
    team.registry.end_challenge("undecided", "")
    second = team.registry.challenge("a-2", by="schedule", why="")
    assert watching.needed(team.store, second) == 3 * watching.PROVEN
    team.registry.promote("a-2", by="cli", why="")
    anew = team.registry.challenge("a-1", by="schedule", why="")
    assert watching.needed(team.store, anew) == watching.PROVEN, "another champion, another account"


def test_a_drop_after_a_promotion_is_rolled_back_once_with_the_numbers(team: Team) -> None:
    team.votes("seed", 75, 25)
    team.registry.promote("a-1", by="schedule", why="better on held-out answers")
    team.watch.look()
    team.votes("a-1", 20, 50)
    team.watch.look()
    assert team.log() == [("a-1", "schedule"), ("seed", "bot")]
    back = team.registry.promotions()[-1]
    assert "20 of 70" in back.why
    assert "75 of 100" in back.why
    assert [(each.kind, each.adapter, each.serving) for each in team.told] == [("rolled_back", "a-1", "seed")]
    team.votes("seed", 2, 60)
    team.watch.look()
    assert len(team.log()) == 2, "what was gone back to is not left by itself"


def test_what_somebody_promotes_again_is_watched_anew_from_then_on(team: Team) -> None:
    team.votes("seed", 75, 25)
    team.registry.promote("a-1", by="schedule", why="")
    team.votes("a-1", 20, 50)
    team.watch.look()
    team.registry.promote("a-1", by="U1", why="it was the documents")
    team.watch.look()
    assert team.log()[-1] == ("a-1", "U1"), "its old votes don't speak against it a second time"
    team.votes("a-1", 20, 50)
    team.watch.look()
    assert team.log()[-1] == ("seed", "bot")


def test_missing_votes_never_trigger(team: Team) -> None:
    team.registry.promote("a-1", by="schedule", why="")
    team.votes("a-1", 0, 60)
    team.watch.look()
    assert team.log() == [("a-1", "schedule")], "nobody ever voted on its predecessor"
    team.registry.promote("a-2", by="schedule", why="")
    team.watch.look()
    assert len(team.log()) == 2, "nobody votes on the champion"


def test_an_equal_champion_stays(team: Team) -> None:
    team.votes("seed", 70, 30)
    team.registry.promote("a-1", by="schedule", why="")
    for _ in range(10):
        team.votes("a-1", 7, 3)
        team.watch.look()
    assert team.log() == [("a-1", "schedule")]


def test_a_down_on_an_abstention_counts_as_a_down(team: Team) -> None:
    team.votes("seed", 80, 20)
    team.registry.promote("a-1", by="schedule", why="")
    team.votes("a-1", 0, 40, silent=True)
    team.watch.look()
    assert team.log()[-1] == ("seed", "bot")


def test_one_person_alone_turns_no_champion_out(team: Team) -> None:
    team.votes("seed", 80, 20)
    team.registry.promote("a-1", by="schedule", why="")
    team.votes("a-1", 0, 60, person="U-grump")
    team.votes("a-1", 8, 2)
    team.watch.look()
    assert team.log() == [("a-1", "schedule")]


def test_where_one_person_votes_that_person_decides(team: Team) -> None:
    team.votes("seed", 40, 10, person="U1")
    team.registry.promote("a-1", by="schedule", why="")
    team.votes("a-1", 2, 48, person="U1")
    team.watch.look()
    assert team.log()[-1] == ("seed", "bot")


def test_bots_and_guests_decide_nothing(team: Team) -> None:
    for i in range(8):
        people.seen(team.store, f"G{i}", "bot" if i % 2 else "guest")
    team.votes("seed", 80, 20)
    team.registry.promote("a-1", by="schedule", why="")
    for i in range(80):
        team.vote("a-1", "down", person=f"G{i % 8}")
    team.votes("a-1", 16, 4)
    team.watch.look()
    assert team.log() == [("a-1", "schedule")]


def test_asking_the_same_again_is_one_vote_the_last(team: Team) -> None:
    for vote in ("down", "down", "up"):
        team.vote("seed", vote, person="U1", text="Where is  the key?")  # type: ignore[arg-type]
    team.vote("seed", "down", person="U1", text="where is the key?")
    team.vote("seed", "down", person="U2", text="where is the key?")
    team.vote("a-1", "up", person="U1", text="where is the key?")
    found = [(each.person, each.adapter, each.up) for each in ballots.cast(team.store, ["seed", "a-1"])]
    assert found == [("U1", "seed", False), ("U2", "seed", False), ("U1", "a-1", True)]


def test_what_was_asked_on_the_command_line_or_imported_is_no_ballot(team: Team) -> None:
    question = questions.record_question(team.store, Question("import", "1", "how long?", "U1"))
    answer = questions.record_answer(
        team.store, Answer(question.id or 0, "long", 0.9, "seed", offered=(), candidates=())
    )
    feedback.record(team.store, Feedback(answer.id or 0, "U1", "down", "import"))
    assert ballots.cast(team.store, ["seed"]) == []


def test_a_trial_that_others_end_is_told_of_unless_they_put_another_in_service(team: Team) -> None:
    team.registry.challenge("a-1", by="schedule", why="")
    team.watch.look()
    team.registry.end_challenge("failed", "can't be loaded: the file was changed")
    team.watch.look()
    assert [(each.kind, each.why) for each in team.told] == [
        ("failed", "can't be loaded: the file was changed")
    ]
    team.registry.challenge("a-1", by="schedule", why="")
    team.watch.look()
    team.registry.promote("a-2", by="cli", why="by hand")
    team.watch.look()
    assert len(team.told) == 1


def test_a_trial_that_broke_down_before_anybody_looked_is_told_of_and_old_ones_are_not(team: Team) -> None:
    for why in ("yesterday", "just now"):
        watch = VoteWatch(team.store, team.registry, team.told.append)
        team.registry.challenge("a-1", by="schedule", why="")
        team.registry.end_challenge("failed", why)
    watch.look()
    watch.look()
    assert [each.why for each in team.told] == ["just now"]


def test_a_challenger_that_somebody_promotes_has_not_won(team: Team) -> None:
    team.registry.challenge("a-1", by="schedule", why="")
    team.registry.promote("a-1", by="U1", why="I like it")
    team.watch.look()
    assert team.told == []
    assert [each.outcome for each in challenges.of_champion(team.store, "seed")] == ["overtaken"]


def test_a_challenger_that_won_but_was_damaged_is_not_promoted(team: Team) -> None:
    team.registry.challenge("a-1", by="schedule", why="")
    mixed(team, ("a-1", 46, 4), ("seed", 25, 35))
    (Path(team.registry.show("a-1").folder) / "calibrator.json").write_text("[]")
    team.watch.look()
    team.watch.look()
    assert team.log() == []
    assert [each.outcome for each in challenges.of_champion(team.store, "seed")] == ["failed"]


def test_nothing_that_anybody_asked_or_said_stands_in_what_is_told_or_logged(team: Team) -> None:
    team.votes("seed", 75, 25)
    team.registry.promote("a-1", by="schedule", why="")
    team.votes("a-1", 20, 50)
    team.watch.look()
    team.registry.challenge("a-2", by="schedule", why="")
    team.watch.look()
    mixed(team, ("a-2", 10, 25), ("seed", 70, 10))
    team.watch.look()
    assert [each.kind for each in team.told] == ["rolled_back", "worse"]
    written = [
        *(each.why for each in team.told),
        *(each.why for each in adapters.promotions(team.store)),
        *(each.ending or "" for each in challenges.of_champion(team.store, "seed")),
    ]
    for line in written:
        assert "Zoltan" not in line
        assert not any(f"U{i}" in line for i in range(8))


def test_the_watch_sees_what_other_processes_write(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_EVERY_S", 0.01)
    team.votes("seed", 75, 25)
    team.registry.promote("a-1", by="schedule", why="")
    watch = VoteWatch(team.store, team.registry, team.told.append)
    watch.start()
    try:
        team.votes("a-1", 20, 50)
        deadline = time.monotonic() + 60
        while not team.told and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        watch.stop()
    assert [each.kind for each in team.told] == ["rolled_back"]
