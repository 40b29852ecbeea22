"""A base in 8 or 4 bits: close to the whole one, smaller, served and trained on, and what can't be quantised told."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_bases import FORMS, TEXT, one_thread, write_base

from bot.errors import BaseError, SettingsError
from bot.reading.architectures import architecture_of
from bot.reading.bases import locate
from bot.reading.card import WEIGHTS, read_card
from bot.reading.extractive import ExtractiveReader, load_extractive
from bot.reading.hashes import file_sha256
from bot.reading.loading import load_backbone
from bot.reading.windows import load_cutter
from bot.records import Example
from bot.retraining import cycle_environment
from bot.settings import load_settings
from training.build import TrainingSettings, read_build, write_build
from training.finetune import finetune

SHIPPED = Path(__file__).parent.parent / "adapters" / "reader-minilm-l6-seed"
ASKS = (
    (
        "Where is lunch served?",
        ["Lunch is served in the canteen on the ground floor between twelve and two."],
    ),
    ("Which port?", ["The staging server is restarted by the platform team. Its port is 8080."]),
    ("Who leads the Mars project?", ["Mars is red."]),
)
EXAMPLES = [
    Example("When does the office open?", TEXT[0], "gold", 20, 24, references=("nine",)),
    Example("Who owns the car?", TEXT[0], "silence"),
]

pytestmark = pytest.mark.usefixtures("_one_thread")


@pytest.fixture(scope="module")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def logits(reader: ExtractiveReader) -> Any:
    windows = [window for ask in ASKS for window in reader.cutter.cut(*ask)]
    return np.concatenate([np.concatenate(pair) for pair in reader.logits(windows)])


@pytest.fixture(scope="module")
def whole() -> Any:
    return logits(load_extractive(SHIPPED, bfloat16=False))


@pytest.mark.parametrize(("quantize", "off"), [("8bit", 0.05), ("4bit", 0.2)])
def test_a_quantised_base_says_nearly_what_the_whole_one_says(quantize: Any, off: float, whole: Any) -> None:
    reader = load_extractive(SHIPPED, quantize=quantize, bfloat16=False)
    assert np.sqrt(((logits(reader) - whole) ** 2).mean()) < off * whole.std()
    best = [reading.best for reading in reader.read_many(ASKS)]
    assert [("canteen" in each.text, "8080" in each.text) for each in best[:2] if each] == [
        (True, False),
        (False, True),
    ]


def kinds_of(model: Any) -> dict[str, str]:
    return {
        name: type(module).__name__
        for name, module in model.named_modules()
        if "Linear" in type(module).__name__
    }


@pytest.mark.parametrize(
    ("quantize", "layer", "bytes_each"), [("8bit", "Linear8bitLt", 1.0), ("4bit", "Linear4bit", 0.5)]
)
def test_blocks_are_quantised_and_head_and_embeddings_stay_whole(
    quantize: Any, layer: str, bytes_each: float, tmp_path: Path
) -> None:
    import torch

    model = load_backbone(write_base(tmp_path / "base", "bert"), quantize=quantize)
    kinds = kinds_of(model)
    assert kinds.pop("qa_outputs") == "Linear"
    assert set(kinds.values()) == {layer}
    assert model.get_input_embeddings().weight.dtype == torch.float32
    assert model.qa_outputs.weight.dtype == torch.float32
    dense = model.bert.encoder.layer[0].intermediate.dense.weight
    assert dense.numel() * dense.element_size() == 32 * 48 * bytes_each


@pytest.mark.parametrize("model_type", FORMS)
def test_every_architecture_reads_quantised_with_its_head_whole(model_type: str, tmp_path: Path) -> None:
    import torch

    folder = write_base(tmp_path / "base", model_type)
    (window,) = load_cutter(folder).cut("Who runs payroll?", TEXT[:1])
    said = []
    for quantize in ("", "8bit", "4bit"):
        model = load_backbone(folder, quantize=quantize).eval()  # type: ignore[arg-type]
        head = set(architecture_of(model_type).head)
        kept = {name for name, kind in kinds_of(model).items() if name.split(".")[0] in head}
        assert {kinds_of(model)[name] for name in kept} == {"Linear"}
        with torch.inference_mode():
            said.append(model.base_model(input_ids=torch.tensor([window.ids])).last_hidden_state)
    assert ((said[1] - said[0]).pow(2).mean().sqrt() / said[0].std()).item() < 0.05
    assert ((said[2] - said[0]).pow(2).mean().sqrt() / said[0].std()).item() < 0.3


@pytest.mark.parametrize("quantize", ["8bit", "4bit"])
def test_an_adapter_is_trained_on_a_quantised_base_and_says_so(quantize: Any, tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", "bert")
    before = file_sha256(folder / "model.safetensors")
    base = locate(str(folder))
    build = write_build(
        tmp_path / "build",
        base=base.name,
        base_sha256=base.sha256,
        seed_adapter=None,
        settings=TrainingSettings(
            r=2, alpha=4, learning_rate=1e-2, epochs=3, batch=4, max_length=96, stride=16, quantize=quantize
        ),
        examples=EXAMPLES * 2,
        calibration=[],
    )
    assert read_build(build).settings.quantize == quantize
    adapter = finetune(build, tmp_path / "tiny")
    assert file_sha256(folder / "model.safetensors") == before
    card = read_card(adapter, base)
    assert card["recipe"]["quantize"] == quantize
    assert f"quantize: {quantize}" in (adapter / "README.md").read_text(encoding="utf-8")
    learned = load_file(adapter / WEIGHTS)
    assert all(tensor.any() for name, tensor in learned.items() if ".lora_B." in name)
    assert {tensor.dtype for tensor in learned.values()} == {np.dtype(np.float16)}

    # it serves on the base that it was trained on, and on the whole one
    for held in (quantize, ""):
        reading = load_extractive(adapter, quantize=held).read(EXAMPLES[0].question, TEXT[:1])
        assert all(TEXT[0][each.start : each.end] == each.text for each in reading.candidates)
        assert reading.candidates


def test_a_base_that_is_quantised_already_is_told(tmp_path: Path) -> None:
    folder = write_base(tmp_path / "base", "bert")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(BaseError, match=r"quantised already \(gptq\)"):
        load_backbone(folder, quantize="8bit")


def test_without_bitsandbytes_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, find = write_base(tmp_path / "base", "bert"), importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "bitsandbytes" else find(name, *rest)
    )
    with pytest.raises(BaseError, match="pip install bitsandbytes"):
        load_backbone(folder, quantize="4bit")


def test_an_unknown_way_to_quantise_is_told_and_a_known_one_reaches_the_retraining(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    monkeypatch.setenv("LOREBOT_QUANTIZE", "2bit")
    with pytest.raises(SettingsError, match=r"LOREBOT_QUANTIZE is '2bit'.*'8bit' or '4bit'"):
        load_settings()
    monkeypatch.setenv("LOREBOT_QUANTIZE", "4bit")
    assert cycle_environment(load_settings())["LOREBOT_QUANTIZE"] == "4bit"
