"""The AAA server: subscribers, the speed and address of their sessions, and whether they may come in at all.

Its commands honour keys. A change of a subscriber who is online is sent to the session as a CoA-Request; refusals read
as RADIUS gives them, a Reply-Message or an Error-Cause (RFC 5176).
"""

from __future__ import annotations

import sqlite3

from app.lab.homes import HOMES
from app.lab.operations import Answer, Arguments, Failure, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS subscriber (
    subscriber TEXT PRIMARY KEY, order_id TEXT NOT NULL, serial TEXT NOT NULL, speed_mbps INTEGER NOT NULL,
    ip_address TEXT, state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    speed_before INTEGER, ip_before TEXT, serial_before TEXT);
"""
FASTEST_MBPS = 10_000


def _reject(status: int, said: str, when: str) -> Failure:
    detail = {"packet": "Access-Reject", "replyMessage": said}
    return Failure(status, f'Access-Reject, Reply-Message = "{said}"', when, detail=detail)


def _nak(status: int, cause: str, when: str) -> Failure:
    detail = {"packet": "CoA-NAK", "errorCause": cause}
    return Failure(status, f"CoA-NAK, Error-Cause = {cause}", when, detail=detail)


FAILURES = {
    "unknown_subscriber": _reject(404, "Unknown user {subscriber}", "the line was ended, or never brought to its end"),
    "subscriber_exists": Failure(
        409, "entryAlreadyExists (68): uid={subscriber}", "an order was fulfilled before, or a removal was forgotten"
    ),
    "session_missing": _nak(
        409, "Session-Context-Not-Found (503)", "the customer is just reconnecting; it is there again within minutes"
    ),
    "speed_not_supported": _nak(422, "Unsupported-Attribute (401): Filter-Id", "a speed that no policy is made for"),
    "address_in_use": _nak(409, "Resources-Unavailable (506): Framed-IP-Address", "two subscribers with one address"),
    "session_limit": _reject(409, "You are already logged in - access denied", "a session that was never stopped"),
}


def seed(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "INSERT INTO subscriber (subscriber, order_id, serial, speed_mbps, ip_address, state)"
        " VALUES (?, ?, ?, ?, ?, 'active')",
        [(home.subscriber, home.order_id, home.serial, home.speed_mbps, home.ip_address) for home in HOMES],
    )


def create(scene: Scene, arguments: Arguments) -> Answer:
    subscriber = f"ftth-{arguments['order_id']}"
    if scene.one("SELECT 1 FROM subscriber WHERE subscriber = ?", subscriber):
        raise scene.no("subscriber_exists", subscriber=subscriber)
    _refuse(scene, subscriber, arguments["speed_mbps"], arguments.get("ip_address"))
    scene.connection.execute(
        "INSERT INTO subscriber (subscriber, order_id, serial, speed_mbps, ip_address, state)"
        " VALUES (?, ?, ?, ?, ?, 'active')",
        (
            subscriber,
            arguments["order_id"],
            arguments["serial"],
            arguments["speed_mbps"],
            arguments.get("ip_address"),
        ),
    )
    return Answer(dict(_found(scene, subscriber)), effect=f"subscriber {subscriber} created", status=201)


def read(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(dict(_found(scene, arguments["subscriber"])))


def change(scene: Scene, arguments: Arguments) -> Answer:
    """Speed, address or line, whichever is given; what it was before is in the answer."""
    found = _found(scene, arguments["subscriber"])
    speed_mbps, ip_address, serial = (arguments.get(name) for name in ("speed_mbps", "ip_address", "serial"))
    _refuse(scene, found["subscriber"], speed_mbps, ip_address)
    changes = []
    if speed_mbps is not None and speed_mbps != found["speed_mbps"]:
        changes.append(
            ("UPDATE subscriber SET speed_before = speed_mbps, speed_mbps = ? WHERE subscriber = ?", speed_mbps)
        )
    if ip_address is not None and ip_address != found["ip_address"]:
        changes.append(
            ("UPDATE subscriber SET ip_before = ip_address, ip_address = ? WHERE subscriber = ?", ip_address)
        )
    if serial is not None and serial != found["serial"]:
        changes.append(("UPDATE subscriber SET serial_before = serial, serial = ? WHERE subscriber = ?", serial))
    if changes and scene.holds("not_applied"):
        return Answer(dict(found), effect=f"{found['subscriber']} changed in the store, not in the session")
    for statement, value in changes:
        scene.connection.execute(statement, (value, found["subscriber"]))
    told = ", ".join(str(value) for _, value in changes)
    effect = f"{found['subscriber']} has {told}" if changes else None
    return Answer(dict(_found(scene, found["subscriber"])), effect=effect)


def suspend(scene: Scene, arguments: Arguments) -> Answer:
    return _set_state(scene, arguments["subscriber"], "suspended")


def resume(scene: Scene, arguments: Arguments) -> Answer:
    return _set_state(scene, arguments["subscriber"], "active")


def delete(scene: Scene, arguments: Arguments) -> Answer:
    found = _found(scene, arguments["subscriber"])
    scene.connection.execute("DELETE FROM subscriber WHERE subscriber = ?", (found["subscriber"],))
    return Answer(dict(found), effect=f"subscriber {found['subscriber']} deleted")


def restore(scene: Scene, arguments: Arguments) -> Answer:
    """A subscriber as it was, from what `delete` answered."""
    if found := scene.one("SELECT * FROM subscriber WHERE subscriber = ?", arguments["subscriber"]):
        return Answer(dict(found))
    scene.connection.execute(
        "INSERT INTO subscriber (subscriber, order_id, serial, speed_mbps, ip_address, state)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [arguments.get(name) for name in ("subscriber", "order_id", "serial", "speed_mbps", "ip_address", "state")],
    )
    made = dict(_found(scene, arguments["subscriber"]))
    return Answer(made, effect=f"subscriber {arguments['subscriber']} restored", status=201)


def _found(scene: Scene, subscriber: str) -> sqlite3.Row:
    found = scene.one("SELECT * FROM subscriber WHERE subscriber = ?", subscriber)
    if found is None:
        raise scene.no("unknown_subscriber", subscriber=subscriber)
    return found


def _refuse(scene: Scene, subscriber: str, speed_mbps: int | None, ip_address: str | None) -> None:
    if speed_mbps is not None and not 0 < speed_mbps <= FASTEST_MBPS:
        raise scene.no("speed_not_supported")
    if ip_address is not None and scene.one(
        "SELECT 1 FROM subscriber WHERE ip_address = ? AND subscriber != ?", ip_address, subscriber
    ):
        raise scene.no("address_in_use")


def _set_state(scene: Scene, subscriber: str, state: str) -> Answer:
    found = _found(scene, subscriber)
    if found["state"] == state:
        return Answer(dict(found))
    scene.connection.execute("UPDATE subscriber SET state = ? WHERE subscriber = ?", (state, subscriber))
    return Answer(dict(_found(scene, subscriber)), effect=f"{subscriber} is {state}")


_SUBSCRIBER = "/aaa/subscribers/<path:subscriber>"
_NEW: dict[str, type] = {"order_id": str, "serial": str, "speed_mbps": int}
OPERATIONS = (
    Operation("aaa.create", "POST", "/aaa/subscribers", create, _NEW, keyed=True, takes={"ip_address": str}),
    Operation("aaa.read", "GET", _SUBSCRIBER, read),
    Operation(
        "aaa.change",
        "PATCH",
        _SUBSCRIBER,
        change,
        keyed=True,
        takes={"speed_mbps": int, "ip_address": str, "serial": str},
    ),
    Operation("aaa.delete", "DELETE", _SUBSCRIBER, delete, keyed=True),
    Operation(
        "aaa.restore",
        "PUT",
        _SUBSCRIBER,
        restore,
        {**_NEW, "state": str},
        keyed=True,
        takes={"ip_address": str},
    ),
    Operation("aaa.suspend", "POST", "/aaa/suspensions/<path:subscriber>", suspend, keyed=True),
    Operation("aaa.resume", "DELETE", "/aaa/suspensions/<path:subscriber>", resume, keyed=True),
)
