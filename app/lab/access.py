"""The access network: GPON OLTs with their ports and splitters, and the customers' ONTs on them.

OLTs in London and Birmingham are Huawei's, in Manchester and Leeds Nokia's; each speaks its vendor's command line. Its
commands honour keys. On every OLT the ports 1/<slot>/15 are out of order and 1/<slot>/16 are taken.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping

from app.lab import plant
from app.lab.homes import vendor_of
from app.lab.operations import Answer, Arguments, Notice, Operation, Scene

TABLES, FAILURES, seed = plant.TABLES, plant.FAILURES, plant.seed
SERIAL = re.compile(r"[A-Z]{4}[0-9A-F]{8}")  # vendor and number, as on an ONT's label
GOOD_LEVEL_DBM = -19.4
LOW_LEVEL_DBM = -31.2
UNPROVISIONED_MBPS = 10  # what an ONT runs at whose speed was not applied


def subject(connection: sqlite3.Connection, arguments: Arguments) -> Mapping[str, str]:
    """Where a call that names only an ONT goes to, so that a fault of an OLT or a splitter meets it too."""
    olt, port = arguments.get("olt"), arguments.get("port")
    if olt is None and (serial := arguments.get("serial")):
        row = connection.execute("SELECT olt, port FROM ont WHERE serial = ?", (str(serial),)).fetchone()
        olt, port = (row["olt"], row["port"]) if row else (None, None)
    if olt is None:
        return {}
    found = {"olt": str(olt), "vendor": vendor_of(str(olt))}
    parts = str(port or "").split("/")
    if len(parts) == 3 and parts[1].isdecimal():
        found |= {"port": str(port), "splitter": plant.splitter(str(olt), int(parts[1]))}
    return found


def read_port(scene: Scene, arguments: Arguments) -> Answer:
    port = _port(scene, arguments)
    yours = port["serial"] is not None and port["serial"] == arguments.get("serial")
    state = "free" if yours else port["state"]
    return Answer({"olt": port["olt"], "port": port["port"], "splitter": port["splitter"], "state": state})


def hold_port(scene: Scene, arguments: Arguments) -> Answer:
    """The port that is wanted, or else any that is free but `instead_of`, which is held no more."""
    olt, serial, wanted = arguments["olt"], arguments["serial"], arguments.get("port")
    if scene.one("SELECT 1 FROM port WHERE olt = ?", olt) is None:
        raise scene.no("unknown_olt")
    if wanted is not None:
        port = _port(scene, arguments)
        _refuse_unusable(scene, port, serial)
        if port["state"] != "free":
            return Answer({"olt": olt, "port": wanted})
        return _held(scene, olt, wanted, serial)
    # From the last slot, so that ports which orders name are the last to be given away.
    free = scene.one(
        "SELECT port FROM port WHERE olt = ? AND state = 'free' AND port IS NOT ? ORDER BY slot DESC, port LIMIT 1",
        olt,
        arguments.get("instead_of"),
    )
    if free is None:
        raise scene.no("no_free_port")
    scene.connection.execute(
        "UPDATE port SET state = 'free', serial = NULL WHERE olt = ? AND port = ? AND serial = ? AND state = 'held'",
        (olt, arguments.get("instead_of"), serial),
    )
    return _held(scene, olt, free["port"], serial)


def find_hold(scene: Scene, arguments: Arguments) -> Answer:
    found = scene.one(
        "SELECT olt, port FROM port WHERE olt = ? AND serial = ? AND state = 'held' ORDER BY slot, port",
        arguments["olt"],
        arguments["serial"],
    )
    if found is None:
        raise scene.no("not_held")
    return Answer(dict(found))


def release_hold(scene: Scene, arguments: Arguments) -> Answer:
    found = find_hold(scene, arguments).body
    _set_port(scene, found["olt"], found["port"], "free", None)
    return Answer(found, effect=f"{found['olt']} {found['port']} is free again")


def activate_ont(scene: Scene, arguments: Arguments) -> Answer:
    serial, speed_mbps, profile = arguments["serial"], arguments["speed_mbps"], arguments.get("line_profile")
    if not SERIAL.fullmatch(serial):
        raise scene.no("unknown_serial")
    port = _port(scene, arguments)
    place = (port["olt"], port["port"])
    _refuse_unusable(scene, port, serial)
    _refuse_profile(scene, profile, speed_mbps)
    if found := scene.one("SELECT * FROM ont WHERE serial = ?", serial):
        if (found["olt"], found["port"]) != place:
            raise scene.no("serial_in_use", found=f"{found['olt']} {found['port']}")
        return Answer(dict(found))
    scene.connection.execute(
        "INSERT INTO ont (serial, ont_id, olt, port, speed_mbps, line_profile) VALUES (?, ?, ?, ?, ?, ?)",
        (serial, f"{place[0]}:{place[1]}:{serial}", *place, _applied(scene, speed_mbps), profile),
    )
    _set_port(scene, *place, "taken", serial)
    made = dict(_active(scene, serial))
    return Answer(made, effect=f"ONT {made['ont_id']} active", status=201, online=serial)


def read_ont(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(dict(_active(scene, arguments["serial"])))


def modify_ont(scene: Scene, arguments: Arguments) -> Answer:
    ont, speed_mbps, profile = (
        _active(scene, arguments["serial"]),
        arguments["speed_mbps"],
        arguments.get("line_profile"),
    )
    _refuse_profile(scene, profile, speed_mbps)
    if (ont["speed_mbps"], ont["line_profile"]) == (speed_mbps, profile):
        return Answer(dict(ont))
    if scene.holds("not_applied"):
        return Answer(dict(ont), effect=f"ONT {ont['ont_id']} configured, and not committed")
    scene.connection.execute(
        "UPDATE ont SET speed_before = speed_mbps, line_profile_before = line_profile, speed_mbps = ?,"
        " line_profile = ? WHERE serial = ?",
        (speed_mbps, profile, ont["serial"]),
    )
    effect = f"ONT {ont['ont_id']} runs {profile} at {speed_mbps} Mbit/s"
    return Answer(dict(_active(scene, ont["serial"])), effect=effect)


def replace_ont(scene: Scene, arguments: Arguments) -> Answer:
    """Another ONT takes over the line: port, speed and profile stay."""
    ont, new_serial = _active(scene, arguments["serial"]), arguments["new_serial"]
    if not SERIAL.fullmatch(new_serial):
        raise scene.no("unknown_serial", serial=new_serial)
    if found := scene.one("SELECT * FROM ont WHERE serial = ?", new_serial):
        raise scene.no("serial_in_use", serial=new_serial, found=f"{found['olt']} {found['port']}")
    ont_id = f"{ont['olt']}:{ont['port']}:{new_serial}"
    scene.connection.execute(
        "UPDATE ont SET serial = ?, ont_id = ? WHERE serial = ?", (new_serial, ont_id, ont["serial"])
    )
    _set_port(scene, ont["olt"], ont["port"], "taken", new_serial)
    effect = f"{new_serial} in place of {ont['serial']} on {ont['olt']} {ont['port']}"
    return Answer(dict(_active(scene, new_serial)), effect=effect, online=new_serial)


def remove_ont(scene: Scene, arguments: Arguments) -> Answer:
    ont = _active(scene, arguments["serial"])
    scene.connection.execute("DELETE FROM ont WHERE serial = ?", (ont["serial"],))
    _set_port(scene, ont["olt"], ont["port"], "free", None)
    back = Notice("equipment_returned", ont["serial"], {}, scene.settings.visit_after_s)
    returned = (back,) if scene.holds("router_returned") else ()
    return Answer(dict(ont), effect=f"ONT {ont['ont_id']} removed", notices=returned)


def read_optical_level(scene: Scene, arguments: Arguments) -> Answer:
    ont = _active(scene, arguments["serial"])
    level_dbm = LOW_LEVEL_DBM if scene.holds("low_light") else GOOD_LEVEL_DBM
    return Answer({"ont_id": ont["ont_id"], "level_dbm": level_dbm})


def _port(scene: Scene, arguments: Arguments) -> sqlite3.Row:
    found = scene.one("SELECT * FROM port WHERE olt = ? AND port = ?", arguments["olt"], arguments["port"])
    if found is None:
        raise scene.no("unknown_port")
    return found


def _active(scene: Scene, serial: str) -> sqlite3.Row:
    found = scene.one("SELECT * FROM ont WHERE serial = ?", serial)
    if found is None:
        raise scene.no("unknown_ont", serial=serial)
    return found


def _refuse_unusable(scene: Scene, port: sqlite3.Row, serial: str) -> None:
    if port["state"] == "faulty":
        raise scene.no("port_faulty")
    if port["state"] != "free" and port["serial"] != serial:
        raise scene.no("port_taken")


def _refuse_profile(scene: Scene, profile: str | None, speed_mbps: int) -> None:
    if profile is None:
        return
    found = scene.one("SELECT limit_mbps FROM line_profile WHERE name = ?", profile)
    if found is None:
        raise scene.no("unknown_line_profile")
    if found["limit_mbps"] < speed_mbps:
        raise scene.no("profile_too_slow")


def _applied(scene: Scene, speed_mbps: int) -> int:
    return UNPROVISIONED_MBPS if scene.holds("not_applied") else speed_mbps


def _held(scene: Scene, olt: str, port: str, serial: str) -> Answer:
    _set_port(scene, olt, port, "held", serial)
    return Answer({"olt": olt, "port": port}, effect=f"{olt} {port} held for {serial}", status=201)


def _set_port(scene: Scene, olt: str, port: str, state: str, serial: str | None) -> None:
    scene.connection.execute(
        "UPDATE port SET state = ?, serial = ? WHERE olt = ? AND port = ?", (state, serial, olt, port)
    )


_ONT = "/access/onts/<serial>"
OPERATIONS = (
    Operation("access.read_port", "GET", "/access/ports/<olt>/<path:port>", read_port),
    Operation(
        "access.hold_port",
        "POST",
        "/access/holds",
        hold_port,
        {"olt": str, "serial": str},
        keyed=True,
        takes={"port": str},
    ),
    Operation("access.find_hold", "GET", "/access/holds/<olt>/<serial>", find_hold),
    Operation("access.release_hold", "DELETE", "/access/holds/<olt>/<serial>", release_hold, keyed=True),
    Operation(
        "access.activate_ont",
        "POST",
        "/access/onts",
        activate_ont,
        {"olt": str, "port": str, "serial": str, "speed_mbps": int},
        keyed=True,
        takes={"line_profile": str},
    ),
    Operation("access.read_ont", "GET", _ONT, read_ont),
    Operation(
        "access.modify_ont", "PATCH", _ONT, modify_ont, {"speed_mbps": int}, keyed=True, takes={"line_profile": str}
    ),
    Operation("access.replace_ont", "POST", f"{_ONT}/replacement", replace_ont, {"new_serial": str}, keyed=True),
    Operation("access.remove_ont", "DELETE", _ONT, remove_ont, keyed=True),
    Operation("access.read_optical_level", "GET", f"{_ONT}/optical-level", read_optical_level),
)
