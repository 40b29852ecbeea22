"""flan-T5-small from the model hub, end to end: an adapter is trained on it and serves. Run by `make test-hub`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BaseError
from bot.reading.bases import Base, locate
from bot.reading.hashes import file_sha256
from bot.reading.items import Item, Reference
from bot.reading.readers import load_reader
from bot.records import Example
from training.build import TrainingSettings, write_build
from training.finetune import finetune

pytestmark = [pytest.mark.hub, pytest.mark.timeout(1800)]

FLAN = "google/flan-t5-small"
CONTEXT = "The office opens at nine. The printer stands on the second floor. Anna runs payroll."
ASKED = {
    "When does the office open?": "nine",
    "Where is the printer?": "the second floor",
    "Who runs payroll?": "Anna",
}


@pytest.fixture(scope="module")
def base() -> Base:
    try:
        return locate(FLAN)
    except BaseError as error:
        pytest.fail(str(error), pytrace=False)


def example(question: str, answer: str) -> Example:
    start = CONTEXT.index(answer)
    return Example(question, CONTEXT, "gold", start, start + len(answer))


def test_flan_t5_learns_serves_and_stays_as_it_was(base: Base, tmp_path: Path) -> None:
    before = file_sha256(base.folder / "model.safetensors")
    answered = [example(*each) for each in ASKED.items()]
    silent = [
        Example("Who owns the car?", CONTEXT, "silence"),
        Example("When is the party?", CONTEXT, "silence"),
    ]
    items = [
        Item(each.question, each.question, CONTEXT, (Reference(CONTEXT[each.start : each.end], each.start),))
        for each in answered
    ]
    build = write_build(
        tmp_path / "build",
        base=base.name,
        base_sha256=base.sha256,
        seed_adapter=None,
        settings=TrainingSettings(r=16, alpha=32, learning_rate=1e-3, epochs=10, batch=4),
        examples=[*answered, *silent] * 4,
        calibration=[*items, Item("car", "Who owns the car?", CONTEXT)],
    )
    reader = load_reader(finetune(build, tmp_path / "flan"), kind="generative")
    for question, answer in ASKED.items():
        best = reader.read(question, [CONTEXT, "The canteen serves lunch from twelve to two."]).best
        assert best is not None
        assert best.grounded
        assert answer.removeprefix("the ") in best.text
        assert best.score > 0
    unknown = reader.read("Who owns the car?", [CONTEXT])
    assert unknown.best is None or unknown.best.score < 0
    assert file_sha256(base.folder / "model.safetensors") == before == base.sha256
