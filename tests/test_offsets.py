"""Offsets are exact in the text as it was learned, whatever stands in it; tests/data/tricky-offsets.jsonl holds the cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import regex
from tokenizers import Tokenizer
from tricky_offsets import Told, Tricky, read_table, tell

from bot.errors import BaseError
from bot.reading.bases import CATALOGUE, DEFAULT_BASE, locate
from bot.reading.calibrator import UNFITTED
from bot.reading.extractive import ExtractiveReader, load_extractive
from bot.reading.graphemes import clusters
from bot.reading.windows import WindowCutter, load_cutter

SHIPPED = Path(__file__).parent.parent / "adapters" / "reader-minilm-l6-seed"
CASES = read_table()
ANSWERED_BY_THE_SMALL_READER = 20
each_case = pytest.mark.parametrize("case", CASES, ids=[case.kind for case in CASES])


@pytest.fixture(scope="module", params=list(CATALOGUE))
def cutter(request: pytest.FixtureRequest) -> WindowCutter:
    try:
        return load_cutter(locate(request.param).folder)
    except BaseError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    found = Tokenizer.from_file(str(locate(DEFAULT_BASE).folder / "tokenizer.json"))
    found.no_truncation()
    found.no_padding()
    return found


def whole_words(text: str) -> list[tuple[int, int]]:
    """Words as people see them: between white space, without the marks that have no width at their ends."""
    words = []
    for run in regex.finditer(r"\S+", text):
        seen = [
            span for span in clusters(text[: run.end()], run.start()) if not is_invisible(text[slice(*span)])
        ]
        if seen:
            words.append((seen[0][0], seen[-1][1]))
    return words


def is_invisible(cluster: str) -> bool:
    return regex.fullmatch(r"[\p{Cf}\p{Cc}]+", cluster) is not None


@each_case
def test_every_span_of_words_comes_back_from_its_tokens(case: Tricky, cutter: WindowCutter) -> None:
    text = case.document
    (window,) = cutter.cut(case.question, [text])
    words = whole_words(text)
    assert words
    for i, (start, _) in enumerate(words):
        for _, end in words[i : i + 15]:
            found = window.position_span(start, end)
            assert found is not None, text[start:end]
            first, last = (position - window.first for position in found)
            assert (window.offsets[first][0], window.offsets[last][1]) == (start, end), text[start:end]


@each_case
def test_no_token_begins_or_ends_inside_a_character(case: Tricky, cutter: WindowCutter) -> None:
    (window,) = cutter.cut(case.question, [case.document])
    assert_whole(case.document, window.offsets)


class PointingModel:
    """Points at the tokens of an answer in one passage, found by the tokenizer's own offsets, and at silence elsewhere."""

    def __init__(self, tokenizer: Tokenizer, pointed: Callable[[str], tuple[int, int] | None]) -> None:
        self._tokenizer, self._pointed = tokenizer, pointed
        self.passages: Sequence[str] = ()
        self.device = "cpu"

    def __call__(self, input_ids: Any, attention_mask: Any) -> Any:
        import torch

        start, end = torch.zeros(input_ids.shape), torch.zeros(input_ids.shape)
        start[:, 0] = end[:, 0] = 1.0
        for row, ids in enumerate(input_ids.tolist()):
            for passage in self.passages:
                encoding = self._tokenizer.encode(passage, add_special_tokens=False)
                at = next(
                    (i for i in range(len(ids)) if ids[i : i + len(encoding.ids)] == encoding.ids), None
                )
                place = self._pointed(passage)
                assert at is not None, "a short passage is read in one window"
                if place is None:
                    continue
                held = [i for i, (a, b) in enumerate(encoding.offsets) if a < place[1] and b > place[0]]
                start[row, at + held[0]] = end[row, at + held[-1]] = 10.0
        return SimpleNamespace(start_logits=start, end_logits=end)


class PointingReader(ExtractiveReader):
    """The serving reader around a model that has to know which passages it is given."""

    def __init__(self, model: PointingModel, cutter: WindowCutter) -> None:
        super().__init__("pointing", model, cutter, UNFITTED)
        self._pointing = model

    def read(self, question: str, passages: Sequence[str], *more: Any) -> Any:
        self._pointing.passages = passages
        return super().read(question, passages, *more)


@each_case
def test_the_reader_returns_what_its_model_points_at(
    case: Tricky, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    model = PointingModel(tokenizer, lambda passage: case.place(passage) if case.answer in passage else None)
    told = tell(case, PointingReader(model, load_cutter(locate(DEFAULT_BASE).folder)), tmp_path)
    assert told.span == case.answer
    assert told.offset == case.place(told.text)[0]
    assert_exact(told)
    if case.suffix != ".html":
        assert told.text == case.document, "text is learned as it is"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_shipped_reader_answers_with_exact_characters(tmp_path: Path) -> None:
    reader = load_extractive(SHIPPED)
    right = []
    for case in CASES:
        told = tell(case, reader, tmp_path)
        assert_exact(told)
        right.append(told.span == case.answer)
    assert sum(right) >= ANSWERED_BY_THE_SMALL_READER


def assert_exact(told: Told) -> None:
    """The answer, its sentence and every other candidate are cuts of the document as learned, between characters."""
    answer = told.answer
    for passage in told.passages:
        assert told.text[passage.start : passage.start + len(passage.text)] == passage.text
    assert answer.evidence is not None
    end = answer.sentence_start + len(answer.sentence)
    assert answer.sentence == answer.evidence.text[answer.sentence_start : end]
    assert answer.sentence_start <= answer.start < answer.end <= end
    assert_whole(answer.evidence.text, [(answer.sentence_start, end)])
    for candidate in answer.candidates:
        passage = answer.offered[candidate.passage].text
        assert passage[candidate.start : candidate.end] == candidate.text
        assert_whole(passage, [(candidate.start, candidate.end)])


def assert_whole(text: str, spans: Sequence[tuple[int, int]]) -> None:
    borders = {0, len(text), *(start for start, _ in clusters(text))}
    assert {at for span in spans for at in span} <= borders
