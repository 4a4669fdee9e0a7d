"""The field force: appointments at customers' homes. What came of one comes back as the message `visit_outcome`.

Its key is the appointment's id, its `visit_state` is done, no_access (nobody was at home) or rescheduled (the customer
has moved it; once). Commands honour keys.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime, time, timedelta

from app.lab.operations import Answer, Arguments, LabRefusal, Notice, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS appointment (
    appointment_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, customer TEXT NOT NULL, address TEXT NOT NULL,
    visit_at TEXT NOT NULL, visit_at_before TEXT, technician TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('booked', 'cancelled')),
    moved INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS appointment_order ON appointment (order_id);
"""
OUTCOME = "visit_outcome"
TECHNICIANS = ("T. Bell", "G. Hopper", "E. Clarke", "M. Ito", "K. Zuse")
HOUSE_NUMBER = re.compile(r"\d")
LEAD_DAYS = 2  # from booking to the visit, unless a later day is wanted
FIRST_HOUR, WINDOWS, WINDOW_H = 8, 4, 2  # of each day: 08:00, 10:00, 12:00, 14:00


def book(scene: Scene, arguments: Arguments) -> Answer:
    order_id, address = arguments["order_id"], arguments["address"].strip()
    if not HOUSE_NUMBER.search(address):
        raise LabRefusal(422, "address_unknown", f"FSM-1204 geocoder found no house for {address!r}")
    if scene.holds("no_slot"):
        raise LabRefusal(409, "no_slot", "FSM-2010 no technician with skill FTTH has a window within 14 days")
    counted = scene.one("SELECT count(*) FROM appointment")
    number = (counted[0] if counted else 0) + 1
    appointment_id = f"APT-{number:05d}"
    visit_at = _window(scene.at, arguments.get("wanted_on"), number)
    scene.connection.execute(
        "INSERT INTO appointment VALUES (?, ?, ?, ?, ?, NULL, ?, 'booked', 0)",
        (
            appointment_id,
            order_id,
            arguments["customer"],
            address,
            visit_at,
            TECHNICIANS[number % len(TECHNICIANS)],
        ),
    )
    made = _found(scene, appointment_id)
    effect = f"{appointment_id} booked for {visit_at}"
    return Answer(_shown(made), effect=effect, status=201, notices=_outcomes(scene, made))


