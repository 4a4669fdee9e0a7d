"""The lab's memory: one SQLite file, one connection, one writer at a time.

Everything is committed before an answer leaves, so that a test which kills its caller can trust what it finds here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLTS = ("lon-1", "lon-2", "lon-3", "lon-4", "man-1", "man-2", "bir-1", "lee-1")
SLOTS = range(1, 9)
PORTS = range(1, 17)
FAULTY_PORT = 15  # in every slot, so that samples can count on them
TAKEN_PORT = 16
NEIGHBOUR = "LABX00000001"  # the ONT on every taken port

TABLES = """
CREATE TABLE IF NOT EXISTS port (
    olt TEXT NOT NULL, port TEXT NOT NULL, slot INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('free', 'held', 'taken', 'faulty')),
    serial TEXT,
    PRIMARY KEY (olt, port)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ont (
    serial TEXT PRIMARY KEY, ont_id TEXT NOT NULL, olt TEXT NOT NULL, port TEXT NOT NULL, speed_mbps INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS push (id INTEGER PRIMARY KEY, serial TEXT NOT NULL, profile TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subscription (
    order_id TEXT PRIMARY KEY, subscription_id TEXT NOT NULL, customer TEXT NOT NULL, speed_mbps INTEGER NOT NULL);
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
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, match TEXT NOT NULL, calls INTEGER, seconds REAL, hold_s REAL NOT NULL,
    status INTEGER, code TEXT, message TEXT NOT NULL, first_hit_at REAL, hits INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS callback (
    id INTEGER PRIMARY KEY, serial TEXT NOT NULL, due_at REAL NOT NULL, body TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, answered INTEGER, ended INTEGER NOT NULL DEFAULT 0);
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
        self._connection.executescript(TABLES)
        with self.transaction() as connection:
            if connection.execute("SELECT 1 FROM port").fetchone() is None:
                seed(connection)

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
            for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
                connection.execute(f'DELETE FROM "{row["name"]}"')  # noqa: S608  the schema's own names
            seed(connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def seed(connection: sqlite3.Connection) -> None:
    states = {FAULTY_PORT: "faulty", TAKEN_PORT: "taken"}
    connection.executemany(
        "INSERT INTO port (olt, port, slot, state, serial) VALUES (?, ?, ?, ?, ?)",
        [
            (olt, f"1/{slot}/{port}", slot, states.get(port, "free"), NEIGHBOUR if port == TAKEN_PORT else None)
            for olt in OLTS
            for slot in SLOTS
            for port in PORTS
        ],
    )
