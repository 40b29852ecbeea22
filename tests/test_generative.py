"""The generative reader on tiny random T5, mT5 and BART: every kind of example trains, adapters serve, misfits are refused."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_bases import one_thread, write_base
from tiny_seq2seq import write_seq2seq

from bot.errors import AdapterError, TrainingError
from bot.reading.bases import Base, locate
from bot.reading.generative import GenerativeReader, Writing
from bot.reading.hashes import file_sha256
from bot.reading.items import Item, Reference
from bot.reading.readers import load_reader
from bot.reading.sequences import NO_ANSWER, load_sequences
from bot.records import Example
from bot.settings import Settings
from bot.store import open_store
from training.build import TrainingSettings, write_build
from training.finetune import finetune
from training.generative import SequenceCollator, sequence_rows
from training.loop import open_loop

CONTEXT = "The office opens at nine. The printer stands on the second floor. Anna runs payroll."
SETTINGS = TrainingSettings(r=4, alpha=8, learning_rate=3e-3, epochs=1, batch=5)


def example(
    kind: Any, answer: str = "nine", question: str = "When does the office open?", **rest: Any
) -> Example:
    start = CONTEXT.index(answer)
    return Example(question, CONTEXT, kind, start, start + len(answer), **rest)


EVERY_KIND = [
    example("up"),
    example("gold", "the second floor", "Where is the printer?"),
    example(
        "correction", "Anna", "Who runs payroll?", rejected=(CONTEXT.index("nine"), CONTEXT.index("nine") + 4)
    ),
    example(
        "correction", "Anna runs payroll.", "Who runs payroll?", words="Anna herself", rejected_words="nobody"
    ),
    example("down"),
    Example("Who owns the car?", CONTEXT, "silence"),
    Example("Who runs payroll?", CONTEXT, "down_abstention"),
    Example("Who runs payroll?", CONTEXT, "replay"),
]
ITEMS = [
    Item("a", "When does the office open?", CONTEXT, (Reference("nine", CONTEXT.index("nine")),)),
    Item("b", "Who owns the car?", CONTEXT),
]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return locate(str(write_seq2seq(tmp_path_factory.mktemp("t5") / "base")))


@pytest.fixture(scope="module")
def adapter(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(base, tmp_path_factory.mktemp("adapter"))


def trained(base: Base, folder: Path, seed: Path | None = None, **changes: Any) -> Path:
    rest: dict[str, Any] = {"settings": SETTINGS, "writing": Writing(answer_tokens=24), **changes}
    build = write_build(
        folder / "build",
        base=base.name,
        base_sha256=base.sha256,
        seed_adapter=seed,
        examples=EVERY_KIND,
        calibration=ITEMS,
        **rest,
    )
    return finetune(build, folder / "tiny")


def rows_of(one: Example, base: Base, **changes: Any) -> list[dict[str, Any]]:
    return list(sequence_rows([one], load_sequences(base.folder), replace(SETTINGS, **changes), 40))


@pytest.mark.parametrize("model_type", ["t5", "mt5", "bart"])
def test_every_kind_trains_on_every_architecture_and_the_adapter_serves(
    model_type: str, tmp_path: Path
) -> None:
    base = locate(str(write_seq2seq(tmp_path / "base", model_type)))
    first = trained(base, tmp_path)
    (tmp_path / "again").mkdir()
    out = trained(base, tmp_path / "again", seed=first)
    card = json.loads((out / "card.json").read_text())
    assert (card["reader"], card["parent"], card["writing"]["answer_tokens"]) == ("generative", "tiny", 24)
    assert card["recipe"]["steps"] == 2
    assert base.sha256 == file_sha256(base.folder / "model.safetensors")
    reader = load_reader(
        out, kind="generative", writing={"beams": 3}
    )  # a random model's first choice may be ""
    reading = reader.read("Who runs payroll?", [CONTEXT, "The canteen serves lunch."], [0.0, -1.0], 0.7)
    assert reading.candidates
    for each in reading.candidates:
        assert each.text
        assert (
            not each.grounded
            or each.text == (CONTEXT, "The canteen serves lunch.")[each.passage][each.start : each.end]
        )
        assert each.text != NO_ANSWER
        assert each.log_probability <= 0
        assert 0 <= each.confidence <= 1
    assert reading.silence < 0


def test_writing_is_as_the_adapter_was_made_unless_it_is_set(adapter: Path) -> None:
    asks = ("Who runs payroll?", [CONTEXT, "The canteen serves lunch."])
    greedy, wide = load_reader(adapter), load_reader(adapter, writing={"beams": 3})
    together = load_reader(adapter, writing={"together": True})
    assert len(greedy.read(*asks).candidates) <= 2  # one a passage
    assert len(together.read(*asks).candidates) <= 1
    assert len(wide.read(*asks).candidates) > 2
    assert greedy.read_many([asks, asks])[1] == greedy.read(*asks)
    likeliest = [
        max((each.log_probability for each in reader.read(*asks).candidates), default=-math.inf)
        for reader in (wide, greedy)
    ]
    assert likeliest[0] >= likeliest[1] - 1e-4  # greedy writing may come back with nothing


def test_empty_passages_give_no_candidate(adapter: Path) -> None:
    assert load_reader(adapter).read("Who?", ["", " "]).best is None
    assert load_reader(adapter, writing={"together": True, "beams": 3}).read("Who?", ["", CONTEXT]).best


def test_probabilities_are_those_of_whole_outputs(adapter: Path, base: Base) -> None:
    """ln P of a span is what teacher forcing of its text and the end gives; of (0, 0) that of "no answer"."""
    import torch

    reader, cutter = load_reader(adapter, bfloat16=False), load_sequences(base.folder)
    assert isinstance(reader, GenerativeReader)
    question, span = "Who runs payroll?", (CONTEXT.index("Anna"), CONTEXT.index("Anna") + 4)
    (window,) = cutter.cut(question, [CONTEXT])
    for place, said in ((span, "Anna"), ((0, 0), NO_ANSWER)):
        target = torch.tensor([cutter.target(said)])
        with torch.inference_mode():
            output = reader._model(input_ids=torch.tensor([window.ids]), labels=target)
        expected = -float(output.loss) * target.shape[1]  # the model's own mean cross-entropy
        assert reader.log_probability(question, CONTEXT, *place) == pytest.approx(expected, rel=1e-3)


def test_a_span_that_only_a_later_piece_holds_is_scored_there(adapter: Path) -> None:
    reader = load_reader(adapter, writing={"input_tokens": 256}, bfloat16=False)
    text = "The canteen serves lunch. " * 60 + CONTEXT
    start = text.index("Anna")
    assert reader.log_probability("Who?", text, start, start + 4) > -1000
    assert reader.log_probability("Who?", text, 0, 0) < 0


def test_t5_is_asked_in_its_own_words_and_offsets_lead_back(base: Base) -> None:
    cutter = load_sequences(base.folder)
    text = "Größe  naïve\r\nAnna runs payroll."
    (window,) = cutter.cut("Who runs payroll?", [text])
    assert cutter.text(window.ids).startswith("question: Who runs payroll? context:")
    assert window.ids[-1] == cutter.eos_id
    assert window.position_span(text.index("Anna"), text.index("Anna") + 4) is not None
    assert all(text[a:b].strip() for a, b in window.offsets if text[a:b] not in ("", " ", "\r\n", "  "))


def test_each_kind_gives_the_rows_it_means(base: Base) -> None:
    cutter = load_sequences(base.folder)

    def meant(one: Example) -> list[tuple[str, float, float, float]]:
        weights = ("towards_weight", "away_weight", "seed_weight")
        return [(cutter.text(row["labels"]), *(row[name] for name in weights)) for row in rows_of(one, base)]

    up, gold, located, free, down, silence, no_silence, replay = EVERY_KIND
    assert meant(up) == [("nine", 1, 0, 0)]
    assert meant(replace(up, words="at nine o'clock"))[0][0].startswith("at nine")
    assert meant(gold) == [("the second floor", 1, 0, 0)]
    assert meant(located) == [("Anna", 1, 0, 0), ("nine", 0, 0.1, 0)]
    assert [each[1:] for each in meant(free)] == [(1, 0, 0), (0, 0.1, 0)]
    assert meant(down) == [("nine", 0, 0.1, 0)]
    assert meant(silence) == [(NO_ANSWER, 1, 0, 0)]
    assert meant(no_silence) == [(NO_ANSWER, 0, 0.1, 0)]
    assert meant(replay) == [("", 0, 0, 1)]


def test_pieces_of_a_long_passage_without_the_answer_learn_silence(base: Base) -> None:
    text = "The canteen serves lunch. " * 60 + CONTEXT
    one = Example("Who?", text, "gold", text.index("Anna"), text.index("Anna") + 4)
    cutter = load_sequences(base.folder)
    said = [cutter.text(row["labels"]) for row in rows_of(one, base, max_length=256)]
    cutter256 = load_sequences(base.folder, 256)
    assert len(said) == len(cutter256.cut("Who?", [text])) or len(said) >= 1
    assert said[-1] == "Anna"


def test_a_batch_keeps_what_each_row_is_to_stay_close_to(base: Base) -> None:
    plain, replayed = rows_of(EVERY_KIND[0], base)[0], rows_of(EVERY_KIND[-1], base)[0]
    replayed = {
        **replayed,
        "labels": [5, 1],
        "seed_tokens": [[5, 6], [1, 2]],
        "seed_shares": [[0.9, 0.1], [0.8, 0.1]],
    }
    batch = SequenceCollator(0)([plain, replayed])
    targets = batch["targets"]
    assert batch["input_ids"].shape == batch["attention_mask"].shape
    assert batch["labels"][1].tolist()[:2] == [5, 1]
    assert targets.seed_tokens[1, :2].tolist() == [[5, 6], [1, 2]]
    assert float(targets.seed_shares[0].sum()) == 0
    assert targets.seed_weight.tolist() == [0, 1]


def test_what_only_extractive_readers_learn_with_is_refused(base: Base, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="frozen_layers"):
        trained(base, tmp_path, settings=replace(SETTINGS, frozen_layers=1))


def test_an_adapter_of_the_other_kind_is_refused_in_one_line(
    adapter: Path, base: Base, tmp_path: Path
) -> None:
    with pytest.raises(AdapterError, match="LOREBOT_READER=generative") as refused:
        load_reader(adapter, kind="extractive")
    assert "\n" not in str(refused.value)
    store = open_store(tmp_path / "lorebot.db")
    for settings in (
        Settings(home=tmp_path, base=base.name, adapter=adapter),  # extractive by default
        Settings(home=tmp_path, reader="generative"),  # the shipped seed on a BERT base
    ):
        with pytest.raises(AdapterError, match="expected one for the") as refused:
            open_loop(settings, store)
        assert "\n" not in str(refused.value)


def test_an_adapter_on_the_other_base_is_refused_with_both_hashes(
    adapter: Path, base: Base, tmp_path: Path
) -> None:
    other = locate(str(write_seq2seq(tmp_path / "other", seed=2)))
    bert = locate(str(write_base(tmp_path / "bert", "bert")))
    for wrong in (other, bert):
        with pytest.raises(AdapterError, match=base.sha256) as refused:
            load_reader(adapter, base=wrong.name)
        assert wrong.sha256 in str(refused.value)