def read(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(_shown(_found(scene, arguments["appointment_id"])))


def find(scene: Scene, arguments: Arguments) -> Answer:
    order_id = arguments.get("order_id")
    found = scene.one("SELECT * FROM appointment WHERE order_id = ? ORDER BY appointment_id DESC", order_id)
    if found is None:
        raise LabRefusal(404, "unknown_appointment", f"FSM-4040 no work order for {order_id}")
    return Answer(_shown(found))


def reschedule(scene: Scene, arguments: Arguments) -> Answer:
    found = _found(scene, arguments["appointment_id"])
    if found["state"] == "cancelled":
        raise LabRefusal(409, "appointment_closed", f"FSM-4090 work order {found['appointment_id']} is CANCELLED")
    visit_at = _window(scene.at, arguments.get("wanted_on"), int(found["appointment_id"][-5:]))
    _move(scene, found["appointment_id"], visit_at)
    moved = _found(scene, found["appointment_id"])
    effect = f"{moved['appointment_id']} moved to {visit_at}"
    return Answer(_shown(moved), effect=effect, notices=_outcomes(scene, moved))


def cancel(scene: Scene, arguments: Arguments) -> Answer:
    found = _found(scene, arguments["appointment_id"])
    if found["state"] == "cancelled":
        return Answer(_shown(found))
    scene.withdraw(OUTCOME, found["appointment_id"])
    scene.connection.execute(
        "UPDATE appointment SET state = 'cancelled' WHERE appointment_id = ?", (found["appointment_id"],)
    )
    gone = _found(scene, found["appointment_id"])
    return Answer(_shown(gone), effect=f"{found['appointment_id']} cancelled")


def reinstate(scene: Scene, arguments: Arguments) -> Answer:
    """A cancelled appointment as it was, the visit still to come."""
    found = _found(scene, arguments["appointment_id"])
    if found["state"] == "booked":
        return Answer(_shown(found))
    _move(scene, found["appointment_id"], found["visit_at"])
    back = _found(scene, found["appointment_id"])
    return Answer(_shown(back), effect=f"{found['appointment_id']} reinstated", notices=_outcomes(scene, back))


def _move(scene: Scene, appointment_id: str, visit_at: str) -> None:
    scene.withdraw(OUTCOME, appointment_id)
    scene.connection.execute(
        "UPDATE appointment SET state = 'booked', visit_at_before = visit_at, visit_at = ? WHERE appointment_id = ?",
        (visit_at, appointment_id),
    )


def _outcomes(scene: Scene, appointment: sqlite3.Row) -> tuple[Notice, ...]:
    """What the technician will report; a customer who moves the visit does so halfway, and only once."""
    key, after_s = appointment["appointment_id"], scene.settings.visit_after_s
    met: dict[str, object] = {"technician": appointment["technician"], "visit_at": appointment["visit_at"]}
    state = "no_access" if scene.holds("no_access") else "done"
    if not scene.holds("customer_reschedules") or appointment["moved"]:
        return (Notice(OUTCOME, key, {**met, "visit_state": state}, after_s, unless="field_silent"),)
    later = (datetime.fromisoformat(appointment["visit_at"]) + timedelta(days=7)).isoformat()
    scene.connection.execute("UPDATE appointment SET moved = 1, visit_at = ? WHERE appointment_id = ?", (later, key))
    return (
        Notice(OUTCOME, key, {**met, "visit_state": "rescheduled", "visit_at": later}, after_s / 2),
        Notice(OUTCOME, key, {**met, "visit_state": state, "visit_at": later}, after_s * 1.5, unless="field_silent"),
    )


def _window(at: float, wanted_on: str | None, number: int) -> str:
    """Two hours of a day; where nothing later is wanted, of the first working day that is far enough away."""
    day = (datetime.fromtimestamp(at, UTC) + timedelta(days=LEAD_DAYS)).date()
    if wanted_on:
        try:
            day = max(day, date.fromisoformat(wanted_on))
        except ValueError as error:
            raise LabRefusal(422, "bad_date", f"FSM-1002 requestedDate {wanted_on!r} is no date") from error
    while day.weekday() == 6:
        day += timedelta(days=1)
    return datetime.combine(day, time(FIRST_HOUR + WINDOW_H * (number % WINDOWS)), UTC).isoformat()


def _found(scene: Scene, appointment_id: str) -> sqlite3.Row:
    found = scene.one("SELECT * FROM appointment WHERE appointment_id = ?", appointment_id)
    if found is None:
        raise LabRefusal(404, "unknown_appointment", f"FSM-4040 no work order {appointment_id}")
    return found


def _shown(appointment: sqlite3.Row) -> dict[str, object]:
    names = ("appointment_id", "order_id", "customer", "address", "visit_at", "visit_at_before", "technician", "state")
    return {name: appointment[name] for name in names}


_APPOINTMENT = "/field/appointments/<appointment_id>"
OPERATIONS = (
    Operation(
        "field.book",
        "POST",
        "/field/appointments",
        book,
        {"order_id": str, "customer": str, "address": str},
        keyed=True,
    ),
    Operation("field.find", "GET", "/field/appointments", find),
    Operation("field.read", "GET", _APPOINTMENT, read),
    Operation("field.reschedule", "POST", f"{_APPOINTMENT}/reschedule", reschedule, keyed=True),
    Operation("field.reinstate", "POST", f"{_APPOINTMENT}/reinstate", reinstate, keyed=True),
    Operation("field.cancel", "DELETE", _APPOINTMENT, cancel, keyed=True),
)
