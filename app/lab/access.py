"""The access network: OLTs with their ports, and the customers' ONTs on them. Its commands honour keys."""

from __future__ import annotations

import re

from app.lab.operations import Answer, Arguments, LabRefusal, Operation, Scene

SERIAL = re.compile(r"[A-Z]{4}[0-9A-F]{8}")  # vendor and number, as on an ONT's label
GOOD_LEVEL_DBM = -19.4
LOW_LEVEL_DBM = -31.2


def read_port(scene: Scene, arguments: Arguments) -> Answer:
    port = _port(scene, arguments)
    yours = port["serial"] is not None and port["serial"] == arguments.get("serial")
    return Answer({"olt": port["olt"], "port": port["port"], "state": "free" if yours else port["state"]})


def hold_port(scene: Scene, arguments: Arguments) -> Answer:
    olt, serial = arguments["olt"], arguments["serial"]
    if scene.one("SELECT 1 FROM port WHERE olt = ?", olt) is None:
        raise LabRefusal(404, "unknown_olt", f"no OLT {olt}")
    # From the last slot, so that ports which orders name are the last to be given away.
    free = scene.one(
        "SELECT port FROM port WHERE olt = ? AND state = 'free' AND port IS NOT ? ORDER BY slot DESC, port LIMIT 1",
        olt,
        arguments.get("instead_of"),
    )
    if free is None:
        raise LabRefusal(409, "no_free_port", f"OLT {olt} has no free port")
    scene.connection.execute(
        "UPDATE port SET state = 'held', serial = ? WHERE olt = ? AND port = ?", (serial, olt, free["port"])
    )
    return Answer({"olt": olt, "port": free["port"]}, effect=f"{olt} {free['port']} held for {serial}", status=201)


def activate_ont(scene: Scene, arguments: Arguments) -> Answer:
    serial, speed_mbps = arguments["serial"], arguments["speed_mbps"]
    if not SERIAL.fullmatch(serial):
        raise LabRefusal(422, "unknown_serial", f"no ONT {serial} is seen on any port")
    port = _port(scene, arguments)
    place = (port["olt"], port["port"])
    if port["state"] == "faulty":
        raise LabRefusal(409, "port_faulty", "port {} {} is out of order".format(*place))
    if port["state"] != "free" and port["serial"] != serial:
        raise LabRefusal(409, "port_taken", "port {} {} serves another ONT".format(*place))
    if found := scene.one("SELECT * FROM ont WHERE serial = ?", serial):
        if (found["olt"], found["port"]) != place:
            raise LabRefusal(409, "serial_in_use", f"ONT {serial} is active on {found['olt']} {found['port']}")
        return Answer(dict(found))
    ont_id = f"{place[0]}:{place[1]}:{serial}"
    scene.connection.execute("INSERT INTO ont VALUES (?, ?, ?, ?, ?)", (serial, ont_id, *place, speed_mbps))
    scene.connection.execute("UPDATE port SET state = 'taken', serial = ? WHERE olt = ? AND port = ?", (serial, *place))
    body = {"ont_id": ont_id, "olt": place[0], "port": place[1], "serial": serial, "speed_mbps": speed_mbps}
    return Answer(body, effect=f"ONT {ont_id} active", status=201, online=serial)


def read_ont(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(dict(_active(scene, arguments["serial"])))


def remove_ont(scene: Scene, arguments: Arguments) -> Answer:
    ont = _active(scene, arguments["serial"])
    scene.connection.execute("DELETE FROM ont WHERE serial = ?", (ont["serial"],))
    scene.connection.execute(
        "UPDATE port SET state = 'free', serial = NULL WHERE olt = ? AND port = ?", (ont["olt"], ont["port"])
    )
    return Answer({"ont_id": ont["ont_id"]}, effect=f"ONT {ont['ont_id']} removed")


def read_optical_level(scene: Scene, arguments: Arguments) -> Answer:
    ont = _active(scene, arguments["serial"])
    level_dbm = LOW_LEVEL_DBM if scene.holds("low_light") else GOOD_LEVEL_DBM
    return Answer({"ont_id": ont["ont_id"], "level_dbm": level_dbm})


def _port(scene: Scene, arguments: Arguments) -> dict[str, str | None]:
    found = scene.one("SELECT * FROM port WHERE olt = ? AND port = ?", arguments["olt"], arguments["port"])
    if found is None:
        raise LabRefusal(404, "unknown_port", f"no port {arguments['port']} on OLT {arguments['olt']}")
    return dict(found)


def _active(scene: Scene, serial: str) -> dict[str, str]:
    found = scene.one("SELECT * FROM ont WHERE serial = ?", serial)
    if found is None:
        raise LabRefusal(404, "unknown_ont", f"no active ONT {serial}")
    return dict(found)


OPERATIONS = (
    Operation("access.read_port", "GET", "/access/ports/<olt>/<path:port>", read_port),
    Operation("access.hold_port", "POST", "/access/holds", hold_port, {"olt": str, "serial": str}, keyed=True),
    Operation(
        "access.activate_ont",
        "POST",
        "/access/onts",
        activate_ont,
        {"olt": str, "port": str, "serial": str, "speed_mbps": int},
        keyed=True,
    ),
    Operation("access.read_ont", "GET", "/access/onts/<serial>", read_ont),
    Operation("access.remove_ont", "DELETE", "/access/onts/<serial>", remove_ont, keyed=True),
    Operation("access.read_optical_level", "GET", "/access/onts/<serial>/optical-level", read_optical_level),
)
