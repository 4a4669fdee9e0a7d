"""The inbox: messages wait here for their time to live, for waits that begin later and for instances that end.

A message is correlated once per process, whichever of its instances or versions has it (`message_delivery`), and the
one that came first is taken first.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.engine import arrivals, triggers
from app.engine.arrivals import MESSAGE, Arrival, Sent
from app.engine.instances import ACTIVE
from app.engine.locks import lock, try_lock
from app.engine.spiff.index import Node
from app.engine.spiff.live import CATCHING, Live
from app.engine.tables import message, message_delivery, process_definition, process_instance, start_trigger, token

_b = sa.bindparam
WAITS_FOR_MESSAGE = sa.or_(*(token.c.kind == sa.literal_column(f"'{kind}'") for kind in sorted(CATCHING)))
NAMED = (token.c.name == _b("name_"), token.c.correlation == _b("correlation_"))

_EQUAL = Prepared(
    sa.select(message.c.id, message.c.expires_at).where(
        message.c.name == _b("name_"), message.c.correlation == _b("correlation_"), message.c.sent_id == _b("sent_id_")
    )
)
_DROP_DELIVERIES = Prepared(sa.delete(message_delivery).where(message_delivery.c.message_id == _b("id_")))
_DROP = Prepared(sa.delete(message).where(message.c.id == _b("id_")))
_PUT = Prepared(sa.insert(message))
_DELIVER = Prepared(sa.insert(message_delivery))


def not_had_by(process_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Of a message: the process has not had it yet."""
    had = sa.select(message_delivery.c.message_id).where(
        message_delivery.c.message_id == message.c.id, message_delivery.c.process_id == process_id
    )
    return ~had.correlate_except(message_delivery).exists()


def lying_for(process_id: sa.ColumnElement[str]) -> sa.Select[tuple[str, str | None, Any]]:
    """Messages of a name and key that live and that the process has not had yet."""
    return sa.select(message.c.id, message.c.sent_id, message.c.variables).where(
        message.c.name == _b("name_"),
        message.c.correlation == _b("correlation_"),
        message.c.expires_at > _b("now"),
        not_had_by(process_id),
    )


