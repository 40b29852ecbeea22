"""What `lorebot ask` shows of an answer, and how it explains one: for people within 100 columns, for programs as data."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from stand_ins import HashingEncoder, ScriptedReader
from tricky_offsets import OneAdapter

from bot import cli_ask
from bot.answering import Answerer, LiveReader
from bot.knowledge.index import Index
from bot.knowledge.learning import learn
from bot.reading.card import threshold
from bot.records import WORKSPACE, Answer, Question, Reading, Weighed
from bot.store import open_store

PAGE = (
    "# Dogs\n\nDogs may come on Fridays, if they are quiet.\n\n# Leave\n\nEverybody gets 25 days of leave.\n"
)


class WeighingReader(ScriptedReader):
    """Tells what its confidence is made of."""

    def read(self, *asked: object) -> Reading:  # type: ignore[override]
        reading = super().read(*asked)  # type: ignore[arg-type]
        weighed = (Weighed("bias", 1.0, -1.0), Weighed("score", 4.0, 2.0), Weighed("new_feature", 0.5, -0.25))
        return replace(reading, silence=-2.5, weighed=(weighed,) * len(reading.candidates))


@pytest.fixture
def answerer(tmp_path: Path) -> Answerer:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    store, encoder = open_store(tmp_path / "lorebot.db"), HashingEncoder()
    learn(store, encoder, [page])
    reader = WeighingReader("seed", {"on Fridays": 0.8, "25 days": 0.4})
    live = LiveReader(OneAdapter(), lambda adapter: reader)  # type: ignore[arg-type]
    return Answerer(store, Index(store, encoder), encoder, live)


def ask(text: str) -> Question:
    return Question("cli", text, text, "cli:me", scopes=(WORKSPACE,))


def shown(answer: Answer, explanation: dict[str, object] | None = None) -> str:
    out = Console(file=io.StringIO(), width=160, soft_wrap=True, highlight=False)
    cli_ask.print_answer(answer, out)
    if explanation is not None:
        cli_ask.print_explanation(explanation, out)
    return out.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_an_answer_stands_above_its_sentence_and_how_sure_it_is(answerer: Answerer) -> None:
    lines = shown(answerer.answer(ask("When may dogs come?"))).splitlines()
    assert lines[:2] == ["on Fridays", "  Dogs may come on Fridays, if they are quiet."]
    assert lines[2].endswith("fairly sure")
    assert "%" not in "".join(lines)


def test_a_sentence_is_not_said_twice(answerer: Answerer) -> None:
    answer = answerer.answer(ask("May dogs come?"))
    assert shown(answer).count("Dogs may come on Fridays") == 1
    data = cli_ask.as_data(answer, 0.5)
    assert data["answer"] == "Dogs may come on Fridays, if they are quiet."
    assert data["passage_text"][data["start"] : data["end"]] == data["answer"]
    span = data["span"]
    assert data["passage_text"][span["start"] : span["end"]] == span["text"] == "on Fridays"
    assert (data["confidence"], data["sure"]) == (0.8, "Fairly sure")


def test_an_abstention_names_the_nearest_passages_and_asserts_nothing(answerer: Answerer) -> None:
    answer = answerer.answer(ask("How much leave does everybody get?"))
    answer = replace(answer, text=None, chosen=None)
    told = shown(answer)
    assert told.startswith("I don't know")
    assert "The closest I found: " in told
    assert "25 days of leave" in told, "the passage's own words, for people to judge"
    assert cli_ask.as_data(answer, 0.5)["sure"] is None


def test_an_explanation_shows_candidates_features_threshold_and_why(answerer: Answerer) -> None:
    question = ask("When may dogs come?")
    answer = answerer.answer(question)
    explanation = cli_ask.explained(answerer, question, answer)
    json.dumps(explanation)
    assert explanation["threshold"] == {"value": 0.5, "origin": "the default"}
    assert explanation["asked_for"] == "span"
    assert explanation["silence"] == -2.5
    first = explanation["candidates"][0]
    assert (first["rank"], first["text"], first["probability"]) == (1, "on Fridays", 0.8)
    assert first["log_probability"] == pytest.approx(math.log(0.8))
    assert explanation["log_odds"] == sum(each["log_odds"] for each in explanation["features"]) == 0.75
    lines = shown(answer, explanation).splitlines()
    assert max(map(len, lines)) <= cli_ask.WIDTH
    told = "\n".join(lines)
    assert (
        "Answered: “on Fridays” is right with a probability of 0.80, not below the threshold of 0.50." in told
    )
    assert "Threshold: 0.50, from the default." in told
    assert "score, against silence" in told
    assert "new_feature" in told, "a feature without words is shown by its name"


def test_an_abstention_is_explained_in_one_sentence(answerer: Answerer) -> None:
    question = ask("How much leave does everybody get?")
    answer = replace(answerer.answer(question), text=None, chosen=None)
    answer = replace(answer, candidates=tuple(each for each in answer.candidates if each.text == "25 days"))
    why = cli_ask.explained(answerer, question, answer)["why"]
    assert why == "Abstained: “25 days” is right with a probability of 0.40, below the threshold of 0.50."
    nothing = replace(answer, candidates=(), offered=())
    assert cli_ask.explained(answerer, question, nothing)["why"] == "Abstained: search found no text to read."


def test_the_threshold_is_the_setting_else_the_cards_else_an_even_chance() -> None:
    assert threshold({"min_confidence": 0.3}, 0.9) == (0.9, "LOREBOT_MIN_CONFIDENCE")
    assert threshold({"min_confidence": 0.3}, 0.0) == (0.0, "LOREBOT_MIN_CONFIDENCE")
    assert threshold({"min_confidence": 0.3}, None) == (0.3, "the adapter's card")
    assert threshold({}, None) == (0.5, "the default")


def test_all_of_the_calibrators_features_have_words() -> None:
    from bot.reading.calibrator import FEATURES

    assert set(FEATURES) | {"bias"} == set(cli_ask.FEATURES)
