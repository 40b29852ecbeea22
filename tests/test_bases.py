"""Bases: found by name, hub id or folder, unpacked from packaged parts, and told plainly where something is wrong."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from adapter_folders import write_adapter
from safetensors.numpy import save_file
from tiny_bases import tokenizer_of

from bot.errors import AdapterError, BaseError
from bot.reading import bases
from bot.reading.base_folder import check_folder
from bot.reading.bases import CATALOGUE, DEFAULT_BASE, Entry, installed, locate, public_name, sha256_of
from bot.reading.card import read_card
from bot.reading.shipped import shipped_bases, shipped_seed
from bot.reading.windows import load_cutter
from bot.registry import Registry
from bot.store import Store, open_store
from training.seed import RECIPES, recipe_for

CONFIG = {"model_type": "bert", "vocab_size": 400, "pad_token_id": 0, "max_position_embeddings": 512}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a base: its weights fit no model, but nothing here loads one."""
    return write_folder(tmp_path / "base")


def write_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    tokenizer_of("bert").save(str(folder / "tokenizer.json"))
    save_file({"weights": np.arange(6, dtype=np.float32)}, folder / "model.safetensors")
    return folder


def change_config(folder: Path, **changes: object) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))


def test_a_folder_is_a_base_known_by_the_hash_of_its_weights(folder: Path) -> None:
    found = locate(str(folder))
    assert found.sha256 == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert (found.folder, found.name) == (folder, str(folder))
    assert public_name(found.name) == "base"


def test_a_folder_may_be_named_from_here_or_from_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(folder.parent))
    assert locate("./base") == locate("base") == locate("~/base") == locate(str(folder))


def test_sharded_weights_have_the_hash_that_sha256sum_gives(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    lines = ""
    for name in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"):
        save_file({name: np.ones(3, np.float32)}, folder / name)
        lines += f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
    index = {
        "weight_map": {
            "b": "model-00002-of-00002.safetensors",
            "a": "model-00001-of-00002.safetensors",
            "c": "model-00001-of-00002.safetensors",
        }
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert locate(str(folder)).sha256 == hashlib.sha256(lines.encode()).hexdigest()
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(BaseError, match=r"Found no model-00002-of-00002\.safetensors"):
        locate(str(folder))


def _no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def _an_adapter(folder: Path) -> None:
    _no_config(folder)
    (folder / "adapter_config.json").write_text("{}")


def _broken_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert"')


def _a_list_as_config(folder: Path) -> None:
    (folder / "config.json").write_text("[]")


def _no_type(folder: Path) -> None:
    change_config(folder, model_type=None)


def _unknown_type(folder: Path) -> None:
    change_config(folder, model_type="gpt2")


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _only_pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _cut_short(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-4])


def _no_header(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 64)


def _empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def _a_pointer(folder: Path) -> None:
    (folder / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 90868376\n"
    )


def _shards_elsewhere(folder: Path) -> None:
    _no_weights(folder)
    index = {"weight_map": {"a": "../model-1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _no_fast_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").rename(folder / "vocab.txt")


def _broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")


def _too_many_words(folder: Path) -> None:
    change_config(folder, vocab_size=20)


def _no_pairs(folder: Path) -> None:
    tokenizer = tokenizer_of("bert")
    tokenizer.post_processor = None  # type: ignore[assignment]
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_no_config, "Found no config.json .* which is no base"),
        (_an_adapter, "Found no config.json .* which is an adapter"),
        (_broken_config, "config.json is not JSON"),
        (_a_list_as_config, "config.json holds no JSON object"),
        (_no_type, "names no model_type"),
        (_unknown_type, "type 'gpt2'; expected one of bert, distilbert"),
        (_no_weights, "Found no model.safetensors"),
        (_only_pickled, "Found only pytorch_model.bin .* can run code"),
        (_cut_short, "cut short"),
        (_no_header, "no safetensors file"),
        (_empty_weights, "no safetensors file"),
        (_a_pointer, "Git LFS pointer"),
        (_shards_elsewhere, "Found no model-1.safetensors"),
        (_no_fast_tokenizer, "Found no tokenizer.json"),
        (_broken_tokenizer, "tokenizer.json is no tokenizer"),
        (_too_many_words, "expected fewer than 20"),
        (_no_pairs, "pairs question and passage"),
    ],
)
def test_a_damaged_folder_is_told_in_one_line(
    folder: Path, damage: Callable[[Path], None], told: str
) -> None:
    damage(folder)
    with pytest.raises(BaseError, match=told) as refused:
        locate(str(folder))
    assert "\n" not in str(refused.value)


def test_a_folder_that_is_not_there_is_not_looked_for_at_a_hub(tmp_path: Path) -> None:
    for name in ("./nowhere", str(tmp_path / "nowhere"), "a/b/c", "two words"):
        with pytest.raises(BaseError, match="Found no folder"):
            locate(name)


