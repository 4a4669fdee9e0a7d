"""Billing: what customers pay for and since when, and what they owe. Commands honour keys.

A payment is told to Turnup as the message `payment_received`, whose key is the account: when somebody pays (`pay`), or
by itself where the condition `customer_pays` holds for an account whose dunning is opened.
"""

from __future__ import annotations

import sqlite3

from app.lab.homes import HOMES
from app.lab.operations import Answer, Arguments, LabRefusal, Notice, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS subscription (
    order_id TEXT PRIMARY KEY, subscription_id TEXT NOT NULL UNIQUE, customer TEXT NOT NULL,
    speed_mbps INTEGER NOT NULL, speed_before INTEGER, reason TEXT,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'closed')));
CREATE TABLE IF NOT EXISTS dunning (
    account TEXT PRIMARY KEY, opened_cents INTEGER NOT NULL, owed_cents INTEGER NOT NULL);
"""
PAID = "payment_received"
_SPEED = "UPDATE subscription SET speed_before = speed_mbps, speed_mbps = ? WHERE order_id = ?"
_STATE = "UPDATE subscription SET state = ?, reason = ? WHERE order_id = ?"


def seed(connection: sqlite3.Connection) -> None:
    connection.executemany(
        "INSERT INTO subscription (order_id, subscription_id, customer, speed_mbps) VALUES (?, ?, ?, ?)",
        [(home.order_id, f"sub-{home.order_id}", home.customer, home.speed_mbps) for home in HOMES],
    )


def start(scene: Scene, arguments: Arguments) -> Answer:
    order_id = arguments["order_id"]
    found = scene.one("SELECT subscription_id FROM subscription WHERE order_id = ?", order_id)
    if found is not None:
        raise LabRefusal(409, "already_billed", f"order {order_id} is billed as {found['subscription_id']}")
    subscription_id = f"sub-{order_id}"
    scene.connection.execute(
        "INSERT INTO subscription (order_id, subscription_id, customer, speed_mbps) VALUES (?, ?, ?, ?)",
        (order_id, subscription_id, arguments["customer"], arguments["speed_mbps"]),
    )
    return Answer({"subscription_id": subscription_id}, effect=f"{subscription_id} started", status=201)


def read(scene: Scene, arguments: Arguments) -> Answer:
    found = scene.one("SELECT * FROM subscription WHERE order_id = ?", arguments["order_id"])
    if found is None:
        raise LabRefusal(404, "not_billed", f"order {arguments['order_id']} is not billed")
    return Answer(dict(found))


def stop_order(scene: Scene, arguments: Arguments) -> Answer:
    order_id = arguments["order_id"]
    if not scene.connection.execute("DELETE FROM subscription WHERE order_id = ?", (order_id,)).rowcount:
        raise LabRefusal(404, "not_billed", f"order {order_id} is not billed")
    return Answer({"order_id": order_id}, effect=f"billing of order {order_id} stopped")


def read_subscription(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(dict(_subscription(scene, arguments)))


def change(scene: Scene, arguments: Arguments) -> Answer:
    found, speed_mbps = _subscription(scene, arguments), arguments["speed_mbps"]
    if found["state"] == "suspended":
        raise LabRefusal(409, "suspended", f"plan of {found['subscription_id']} is locked: subscription is SUSPENDED")
    _refuse_closed(found)
    if found["speed_mbps"] == speed_mbps:
        return Answer(dict(found))
    effect = f"{found['subscription_id']} is billed for {speed_mbps} Mbit/s"
    return Answer(_set(scene, found, _SPEED, speed_mbps), effect=effect)


def suspend(scene: Scene, arguments: Arguments) -> Answer:
    found, reason = _subscription(scene, arguments), arguments["reason"]
    _refuse_closed(found)
    if found["state"] == "suspended":
        return Answer(dict(found))
    effect = f"{found['subscription_id']} suspended: {reason}"
    return Answer(_set(scene, found, _STATE, "suspended", reason), effect=effect)


def resume(scene: Scene, arguments: Arguments) -> Answer:
    found = _subscription(scene, arguments)
    _refuse_closed(found)
    if found["state"] == "active":
        return Answer(dict(found))
    return Answer(_set(scene, found, _STATE, "active", None), effect=f"{found['subscription_id']} resumed")


def close(scene: Scene, arguments: Arguments) -> Answer:
    found = _subscription(scene, arguments)
    if found["state"] == "closed":
        return Answer(dict(found))
    return Answer(_set(scene, found, _STATE, "closed", None), effect=f"{found['subscription_id']} closed")


def reopen(scene: Scene, arguments: Arguments) -> Answer:
    found = _subscription(scene, arguments)
    if found["state"] != "closed":
        return Answer(dict(found))
    return Answer(_set(scene, found, _STATE, "active", None), effect=f"{found['subscription_id']} reopened")


def read_debt(scene: Scene, arguments: Arguments) -> Answer:
    account = arguments["account"]
    found = scene.one("SELECT * FROM dunning WHERE account = ?", account)
    return Answer(dict(found) if found else {"account": account, "opened_cents": 0, "owed_cents": 0})


def open_dunning(scene: Scene, arguments: Arguments) -> Answer:
    account, owed_cents = arguments["account"], arguments["owed_cents"]
    body = {"account": account, "owed_cents": owed_cents}
    found = scene.one("SELECT * FROM dunning WHERE account = ? AND owed_cents > 0", account)
    if found is not None and found["opened_cents"] == owed_cents:
        return Answer(body)
    if found is not None:
        raise LabRefusal(409, "already_in_dunning", f"dunning of {account} is open for {found['opened_cents']}")
    pays = scene.holds("customer_pays")
    left = 0 if pays else owed_cents  # who pays has done so by the time that it is told
    scene.connection.execute("INSERT OR REPLACE INTO dunning VALUES (?, ?, ?)", (account, owed_cents, left))
    paid = Notice(PAID, account, {"paid_cents": owed_cents}, scene.settings.payment_after_s)
    effect = f"dunning of {account} opened for {owed_cents}"
    return Answer(body, effect=effect, status=201, notices=(paid,) if pays else ())


def close_dunning(scene: Scene, arguments: Arguments) -> Answer:
    account = arguments["account"]
    gone = scene.connection.execute("DELETE FROM dunning WHERE account = ?", (account,)).rowcount
    scene.withdraw(PAID, account)
    return Answer({"account": account}, effect=f"dunning of {account} closed" if gone else None)


def pay(scene: Scene, arguments: Arguments) -> Answer:
    account, paid_cents = arguments["account"], arguments["paid_cents"]
    scene.connection.execute(
        "UPDATE dunning SET owed_cents = max(0, owed_cents - ?) WHERE account = ?", (paid_cents, account)
    )
    left = read_debt(scene, arguments).body["owed_cents"]
    body, paid = {"account": account, "owed_cents": left}, Notice(PAID, account, {"paid_cents": paid_cents}, 0)
    return Answer(body, effect=f"{account} paid {paid_cents}", notices=(paid,))


def _subscription(scene: Scene, arguments: Arguments) -> sqlite3.Row:
    subscription_id = arguments.get("subscription_id")
    found = scene.one("SELECT * FROM subscription WHERE subscription_id = ?", subscription_id)
    if found is None:
        raise LabRefusal(404, "not_billed", f"no subscription {subscription_id}")
    return found


def _refuse_closed(subscription: sqlite3.Row) -> None:
    if subscription["state"] == "closed":
        raise LabRefusal(409, "not_billed", f"subscription {subscription['subscription_id']} is CLOSED")


def _set(scene: Scene, subscription: sqlite3.Row, statement: str, *values: object) -> dict[str, object]:
    scene.connection.execute(statement, (*values, subscription["order_id"]))
    return dict(_subscription(scene, dict(subscription)))


_ONE: dict[str, type] = {"subscription_id": str}
OPERATIONS = (
    Operation(
        "billing.start",
        "POST",
        "/billing/subscriptions",
        start,
        {"order_id": str, "customer": str, "speed_mbps": int},
        keyed=True,
    ),
    Operation("billing.read", "GET", "/billing/subscriptions/<path:order_id>", read),
    Operation("billing.stop", "DELETE", "/billing/subscriptions/<path:order_id>", stop_order, keyed=True),
    # What has no order of its own any more is named by its subscription
    Operation("billing.read_subscription", "GET", "/billing/subscriptions", read_subscription),
    Operation("billing.change", "POST", "/billing/changes", change, {**_ONE, "speed_mbps": int}, keyed=True),
    Operation("billing.suspend", "POST", "/billing/suspensions", suspend, {**_ONE, "reason": str}, keyed=True),
    Operation("billing.resume", "POST", "/billing/resumptions", resume, _ONE, keyed=True),
    Operation("billing.close", "POST", "/billing/closures", close, _ONE, keyed=True),
    Operation("billing.reopen", "POST", "/billing/reopenings", reopen, _ONE, keyed=True),
    Operation("billing.read_debt", "GET", "/billing/dunning/<account>", read_debt),
    Operation(
        "billing.open_dunning",
        "POST",
        "/billing/dunning",
        open_dunning,
        {"order_id": str, "account": str, "owed_cents": int},
        keyed=True,
    ),
    Operation("billing.close_dunning", "DELETE", "/billing/dunning/<account>", close_dunning, keyed=True),
    Operation("billing.pay", "POST", "/billing/payments", pay, {"account": str, "paid_cents": int}, keyed=True),
)
