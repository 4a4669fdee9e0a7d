"""The auto configuration server: it configures customers' routers over TR-069, and knows no keys.

Whatever it is asked twice it does twice. Its refusals carry the fault that the router or the ACS gave (CWMP 90xx).
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from app.lab.homes import HOMES
from app.lab.operations import Answer, Arguments, Failure, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS device (
    serial TEXT PRIMARY KEY, model TEXT NOT NULL, profile TEXT, profile_before TEXT, parameters TEXT NOT NULL,
    parameters_before TEXT NOT NULL DEFAULT '{}', reboots INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('managed', 'retired')));
CREATE TABLE IF NOT EXISTS push (id INTEGER PRIMARY KEY, serial TEXT NOT NULL, profile TEXT NOT NULL);
"""
PROFILES = ("basic", "fast", "gigabit")
MODELS = {"HWTC": "HG8245X6", "ALCL": "G-240W-F"}
PARAMETERS = (
    "Device.IP.Interface.1.IPv4Address.1.AddressingType",
    "Device.IP.Interface.1.IPv4Address.1.IPAddress",
    "Device.ManagementServer.PeriodicInformInterval",
    "Device.WiFi.SSID.1.SSID",
    "Device.DNS.Client.Server.1.DNSServer",
)


def _cwmp(status: int, fault: int, text: str, when: str) -> Failure:
    return Failure(status, f"cwmp:Fault {fault}: {text}", when, detail={"faultCode": fault, "faultString": text})


FAILURES = {
    "unknown_profile": _cwmp(422, 9007, "Invalid parameter value: no profile {profile}", "a profile that there is not"),
    "unknown_device": Failure(
        404, "No such device: {serial} has never informed", "the router was not connected yet, or its serial is wrong"
    ),
    "device_exists": Failure(409, "Device {new_serial} is managed already", "the new router serves another customer"),
    "device_offline": Failure(
        409, "Connection request to {serial} failed: no answer on port 7547", "the router is switched off"
    ),
    "cwmp_9001": _cwmp(409, 9001, "Request denied", "the router's firmware does not allow it"),
    "cwmp_9002": _cwmp(409, 9002, "Internal error", "the router is busy, most often just after it has started"),
    "cwmp_9004": _cwmp(409, 9004, "Resources exceeded", "the router's memory is full until it is restarted"),
    "cwmp_9005": _cwmp(422, 9005, "Invalid parameter name: {parameter}", "the router's model has no such parameter"),
    "cwmp_9007": _cwmp(422, 9007, "Invalid parameter value", "the value does not fit the parameter"),
}


def seed(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "INSERT INTO device (serial, model, profile, parameters, state) VALUES (?, ?, ?, '{}', 'managed')",
        [(home.serial, MODELS[home.serial[:4]], _profile_of(home.speed_mbps)) for home in HOMES],
    )


def push_profile(scene: Scene, arguments: Arguments) -> Answer:
    """A router that informs for the first time is taken into management."""
    serial, profile = arguments["serial"], arguments["profile"]
    if profile not in PROFILES:
        raise scene.no("unknown_profile")
    push_id = scene.connection.execute("INSERT INTO push (serial, profile) VALUES (?, ?)", (serial, profile)).lastrowid
    found = scene.one("SELECT profile FROM device WHERE serial = ?", serial)
    before = found["profile"] if found else None
    scene.connection.execute(
        "INSERT INTO device (serial, model, profile, parameters, state) VALUES (?, ?, ?, '{}', 'managed')"
        " ON CONFLICT (serial) DO UPDATE SET profile_before = CASE WHEN profile IS excluded.profile THEN profile_before"
        " ELSE profile END, profile = excluded.profile, state = 'managed'",
        (serial, MODELS.get(serial[:4], "generic"), profile),
    )
    body = {"push_id": push_id, "profile_before": before}
    return Answer(body, effect=f"profile {profile} pushed to {serial}", status=202)