_NEXT = Prepared(
    lying_for(_b("process_id_")).order_by(message.c.received_at, message.c.id).limit(sa.literal_column("1"))
)
_GIVE_BACK = Prepared(
    sa.delete(message_delivery).where(
        message_delivery.c.message_id == _b("message_id_"), message_delivery.c.process_id == _b("process_id_")
    )
)
_WAITING = Prepared(
    sa.select(token.c.instance_id, process_instance.c.process_id, process_instance.c.state)
    .join(process_instance, process_instance.c.id == token.c.instance_id)
    .where(WAITS_FOR_MESSAGE, *NAMED, token.c.open == sa.literal_column("1"))
    .order_by(token.c.since, token.c.instance_id)
)
_OPEN = Prepared(
    sa.select(process_instance.c.id).where(
        process_instance.c.process_id == _b("process_id_"),
        process_instance.c.start_key == _b("key_"),
        process_instance.c.ended_at.is_(None),
    )
)
_NEXT_START = Prepared(
    sa.select(
        start_trigger.c.element_id,
        start_trigger.c.definition_id,
        process_definition.c.version,
        *(message.c[name] for name in ("name", "variables", "correlation", "id", "sent_id")),
    )
    .join(message, message.c.name == start_trigger.c.name)
    .join(process_definition, process_definition.c.id == start_trigger.c.definition_id)
    .where(
        start_trigger.c.process_id == _b("process_id_"),
        start_trigger.c.kind == sa.literal_column(f"'{MESSAGE}'"),
        message.c.correlation == _b("key_"),
        message.c.expires_at > _b("now"),
        message.c.received_at >= start_trigger.c.since,
        not_had_by(_b("process_id_")),
    )
    .order_by(message.c.received_at, message.c.id)
    .limit(sa.literal_column("1"))
)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was in the inbox when its recipient began to wait."""

    shown_id: str
    variables: dict[str, Any]


def holds(tx: Transaction, name: str, key: str, sent_id: str, now: int) -> bool:
    """Is an equal message alive? One that is past its time, and not dropped yet, makes room for the next."""
    for found, expires_at in _EQUAL.rows(tx.connection, {"name_": name, "correlation_": key, "sent_id_": sent_id}):
        if expires_at > now:
            return True
        _DROP_DELIVERIES.run(tx.connection, [{"id_": found}])
        _DROP.run(tx.connection, [{"id_": found}])
    return False


def keep(tx: Transaction, sent: Sent, now: int, time_to_live_s: float) -> None:
    row = {
        "id": sent.message_id,
        "name": sent.name,
        "correlation": sent.correlation,
        "sent_id": sent.sent_id,
        "variables": sent.variables,
        "received_at": now,
        "expires_at": now + round(time_to_live_s * 1_000_000),
    }
    _PUT.run(tx.connection, [row])


def mark(tx: Transaction, message_id: str, process_id: str, instance_id: str, element_id: str, now: int) -> None:
    """This process has had this message."""
    row = {
        "message_id": message_id,
        "process_id": process_id,
        "instance_id": instance_id,
        "element_id": element_id,
        "delivered_at": now,
    }
    _DELIVER.run(tx.connection, [row])


def poll(tx: Transaction, live: Live, node: Node) -> Taken | None:
    """The message that has lain longest for a node that waits; it is the node's from now on.

    While somebody else is at such messages nothing is taken: the instance is to be looked at again.
    """
    wait = node.wait
    if not try_lock(tx, wait.name, wait.correlation):
        live.again, live.unseen[node.id] = True, node
        return None
    wanted = {"name_": wait.name, "correlation_": wait.correlation, "now": live.now, "process_id_": live.process_id}
    rows = _NEXT.rows(tx.connection, wanted)
    if not rows:
        return None
    message_id, sent_id, variables = rows[0]
    mark(tx, message_id, live.process_id, live.instance_id, node.task_spec.bpmn_id, live.now)
    live.taken.append(message_id)
    return Taken(sent_id or message_id, orjson.loads(variables))


def give_back(tx: Transaction, live: Live) -> None:
    """Put back what a stale instance took in this transaction."""
    rows = [{"message_id_": message_id, "process_id_": live.process_id} for message_id in live.taken]
    _GIVE_BACK.run(tx.connection, rows)


def release(tx: Transaction, live: Live, come: Arrival) -> list[str]:
    """The one it was for waits no longer: another of its process may have it, while it lives. Who is to be woken.

    Not after waiting for a lock that a sender may hold who waits for this instance: without it a sweep brings those
    together who have just missed each other.
    """
    try_lock(tx, come.name, come.correlation or "")
    if not _GIVE_BACK.run(tx.connection, [{"message_id_": come.message_id, "process_id_": live.process_id}]):
        return []  # it was never kept
    rows = _WAITING.rows(tx.connection, {"name_": come.name, "correlation_": come.correlation})
    others = [row[0] for row in rows if row[0] != live.instance_id and row[1:] == (live.process_id, ACTIVE)]
    return arrivals.wake(tx, others[:1], live.now)


def lock_start(tx: Transaction, process_id: str, key: str) -> bool:
    """No instance of the process starts or ends with this key until the transaction is over. May one start?"""
    lock(tx, "open", process_id, key)
    return not _OPEN.rows(tx.connection, {"process_id_": process_id, "key_": key})


def start_next(tx: Transaction, process_id: str, key: str, now: int) -> list[str]:
    """The instance that a message started has ended: start another with the next one of its key, if one waits."""
    if not lock_start(tx, process_id, key):
        return []
    for row in _NEXT_START.rows(tx.connection, {"process_id_": process_id, "key_": key, "now": now}):
        element_id, definition_id, version, name = row[:4]
        trigger = triggers.Trigger(process_id, element_id, definition_id, version, name)
        sent = Sent(MESSAGE, *row[3:])
        instance_id = triggers.start(tx, trigger, now, sent, key)
        mark(tx, sent.message_id or "", process_id, instance_id, trigger.element_id, now)
        return [instance_id]
    return []


def drop_expired(tx: Transaction, clock: Clock, limit: int = 1000) -> int:
    """Delete messages past their time to live; the number deleted."""
    gone = [
        row.id
        for row in tx.connection.execute(
            sa.select(message.c.id).where(message.c.expires_at <= clock.now()).limit(limit)
        )
    ]
    if gone:
        tx.connection.execute(sa.delete(message_delivery).where(message_delivery.c.message_id.in_(gone)))
        tx.connection.execute(sa.delete(message).where(message.c.id.in_(gone)))
    return len(gone)
