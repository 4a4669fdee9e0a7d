"""The ACS: it configures customers' routers, and knows no keys."""

from __future__ import annotations

from app.lab.operations import Answer, Arguments, LabRefusal, Operation, Scene

PROFILES = ("basic", "fast", "gigabit")


def push_profile(scene: Scene, arguments: Arguments) -> Answer:
    serial, profile = arguments["serial"], arguments["profile"]
    if profile not in PROFILES:
        raise LabRefusal(422, "unknown_profile", f"no profile {profile}; there are {', '.join(PROFILES)}")
    push_id = scene.connection.execute("INSERT INTO push (serial, profile) VALUES (?, ?)", (serial, profile)).lastrowid
    return Answer({"push_id": push_id}, effect=f"profile {profile} pushed to {serial}", status=202)


def read_device(scene: Scene, arguments: Arguments) -> Answer:
    serial = arguments["serial"]
    last = scene.one("SELECT * FROM push WHERE serial = ? ORDER BY id DESC", serial)
    if last is None:
        raise LabRefusal(404, "unknown_device", f"the ACS has no device {serial}")
    pushes = scene.one("SELECT count(*) FROM push WHERE serial = ?", serial)
    return Answer({"serial": serial, "profile": last["profile"], "pushes": pushes[0] if pushes else 0})


OPERATIONS = (
    Operation("acs.push_profile", "POST", "/acs/pushes", push_profile, {"serial": str, "profile": str}),
    Operation("acs.read_device", "GET", "/acs/devices/<serial>", read_device),
)
