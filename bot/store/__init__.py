"""The only SQL of the project: one SQLite file, its schema, and one module a noun."""

from bot.store.database import Store, open_store

__all__ = ["Store", "open_store"]
