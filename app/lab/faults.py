"""Faults on demand: `POST /lab/faults {"kind": "unavailable", "match": {"serial": "..."}, "seconds": 4}`.

A fault meets every call whose subject equals its `match` (system, operation, olt, splitter, port, serial, order_id;
none given: all calls), for the first `calls` of them, or until `seconds` after the first it met; or by the clock, from
`after_s` on and for `for_s`, both from when it is set. Without any of these it holds until it is lifted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.lab.operations import LabRefusal


@dataclass(frozen=True)
class Kind:
    """What a fault does to a call. `status` None: it changes the network's condition, no call."""

    status: int | None
    code: str | None = None
    after_effect: bool = False
    hold_s: float = 0
    operation: str | None = None  # met when the fault names none
    message: str = ""
    system: str | None = None  # the only one that it concerns


KINDS = {
    "port_taken": Kind(
        409, "port_taken", operation="access.activate_ont", message="the port serves another ONT", system="access"
    ),
    "unknown_serial": Kind(
        422, "unknown_serial", operation="access.activate_ont", message="no such ONT is seen", system="access"
    ),
    "refused": Kind(409, "refused", message="refused on demand"),
    "unavailable": Kind(503, message="the system is down for maintenance"),
    "time_out": Kind(504, hold_s=10, message="no answer in time"),
    "answer_lost": Kind(504, after_effect=True, message="the work is done, its answer was lost"),
    "never_online": Kind(None, message="the ONT stays dark", system="access"),
    "not_applied": Kind(None, message="a change is accepted and not applied"),
    "router_returned": Kind(None, message="the customer returns the router", system="access"),
    "low_light": Kind(None, message="too little light arrives at the ONT", system="access"),
    "no_access": Kind(None, message="nobody is at home when the technician comes", system="field"),
    "customer_reschedules": Kind(None, message="the customer moves the visit, once", system="field"),
    "no_slot": Kind(None, message="the field force has nobody free", system="field"),
    "field_silent": Kind(None, message="the field force reports nothing", system="field"),
    "no_contact": Kind(None, message="the CRM has no verified address of the customer", system="crm"),
    "block_exhausted": Kind(None, message="the area's numbers are all given away", system="voice"),
    "identity_exists": Kind(None, message="the number has an account on the HSS from before", system="voice"),
    "never_registers": Kind(None, message="the customer's router does not register", system="voice"),
    "already_porting": Kind(None, message="the number is in an open porting order", system="porting"),
    "donor_silent": Kind(None, message="the losing operator does not answer", system="porting"),
    "port_fails": Kind(None, message="the number does not come on its day", system="porting"),
    "customer_pays": Kind(None, message="the customer pays what is owed", system="billing"),
}


class FaultRequest(BaseModel):
    """`code`, `status`, `message` and `hold_s` (seconds before the answer leaves) replace the kind's own."""

    model_config = ConfigDict(extra="forbid")
    kind: str
    match: dict[str, str] = Field(default_factory=dict)
    calls: int | None = Field(default=None, ge=1)
    seconds: float | None = Field(default=None, gt=0)
    after_s: float | None = Field(default=None, ge=0)
    for_s: float | None = Field(default=None, gt=0)
    hold_s: float | None = Field(default=None, ge=0, le=60)
    code: str | None = None
    status: int | None = Field(default=None, ge=400, le=599)
    message: str | None = Field(default=None, max_length=500)


@dataclass(frozen=True)
class Fault:
    """`status`, `code` and `message` None: as the kind, or the system, has them."""

    kind: str
    status: int | None = None
    code: str | None = None
    message: str | None = None
    hold_s: float = 0

    @property
    def after_effect(self) -> bool:
        return KINDS[self.kind].after_effect


def add(connection: sqlite3.Connection, wanted: FaultRequest, at: float, origin: str = "api") -> int:
    """`origin` is who sets it: api, page or scenario."""
    kind = KINDS.get(wanted.kind)
    if kind is None:
        raise LabRefusal(400, "unknown_kind", f"no fault {wanted.kind}; there are {', '.join(KINDS)}")
    match = wanted.match if kind.operation is None else {"operation": kind.operation, **wanted.match}
    starts_at = at + (wanted.after_s or 0)
    row = connection.execute(
        "INSERT INTO fault (kind, match, calls, seconds, starts_at, ends_at, hold_s, is_condition, status, code,"
        " message, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            wanted.kind,
            json.dumps(match),
            wanted.calls,
            wanted.seconds,
            starts_at,
            starts_at + wanted.for_s if wanted.for_s else None,
            kind.hold_s if wanted.hold_s is None else wanted.hold_s,
            kind.status is None,
            wanted.status,
            wanted.code,
            wanted.message,
            origin,
        ),
    )
    return int(row.lastrowid or 0)


def meet(connection: sqlite3.Connection, subject: Mapping[str, Any], at: float) -> Fault | None:
    """The first fault that meets a call with this subject; it is counted as met."""
    for row in connection.execute("SELECT * FROM fault WHERE NOT is_condition ORDER BY id").fetchall():
        if _matches(row, subject) and _holds_still(row, at):
            connection.execute(
                "UPDATE fault SET hits = hits + 1, first_hit_at = coalesce(first_hit_at, ?) WHERE id = ?",
                (at, row["id"]),
            )
            return Fault(row["kind"], row["status"], row["code"], row["message"], row["hold_s"])
    return None


def holds(connection: sqlite3.Connection, kind: str, subject: Mapping[str, Any], at: float) -> bool:
    """Whether a condition of the network, such as low_light, holds for this subject."""
    rows = connection.execute("SELECT * FROM fault WHERE kind = ?", (kind,)).fetchall()
    return any(_matches(row, subject) and _is_time(row, at) for row in rows)


def lift(connection: sqlite3.Connection, fault_id: int | None = None) -> int:
    """Lifts one fault, or all; how many there were."""
    if fault_id is None:
        return connection.execute("DELETE FROM fault").rowcount
    return connection.execute("DELETE FROM fault WHERE id = ?", (fault_id,)).rowcount


def lift_of(connection: sqlite3.Connection, origin: str) -> None:
    connection.execute("DELETE FROM fault WHERE origin = ?", (origin,))


def listed(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = connection.execute("SELECT * FROM fault ORDER BY id").fetchall()
    return [{**dict(row), "match": json.loads(row["match"])} for row in rows]


def is_over(fault: Mapping[str, Any], at: float) -> bool:
    """It will meet nothing more: its time or its calls are used up."""
    ended = fault["ends_at"] is not None and at >= fault["ends_at"]
    return ended or (at >= fault["starts_at"] and not _holds_still(fault, at))


def _matches(row: sqlite3.Row, subject: Mapping[str, Any]) -> bool:
    return all(str(subject.get(name)) == wanted for name, wanted in json.loads(row["match"]).items())


def _is_time(row: sqlite3.Row | Mapping[str, Any], at: float) -> bool:
    return bool(row["starts_at"] <= at and (row["ends_at"] is None or at < row["ends_at"]))


def _holds_still(row: sqlite3.Row | Mapping[str, Any], at: float) -> bool:
    if not _is_time(row, at) or (row["calls"] is not None and row["hits"] >= row["calls"]):
        return False
    return row["seconds"] is None or row["first_hit_at"] is None or bool(at < row["first_hit_at"] + row["seconds"])
