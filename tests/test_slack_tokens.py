"""Token rotation: renewed in time, once for all processes, never lost, and known for a bot's token."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import BoltRequest
from slack_sdk import WebClient
from slack_stage import BOT, WebApi, message, stage

from bot.errors import SettingsError
from bot.settings import Settings
from bot.slack.app import build_app
from bot.slack.connection.clients import clients
from bot.slack.connection.tokens import AHEAD_S, FILE, Renewal, Tokens, rotates


class Rotating(WebApi):
    """Hands out numbered tokens; a refresh token works once."""

    def __init__(self, lasts_s: float = 43_200) -> None:
        super().__init__()
        self.lasts_s = lasts_s
        self.made = 0
        self.turn = threading.Lock()

    def answer(self, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        if method != "oauth.v2.access":
            return super().answer(method, asked)
        with self.turn:
            self.calls.append((method, asked))
            if asked["refresh_token"] != f"xoxe-1-{self.made}":
                return {"ok": False, "error": "invalid_refresh_token"}
            self.made += 1
            return {
                "ok": True,
                "token_type": "bot",
                "access_token": f"xoxe.xoxb-1-{self.made}",
                "refresh_token": f"xoxe-1-{self.made}",
                "expires_in": self.lasts_s,
            }


@pytest.fixture
def rotating() -> Iterator[Rotating]:
    api = Rotating()
    yield api
    api.close()


def rotation(tmp_path: Path, api: WebApi, **more: Any) -> Settings:
    given = {
        "slack_refresh_token": "xoxe-1-0",
        "slack_client_id": "1.2",
        "slack_client_secret": "s",
        "slack_api_url": api.url,
        "home": tmp_path / "home",
    }
    return Settings(_env_file=None, **{**given, **more})


def test_the_renewed_pair_is_kept_for_its_owner_only_and_used_until_it_ends(
    tmp_path: Path, rotating: Rotating
) -> None:
    settings = rotation(tmp_path, rotating)
    assert Tokens(settings).current() == "xoxe.xoxb-1-1"
    assert Tokens(settings).current() == "xoxe.xoxb-1-1", "another start asks nothing"
    assert stat.S_IMODE((settings.home / FILE).stat().st_mode) == 0o600
    rotating.lasts_s = AHEAD_S - 60
    assert Tokens(settings).another_than("xoxe.xoxb-1-1") == "xoxe.xoxb-1-2"
    assert Tokens(settings).current() == "xoxe.xoxb-1-3", "renewed before it ends"
    assert rotating.made == 3


def test_an_expired_token_is_renewed_and_the_call_made_again(tmp_path: Path, rotating: Rotating) -> None:
    settings = rotation(tmp_path, rotating)
    tokens = Tokens(settings)
    pair = clients(tokens.current(), rotating.url)
    Renewal(tokens, pair.line)
    rotating.refused_tokens["xoxe.xoxb-1-1"] = "token_expired"
    assert pair.quick.chat_postMessage(channel="C1", text="hi")["ok"]
    assert (pair.quick.token, pair.patient.token) == ("xoxe.xoxb-1-2", "xoxe.xoxb-1-2")
    assert rotating.tokens[-1] == ("chat.postMessage", "xoxe.xoxb-1-2")


def test_a_whole_app_goes_on_with_renewed_tokens(
    tmp_path: Path, rotating: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")  # Bolt would take them for an installation by OAuth
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "s")
    with stage(tmp_path, slack=rotating) as on:
        tokens = Tokens(rotation(tmp_path, rotating))
        app = build_app(on.app.room.services, client=WebClient(token=tokens.current(), base_url=rotating.url))
        app.room.beside(Renewal(tokens, app.room.clients.line))
        app.room.start()
        try:
            rotating.refused_tokens["xoxe.xoxb-1-1"] = "token_expired"
            app.dispatch(BoltRequest(body=message(f"<@{BOT}> When is payday?"), mode="socket_mode"))
            rotating.wait("chat.postMessage")
            assert ("chat.postMessage", "xoxe.xoxb-1-2") in rotating.tokens
            assert app.room.clients.quick.token == "xoxe.xoxb-1-2"
        finally:
            app.room.stop()


def test_processes_take_turns_at_renewing(tmp_path: Path, rotating: Rotating) -> None:
    settings = rotation(tmp_path, rotating)
    first = Tokens(settings).current()
    got: list[str] = []
    start = threading.Barrier(8)

    def renew() -> None:
        start.wait()
        got.append(Tokens(settings).another_than(first))

    threads = [threading.Thread(target=renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(got) == {"xoxe.xoxb-1-2"}
    assert rotating.made == 2


def test_what_another_process_renewed_is_taken_into_use(tmp_path: Path, rotating: Rotating) -> None:
    tokens = Tokens(rotation(tmp_path, rotating))
    pair = clients(tokens.current(), rotating.url)
    here = Renewal(tokens, pair.line)
    Tokens(rotation(tmp_path, rotating)).another_than("xoxe.xoxb-1-1")
    here.look()
    assert pair.patient.token == "xoxe.xoxb-1-2"


def test_a_refresh_token_that_slack_refuses_ends_it_once_the_token_has_expired(tmp_path: Path) -> None:
    with stage(tmp_path, slack=(api := Rotating(lasts_s=60))) as on:
        tokens = Tokens(rotation(tmp_path, api))
        on.app.room.clients.line.use(tokens.current())
        renewal = Renewal(tokens, on.app.room.clients.line)
        api.made = 7  # somebody renewed it elsewhere
        renewal.look()
        assert not on.app.room.left.is_set(), "the token still works"
        api.refused_tokens["xoxe.xoxb-1-1"] = "token_expired"
        on.send(message(f"<@{BOT}> When is payday?"))
        assert on.app.room.left.wait(30)
        assert on.app.room.gone == "Slack refuses the refresh token (invalid_refresh_token)"
        on.app.room.stop()
    api.close()


def test_a_new_refresh_token_in_the_settings_begins_anew(tmp_path: Path, rotating: Rotating) -> None:
    Tokens(rotation(tmp_path, rotating)).current()
    rotating.made = 40
    assert Tokens(rotation(tmp_path, rotating, slack_refresh_token="xoxe-1-40")).current() == "xoxe.xoxb-1-41"


def test_half_a_rotation_is_told(tmp_path: Path, rotating: Rotating) -> None:
    with pytest.raises(SettingsError, match="SLACK_CLIENT_SECRET isn't"):
        rotates(rotation(tmp_path, rotating, slack_client_secret=""))
    assert not rotates(rotation(tmp_path, rotating, slack_refresh_token=""))
