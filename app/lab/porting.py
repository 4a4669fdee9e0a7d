"""The clearing house for telephone numbers that change operators. It takes a request and answers days later.

Its answers are messages: `porting_answer` (accepted with the day, or rejected with a code and a reason) and, on the
day, `number_ported`; both with the request's id as their key. Of each area's thousand numbers the upper half are other
operators': `DONORS` by their hundreds. The customer's account there is `account_of(number)`, and two endings of every
hundred stand for customers who are bound (`BOUND`) or who, asked by their operator, say no (`UNWILLING`).
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

from app.lab.operations import Answer, Arguments, LabRefusal, Notice, Operation, Scene
from app.lab.voice import NUMBER

TABLES = """
CREATE TABLE IF NOT EXISTS port_request (
    port_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, number TEXT NOT NULL, donor TEXT NOT NULL, account TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'cancelled')),
    reject_code TEXT, port_date TEXT, ported_from REAL);
CREATE INDEX IF NOT EXISTS port_request_order ON port_request (order_id);
"""
DONORS = {5: "openline", 6: "citytel", 7: "northcall", 8: "fonix", 9: "fonix"}
BOUND, UNWILLING = "90", "91"
LEAD_DAYS = 10  # from the request to the day of porting, unless a later day is wanted
ANSWER, PORTED = "porting_answer", "number_ported"
REJECTIONS = {
    "wrong_account": "NPR-07 account number does not belong to this CLI",
    "not_at_operator": "NPR-03 CLI is not served by the losing provider",
    "already_porting": "NPR-12 CLI is in an open porting order",
    "under_contract": "NPR-15 minimum contract period has not ended",
    "customer_declined": "NPR-21 end user has withdrawn consent",
}


def account_of(number: str) -> str:
    """`OP-0512` for +442079460512: what a customer of OpenLine finds on the bill."""
    return f"{DONORS[int(number[-3])][:2].upper()}-{number[-4:]}"


def request_port(scene: Scene, arguments: Arguments) -> Answer:
    number, donor = arguments["number"], arguments["donor"]
    if donor not in DONORS.values():
        known = ", ".join(sorted(set(DONORS.values())))
        raise LabRefusal(404, "unknown_operator", f"NPX-404 no provider {donor!r} in the directory ({known})")
    if not NUMBER.fullmatch(number):
        raise LabRefusal(422, "not_portable", f"NPX-422 {number} is in no range that takes part in portability")
    reject_code = _rejection(scene, number, donor, arguments["account"])
    number_of_requests = scene.one("SELECT count(*) FROM port_request")
    port_id = f"NP-{(number_of_requests[0] if number_of_requests else 0) + 1:06d}"
    port_date = _port_date(scene.at, arguments.get("wanted_on"))
    answered_s = scene.settings.porting_answer_s
    ported_s = answered_s + scene.settings.porting_day_s
    scene.connection.execute(
        "INSERT INTO port_request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            port_id,
            *(arguments[name] for name in ("order_id", "number", "donor", "account")),
            "rejected" if reject_code else "accepted",
            reject_code,
            None if reject_code else port_date,
            None if reject_code else scene.at + ported_s,
        ),
    )
    notices = [Notice(ANSWER, port_id, _answer(reject_code, port_date), answered_s, unless="donor_silent")]
    if not reject_code:
        notices.append(Notice(PORTED, port_id, {"ported_on": port_date}, ported_s, unless="port_fails"))
    body = {"port_id": port_id, "state": "pending"}
    return Answer(body, effect=f"{port_id} sent to {donor} for {number}", status=202, notices=tuple(notices))


def read_request(scene: Scene, arguments: Arguments) -> Answer:
    found = _last(scene, arguments.get("order_id"))
    ported = found["ported_from"] is not None and found["ported_from"] <= scene.at and found["state"] == "accepted"
    shown = {**dict(found), "state": "ported" if ported else found["state"]}
    return Answer({name: value for name, value in shown.items() if name != "ported_from"})


def cancel_request(scene: Scene, arguments: Arguments) -> Answer:
    found = _last(scene, arguments["order_id"])
    port_id = found["port_id"]
    if found["state"] in ("rejected", "cancelled"):
        return Answer({"port_id": port_id, "state": found["state"]})
    if found["ported_from"] <= scene.at:
        raise LabRefusal(409, "too_late", f"NPX-409 {port_id} has passed its cancellation window")
    scene.connection.execute("UPDATE port_request SET state = 'cancelled' WHERE port_id = ?", (port_id,))
    scene.withdraw(ANSWER, port_id)
    scene.withdraw(PORTED, port_id)
    return Answer({"port_id": port_id, "state": "cancelled"}, effect=f"{port_id} cancelled")


def _rejection(scene: Scene, number: str, donor: str, account: str) -> str | None:
    open_one = scene.one(
        "SELECT 1 FROM port_request WHERE number = ? AND state = 'accepted' AND ported_from > ?", number, scene.at
    )
    if open_one or scene.holds("already_porting"):
        return "already_porting"
    if DONORS.get(int(number[-3])) != donor:
        return "not_at_operator"
    if account != account_of(number):
        return "wrong_account"
    return {BOUND: "under_contract", UNWILLING: "customer_declined"}.get(number[-2:])


def _answer(reject_code: str | None, port_date: str) -> dict[str, object]:
    """The same names whichever it is: an answer replaces the one before it."""
    if reject_code:
        text = REJECTIONS[reject_code]
        return {"porting_state": "rejected", "port_date": None, "reject_code": reject_code, "reject_text": text}
    return {"porting_state": "accepted", "port_date": port_date, "reject_code": None, "reject_text": None}


def _port_date(at: float, wanted_on: str | None) -> str:
    soonest = (datetime.fromtimestamp(at, UTC) + timedelta(days=LEAD_DAYS)).date().isoformat()
    return max(soonest, wanted_on or soonest)  # ISO dates sort as text


def _last(scene: Scene, order_id: str | None) -> sqlite3.Row:
    found = scene.one("SELECT * FROM port_request WHERE order_id = ? ORDER BY port_id DESC", order_id)
    if found is None:
        raise LabRefusal(404, "unknown_request", f"NPX-404 no porting order for {order_id}")
    return found


OPERATIONS = (
    Operation(
        "porting.request",
        "POST",
        "/porting/requests",
        request_port,
        {"order_id": str, "number": str, "donor": str, "account": str},
        keyed=True,
    ),
    Operation("porting.read", "GET", "/porting/requests", read_request),
    Operation("porting.cancel", "POST", "/porting/cancellations", cancel_request, {"order_id": str}, keyed=True),
)
