"""Callers with a clock of their own: trials, whose time stands still and who fetch what the systems tell them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

TABLES = """
CREATE TABLE IF NOT EXISTS caller (name TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Caller:
    """`at` is what its clock says, in seconds since the epoch."""

    name: str
    at: float


def declare(connection: sqlite3.Connection, caller: Caller) -> None:
    """From now on calls whose Idempotency-Key begins with the name and a colon are its, and come at that time."""
    connection.execute("INSERT OR REPLACE INTO caller (name, at) VALUES (?, ?)", (caller.name, caller.at))


def of_key(connection: sqlite3.Connection, key: str | None) -> Caller | None:
    """None for whoever lives in the laboratory's own time and is sent what there is to tell."""
    name = (key or "").partition(":")[0]
    row = connection.execute("SELECT name, at FROM caller WHERE name = ?", (name,)).fetchone()
    return None if row is None else Caller(row["name"], row["at"])