@pytest.mark.parametrize(
    ("model_type", "positions", "windows"), [("bert", 512, 384), ("bert", 96, 96), ("roberta", 98, 96)]
)
def test_windows_are_no_longer_than_the_positions_allow(
    folder: Path, model_type: str, positions: int, windows: int
) -> None:
    padding = 1 if model_type == "roberta" else 0
    change_config(folder, model_type=model_type, max_position_embeddings=positions, pad_token_id=padding)
    cutter = load_cutter(folder)
    assert cutter.max_length == windows
    cut = cutter.cut("why " * 50, ["The office opens at nine. " * 60])
    assert max(len(window.ids) for window in cut) == windows
    assert cut[0].first <= windows // 4 + 3


# -- the hub ----------------------------------------------------------------------------------------------------------


def cached(cache: Path, name: str, commit: str = "c" * 40) -> Path:
    """A snapshot as the hub's library keeps one."""
    folder = cache / f"models--{name.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    (folder / "snapshots").mkdir()
    return write_folder(folder / "snapshots" / commit)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_hub_id_is_taken_from_the_cache(hub: Path) -> None:
    snapshot = cached(hub, "someone/small-bert")
    found = locate("someone/small-bert")
    assert (found.name, found.folder) == ("someone/small-bert", snapshot)
    assert public_name(found.name) == "someone/small-bert"


def test_a_hub_id_that_is_not_cached_says_so_offline(hub: Path) -> None:
    with pytest.raises(BaseError, match="HF_HUB_OFFLINE is set; expected one of all-MiniLM-L6-v2") as refused:
        locate("someone/small-bert")
    assert "\n" not in str(refused.value)


def test_half_a_snapshot_is_not_taken_for_a_base(hub: Path) -> None:
    _no_weights(cached(hub, "someone/small-bert"))
    with pytest.raises(BaseError, match="HF_HUB_OFFLINE is set"):
        locate("someone/small-bert")


def test_the_hub_id_of_a_catalogued_base_means_its_package() -> None:
    assert locate(CATALOGUE[DEFAULT_BASE].hub_id) == locate(DEFAULT_BASE)