def read_device(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(_shown(scene, _managed(scene, arguments["serial"])))


def set_parameters(scene: Scene, arguments: Arguments) -> Answer:
    device, wanted = _managed(scene, arguments["serial"]), arguments["parameters"]
    for name, value in wanted.items():
        if name not in PARAMETERS:
            raise scene.no("cwmp_9005", parameter=name)
        if value is not None and not isinstance(value, str | int):
            raise scene.no("cwmp_9007")
    held: dict[str, Any] = json.loads(device["parameters"])
    before = {name: held.get(name) for name in wanted}
    # What is set to null has its factory value again
    after = {name: value for name, value in {**held, **wanted}.items() if value is not None}
    scene.connection.execute(
        "UPDATE device SET parameters = ?, parameters_before = ? WHERE serial = ?",
        (json.dumps(after, sort_keys=True), json.dumps(before), device["serial"]),
    )
    effect = f"{', '.join(sorted(wanted))} set on {device['serial']}"
    return Answer({"serial": device["serial"], "parameters": after, "before": before}, effect=effect, status=202)


def reboot(scene: Scene, arguments: Arguments) -> Answer:
    device = _managed(scene, arguments["serial"])
    scene.connection.execute("UPDATE device SET reboots = reboots + 1 WHERE serial = ?", (device["serial"],))
    return Answer({"reboots": device["reboots"] + 1}, effect=f"{device['serial']} restarted", status=202)


def swap_device(scene: Scene, arguments: Arguments) -> Answer:
    """The new router gets the old one's profile and parameters; the old one is managed no more."""
    old, new_serial = _managed(scene, arguments["serial"]), arguments["new_serial"]
    if scene.one("SELECT 1 FROM device WHERE serial = ? AND state = 'managed'", new_serial):
        raise scene.no("device_exists")
    scene.connection.execute("UPDATE device SET state = 'retired' WHERE serial = ?", (old["serial"],))
    scene.connection.execute(
        "INSERT OR REPLACE INTO device (serial, model, profile, parameters, state) VALUES (?, ?, ?, ?, 'managed')",
        (
            new_serial,
            MODELS.get(new_serial[:4], "generic"),
            None if scene.holds("not_applied") else old["profile"],
            old["parameters"],
        ),
    )
    made = _shown(scene, _managed(scene, new_serial))
    return Answer(made, effect=f"{new_serial} in place of {old['serial']}", status=201)


def _managed(scene: Scene, serial: str) -> sqlite3.Row:
    found = scene.one("SELECT * FROM device WHERE serial = ? AND state = 'managed'", serial)
    if found is None:
        raise scene.no("unknown_device", serial=serial)
    return found


def _shown(scene: Scene, device: sqlite3.Row) -> dict[str, Any]:
    pushes = scene.one("SELECT count(*), max(id) FROM push WHERE serial = ?", device["serial"])
    assert pushes is not None
    return {
        **{name: device[name] for name in ("serial", "model", "profile", "profile_before", "reboots", "state")},
        "parameters": json.loads(device["parameters"]),
        "parameters_before": json.loads(device["parameters_before"]),
        "pushes": pushes[0],
        "last_push": pushes[1],
    }


def _profile_of(speed_mbps: int) -> str:
    return "gigabit" if speed_mbps >= 900 else "fast" if speed_mbps >= 300 else "basic"


_DEVICE = "/acs/devices/<serial>"
OPERATIONS = (
    Operation("acs.push_profile", "POST", "/acs/pushes", push_profile, {"serial": str, "profile": str}),
    Operation("acs.read_device", "GET", _DEVICE, read_device),
    Operation("acs.set_parameters", "POST", f"{_DEVICE}/parameters", set_parameters, {"parameters": dict}),
    Operation("acs.reboot", "POST", f"{_DEVICE}/reboots", reboot),
    Operation("acs.swap_device", "POST", f"{_DEVICE}/replacement", swap_device, {"new_serial": str}),
)
