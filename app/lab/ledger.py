"""What the lab saw, for tests and for the curious: calls, effects and their sums."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

_SUMMARY = """
SELECT operation, count(*) AS calls, sum(accepted) AS accepted, sum(repeated) AS repeated,
       count(DISTINCT CASE WHEN accepted THEN key END) AS keys,
       sum(accepted AND key IS NOT NULL) - count(DISTINCT CASE WHEN accepted THEN key END) AS duplicate_calls,
       sum(fault IS NOT NULL) AS faults, sum(NOT accepted AND fault IS NULL) AS refused
  FROM call GROUP BY operation ORDER BY operation
"""
_EFFECTS = """
SELECT operation, count(*) AS effects, count(*) - count(DISTINCT key) - sum(key IS NULL) AS duplicate_effects
  FROM effect GROUP BY operation
"""


def calls(connection: sqlite3.Connection, key: str | None, operation: str | None, after: int) -> list[dict[str, Any]]:
    """Oldest first, 1000 at most; go on with `after` = the last id."""
    rows = connection.execute(
        "SELECT * FROM call WHERE id > ? AND (? IS NULL OR key = ?) AND (? IS NULL OR operation = ?)"
        " ORDER BY id LIMIT 1000",
        (after, key, key, operation, operation),
    ).fetchall()
    return [
        {
            **dict(row),
            "arguments": json.loads(row["arguments"]),
            "accepted": bool(row["accepted"]),
            "repeated": bool(row["repeated"]),
        }
        for row in rows
    ]


def effects(connection: sqlite3.Connection, key: str | None, operation: str | None, after: int) -> list[dict[str, Any]]:
    """What was really done, once for each time that it was done. Oldest first, 1000 at most, as `calls`."""
    rows = connection.execute(
        "SELECT * FROM effect WHERE id > ? AND (? IS NULL OR key = ?) AND (? IS NULL OR operation = ?)"
        " ORDER BY id LIMIT 1000",
        (after, key, key, operation, operation),
    ).fetchall()
    return [dict(row) for row in rows]


def summary(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """By operation. `accepted` counts before any de-duplication, `effects` what the network then did.

    duplicate_calls    accepted calls beyond the first under their key
    duplicate_effects  effects beyond the first under their key: always 0 where keys are honoured
    """
    done = {row["operation"]: dict(row) for row in connection.execute(_EFFECTS)}
    sums: dict[str, dict[str, int]] = {}
    for row in connection.execute(_SUMMARY):
        counted = dict(row)
        operation = counted.pop("operation")
        effect = done.get(operation, {"effects": 0, "duplicate_effects": 0})
        counted["effects"], counted["duplicate_effects"] = effect["effects"], effect["duplicate_effects"]
        sums[operation] = counted
    return sums
