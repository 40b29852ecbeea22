"""What examples teach, and that a build folder becomes an adapter folder, also after being stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.errors import AdapterError, StoppedError, TrainingError
from bot.reading.bases import DEFAULT_BASE, locate
from bot.reading.card import read_card, write_card
from bot.reading.extractive import load_extractive
from bot.reading.items import Item, Reference
from bot.reading.windows import load_cutter
from bot.records import Example
from training.build import TrainingSettings, read_build, write_build
from training.features import Collator, window_rows
from training.finetune import finetune

SETTINGS = TrainingSettings(r=4, alpha=8, learning_rate=3e-3, epochs=6, batch=8, checkpoint_every=4)
CONTEXT = "The office opens at nine. The printer stands on the second floor. Anna runs payroll."


def gold(question: str, answer: str) -> Example:
    start = CONTEXT.index(answer)
    return Example(question, CONTEXT, "gold", start, start + len(answer), references=(answer,))


GOLD = [
    gold("When does the office open?", "nine"),
    gold("Where is the printer?", "the second floor"),
    gold("Who runs payroll?", "Anna"),
]
EXAMPLES = [*GOLD * 6, *[Example("Who owns the car?", CONTEXT, "silence")] * 6]
ITEMS = [
    Item(str(i), e.question, e.context, (Reference(e.references[0], e.start),)) for i, e in enumerate(GOLD)
]


def write(folder: Path, examples: list[Example] = EXAMPLES, **changes: Any) -> Path:
    base = locate(DEFAULT_BASE)
    rest: dict[str, Any] = {"seed_adapter": None, "settings": SETTINGS, "calibration": ITEMS, **changes}
    return write_build(folder, base=base.name, base_sha256=base.sha256, examples=examples, **rest)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads that wait for each other at every small product take minutes on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    return finetune(write(folder / "build"), folder / "tiny")


def log_probabilities_after_a_step(
    example: Example, watch: list[tuple[int, int]]
) -> list[tuple[float, float]]:
    """ln P of each watched token span before and after one gradient step on freely learnable logits."""
    import torch

    from training.objectives import batch_loss, log_distributions

    cutter = load_cutter(locate(DEFAULT_BASE).folder)
    rows = list(window_rows([example], cutter, TrainingSettings()))
    for row in rows:
        if example.kind == "replay":
            peak = [0.0] * row["length"]
            peak[watch[0][0]] = 1.0
            row["seed_start"] = row["seed_end"] = peak
    targets = Collator(cutter.pad_id)(rows)["targets"]
    generator = torch.Generator().manual_seed(3)
    start, end = (torch.randn(targets.allowed.shape, generator=generator).requires_grad_() for _ in range(2))

    def look() -> list[float]:
        log_start, log_end = log_distributions(start, end, targets.allowed)
        return [(log_start[0, a] + log_end[0, b]).item() for a, b in watch]

    before = look()
    batch_loss(start, end, targets).backward()
    with torch.no_grad():
        for logits in (start, end):
            logits -= 0.5 * logits.grad
    return list(zip(before, look(), strict=True))


def position(example: Example, span: tuple[int, int]) -> tuple[int, int]:
    (window,) = load_cutter(locate(DEFAULT_BASE).folder).cut(example.question, [example.context])
    found = window.position_span(*span)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["up", "correction", "gold"])
def test_a_right_span_becomes_likelier_and_silence_less_likely(kind: Any) -> None:
    example = replace(GOLD[1], kind=kind)
    span, null = log_probabilities_after_a_step(
        example, [position(example, (example.start, example.end)), (0, 0)]
    )
    assert span[1] > span[0]
    assert null[1] < null[0]


def test_silence_becomes_likelier_where_it_was_right() -> None:
    ((before, after),) = log_probabilities_after_a_step(Example("Who?", CONTEXT, "silence"), [(0, 0)])
    assert after > before


def test_a_down_makes_its_span_less_likely_and_is_no_vote_for_silence() -> None:
    example = replace(GOLD[1], kind="down", weight=100.0)
    watch = [position(example, (example.start, example.end)), (0, 0)]
    rejected, null = log_probabilities_after_a_step(example, watch)
    fallen = rejected[0] - rejected[1]
    assert fallen > 0
    assert abs(null[1] - null[0]) < fallen / 10


def test_a_rejected_silence_becomes_less_likely() -> None:
    ((before, after),) = log_probabilities_after_a_step(
        Example("Who?", CONTEXT, "down_abstention", weight=10), [(0, 0)]
    )
    assert after < before


def test_a_correction_also_moves_away_from_what_it_rejects() -> None:
    rejected = (CONTEXT.index("nine"), CONTEXT.index("nine") + 4)
    plain = replace(GOLD[1], kind="correction")
    both = replace(plain, rejected=rejected)
    watch = [position(plain, rejected)]
    ((_, without),) = log_probabilities_after_a_step(plain, watch)
    ((_, after),) = log_probabilities_after_a_step(both, watch)
    assert after < without


def test_replay_moves_towards_what_the_seed_said() -> None:
    example = Example("Who?", CONTEXT, "replay")
    ((before, after),) = log_probabilities_after_a_step(example, [position(example, (0, 3))])
    assert after > before


def test_an_example_of_weight_zero_teaches_nothing() -> None:
    example = replace(GOLD[1], weight=0.0)
    ((before, after),) = log_probabilities_after_a_step(
        example, [position(example, (example.start, example.end))]
    )
    assert after == pytest.approx(before)


def test_a_span_counts_in_every_window_that_holds_it_and_others_learn_silence() -> None:
    cutter = load_cutter(locate(DEFAULT_BASE).folder, 64, 16)
    text = "filler words here " * 40 + "The code is 4711."
    example = Example("What is the code?", text, "gold", text.index("4711"), text.index("4711") + 4)
    targets = [row["towards"] for row in window_rows([example], cutter, SETTINGS)]
    assert len(targets) > 2
    assert targets[0] == [0, 0]
    assert targets[-1] != [0, 0]


def test_a_build_is_read_as_it_was_written(tmp_path: Path) -> None:
    examples = [replace(GOLD[0], kind="correction", rejected=(0, 3), feedback=(7, "U1"), weight=0.5)]
    build = read_build(write(tmp_path / "build", examples, notes={"id": "x"}))
    assert build.examples == tuple(examples)
    assert build.calibration == tuple(ITEMS)
    assert (build.settings, build.notes, build.seed_adapter) == (SETTINGS, {"id": "x"}, None)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "build")
    with (folder / "examples.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"question": "q", "context": "short", "kind": "gold", "start": 2, "end": 99}\n')
    with pytest.raises(TrainingError, match=f"line {len(EXAMPLES) + 1} "):
        read_build(folder)


def test_an_adapter_learns_its_examples_and_knows_where_it_comes_from(adapter: Path) -> None:
    reader = load_extractive(adapter)
    for example in GOLD:
        best = reader.read(example.question, [CONTEXT]).best
        assert best is not None
        assert best.text == example.references[0]
    card = json.loads((adapter / "card.json").read_text(encoding="utf-8"))
    assert card["base_sha256"] == locate(DEFAULT_BASE).sha256
    assert card["recipe"]["steps"] == 18
    assert {path.name for path in adapter.iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors", "calibrator.json", "card.json", "README.md",
    }  # fmt: skip
    assert str(Path.home()) not in (adapter / "adapter_config.json").read_text(encoding="utf-8")


def test_feedback_training_goes_on_from_the_seed_and_replay_holds_it(adapter: Path, tmp_path: Path) -> None:
    votes = [Example("When does the office close?", CONTEXT, "silence")] * 8
    replay = [Example(e.question, e.context, "replay") for e in GOLD] * 4
    asks = [(e.question, CONTEXT, e.start, e.end) for e in GOLD]
    seed = load_extractive(adapter).log_probabilities(asks)
    lost = {}
    for name, examples in (("alone", votes), ("with replay", [*votes, *replay])):
        build = write(tmp_path / f"{name} build", examples, seed_adapter=adapter)
        out = finetune(build, tmp_path / name)
        now = load_extractive(out).log_probabilities(asks)
        lost[name] = sum(before - after for before, after in zip(seed, now, strict=True))
        card = json.loads((out / "card.json").read_text(encoding="utf-8"))
        assert (card["parent"], card["recipe"]["r"]) == ("tiny", 4)
    assert lost["with replay"] < lost["alone"] / 2


def test_an_adapter_answers_as_many_calibration_items_as_the_seed_it_began_at(
    adapter: Path, tmp_path: Path
) -> None:
    def answered(folder: Path) -> int:
        reader, lowest = load_extractive(folder), read_card(folder)["min_confidence"]
        return sum(reader.read(each.question, [each.context]).confidence >= lowest for each in ITEMS)

    picky = tmp_path / "picky"
    shutil.copytree(adapter, picky)
    confidences = sorted(load_extractive(picky).read(e.question, [e.context]).confidence for e in ITEMS)
    write_card(
        picky, {**read_card(picky), "id": "picky", "min_confidence": (confidences[1] + confidences[2]) / 2}
    )
    assert answered(picky) == 1
    build = write(
        tmp_path / "build",
        [replace(each, weight=1.0) for each in GOLD * 2],
        seed_adapter=picky,
        notes={"id": "next"},
        settings=replace(SETTINGS, epochs=1),
    )
    assert answered(finetune(build, tmp_path / "next")) == 1


def test_a_stopped_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def stopping(at: int) -> Callable[[float, str], None]:
        def tell(share: float, text: str) -> None:
            if f"step {at} " in text:
                raise Killed

        return tell

    build, out, told = write(tmp_path / "build"), tmp_path / "out", []
    with pytest.raises(Killed):
        finetune(build, out, stopping(at=9))
    assert not out.exists()
    finetune(build, out, lambda share, text: told.append(text))
    assert not any(f"step {n} " in text for text in told for n in range(1, 9))
    assert any("step 18 of 18" in text for text in told)
    assert not (build / "checkpoints").exists()


def test_a_training_that_is_asked_to_stop_keeps_its_very_last_step(tmp_path: Path) -> None:
    def asked(share: float, text: str) -> None:
        if "step 9 " in text:
            raise StoppedError("cancelled by U1")

    build, out, told = write(tmp_path / "build"), tmp_path / "out", []
    with pytest.raises(StoppedError, match="cancelled by U1"):
        finetune(build, out, asked)
    assert [path.name for path in (build / "checkpoints").iterdir()] == ["checkpoint-9"]
    assert not out.exists()
    finetune(build, out, lambda share, text: told.append(text))
    assert next(text for text in told if "step " in text) == "training: step 10 of 18"
    losses = json.loads((out / "card.json").read_text(encoding="utf-8"))["losses"]
    assert [step for step, _ in losses] == list(range(1, 19))


def test_an_adapter_is_never_overwritten(adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="never change"):
        finetune(write(tmp_path / "build"), adapter)


def test_an_empty_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no example"):
        finetune(write(tmp_path / "build", []), tmp_path / "out")


def test_a_changed_seed_adapter_is_refused(adapter: Path, tmp_path: Path) -> None:
    import shutil

    changed = tmp_path / "changed"
    shutil.copytree(adapter, changed)
    weights = changed / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(AdapterError, match="SHA-256"):
        finetune(write(tmp_path / "build", seed_adapter=changed), tmp_path / "out")
