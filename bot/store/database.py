"""Opens the state file and hands out connections: one a thread, WAL, foreign keys on, writes begun IMMEDIATE.

A deferred transaction that reads and then writes can fail at once with "database is locked" whatever the busy
timeout says, so every write here takes the lock first. `Store.version()` lets a reader notice what other processes wrote.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.errors import StoreError
from bot.store.schema import migrations

BUSY_TIMEOUT_S = 30.0


class Store:
    """A state file that is open: `db` for reading, `write()` for a transaction. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()

    @property
    def db(self) -> Database:
        """This thread's connection."""
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            db = _connect(self.path)
            self._local.db = db
        return db

    @contextmanager
    def write(self) -> Iterator[Database]:
        """One transaction: everything inside is written, or nothing. Inside another one it joins that one."""
        db = self.db
        if db.conn.in_transaction:
            yield db
            return
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.conn.execute("COMMIT")
        except BaseException:
            db.conn.rollback()
            raise

    def rows(self, sql: str, parameters: Any = ()) -> list[dict[str, Any]]:
        return list(self.db.query(sql, parameters))

    def one(self, sql: str, parameters: Any = ()) -> dict[str, Any] | None:
        return next(iter(self.db.query(sql, parameters)), None)

    def version(self) -> int:
        """`PRAGMA data_version` of this thread's connection: changes when another connection committed something."""
        return int(self.db.conn.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Closes this thread's connection; other threads' go with their threads."""
        db: Database | None = getattr(self._local, "db", None)
        if db is not None:
            db.conn.close()
            self._local.db = None


def open_store(path: Path) -> Store:
    """Opens (or makes) the state file and brings its schema up to date.

    Raises StoreError, with nothing changed: the folder can't be written, the file is no database or another program's,
    or a newer version of Lorebot has written it.
    """
    try:
        path.parent.mkdir(
            mode=0o700, parents=True, exist_ok=True
        )  # people's words are nobody else's business
    except OSError as error:
        raise StoreError(
            f"can't make the state folder {path.parent} ({error.strerror}); set LOREBOT_HOME to a folder you may write"
        ) from None
    known = path.exists() and path.stat().st_size > 0
    if known:
        _refuse_what_is_not_ours(path)
    store = Store(path)
    try:
        db = store.db
        if migrations.pending(db):
            migrations.apply(db)
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"can't write {path} ({error}); make the file and its folder writable, or set LOREBOT_HOME to another one"
        ) from None
    return store


def _refuse_what_is_not_ours(path: Path) -> None:
    """Looks with a read-only connection, so that a file that is refused stays as it was to the byte."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise StoreError(
            f"can't read {path} ({error}); check its permissions or set LOREBOT_HOME to another folder"
        ) from None
    try:
        db = Database(connection, execute_plugins=False)
        tables = set(db.table_names())
        applied = [step.name for step in migrations.applied(db)]
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error) or "malformed" in str(error):
            raise StoreError(
                f"{path} is not an SQLite database; move it away, or set LOREBOT_HOME to another folder"
            ) from None
        raise StoreError(
            f"can't read {path} ({error}); check its permissions or set LOREBOT_HOME to another folder"
        ) from None
    finally:
        connection.close()
    if tables and not applied:
        raise StoreError(
            f"{path} is another program's database ({', '.join(sorted(tables)[:3])}); set LOREBOT_HOME to another folder"
        )
    ours = {step.name for step in migrations.pending(Database(memory=True))}
    newer = [name for name in applied if name not in ours]
    if newer:
        raise StoreError(
            f"{path} was written by a newer Lorebot (step {newer[-1]} is unknown here); upgrade, or use another LOREBOT_HOME"
        )


def _connect(path: Path) -> Database:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what somebody deleted must not be read out of the file
    return Database(connection, execute_plugins=False)