def test_a_catalogued_base_from_the_hub_must_be_the_official_one(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(CATALOGUE[DEFAULT_BASE], packages=("no_such_package",))
    monkeypatch.setitem(bases.CATALOGUE, DEFAULT_BASE, entry)
    cached(hub, entry.hub_id)
    with pytest.raises(BaseError, match=f"expected {entry.sha256}"):
        locate(entry.hub_id)
    with pytest.raises(BaseError, match=f"not installed.*{entry.install}.*LOREBOT_BASE={entry.hub_id}"):
        locate(DEFAULT_BASE)


# -- packaged parts ---------------------------------------------------------------------------------------------------


@pytest.fixture
def parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A catalogued base whose three packages each hold a part of one zip."""
    source = write_folder(tmp_path / "source")
    (source / "README.md").write_text("left in the archive")
    joined = tmp_path / "joined.zip"
    with zipfile.ZipFile(joined, "w") as archive:
        for path in sorted(source.iterdir()):
            archive.write(path, f"some-base/{path.name}")
    content, third = joined.read_bytes(), joined.stat().st_size // 3
    names = tuple(f"parted_base_00{i}" for i in (1, 2, 3))
    for i, name in enumerate(names):
        inside = tmp_path / "packages" / name / "input"
        inside.mkdir(parents=True)
        piece = content[i * third : None if i == 2 else (i + 1) * third]
        (inside / f"some-base.zip.00{i + 1}").write_bytes(piece)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packages"), *sys.path])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sha256 = hashlib.sha256((source / "model.safetensors").read_bytes()).hexdigest()
    entry = Entry("some-base", "someone/some-base", sha256, names, "pip install 'some[base]'", "more")
    monkeypatch.setitem(bases.CATALOGUE, entry.name, entry)
    return entry


def part(tmp_path: Path, number: int) -> Path:
    (found,) = (tmp_path / "packages" / f"parted_base_00{number}" / "input").iterdir()
    return found


def left_in(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if path.name not in ("lorebot", "bases")]


def test_parts_are_joined_verified_and_unpacked_once(parted: Entry, tmp_path: Path) -> None:
    assert installed(parted)
    found = locate("some-base")
    assert found.sha256 == parted.sha256
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    part(tmp_path, 1).write_bytes(b"")
    assert locate("some-base") == found


def test_a_part_that_is_missing_or_cut_leaves_nothing_behind(parted: Entry, tmp_path: Path) -> None:
    third = part(tmp_path, 3)
    content = third.read_bytes()
    third.write_bytes(content[:-40])
    with pytest.raises(BaseError, match=re.escape(parted.install)):
        locate("some-base")
    third.unlink()
    with pytest.raises(BaseError, match="Found 0 parts of base 'some-base'"):
        locate("some-base")
    assert left_in(tmp_path / "cache") == []


def test_parts_with_other_weights_are_refused_and_leave_nothing(
    parted: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bases.CATALOGUE, parted.name, replace(parted, sha256="0" * 64))
    with pytest.raises(BaseError, match=f"SHA-256 {parted.sha256}; expected {'0' * 64}"):
        locate("some-base")
    assert left_in(tmp_path / "cache") == []


def test_a_package_that_is_not_installed_is_told_with_the_ways_to_get_it(
    parted: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(parted, packages=(*parted.packages, "parted_base_004"))
    monkeypatch.setitem(bases.CATALOGUE, parted.name, entry)
    assert not installed(entry)
    with pytest.raises(BaseError, match=re.escape(parted.install)) as refused:
        locate("some-base")
    assert f"LOREBOT_BASE={parted.hub_id} to take it from the hub" in str(refused.value)
    assert f"LOREBOT_BASE={DEFAULT_BASE} for the small one" in str(refused.value)


def test_an_unpacked_base_that_was_changed_is_refused(parted: Entry) -> None:
    weights = locate("some-base").folder / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BaseError, match=f"expected {parted.sha256}: delete {re.escape(str(weights.parent))}"):
        locate("some-base")


# -- the adapter follows the base -------------------------------------------------------------------------------------


def test_the_shipped_adapter_is_the_one_made_for_exactly_that_base() -> None:
    assert DEFAULT_BASE in shipped_bases()
    found = shipped_seed(CATALOGUE[DEFAULT_BASE].hub_id)
    assert found == shipped_seed(str(locate(DEFAULT_BASE).folder))
    assert read_card(found)["base_sha256"] == sha256_of(DEFAULT_BASE)


def test_a_base_without_an_adapter_says_how_to_get_one(folder: Path) -> None:
    with pytest.raises(AdapterError, match=r"LOREBOT_ADAPTER.*python -m training seed --base"):
        shipped_seed(str(folder))


@pytest.mark.parametrize(
    ("config", "r", "learning_rate", "frozen"),
    [
        ({"hidden_size": 384, "num_hidden_layers": 12}, 32, 1.5e-3, 0),
        ({"model_type": "distilbert", "dim": 768, "n_layers": 6}, 16, 6e-4, 1),
        ({"hidden_size": 1024, "num_hidden_layers": 24}, 16, 2e-4, 6),
        ({"model_type": "t5", "d_model": 512, "num_layers": 8}, 32, 1.5e-3, 0),
    ],
)
def test_a_base_without_a_recipe_of_its_own_gets_one_by_its_size(
    folder: Path, config: dict[str, object], r: int, learning_rate: float, frozen: int
) -> None:
    change_config(folder, **config)
    found = recipe_for(locate(str(folder)))
    settings = found.stages[0].settings
    assert found.adapter == "reader-base-seed"
    assert (settings.r, settings.learning_rate, settings.frozen_layers) == (r, learning_rate, frozen)
    assert recipe_for(locate(DEFAULT_BASE)) == RECIPES[DEFAULT_BASE]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "home" / "lorebot.db")


def test_each_base_has_its_own_champion(store: Store, tmp_path: Path) -> None:
    small_seed = write_adapter(tmp_path / "small", "small-seed", parent=None)
    large_seed = write_adapter(
        tmp_path / "large", "large-seed", parent=None, base="large", base_sha256="c" * 64
    )
    small = Registry(store, tmp_path / "home" / "adapters", seed=small_seed)
    large = Registry(store, tmp_path / "home" / "adapters", base="large", seed=large_seed)
    for adapter_id in ("a-1", "a-2"):
        small.register(write_adapter(tmp_path / "made" / adapter_id, adapter_id))
        small.promote(adapter_id, "cli", "better")
    assert small.resting() is None

    assert large.champion().id == "large-seed"
    resting = large.resting()
    assert resting is not None
    assert resting.id == "a-2"
    assert large.verify() == {}
    with pytest.raises(AdapterError, match=f"SHA-256 {'b' * 64}; found large with {'c' * 64}"):
        large.promote("a-1", "cli", "please")
    large.register(write_adapter(tmp_path / "made" / "l-1", "l-1", base="large", base_sha256="c" * 64))
    large.promote("l-1", "cli", "better")
    assert (large.champion().id, small.champion().id) == ("l-1", "a-2")
    assert large.rollback("cli", "worse").adapter == "large-seed"

    small.retire("a-2", "cli", "somebody left")
    assert (large.champion().id, small.champion().id) == ("large-seed", "a-1")


def test_a_champion_retired_while_its_base_rested_does_not_come_back(store: Store, tmp_path: Path) -> None:
    small_seed = write_adapter(tmp_path / "small", "small-seed", parent=None)
    large_seed = write_adapter(
        tmp_path / "large", "large-seed", parent=None, base="large", base_sha256="c" * 64
    )
    small = Registry(store, tmp_path / "home" / "adapters", seed=small_seed)
    small.register(write_adapter(tmp_path / "made" / "a-1", "a-1"))
    small.promote("a-1", "cli", "better")
    Registry(store, tmp_path / "home" / "adapters", base="large", seed=large_seed).retire(
        "a-1", "cli", "left"
    )
    assert small.champion().id == "small-seed"


def test_what_the_checks_pass_is_passed_again_after_a_change(folder: Path) -> None:
    check_folder(folder)
    _broken_tokenizer(folder)
    with pytest.raises(BaseError, match="no tokenizer"):
        check_folder(folder)
