"""Faults on demand: `POST /lab/faults {"kind": "unavailable", "match": {"serial": "..."}, "seconds": 4}`.

A fault meets every call whose arguments equal its `match` (operation, olt, port, serial, order_id, ...; none given: all
calls), for the first `calls` of them, or until `seconds` after the first it met; without either, until it is lifted.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.lab.operations import Arguments, LabRefusal


@dataclass(frozen=True)
class Kind:
    """What a fault does to a call. `status` None: it changes the network's condition, no call."""

    status: int | None
    code: str | None = None
    after_effect: bool = False
    hold_s: float = 0
    operation: str | None = None  # met when the fault names none
    message: str = ""


KINDS = {
    "port_taken": Kind(409, "port_taken", operation="access.activate_ont", message="the port serves another ONT"),
    "unknown_serial": Kind(422, "unknown_serial", operation="access.activate_ont", message="no such ONT is seen"),
    "refused": Kind(409, "refused", message="refused on demand"),
    "unavailable": Kind(503, message="the system is down for maintenance"),
    "time_out": Kind(504, hold_s=10, message="no answer in time"),
    "answer_lost": Kind(504, after_effect=True, message="the work is done, its answer was lost"),
    "never_online": Kind(None, message="the ONT stays dark"),
    "low_light": Kind(None, message="too little light arrives at the ONT"),
    "no_access": Kind(None, message="nobody is at home when the technician comes"),
    "customer_reschedules": Kind(None, message="the customer moves the visit, once"),
    "no_slot": Kind(None, message="the field force has nobody free"),
    "field_silent": Kind(None, message="the field force reports nothing"),
    "no_contact": Kind(None, message="the CRM has no verified address of the customer"),
    "block_exhausted": Kind(None, message="the area's numbers are all given away"),
    "identity_exists": Kind(None, message="the number has an account on the HSS from before"),
    "never_registers": Kind(None, message="the customer's router does not register"),
    "already_porting": Kind(None, message="the number is in an open porting order"),
    "donor_silent": Kind(None, message="the losing operator does not answer"),
    "port_fails": Kind(None, message="the number does not come on its day"),
    "customer_pays": Kind(None, message="the customer pays what is owed"),
}


class FaultRequest(BaseModel):
    """`code`, `status` and `hold_s` (seconds before the answer leaves) replace the kind's own."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    match: dict[str, str] = Field(default_factory=dict)
    calls: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    hold_s: float | None = Field(default=None, ge=0, le=60)
    code: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)


@dataclass(frozen=True)
class Fault:
    kind: str
    status: int
    code: str | None
    message: str
    hold_s: float
    after_effect: bool


def add(connection: sqlite3.Connection, wanted: FaultRequest) -> int:
    kind = KINDS.get(wanted.kind)
    if kind is None:
        raise LabRefusal(400, "unknown_kind", f"no fault {wanted.kind}; there are {', '.join(KINDS)}")
    match = wanted.match if kind.operation is None else {"operation": kind.operation, **wanted.match}
    row = connection.execute(
        "INSERT INTO fault (kind, match, calls, seconds, hold_s, status, code, message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            wanted.kind,
            json.dumps(match),
            wanted.calls,
            wanted.seconds,
            kind.hold_s if wanted.hold_s is None else wanted.hold_s,
            kind.status and (wanted.status or kind.status),
            wanted.code or kind.code,
            kind.message,
        ),
    )
    return int(row.lastrowid or 0)


def meet(connection: sqlite3.Connection, operation: str, arguments: Arguments, at: float) -> Fault | None:
    """The first fault that meets this call; it is counted as met."""
    for row in connection.execute("SELECT * FROM fault WHERE status IS NOT NULL ORDER BY id").fetchall():
        if _matches(row, operation, arguments) and _holds_still(row, at):
            connection.execute(
                "UPDATE fault SET hits = hits + 1, first_hit_at = coalesce(first_hit_at, ?) WHERE id = ?",
                (at, row["id"]),
            )
            kind = KINDS[row["kind"]]
            return Fault(row["kind"], row["status"], row["code"], row["message"], row["hold_s"], kind.after_effect)
    return None


def holds(connection: sqlite3.Connection, kind: str, operation: str, arguments: Arguments) -> bool:
    """Whether a condition of the network, such as low_light, holds for the subject of these arguments."""
    rows = connection.execute("SELECT * FROM fault WHERE kind = ?", (kind,)).fetchall()
    return any(_matches(row, operation, arguments) for row in rows)


def lift(connection: sqlite3.Connection, fault_id: int | None = None) -> int:
    """Lifts one fault, or all; how many there were."""
    if fault_id is None:
        return connection.execute("DELETE FROM fault").rowcount
    return connection.execute("DELETE FROM fault WHERE id = ?", (fault_id,)).rowcount


def listed(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = connection.execute("SELECT * FROM fault ORDER BY id").fetchall()
    return [{**dict(row), "match": json.loads(row["match"])} for row in rows]


def _matches(row: sqlite3.Row, operation: str, arguments: Arguments) -> bool:
    subject = {**arguments, "operation": operation}
    return all(str(subject.get(name)) == wanted for name, wanted in json.loads(row["match"]).items())


def _holds_still(row: sqlite3.Row, at: float) -> bool:
    if row["calls"] is not None and row["hits"] >= row["calls"]:
        return False
    return row["seconds"] is None or row["first_hit_at"] is None or at < row["first_hit_at"] + row["seconds"]
