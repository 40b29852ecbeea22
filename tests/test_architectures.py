"""Every architecture from folder to answers: recognised, adapted in all its blocks, its base untouched, read exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tiny_bases import FORMS, TEXT, one_thread, write_base

from bot.errors import AdapterError, BaseError
from bot.reading.architectures import ARCHITECTURES, architecture_of, positions
from bot.reading.bases import locate
from bot.reading.card import WEIGHTS, read_card
from bot.reading.extractive import load_extractive
from bot.reading.hashes import file_sha256
from bot.reading.loading import load_backbone
from bot.records import Example
from training.build import TrainingSettings, write_build
from training.finetune import finetune

SETTINGS = TrainingSettings(
    r=2, alpha=4, learning_rate=1e-2, epochs=2, batch=4, max_length=96, stride=16, checkpoint_every=100
)
EXAMPLES = [
    Example("When does the office open?", TEXT[0], "gold", 20, 24, references=("nine",)),
    Example("Who runs payroll?", TEXT[0], "gold", 66, 70, references=("Anna",)),
    Example("Who owns the car?", TEXT[0], "silence"),
]
ODD = "Größe: the naïve café 👩‍💻 opens\tat nine.\r\n Anna (8080) runs payroll."

pytestmark = pytest.mark.usefixtures("_one_thread")


@pytest.fixture(scope="module")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def trained(base_folder: Path, folder: Path, settings: TrainingSettings = SETTINGS) -> Path:
    """An adapter that a few steps made on the base in `base_folder`."""
    base = locate(str(base_folder))
    build = write_build(
        folder / "build",
        base=base.name,
        base_sha256=base.sha256,
        seed_adapter=None,
        settings=settings,
        examples=EXAMPLES * 2,
        calibration=[],
    )
    return finetune(build, folder / "tiny")


def in_blocks(names: Iterator[str], end: str) -> set[str]:
    """What follows the block's place in each name that has one and ends so: `0.attention.self.query`, say."""
    found = (re.search(rf"\.?layers?\.(\d+\..*){re.escape(end)}$", name) for name in names)
    return {match[1] for match in found if match}


@pytest.mark.parametrize("model_type", FORMS)
def test_an_architecture_is_adapted_in_all_its_blocks_and_read_exactly(
    model_type: str, tmp_path: Path
) -> None:
    base = write_base(tmp_path / "base", model_type)
    before = {path.name: file_sha256(path) for path in base.iterdir()}
    adapter = trained(base, tmp_path)

    assert {path.name: file_sha256(path) for path in base.iterdir()} == before
    card = read_card(adapter, locate(str(base)))
    assert (card["base"], card["base_sha256"]) == (str(base), before["model.safetensors"])
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "base"

    learned = load_file(adapter / WEIGHTS)
    with safe_open(base / "model.safetensors", "np") as weights:
        names = weights.keys()
        linear = iter([name for name in names if len(weights.get_slice(name).get_shape()) == 2])
    assert in_blocks(iter(learned), ".lora_A.weight") == in_blocks(linear, ".weight") != set()
    assert all(tensor.any() for name, tensor in learned.items() if ".lora_B." in name)
    whole = {name.split(".")[2] for name in learned if ".lora_" not in name}
    assert whole == set(architecture_of(model_type).head)

    merged, beside = (load_extractive(adapter, bfloat16=False, merge=merge) for merge in (True, False))
    start = ODD.index("nine")
    spans = [("When does it open?", ODD, start, start + 4), ("When does it open?", ODD, 0, 0)]
    assert merged.log_probabilities(spans) == pytest.approx(beside.log_probabilities(spans), abs=1e-3)
    reading = merged.read("When does it open?", [TEXT[0], ODD])
    assert reading.candidates
    for each in reading.candidates:
        text = (TEXT[0], ODD)[each.passage][each.start : each.end]
        assert each.text == text == text.strip() != ""


def test_an_adapter_of_another_base_is_refused_with_both_hashes(tmp_path: Path) -> None:
    one, other = (write_base(tmp_path / f"base-{seed}", "bert", seed=seed) for seed in (1, 2))
    adapter = trained(one, tmp_path)
    hashes = f"SHA-256 {locate(str(one)).sha256}; found .* with {locate(str(other)).sha256}"
    with pytest.raises(AdapterError, match=hashes):
        load_extractive(adapter, base=str(other))
    build = write_build(
        tmp_path / "next",
        base=str(other),
        base_sha256=locate(str(other)).sha256,
        seed_adapter=adapter,
        settings=SETTINGS,
        examples=EXAMPLES,
        calibration=[],
    )
    with pytest.raises(AdapterError, match=hashes):
        finetune(build, tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_an_adapter_reads_where_its_base_has_moved_to(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", "bert")
    adapter = trained(base, tmp_path)
    base.rename(tmp_path / "elsewhere")
    with pytest.raises(BaseError, match="Found no folder"):
        load_extractive(adapter)
    assert load_extractive(adapter, base=str(tmp_path / "elsewhere")).read("Who?", [ODD]).best


def test_weights_that_lack_a_tensor_are_not_read_with_a_random_one(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", "bert")
    weights = load_file(base / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BaseError, match=r"lack 1 tensors of a bert \(.*encoder.layer.1.output.dense.weight"):
        load_backbone(base)


def test_weights_of_another_shape_than_the_configuration_says_are_told(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", "bert")
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    (base / "config.json").write_text(json.dumps({**config, "vocab_size": config["vocab_size"] + 8}))
    with pytest.raises(BaseError, match="can't be loaded") as refused:
        load_backbone(base)
    assert "\n" not in str(refused.value)


def test_a_base_of_the_other_kind_of_reader_is_told_with_the_setting() -> None:
    with pytest.raises(BaseError, match="LOREBOT_READER=generative"):
        architecture_of("t5", "extractive")
    with pytest.raises(BaseError, match="LOREBOT_READER=extractive"):
        architecture_of("bert", "generative")
    with pytest.raises(BaseError, match="type 'gpt2'; expected one of t5"):
        architecture_of("gpt2", "generative")
    assert {each.kind for each in ARCHITECTURES.values()} == {"extractive", "generative"}


def test_positions_are_counted_as_each_architecture_counts_them() -> None:
    assert positions({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}) == 512
    assert positions({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}) == 512
    assert positions({"model_type": "mpnet", "max_position_embeddings": 514}) == 512
    assert positions({"model_type": "t5"}) is None
