"""The lab's memory: one SQLite file, one connection, one writer at a time.

Everything is committed before an answer leaves, so that a test which kills its caller can trust what it finds here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.lab import callers, notices
from app.lab.systems import SYSTEMS

LAYOUT = 3  # raised with the tables: a file of another layout is emptied
TABLES = """
CREATE TABLE IF NOT EXISTS answer (
    operation TEXT NOT NULL, key TEXT NOT NULL, arguments TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (operation, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, key TEXT, operation TEXT NOT NULL, arguments TEXT NOT NULL,
    status INTEGER NOT NULL, code TEXT, fault TEXT, accepted INTEGER NOT NULL, repeated INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS call_key ON call (key);
CREATE TABLE IF NOT EXISTS effect (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, key TEXT, operation TEXT NOT NULL, subject TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS effect_key ON effect (key);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, match TEXT NOT NULL, calls INTEGER, seconds REAL,
    starts_at REAL, ends_at REAL, hold_s REAL NOT NULL, is_condition INTEGER NOT NULL,
    status INTEGER, code TEXT, message TEXT, origin TEXT NOT NULL,
    first_hit_at REAL, hits INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS chance (
    call TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
"""


class LabStore:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.Lock()
        self._connection.execute("PRAGMA journal_mode=WAL")
        # NORMAL survives the death of every process; only a power cut could take the last commits.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._lay_out()
        with self.transaction() as connection:
            if connection.execute("SELECT 1 FROM port").fetchone() is None:
                seed(connection)

    def _lay_out(self) -> None:
        if self._connection.execute("PRAGMA user_version").fetchone()[0] != LAYOUT:
            for name in _tables(self._connection):
                self._connection.execute(f'DROP TABLE "{name}"')
        every = (TABLES, notices.TABLES, callers.TABLES, *(system.tables for system in SYSTEMS))
        self._connection.executescript("".join(every))
        self._connection.execute(f"PRAGMA user_version = {LAYOUT}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, alone; committed at the end, rolled back when the block raises."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def reset(self) -> None:
        """The network as it was on the first day: no calls, no faults, no customers."""
        with self.transaction() as connection:
            for name in _tables(connection):
                connection.execute(f'DELETE FROM "{name}"')  # noqa: S608  the schema's own names
            seed(connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def seed(connection: sqlite3.Connection) -> None:
    for system in SYSTEMS:
        system.seed(connection)


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [str(row["name"]) for row in rows.fetchall()]
