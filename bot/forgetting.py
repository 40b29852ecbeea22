"""Removing a person: what they asked, said and taught, and the adapters that learned from it."""

from __future__ import annotations

from typing import Any

from bot.registry import Registry
from bot.store import Store, people


def forget_person(store: Store, registry: Registry, person: str) -> dict[str, Any]:
    """Removes a person's data, and retires the adapters that learned from it.

    Where one of those served, the version before it takes over, at last the seed. Returns the counts, and the id of
    the adapter that serves now.
    """
    retired = registry.learned_from(person)
    forgotten = people.forget(store, person)
    for adapter in retired:
        registry.retire(adapter.id, by="cli", why="learned from a person who was forgotten")
    return {**forgotten, "adapters": len(retired), "champion": registry.champion().id}
