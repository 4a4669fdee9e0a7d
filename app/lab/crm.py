"""The CRM: what customers were told, by which channel. Whoever has no verified contact can only be written a letter.

Commands honour keys. A notification cannot be unsent: `void` tells the customer to pay it no attention, and marks it.
"""

from __future__ import annotations

import json
import sqlite3

from app.lab.operations import Answer, Arguments, LabRefusal, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS notification (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, order_id TEXT NOT NULL, customer TEXT NOT NULL, template TEXT NOT NULL,
    channel TEXT NOT NULL, facts TEXT NOT NULL, key TEXT, voided INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS notification_order ON notification (order_id);
"""
CHANNELS = ("email", "sms", "letter")
TEMPLATE = "abcdefghijklmnopqrstuvwxyz_"  # what a template's name is written with


def notify(scene: Scene, arguments: Arguments) -> Answer:
    channel, template = arguments.get("channel") or CHANNELS[0], arguments["template"]
    if channel not in CHANNELS:
        raise LabRefusal(422, "unknown_channel", f"validation failed: channel must be one of {', '.join(CHANNELS)}")
    if not template or template.strip(TEMPLATE):
        raise LabRefusal(422, "unknown_template", f"validation failed: no message template {template!r}")
    if channel != "letter" and scene.holds("no_contact"):
        raise LabRefusal(409, "no_contact", f"contact medium {channel} of {arguments['customer']} is not verified")
    row_id = scene.connection.execute(
        "INSERT INTO notification (at, order_id, customer, template, channel, facts, key) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            scene.at,
            arguments["order_id"],
            arguments["customer"],
            template,
            channel,
            json.dumps(arguments.get("facts") or {}, sort_keys=True),
            scene.key,
        ),
    ).lastrowid
    return Answer({"notification_id": _name(row_id)}, effect=f"{template} sent to {arguments['customer']}", status=201)


def list_notifications(scene: Scene, arguments: Arguments) -> Answer:
    """Of an order, and of them only what was sent under a key if one is given."""
    key = arguments.get("key")
    rows = scene.connection.execute(
        "SELECT * FROM notification WHERE order_id = ? AND (? IS NULL OR key = ?) ORDER BY id",
        (arguments.get("order_id"), key, key),
    ).fetchall()
    return Answer({"notifications": [_shown(row) for row in rows]})


def void(scene: Scene, arguments: Arguments) -> Answer:
    notification_id = arguments["notification_id"]
    row_id = notification_id.removeprefix("CN-")
    found = scene.one("SELECT voided FROM notification WHERE id = ?", int(row_id) if row_id.isdecimal() else 0)
    if found is None:
        raise LabRefusal(404, "unknown_notification", f"no communication message {notification_id}")
    if found["voided"]:
        return Answer({"notification_id": notification_id})
    scene.connection.execute("UPDATE notification SET voided = 1 WHERE id = ?", (int(row_id),))
    return Answer({"notification_id": notification_id}, effect=f"{notification_id} voided")


def _shown(row: sqlite3.Row) -> dict[str, object]:
    named = {"notification_id": _name(row["id"]), "facts": json.loads(row["facts"]), "voided": bool(row["voided"])}
    return {**{name: row[name] for name in ("at", "order_id", "customer", "template", "channel")}, **named}


def _name(row_id: int | None) -> str:
    return f"CN-{row_id or 0:06d}"


OPERATIONS = (
    Operation(
        "crm.notify",
        "POST",
        "/crm/notifications",
        notify,
        {"order_id": str, "customer": str, "template": str},
        keyed=True,
    ),
    Operation("crm.list", "GET", "/crm/notifications", list_notifications),
    Operation("crm.void", "DELETE", "/crm/notifications/<notification_id>", void, keyed=True),
)
