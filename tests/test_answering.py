"""Answering without a model: what is read, what is decided and recorded, and how the reader in service is swapped."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from stand_ins import HashingEncoder, ScriptedReader

from bot.answering import MEMORY, Answerer, ChampionWatch, LiveReader, asked, form_of, priors
from bot.errors import AdapterError
from bot.knowledge import memory
from bot.knowledge.index import Index
from bot.records import WORKSPACE, Adapter, Answer, Document, Offered, Passage, Promotion, Question
from bot.store import Store, adapters, documents, open_store, questions

LEAVE = "Employees get 25 days of leave. Contractors get none."
NOTICE = "The notice period is 4 weeks, e.g. for engineers."


@dataclass
class Versions:
    """A registry whose adapters are names."""

    store: Store
    known: dict[str, Adapter] = field(default_factory=dict)
    rolled_back: list[str] = field(default_factory=list)

    def add(self, name: str) -> Adapter:
        adapter = Adapter(name, "base", "hash", "hash", "/nowhere", card={"min_confidence": 0.5})
        adapters.add(self.store, adapter)
        self.known[name] = adapter
        return adapter

    def promote(self, name: str, why: str = "better") -> None:
        adapters.append_promotion(self.store, Promotion(name, "cli", why))

    def champion(self) -> Adapter:
        last = adapters.last_promotion(self.store)
        return self.known[last.adapter if last else "seed"]

    def rollback(self, by: str, why: str) -> Promotion:
        self.rolled_back.append(why)
        self.promote("seed", why)
        return Promotion("seed", by, why)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def reader() -> ScriptedReader:
    return ScriptedReader("seed", {"25 days": 0.9, "4 weeks": 0.3, "30 days": 0.8})


@pytest.fixture
def answerer(store: Store, encoder: HashingEncoder, reader: ScriptedReader) -> Answerer:
    versions = Versions(store)
    versions.add("seed")
    for name, text in (("leave", LEAVE), ("notice", NOTICE)):
        learn(store, encoder, name, text, WORKSPACE)
    learn(store, encoder, "secret", "Managers get 30 days of leave.", "C2")
    live = LiveReader(versions, lambda adapter: reader)  # type: ignore[arg-type]
    return Answerer(store, Index(store, encoder), encoder, live)


def learn(store: Store, encoder: HashingEncoder, name: str, text: str, scope: str) -> None:
    passage = Passage(0, scope, name.title(), "", text, 0, 0)
    vectors = [encoder.encode([text])[0].tobytes()]
    documents.replace(
        store, Document(f"/{name}.md", name.title(), scope, "h", link=f"http://x/{name}"), [passage], vectors
    )


def ask(text: str, key: str = "C1:1.0", **more: object) -> Question:
    return Question("message", key, text, "U1", channel="C1", scopes=(WORKSPACE, "C1"), **more)  # type: ignore[arg-type]


def test_an_answer_shows_the_sentence_it_stands_in_and_where(answerer: Answerer, store: Store) -> None:
    answer = answerer.answer(ask("how many days of leave do employees get?"))
    assert (answer.text, answer.sentence) == ("25 days", "Employees get 25 days of leave.")
    assert answer.evidence is not None
    assert answer.evidence.text[answer.start : answer.end] == "25 days"
    assert answer.evidence.link == "http://x/leave"
    assert questions.answer(store, answer.id or 0) == answer


def test_a_yes_no_question_is_answered_with_the_sentence_and_remembers_the_readers_span(
    answerer: Answerer, store: Store
) -> None:
    answer = answerer.answer(ask("Do employees get days of leave?"))
    assert answer.text == answer.sentence == "Employees get 25 days of leave."
    assert answer.evidence is not None
    assert answer.evidence.text[answer.start : answer.end] == answer.chosen_words == "25 days"
    assert answer.evidence.text[slice(*answer.place)] == answer.text
    assert questions.answer(store, answer.id or 0) == answer


def test_a_list_question_is_answered_with_the_whole_list(
    answerer: Answerer, store: Store, encoder: HashingEncoder, reader: ScriptedReader
) -> None:
    listed = "- 25 days of leave\n- a laptop\n- lunch"
    learn(
        store, encoder, "benefits", f"These are the benefits we get:\n\n{listed}\n\nAsk for more.", WORKSPACE
    )
    reader.known = {"a laptop": 0.9}
    answer = answerer.answer(ask("Which benefits do we get?"))
    assert (answer.text, answer.chosen_words) == (listed, "a laptop")
    assert answerer.answer(ask("Which benefit do we get?")).text == "a laptop", "one thing was asked for"


def test_a_list_too_long_to_say_is_answered_with_the_item(
    answerer: Answerer, store: Store, encoder: HashingEncoder, reader: ScriptedReader
) -> None:
    learn(store, encoder, "benefits", "\n".join(f"- benefit number {i} we get" for i in range(60)), WORKSPACE)
    reader.known = {"number 7 ": 0.9}
    assert answerer.answer(ask("Which benefits do we get?")).text == "benefit number 7 we get"


def test_a_taught_question_is_never_said_with_its_answer(
    store: Store, encoder: HashingEncoder, answerer: Answerer, reader: ScriptedReader
) -> None:
    reader.known = {"two spaces": 0.9}
    memory.teach(
        store,
        encoder,
        question="parking for visitors",
        answer="there are two spaces",
        scope="C1",
        person="U7",
    )
    answer = answerer.answer(ask("Is there a parking space for visitors of the office on Sundays?"))
    assert answer.text == "there are two spaces"


def test_what_is_not_sure_enough_is_not_said_but_recorded(answerer: Answerer, reader: ScriptedReader) -> None:
    reader.known = {"4 weeks": 0.3}
    answer = answerer.answer(ask("what is the notice period?"))
    assert answer.abstained
    assert answer.confidence == pytest.approx(0.3)
    assert answer.candidates[0].text == "4 weeks"
    assert any(each.text == NOTICE for each in answer.offered)


def test_nothing_learned_means_an_abstention_not_an_error(
    tmp_path: Path, encoder: HashingEncoder, reader: ScriptedReader
) -> None:
    empty = open_store(tmp_path / "empty.db")
    versions = Versions(empty)
    versions.add("seed")
    live = LiveReader(versions, lambda adapter: reader)  # type: ignore[arg-type]
    answer = Answerer(empty, Index(empty, encoder), encoder, live).answer(ask("how much leave?"))
    assert answer.abstained
    assert answer.offered == ()


def test_a_channels_passages_are_read_only_there(answerer: Answerer, reader: ScriptedReader) -> None:
    answerer.answer(ask("how many days of leave do managers get?"))
    assert not any("Managers" in text for text in reader.asked[-1][1])
    there = Question(
        "message", "C2:1", "how many days of leave do managers get?", "U1", scopes=(WORKSPACE, "C2")
    )
    answerer.answer(there)
    assert any("Managers" in text for text in reader.asked[-1][1])


def test_text_given_with_the_question_and_the_thread_are_read_first(
    answerer: Answerer, reader: ScriptedReader
) -> None:
    reader.known = {"30 days": 0.9}
    answer = answerer.answer(
        ask("how long?", context="It takes 30 days."), ["we talked about it", "how long?"]
    )
    assert reader.asked[-1][1][:2] == ("It takes 30 days.", "we talked about it")
    assert (answer.text, answer.evidence.passage_id) == ("30 days", None)  # type: ignore[union-attr]


def test_context_alone_searches_nothing(answerer: Answerer, reader: ScriptedReader) -> None:
    answerer.answer(Question("cli", "1", "how long?", "cli", scopes=(), context="It takes 30 days."))
    assert reader.asked[-1][1] == ("It takes 30 days.",)


def test_a_follow_up_is_asked_together_with_what_it_follows() -> None:
    assert asked(ask("and for contractors?", follows="how much leave do I get?")) == (
        "and for contractors? how much leave do I get?"
    )


def test_a_follow_up_that_asks_nothing_by_itself_asks_for_what_was_asked_before() -> None:
    before = "do interns get the allowance?"
    assert form_of(ask("and contractors?", follows=before)) == "yes_no"
    assert form_of(ask("and how much is it?", follows=before)) == "span"


def test_a_taught_answer_comes_before_the_passage_it_corrects(
    answerer: Answerer, store: Store, encoder: HashingEncoder
) -> None:
    assert answerer.answer(ask("how many days of leave do employees get?")).text == "25 days"
    memory.teach(
        store,
        encoder,
        question="How many days of leave do employees get?",
        answer="28 days",
        scope="C1",
        person="U7",
    )
    again = answerer.answer(ask("how many days of leave do employees get", "C1:2.0"))
    assert (again.text, again.adapter, again.from_memory, again.taught_by) == ("28 days", MEMORY, True, "U7")
    elsewhere = Question(
        "message", "C3:1", "how many days of leave do employees get?", "U1", scopes=(WORKSPACE, "C3")
    )
    assert answerer.answer(elsewhere).text == "25 days"


def test_a_taught_answer_that_stands_in_a_passage_shows_that_passage(
    answerer: Answerer, store: Store, encoder: HashingEncoder
) -> None:
    passage = next(each for each in documents.passages(store, [1, 2, 3]) if "notice" in each.text)
    memory.teach(
        store,
        encoder,
        question="how long is the notice?",
        answer="4 weeks",
        scope=WORKSPACE,
        person="U7",
        evidence=passage,
    )
    answer = answerer.answer(ask("how long is the notice?"))
    assert answer.sentence == NOTICE
    assert answer.evidence is not None
    assert answer.evidence.text[answer.start : answer.end] == "4 weeks"
    assert answer.evidence.link == "http://x/notice"


def test_the_reader_never_answers_with_a_taught_question(
    store: Store, encoder: HashingEncoder, answerer: Answerer, reader: ScriptedReader
) -> None:
    reader.known = {"parking space": 0.9}
    memory.teach(store, encoder, question="Is there a parking space?", answer="Two.", scope="C1", person="U7")
    answer = answerer.answer(ask("where is the parking space for visitors?"))
    assert answer.abstained


def test_passages_behind_the_most_similar_one_start_with_less() -> None:
    def offered(passage_id: int | None, similarity: float) -> Offered:
        return Offered("text", passage_id, "", "", None, similarity)

    given, best, other = priors([offered(None, 0.0), offered(1, 0.8), offered(2, 0.5)])
    assert (given, best) == (0.0, 0.0)
    assert other < 0


def test_a_promotion_by_anybody_is_followed_and_no_question_fails_meanwhile(
    store: Store, encoder: HashingEncoder
) -> None:
    versions = Versions(store)
    versions.add("seed")
    versions.add("better")
    readers = {name: ScriptedReader(name, {"25 days": 0.9}) for name in versions.known}
    live = LiveReader(versions, lambda adapter: readers[adapter.id])  # type: ignore[arg-type]
    learn(store, encoder, "leave", LEAVE, WORKSPACE)
    answerer = Answerer(store, Index(store, encoder), encoder, live)
    swapped: list[Promotion] = []
    watch = ChampionWatch(store, versions, live, lambda promotion, seconds: swapped.append(promotion))  # type: ignore[arg-type]
    watch.start()
    answers: list[Answer] = []
    stop = threading.Event()

    def keep_asking() -> None:
        i = 0
        while not stop.is_set():
            i += 1
            answers.append(answerer.answer(ask("how many days of leave?", f"C1:{i}")))
        store.close()

    asking = threading.Thread(target=keep_asking)
    asking.start()
    elsewhere = Versions(open_store(store.path), versions.known)
    elsewhere.promote("better")
    deadline = time.monotonic() + 10
    while not swapped and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.1)
    stop.set()
    asking.join()
    watch.stop()
    assert [each.adapter for each in swapped] == ["better"]
    assert readers["better"].warmed
    assert {each.text for each in answers} == {"25 days"}
    assert answers[-1].adapter == "better"


def test_an_adapter_that_cannot_be_loaded_is_rolled_back_with_the_reason(store: Store) -> None:
    versions = Versions(store)
    versions.add("seed")
    versions.add("broken")

    def load(adapter: Adapter) -> ScriptedReader:
        if adapter.id == "broken":
            raise AdapterError("the file was changed")
        return ScriptedReader(adapter.id, {})

    live = LiveReader(versions, load)  # type: ignore[arg-type]
    versions.promote("broken")
    told: list[Promotion] = []
    ChampionWatch(store, versions, live, lambda promotion, seconds: told.append(promotion)).look()  # type: ignore[arg-type]
    assert [(each.adapter, each.by) for each in told] == [("seed", "bot")], "people hear of it"
    assert live.current.adapter.id == "seed"
    assert versions.rolled_back == ["can't be loaded: the file was changed"]


def test_rolling_back_needs_no_loading(store: Store) -> None:
    versions = Versions(store)
    seed, better = versions.add("seed"), versions.add("better")
    loaded: list[str] = []

    def load(adapter: Adapter) -> ScriptedReader:
        loaded.append(adapter.id)
        return ScriptedReader(adapter.id, {})

    live = LiveReader(versions, load)  # type: ignore[arg-type]
    assert live.follow(better)
    assert live.follow(seed)
    assert not live.follow(seed)
    assert loaded == ["seed", "better"]


def kept(store: Store) -> int:
    row = store.one("SELECT count(*) AS n FROM questions")
    assert row is not None
    return int(row["n"])


def test_unasked_it_speaks_only_when_it_is_sure_and_keeps_nothing_else(
    answerer: Answerer, store: Store, reader: ScriptedReader
) -> None:
    answer = answerer.answer_if_sure(ask("how many days of leave do employees get?"))
    assert answer is not None
    assert (answer.text, questions.answer(store, answer.id or 0)) == ("25 days", answer)
    for sure in (0.79, 0.1):  # answered when asked, then not even that
        reader.known["25 days"] = sure
        assert answerer.answer_if_sure(ask("how many days of leave?", key=f"C1:{sure}")) is None
    assert kept(store) == 1


def test_what_was_taught_for_this_very_question_is_said_unasked(
    answerer: Answerer, store: Store, encoder: HashingEncoder
) -> None:
    memory.teach(
        store, encoder, question="where is the projector?", answer="in room 2", scope="C1", person="U2"
    )
    answer = answerer.answer_if_sure(ask("Where is the projector?"))
    assert answer is not None
    assert answer.from_memory


def test_a_text_that_came_with_the_question_is_no_reason_to_speak_unasked(
    answerer: Answerer, store: Store, reader: ScriptedReader
) -> None:
    reader.known["42 EUR"] = 0.99
    assert answerer.answer_if_sure(ask("what is the fee?", context="The fee is 42 EUR.")) is None
    assert not kept(store)


def test_a_taught_answer_is_not_shown_with_a_text_that_its_place_may_not_see(
    answerer: Answerer, store: Store, encoder: HashingEncoder
) -> None:
    (secret,) = (each for each in documents.passages(store, range(1, 9)) if each.scope == "C2")
    memory.teach(
        store,
        encoder,
        question="How much leave?",
        answer="30 days",
        scope=WORKSPACE,
        person="U2",
        evidence=secret,
    )
    elsewhere = answerer.answer(ask("How much leave?"))
    assert elsewhere.from_memory and elsewhere.text == "30 days"
    assert "Managers" not in elsewhere.sentence + "".join(each.text for each in elsewhere.offered)
    there = replace(ask("How much leave?", key="C2:1.0"), channel="C2", scopes=(WORKSPACE, "C2"))
    assert answerer.answer(there).sentence == "Managers get 30 days of leave."
