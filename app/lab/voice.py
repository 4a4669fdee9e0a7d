"""The voice core: telephone numbers, and the SIP accounts of customers on its HSS and registrar.

The areas' numbers are those that Ofcom sets aside for drama. Of each area's thousand, the first half is the operator's
own (`OWN`); the others are other operators' (`porting`) and come here by being ported. Commands honour keys, and
refusals name the Diameter result of the HSS or the SIP answer of the registrar.
"""

from __future__ import annotations

import re
import sqlite3

from app.lab.operations import Answer, Arguments, LabRefusal, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS number (
    number TEXT PRIMARY KEY, order_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'assigned', 'quarantined')));
CREATE TABLE IF NOT EXISTS sip_account (
    sip_user TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, customer TEXT NOT NULL,
    channels INTEGER NOT NULL, channels_before INTEGER NOT NULL, barring TEXT NOT NULL, barring_before TEXT NOT NULL,
    ported INTEGER NOT NULL, created_at REAL NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
"""
AREAS = {"020": "+442079460", "0161": "+441614960", "0121": "+441214960", "0113": "+441134960"}
OWN = range(500)
NUMBER = re.compile(r"\+44(2079460|1614960|1214960|1134960)[0-9]{3}")
REALM = "ims.example.net"
BARRINGS = ("outgoing", "all")
_CHANGES = {
    "channels": "UPDATE sip_account SET channels_before = channels, channels = ? WHERE sip_user = ?",
    "barring": "UPDATE sip_account SET barring_before = barring, barring = ? WHERE sip_user = ?",
}
SHOWN = ("sip_user", "number", "order_id", "customer", "channels", "channels_before", "barring", "barring_before")


def reserve_number(scene: Scene, arguments: Arguments) -> Answer:
    wanted, order_id = arguments.get("number"), arguments["order_id"]
    number = _checked(wanted) if wanted else _next_free(scene, arguments.get("area") or "")
    if found := scene.one("SELECT order_id FROM number WHERE number = ?", number):
        if found["order_id"] != order_id:
            raise LabRefusal(409, "number_taken", f"NUM-409 {number} is not in state AVAILABLE")
        return Answer({"number": number})
    scene.connection.execute("INSERT INTO number VALUES (?, ?, 'reserved')", (number, order_id))
    return Answer({"number": number}, effect=f"{number} reserved for {order_id}", status=201)


def read_number(scene: Scene, arguments: Arguments) -> Answer:
    order_id = arguments.get("order_id")
    found = scene.one("SELECT * FROM number WHERE order_id = ?", order_id)
    if found is None:
        raise LabRefusal(404, "number_not_reserved", f"NUM-404 order {order_id} has no number")
    return Answer(dict(found))


def release_number(scene: Scene, arguments: Arguments) -> Answer:
    number = arguments["number"]
    if _by_number(scene, number) is not None:
        raise LabRefusal(409, "number_in_use", f"NUM-423 {number} is assigned to a subscription: delete that first")
    if not scene.connection.execute("DELETE FROM number WHERE number = ?", (number,)).rowcount:
        raise LabRefusal(404, "number_not_reserved", f"NUM-404 {number} is in no reservation")
    return Answer({"number": number}, effect=f"{number} released")


def create_account(scene: Scene, arguments: Arguments) -> Answer:
    number, order_id, ported = arguments["number"], arguments["order_id"], bool(arguments.get("ported"))
    if (found := _by_number(scene, number)) is not None:
        if found["order_id"] != order_id or scene.holds("identity_exists"):
            raise _identity_exists(number)
        return Answer(_shown(scene, found))
    if scene.holds("identity_exists"):
        raise _identity_exists(number)
    reserved = scene.one("SELECT order_id FROM number WHERE number = ?", number)
    if not ported and (reserved is None or reserved["order_id"] != order_id):
        raise LabRefusal(409, "number_not_reserved", f"NUM-412 {number} is not reserved for order {order_id}")
    sip_user, channels = f"{number}@{REALM}", arguments.get("channels") or 2
    scene.connection.execute(
        "INSERT OR REPLACE INTO sip_account VALUES (?, ?, ?, ?, ?, ?, 'none', 'none', ?, ?, 0)",
        (sip_user, number, order_id, arguments["customer"], channels, channels, ported, scene.at),
    )
    scene.connection.execute("INSERT OR REPLACE INTO number VALUES (?, ?, 'assigned')", (number, order_id))
    made = _shown(scene, _account(scene, sip_user))
    return Answer(made, effect=f"SIP account {sip_user} created", status=201)


def find_account(scene: Scene, arguments: Arguments) -> Answer:
    number = arguments.get("number")
    found = _by_number(scene, str(number))
    if found is None:
        raise _unknown_user(f"tel:{number}")
    return Answer(_shown(scene, found))


def read_account(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(_shown(scene, _account(scene, arguments["sip_user"])))


def modify_account(scene: Scene, arguments: Arguments) -> Answer:
    account, channels = _account(scene, arguments["sip_user"]), arguments["channels"]
    if not 1 <= channels <= 30:
        raise LabRefusal(422, "unable_to_comply", _hss(5012, "DIAMETER_UNABLE_TO_COMPLY", f"channels={channels}"))
    return _changed(scene, account, "channels", channels)


def suspend_account(scene: Scene, arguments: Arguments) -> Answer:
    account, barring = _account(scene, arguments["sip_user"]), arguments["barring"]
    if barring not in BARRINGS:
        raise LabRefusal(422, "unable_to_comply", _hss(5012, "DIAMETER_UNABLE_TO_COMPLY", f"barring={barring}"))
    return _changed(scene, account, "barring", barring)


def resume_account(scene: Scene, arguments: Arguments) -> Answer:
    return _changed(scene, _account(scene, arguments["sip_user"]), "barring", "none")


def delete_account(scene: Scene, arguments: Arguments) -> Answer:
    """Its number rests for a while before anybody else has it."""
    account = _account(scene, arguments["sip_user"])
    _set_deleted(scene, account, deleted=True)
    return Answer({"sip_user": account["sip_user"]}, effect=f"SIP account {account['sip_user']} deleted")


def restore_account(scene: Scene, arguments: Arguments) -> Answer:
    sip_user = arguments["sip_user"]
    found = scene.one("SELECT * FROM sip_account WHERE sip_user = ?", sip_user)
    if found is None:
        raise _unknown_user(f"sip:{sip_user}")
    if not found["deleted"]:
        return Answer(_shown(scene, found))
    _set_deleted(scene, found, deleted=False)
    return Answer(_shown(scene, _account(scene, sip_user)), effect=f"SIP account {sip_user} restored")


def _next_free(scene: Scene, area: str) -> str:
    if area not in AREAS:
        raise LabRefusal(404, "unknown_area", f"NUM-400 no number block for area code {area!r}")
    if not scene.holds("block_exhausted"):
        taken = {row["number"] for row in scene.connection.execute("SELECT number FROM number").fetchall()}
        for each in OWN:
            if (number := f"{AREAS[area]}{each:03d}") not in taken:
                return number
    raise LabRefusal(409, "no_free_number", f"NUM-507 number block {AREAS[area]} is exhausted")


def _checked(number: str) -> str:
    if not NUMBER.fullmatch(number) or int(number[-3:]) not in OWN:
        raise LabRefusal(422, "not_our_number", f"NUM-422 {number} is in no block of this operator")
    return number


def _by_number(scene: Scene, number: str) -> sqlite3.Row | None:
    return scene.one("SELECT * FROM sip_account WHERE number = ? AND NOT deleted", number)


def _account(scene: Scene, sip_user: str) -> sqlite3.Row:
    found = scene.one("SELECT * FROM sip_account WHERE sip_user = ? AND NOT deleted", sip_user)
    if found is None:
        raise _unknown_user(f"sip:{sip_user}")
    return found


def _unknown_user(identity: str) -> LabRefusal:
    return LabRefusal(404, "unknown_account", _hss(5001, "DIAMETER_ERROR_USER_UNKNOWN", identity))


def _identity_exists(number: str) -> LabRefusal:
    told = _hss(5005, "DIAMETER_ERROR_IDENTITY_ALREADY_REGISTERED", f"tel:{number}")
    return LabRefusal(409, "identity_exists", told)


def _changed(scene: Scene, account: sqlite3.Row, column: str, value: str | int) -> Answer:
    if account[column] == value:
        return Answer(_shown(scene, account))
    sip_user = account["sip_user"]
    scene.connection.execute(_CHANGES[column], (value, sip_user))
    return Answer(_shown(scene, _account(scene, sip_user)), effect=f"{sip_user} has {column} {value}")


def _set_deleted(scene: Scene, account: sqlite3.Row, *, deleted: bool) -> None:
    scene.connection.execute("UPDATE sip_account SET deleted = ? WHERE sip_user = ?", (deleted, account["sip_user"]))
    scene.connection.execute(
        "UPDATE number SET state = ? WHERE number = ?", ("quarantined" if deleted else "assigned", account["number"])
    )


def _shown(scene: Scene, account: sqlite3.Row) -> dict[str, object]:
    """`registered`: the customer's router has found the registrar, which takes it a moment."""
    up = scene.at >= account["created_at"] + scene.settings.registers_after_s and not scene.holds("never_registers")
    return {
        **{name: account[name] for name in SHOWN},
        "ported": bool(account["ported"]),
        "registered": up,
        "registrar": "SIP/2.0 200 OK" if up else "SIP/2.0 480 Temporarily Unavailable",
    }


def _hss(code: int, name: str, about: str) -> str:
    return f"HSS Cx: Result-Code {code} {name} ({about})"


_ACCOUNT = "/voice/accounts/<sip_user>"
OPERATIONS = (
    Operation("voice.reserve_number", "POST", "/voice/reservations", reserve_number, {"order_id": str}, keyed=True),
    Operation("voice.read_number", "GET", "/voice/reservations", read_number),
    Operation("voice.release_number", "DELETE", "/voice/reservations/<number>", release_number, keyed=True),
    Operation(
        "voice.create_account",
        "POST",
        "/voice/accounts",
        create_account,
        {"order_id": str, "number": str, "customer": str},
        keyed=True,
    ),
    Operation("voice.find_account", "GET", "/voice/accounts", find_account),
    Operation("voice.read_account", "GET", _ACCOUNT, read_account),
    Operation("voice.modify_account", "PATCH", _ACCOUNT, modify_account, {"channels": int}, keyed=True),
    Operation("voice.suspend_account", "POST", f"{_ACCOUNT}/suspend", suspend_account, {"barring": str}, keyed=True),
    Operation("voice.resume_account", "POST", f"{_ACCOUNT}/resume", resume_account, keyed=True),
    Operation("voice.delete_account", "DELETE", _ACCOUNT, delete_account, keyed=True),
    Operation("voice.restore_account", "POST", f"{_ACCOUNT}/restore", restore_account, keyed=True),
)
