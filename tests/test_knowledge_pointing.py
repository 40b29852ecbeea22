"""What people said of a passage moves it for that question: at once, where it was said, and until they take it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stand_ins import HashingEncoder

from bot import trust
from bot.knowledge.index import Index
from bot.knowledge.pointing import pointed
from bot.records import WORKSPACE, Answer, Document, Feedback, Found, Offered, Passage, Question
from bot.store import Store, channels, documents, feedback, open_store, people, questions
from bot.trust import RecentStandings

ENCODER = HashingEncoder()
ASKED = "when does the canteen open?"
OLD = "the old canteen does open at nine, when it is Monday"
NEW = "breakfast is served from eight in the morning"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = open_store(tmp_path / "lorebot.db")
    put(store, "hours", OLD, "the gate does open at ten", "a canteen for visitors", NEW, "parking is free")
    return store


def put(store: Store, source: str, *texts: str, scope: str = WORKSPACE) -> None:
    passages = [Passage(0, scope, source, "", text, 0, ordinal) for ordinal, text in enumerate(texts)]
    vectors = [vector.tobytes() for vector in ENCODER.encode(texts)]
    documents.replace(store, Document(source, source, scope, ""), passages, vectors)


def find(store: Store, question: str = ASKED, *scopes: str) -> list[Found]:
    return Index(store, ENCODER).find(question, [WORKSPACE, *scopes])


def texts(store: Store, question: str = ASKED, *scopes: str) -> list[str]:
    return [each.passage.text for each in find(store, question, *scopes)]


def passage(store: Store, text: str) -> int:
    return next(each.id or 0 for each in documents.passages_of(store, 1) if each.text == text)


def answered(store: Store, question: str = ASKED, *, channel: str | None = None, text: str = OLD) -> int:
    """The id of an answer that came from this passage."""
    scopes = (WORKSPACE, channel) if channel else (WORKSPACE,)
    key = str(store.one("SELECT count(*) AS n FROM questions"))
    ask = questions.record_question(
        store, Question("message", key, question, "U1", channel=channel, scopes=scopes)
    )
    offered = tuple(
        Offered(each, passage(store, each), "hours", "", None, 0.5) for each in ("parking is free", text)
    )
    given = Answer(ask.id or 0, text, 0.5, "seed", offered, (), chosen=1, end=len(text))
    return questions.record_answer(store, given).id or 0


def wrong(store: Store, answer_id: int, person: str = "U1", right: str | None = None) -> Feedback:
    given = Feedback(answer_id, person, "down", "modal", "wrong_passage")
    return feedback.record(store, replace(given, passage_id=passage(store, right) if right else None))


def test_the_wrong_passage_is_found_lower_at_once_and_is_not_hidden(store: Store) -> None:
    before = find(store)
    assert before[0].passage.text == OLD
    wrong(store, answered(store))
    after = find(store)
    assert after[0].passage.text != OLD
    moved = next(each for each in after if each.passage.text == OLD)
    assert moved.similarity == pytest.approx(before[0].similarity - 0.4, abs=1e-5)
    assert {each.passage.id for each in after} == {each.passage.id for each in before}


def test_the_passage_that_was_named_right_is_found_first(store: Store) -> None:
    assert texts(store)[0] == OLD
    before = {each.passage.text: each.similarity for each in find(store)}
    wrong(store, answered(store), right=NEW)
    first = find(store)[0]
    assert first.passage.text == NEW
    assert first.similarity == pytest.approx(before[NEW] + 0.4, abs=1e-5)


def test_a_passage_that_search_misses_is_found_once_it_is_named(store: Store) -> None:
    put(store, "many", *(f"canteen open question {i}" for i in range(60)))
    assert NEW not in texts(store)
    wrong(store, answered(store), right=NEW)
    assert NEW in texts(store)


def test_a_correction_that_names_a_passage_teaches_search_too(store: Store) -> None:
    given = Feedback(answered(store), "U1", None, None, correction="eight", passage_id=passage(store, NEW))
    feedback.record(store, given)
    assert texts(store)[0] == NEW


def test_the_same_question_in_nearly_the_same_words_learns_from_it(store: Store) -> None:
    wrong(store, answered(store))
    assert texts(store, "When does the canteen open")[0] != OLD
    assert texts(store, "please tell when does the canteen open?")[0] != OLD


@pytest.mark.parametrize("other", ["when does the staff canteen open?", "when did the canteen open?"])
def test_another_question_learns_nothing_from_it(store: Store, other: str) -> None:
    before = texts(store, other)
    wrong(store, answered(store))
    assert texts(store, other) == before


def test_what_was_said_in_a_channel_has_no_effect_elsewhere(store: Store) -> None:
    before = find(store)
    wrong(store, answered(store, channel="C1"), right=NEW)
    assert find(store) == before == find(store, ASKED, "C2")
    assert texts(store, ASKED, "C1")[0] == NEW


def test_what_was_said_in_a_public_channel_has_effect_everywhere(store: Store) -> None:
    channels.note(store, "C1", public=True)
    wrong(store, answered(store, channel="C1"), right=NEW)
    assert texts(store)[0] == texts(store, ASKED, "C2")[0] == NEW
    channels.note(store, "C1", public=False)
    assert texts(store)[0] != NEW


def test_what_was_said_for_all_has_effect_in_every_channel(store: Store) -> None:
    wrong(store, answered(store), right=NEW)
    assert texts(store, ASKED, "C1")[0] == NEW


def test_a_named_passage_of_a_channel_is_not_shown_outside(store: Store) -> None:
    put(store, "secret", "the canteen opens at six for us", scope="C1")
    secret = documents.passages_of(store, 2)[0].id
    feedback.record(
        store, Feedback(answered(store), "U1", "down", "modal", "wrong_passage", passage_id=secret)
    )
    assert "the canteen opens at six for us" not in texts(store)
    assert texts(store, ASKED, "C1")[0] == "the canteen opens at six for us"


def test_an_up_takes_it_back(store: Store) -> None:
    before = find(store)
    answer = answered(store)
    wrong(store, answer, right=NEW)
    assert find(store) != before
    feedback.record(store, Feedback(answer, "U1", "up", "button"))
    assert find(store) == before


def test_a_vote_that_is_cleared_takes_it_back(store: Store) -> None:
    before = find(store)
    answer = answered(store)
    wrong(store, answer)
    assert feedback.clear_vote(store, answer, "U1", "modal")
    assert find(store) == before


def test_a_forgotten_person_teaches_nothing(store: Store) -> None:
    before = find(store)
    wrong(store, answered(store), "U2")
    people.forget(store, "U2")
    assert find(store) == before


def test_people_who_disagree_cancel_out_and_one_person_counts_once(store: Store) -> None:
    def said() -> dict[int, float]:
        vector = ENCODER.encode([ASKED])[0]
        return pointed(store, ENCODER, ASKED, vector, [WORKSPACE], RecentStandings(store))

    first = answered(store)
    wrong(store, first, "U1")
    once = said()
    assert -1 <= once[passage(store, OLD)] < 0
    wrong(store, answered(store), "U1")
    assert said() == once
    right = Feedback(answered(store, text=NEW), "U1", "down", "modal", passage_id=passage(store, OLD))
    feedback.record(store, right)
    assert said()[passage(store, OLD)] > 0, "their newest word"
    wrong(store, answered(store), "U2")
    assert passage(store, OLD) not in said()


def test_whose_word_weighs_nothing_moves_nothing(store: Store) -> None:
    before = find(store)
    people.seen(store, "B1", "bot")
    wrong(store, answered(store), "B1")
    assert find(store) == before


def test_a_passage_that_is_gone_is_nobodys_mistake(store: Store) -> None:
    wrong(store, answered(store), right=NEW)
    put(store, "hours", "the gate does open at ten")
    assert texts(store) == ["the gate does open at ten"]


def test_a_follow_up_learns_as_it_was_searched(store: Store) -> None:
    answer = answered(store)
    with store.write() as db:
        db.execute("UPDATE questions SET text = 'and when on Monday?', follows = ?", [ASKED])
    wrong(store, answer, right=NEW)
    assert texts(store, f"and when on Monday? {ASKED}")[0] == NEW


def test_search_looks_for_it_by_an_index(store: Store) -> None:
    plan = store.rows(
        "EXPLAIN QUERY PLAN SELECT * FROM feedback f WHERE (f.reason = 'wrong_passage' OR f.passage_id IS NOT NULL)"
        " AND vote IS NOT 'up' ORDER BY f.given_at"
    )
    assert "feedback_on_passages" in plan[0]["detail"]


def test_a_search_weighs_everybody_anew_only_for_a_new_word(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[int] = []
    real = trust.standings

    def counted(*arguments: Any) -> Any:
        weighed.append(1)
        return real(*arguments)

    monkeypatch.setattr(trust, "standings", counted)
    index = Index(store, ENCODER)
    index.find(ASKED, [WORKSPACE])
    assert weighed == [], "nobody said anything"
    wrong(store, answered(store), "U1")
    lower = [index.find(ASKED, [WORKSPACE]) for _ in range(3)]
    assert len(weighed) == 1
    assert lower[0] == lower[1] == lower[2]
    wrong(store, answered(store), "U2")
    index.find(ASKED, [WORKSPACE])
    assert len(weighed) == 2
