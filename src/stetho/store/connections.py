"""Connections to a run file, or to memory that stands in for one: whole transactions, copies."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from stetho.store import schema

BUSY_SECONDS = 2.0  # to wait for another writer of the same file
NAMES = tuple(statement.split()[2] for statement in schema.TABLES)


def in_memory() -> sqlite3.Connection:
    """An empty run file that lies in memory."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for statement in schema.TABLES:
        memory.execute(statement)
    return memory


def copy_rows(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Make the rows of `target` those of `source`; within a transaction of the caller's."""
    for table in NAMES:
        target.execute(f"DELETE FROM {table}")
        for row in source.execute(f"SELECT * FROM {table}"):
            target.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def transaction(file: sqlite3.Connection, action: Callable[[sqlite3.Connection], None]) -> None:
    file.execute("BEGIN IMMEDIATE")
    try:
        action(file)
        file.execute("COMMIT")
    except BaseException:
        if file.in_transaction:
            file.execute("ROLLBACK")
        raise


def leave_one_file(file: sqlite3.Connection) -> None:
    """Fold the log in. A reader in the middle of the file forbids it: then the log stays."""
    file.execute("PRAGMA busy_timeout = 200")
    with suppress(sqlite3.Error):
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.execute("PRAGMA journal_mode = DELETE")
    file.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
