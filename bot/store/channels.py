"""Which channels anybody in the workspace may read, as Slack said with the messages in them.

A channel that nothing is known of counts as private.
"""

from __future__ import annotations

from bot.store.database import Store


def note(store: Store, channel: str, *, public: bool) -> None:
    """Keeps what Slack says a channel is now; a channel can be made private later."""
    with store.write() as db:
        db.table("channels").upsert({"id": channel, "public": int(public)}, pk="id")


def public(store: Store) -> frozenset[str]:
    """The ids of the channels known to be open to the whole workspace."""
    return frozenset(row["id"] for row in store.rows("SELECT id FROM channels WHERE public = 1"))
