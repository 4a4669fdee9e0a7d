"""What a system's page shows of its state, as plain data."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.lab.systems import LabSystem

MOST_ROWS = 25
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


@dataclass(frozen=True)
class Panel:
    """The newest rows of a table; `total` is how many there are."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    total: int


@dataclass(frozen=True)
class Square:
    state: str
    text: str  # what it says when one points at it


@dataclass(frozen=True)
class Shelf:
    """An OLT: its slots, each a row of ports."""

    title: str
    summary: str
    slots: dict[str, list[Square]] = field(default_factory=dict)


def panels(connection: sqlite3.Connection, system: LabSystem) -> list[Panel]:
    """One for each table of the system, but for ports: those are on the shelves."""
    return [_panel(connection, name) for name in _TABLE.findall(system.tables) if name != "port"]


def shelves(connection: sqlite3.Connection) -> list[Shelf]:
    found: dict[str, Shelf] = {}
    counts: dict[str, dict[str, int]] = {}
    for row in connection.execute("SELECT * FROM port ORDER BY olt, slot, length(port), port").fetchall():
        olt = row["olt"]
        shelf = found.setdefault(olt, Shelf(olt, ""))
        frame_slot = row["port"].rpartition("/")[0]
        facts = [row["state"], row["serial"], row["splitter"]]
        text = f"{olt} {row['port']}: {', '.join(fact for fact in facts if fact)}"
        shelf.slots.setdefault(frame_slot, []).append(Square(row["state"], text))
        of_olt = counts.setdefault(olt, {})
        of_olt[row["state"]] = of_olt.get(row["state"], 0) + 1
    return [
        Shelf(shelf.title, ", ".join(f"{count} {state}" for state, count in sorted(counts[olt].items())), shelf.slots)
        for olt, shelf in found.items()
    ]


def last_calls(connection: sqlite3.Connection, system: LabSystem) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT * FROM call WHERE operation LIKE ? ORDER BY id DESC LIMIT ?", (f"{system.name}.%", MOST_ROWS)
    ).fetchall()
    return [{**dict(row), "time": time_of_day(row["at"])} for row in rows]


def sums(connection: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """By system: calls, those that met a fault, those that were refused."""
    rows = connection.execute(
        "SELECT substr(operation, 1, instr(operation, '.') - 1) AS system, count(*) AS calls,"
        " sum(fault IS NOT NULL) AS faults, sum(fault IS NULL AND NOT accepted) AS refused FROM call GROUP BY system"
    ).fetchall()
    return {row["system"]: dict(row) for row in rows}


def time_of_day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _panel(connection: sqlite3.Connection, table: str) -> Panel:
    # The names come from the systems' own text
    total = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608  # nosec B608
    columns = [row["name"] for row in connection.execute(f'PRAGMA table_info("{table}")').fetchall()]
    order = "rowid" if _has_rowid(connection, table) else columns[0]
    rows = connection.execute(
        f'SELECT * FROM "{table}" ORDER BY {order} DESC LIMIT ?',  # noqa: S608  # nosec B608
        (MOST_ROWS,),
    ).fetchall()
    return Panel(table.replace("_", " "), tuple(columns), [tuple(row) for row in rows], total)


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    row = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return "WITHOUT ROWID" not in row["sql"]
