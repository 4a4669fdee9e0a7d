"""The ACS, which configures customers' routers and knows no keys, and billing, which honours them."""

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


def start_billing(scene: Scene, arguments: Arguments) -> Answer:
    order_id = arguments["order_id"]
    found = scene.one("SELECT subscription_id FROM subscription WHERE order_id = ?", order_id)
    if found is not None:
        raise LabRefusal(409, "already_billed", f"order {order_id} is billed as {found['subscription_id']}")
    subscription_id = f"sub-{order_id}"
    scene.connection.execute(
        "INSERT INTO subscription VALUES (?, ?, ?, ?)",
        (order_id, subscription_id, arguments["customer"], arguments["speed_mbps"]),
    )
    return Answer({"subscription_id": subscription_id}, effect=f"{subscription_id} started", status=201)


def read_subscription(scene: Scene, arguments: Arguments) -> Answer:
    found = scene.one("SELECT * FROM subscription WHERE order_id = ?", arguments["order_id"])
    if found is None:
        raise LabRefusal(404, "not_billed", f"order {arguments['order_id']} is not billed")
    return Answer(dict(found))


def stop_billing(scene: Scene, arguments: Arguments) -> Answer:
    order_id = arguments["order_id"]
    if not scene.connection.execute("DELETE FROM subscription WHERE order_id = ?", (order_id,)).rowcount:
        raise LabRefusal(404, "not_billed", f"order {order_id} is not billed")
    return Answer({"order_id": order_id}, effect=f"billing of order {order_id} stopped")


OPERATIONS = (
    Operation("acs.push_profile", "POST", "/acs/pushes", push_profile, {"serial": str, "profile": str}),
    Operation("acs.read_device", "GET", "/acs/devices/<serial>", read_device),
    Operation(
        "billing.start",
        "POST",
        "/billing/subscriptions",
        start_billing,
        {"order_id": str, "customer": str, "speed_mbps": int},
        keyed=True,
    ),
    Operation("billing.read", "GET", "/billing/subscriptions/<path:order_id>", read_subscription),
    Operation("billing.stop", "DELETE", "/billing/subscriptions/<path:order_id>", stop_billing, keyed=True),
)
