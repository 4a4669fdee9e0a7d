"""What a system tells Turnup some time after a call: due in the lab's database until Turnup has taken it.

What a caller with its own clock has caused (`callers`) is not sent: it is there to be fetched.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from itertools import islice
from typing import Any

from app.core.ids import new_id
from app.lab import faults
from app.lab.operations import Notice

TABLES = """
CREATE TABLE IF NOT EXISTS notice (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, due_at REAL NOT NULL, body TEXT NOT NULL,
    subject TEXT NOT NULL, unless TEXT, caller TEXT,
    tries INTEGER NOT NULL DEFAULT 0, answered INTEGER, ended INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS notice_caller ON notice (caller) WHERE caller IS NOT NULL;
"""
# An order that falls out beside its activation may be settled days after its ONT came online.
LIFE_S = 7 * 24 * 3600


def put(
    connection: sqlite3.Connection, notice: Notice, subject: Mapping[str, Any], at: float, caller: str | None = None
) -> None:
    """`subject` is that of the call that causes it, `caller` whoever fetches it, `at` now by their clock."""
    body = {
        "name": notice.name,
        "correlationKey": notice.key,
        "messageId": new_id(),  # the same every time it is sent: Turnup drops what it has already taken
        "variables": dict(notice.variables),
        "timeToLiveSeconds": LIFE_S,
    }
    connection.execute(
        "INSERT INTO notice (name, key, due_at, body, subject, unless, caller) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            notice.name,
            notice.key,
            at + notice.after_s,
            json.dumps(body, sort_keys=True),
            json.dumps(dict(subject), sort_keys=True),
            notice.unless,
            caller,
        ),
    )


def due(connection: sqlite3.Connection, at: float) -> list[sqlite3.Row]:
    """Those whose time has come, 50 at most, without what an injected condition keeps back until it is lifted."""
    rows = connection.execute(
        "SELECT * FROM notice WHERE caller IS NULL AND NOT ended AND due_at <= ? ORDER BY due_at, id", (at,)
    )
    return list(islice((row for row in rows.fetchall() if not _is_kept_back(connection, row, at)), 50))


def sent(connection: sqlite3.Connection, notice_id: int, answered: int, again_at: float | None) -> None:
    """Turnup answered with this status (0: not at all); None: it is not sent again."""
    connection.execute(
        "UPDATE notice SET tries = tries + 1, answered = ?, ended = ?, due_at = coalesce(?, due_at) WHERE id = ?",
        (answered, again_at is None, again_at, notice_id),
    )


def listed(connection: sqlite3.Connection, after: int, at: float) -> list[dict[str, Any]]:
    """Oldest first, 1000 at most; go on with `after` = the last id. `kept_back`: not sent before a fault is lifted."""
    rows = connection.execute("SELECT * FROM notice WHERE id > ? ORDER BY id LIMIT 1000", (after,)).fetchall()
    return [_shown(connection, row, at) for row in rows]


def kept_for(connection: sqlite3.Connection, caller: str, at: float) -> list[dict[str, Any]]:
    """What a caller is told, in its order, be it due or not; without what was withdrawn or is kept back just now."""
    rows = connection.execute(
        "SELECT * FROM notice WHERE caller = ? AND NOT ended ORDER BY due_at, id LIMIT 1000", (caller,)
    ).fetchall()
    return [shown for shown in (_shown(connection, row, at) for row in rows) if not shown["kept_back"]]


def _shown(connection: sqlite3.Connection, row: sqlite3.Row, at: float) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("id", "name", "key", "due_at", "tries", "answered", "caller")},
        "variables": json.loads(row["body"])["variables"],
        "ended": bool(row["ended"]),
        "kept_back": _is_kept_back(connection, row, at),
    }


def _is_kept_back(connection: sqlite3.Connection, row: sqlite3.Row, at: float) -> bool:
    if row["unless"] is None:
        return False
    return faults.holds(connection, row["unless"], json.loads(row["subject"]), at)
