"""Adapter versions and the promotion log. Append-only: the champion is the log's last row."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from bot.records import Adapter, Promotion
from bot.store.database import Store


def add(store: Store, adapter: Adapter) -> None:
    fields = {
        **asdict(adapter),
        "card": json.dumps(adapter.card),
        "created_at": adapter.created_at or time.time(),
    }
    with store.write() as db:
        db.table("adapters").insert(fields)


def refresh(store: Store, adapter: Adapter) -> None:
    """Puts an adapter's row up to date: the shipped seed's place and card, or that a version was retired."""
    fields = {
        "folder": adapter.folder,
        "sha256": adapter.sha256,
        "card": json.dumps(adapter.card),
        "parent": adapter.parent,
    }
    with store.write() as db:
        db.table("adapters").update(
            adapter.id, {**fields, "base": adapter.base, "base_sha256": adapter.base_sha256}
        )


def adapter(store: Store, adapter_id: str) -> Adapter | None:
    row = store.one("SELECT * FROM adapters WHERE id = ?", [adapter_id])
    return Adapter(**{**row, "card": json.loads(row["card"])}) if row else None


def adapters(store: Store) -> list[Adapter]:
    """Oldest first."""
    rows = store.rows("SELECT * FROM adapters ORDER BY created_at, id")
    return [Adapter(**{**row, "card": json.loads(row["card"])}) for row in rows]


def append_promotion(store: Store, promotion: Promotion) -> int:
    fields = {**asdict(promotion), "at": promotion.at or time.time()}
    del fields["id"]
    with store.write() as db:
        return int(db.table("promotions").insert(fields).last_pk or 0)


def promotions(store: Store) -> list[Promotion]:
    """The whole log, oldest first."""
    return [Promotion(**row) for row in store.rows("SELECT * FROM promotions ORDER BY id")]


def last_promotion(store: Store) -> Promotion | None:
    row = store.one("SELECT * FROM promotions ORDER BY id DESC LIMIT 1")
    return Promotion(**row) if row else None
