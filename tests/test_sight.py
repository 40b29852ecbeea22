"""What may be told where: by the channel, and in direct messages by who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import sight
from bot.records import WORKSPACE, ChannelSettings
from bot.store import Store, channels, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "lorebot.db")


def test_a_channel_is_told_what_the_workspace_knows_and_what_is_its_own_whoever_asks(store: Store) -> None:
    for kind in ("member", "guest", "external", "bot"):
        assert sight.scopes(store, "C1", kind, direct=False) == (WORKSPACE, "C1")  # type: ignore[arg-type]


def test_a_channel_with_people_from_elsewhere_is_told_its_own_alone_unless_its_people_open_it(
    store: Store,
) -> None:
    channels.note(store, "C1", public=True, outside=True)
    assert sight.scopes(store, "C1", "member", direct=False) == ("C1",)
    channels.configure(store, ChannelSettings("C1", workspace=True))
    assert sight.scopes(store, "C1", "external", direct=False) == (WORKSPACE, "C1")
    channels.configure(store, ChannelSettings("C1", workspace=False))
    channels.note(store, "C1", public=True, outside=False)
    assert sight.scopes(store, "C1", "member", direct=False) == ("C1",)


def test_in_a_direct_message_guests_see_what_was_taught_there_and_no_more(store: Store) -> None:
    assert sight.scopes(store, "D1", "member", direct=True) == (WORKSPACE, "D1")
    for kind in ("guest", "external", "bot"):
        assert sight.scopes(store, "D1", kind, direct=True) == ("D1",)  # type: ignore[arg-type]
