"""Messages: an inbox with ids and time to live on one side, waits on the other, one lock between them.

Sender and catcher lock the same (name, key) before they look for each other, so a message is lost on neither side of
the race (DESIGN promise 12). SQLite's writers exclude each other already; PostgreSQL takes an advisory lock.
"""

from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import to_microseconds
from app.engine.spiff.index import Node
from app.engine.spiff.live import Live
from app.engine.spiff.scopes import as_json
from app.engine.tables import history, message, message_delivery, process_instance, token

GRACE_S = 3600  # a message that came in time for its recipient reaches it, however late a worker looks


@dataclass(frozen=True)
class MessageIn:
    """A message from outside. The same `message_id` twice is one message."""

    name: str
    correlation_key: str
    variables: dict[str, Any]
    message_id: str | None = None
    time_to_live_s: float = 3600


@dataclass(frozen=True)
class Published:
    """`recipients` are the instances that wait for it now, one per process; with none it stays in the inbox."""

    message_id: str
    duplicate: bool
    recipients: list[str]


_b = sa.bindparam
_KNOWN = Prepared(sa.select(message.c.id).where(message.c.id == _b("id_")))
_PUT = Prepared(sa.insert(message))
_WAITING = Prepared(
    sa.select(process_instance.c.process_id, token.c.instance_id)
    .join(process_instance, process_instance.c.id == token.c.instance_id)
    .where(
        sa.or_(token.c.kind == "message", token.c.kind == "callback"),
        token.c.name == _b("name_"),
        token.c.correlation == _b("correlation_"),
        token.c.open == 1,
        process_instance.c.state == "active",
    )
    .order_by(token.c.since, token.c.instance_id)
)
_WAKE = Prepared(
    sa.update(process_instance)
    .where(process_instance.c.id == _b("id_"))
    .values(revision=process_instance.c.revision + 1, wake_at=_b("now"))
)
_NEXT = Prepared(
    sa.select(message.c.id, message.c.variables)
    .where(
        message.c.name == _b("name_"),
        message.c.correlation == _b("correlation_"),
        message.c.expires_at > _b("since"),
        message.c.id.not_in(
            sa.select(message_delivery.c.message_id).where(message_delivery.c.process_id == _b("process_id_"))
        ),
    )
    .order_by(message.c.received_at, message.c.id)
    .limit(sa.literal_column("1"))
)
_DELIVER = Prepared(sa.insert(message_delivery))
_GIVE_BACK = Prepared(
    sa.delete(message_delivery).where(
        message_delivery.c.message_id == _b("message_id_"), message_delivery.c.process_id == _b("process_id_")
    )
)


def publish(tx: Transaction, sent: MessageIn, clock: Clock) -> Published:
    """Put a message in the inbox and mark the instances that wait for it; the caller wakes them."""
    message_id = sent.message_id or new_id()
    lock(tx, sent.name, sent.correlation_key)
    connection = tx.connection
    if _KNOWN.rows(connection, {"id_": message_id}):
        return Published(message_id, True, [])
    now = to_microseconds(clock.now())
    recipients = _waiting_instances(connection, sent.name, sent.correlation_key)
    lives_s = max(sent.time_to_live_s, GRACE_S) if recipients else sent.time_to_live_s
    put = {
        "id": message_id,
        "name": sent.name,
        "correlation": sent.correlation_key,
        "variables": as_json(sent.variables),
        "received_at": now,
        "expires_at": now + round(lives_s * 1_000_000),
    }
    _PUT.run(connection, [put])
    _WAKE.run(connection, [{"id_": instance_id, "now": now} for instance_id in recipients])
    return Published(message_id, False, recipients)


def _waiting_instances(connection: sa.Connection, name: str, key: str) -> list[str]:
    """The instance that has waited longest, per process."""
    first: dict[str, str] = {}
    for process_id, instance_id in _WAITING.rows(connection, {"name_": name, "correlation_": key}):
        first.setdefault(process_id, instance_id)
    return list(first.values())


def lock(tx: Transaction, name: str, key: str) -> None:
    """Exclude senders and catchers of this name and key until the transaction ends."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"{name}\n{key}", 0))))


def collect(tx: Transaction, live: Live, nodes: list[Node]) -> list[tuple[Node, str, dict[str, Any]]]:
    """Messages in the inbox for waits of this instance: (node, message id, variables), each marked as delivered."""
    found = []
    for node in sorted(nodes, key=lambda node: (node.wait.name, node.wait.correlation, node.id)):
        wait = node.wait
        lock(tx, wait.name, wait.correlation)
        wanted = {
            "name_": wait.name,
            "correlation_": wait.correlation,
            "since": wait.since,  # what expired later came in time, however long the instance was suspended
            "process_id_": live.process_id,
        }
        rows = _NEXT.rows(tx.connection, wanted)
        if not rows:
            continue
        message_id, variables = rows[0]
        delivery = {
            "message_id": message_id,
            "process_id": live.process_id,
            "instance_id": live.instance_id,
            "element_id": node.task_spec.bpmn_id,
            "delivered_at": live.now,
        }
        _DELIVER.run(tx.connection, [delivery])
        live.taken.append(message_id)
        found.append((node, message_id, orjson.loads(variables)))
    return found


def give_back(tx: Transaction, live: Live) -> None:
    """Put back what a stale instance took in this transaction."""
    rows = [{"message_id_": message_id, "process_id_": live.process_id} for message_id in live.taken]
    _GIVE_BACK.run(tx.connection, rows)


def find_sent(connection: sa.Connection, instance_id: str, message_id: str) -> MessageIn:
    """A message from the inbox or, long after, from the history of the instance that had it; NotFound."""
    kept = connection.execute(sa.select(message).where(message.c.id == message_id)).first()
    if kept is not None:
        return MessageIn(kept.name, kept.correlation, kept.variables)
    had = sa.select(history.c.detail).where(history.c.instance_id == instance_id, history.c.kind == "message")
    for detail in connection.execute(had).scalars():
        if detail["message_id"] == message_id:
            return MessageIn(detail["name"], detail["key"], detail["variables"])
    raise NotFound(
        f"There is no message '{message_id}' in the inbox or in the history of this instance. Send it as a new one.",
        path="$.messageId",
    )


def drop_expired(tx: Transaction, clock: Clock, limit: int = 1000) -> int:
    """Delete messages past their time to live, but for those that came in time for a wait; the number deleted."""
    expired = sa.select(message.c.id).where(message.c.expires_at <= clock.now(), ~_wanted().exists())
    gone = list(tx.connection.execute(expired.limit(limit)).scalars())
    if gone:
        tx.connection.execute(sa.delete(message_delivery).where(message_delivery.c.message_id.in_(gone)))
        tx.connection.execute(sa.delete(message).where(message.c.id.in_(gone)))
    return len(gone)


def _wanted() -> sa.Select[tuple[int]]:
    """Waits that began before the message expired, of processes that have not had it: of suspended instances, say."""
    delivered = sa.select(message_delivery.c.message_id).where(
        message_delivery.c.message_id == message.c.id, message_delivery.c.process_id == process_instance.c.process_id
    )
    return (
        sa.select(token.c.number)
        .join(process_instance, process_instance.c.id == token.c.instance_id)
        .where(
            sa.or_(token.c.kind == "message", token.c.kind == "callback"),
            token.c.name == message.c.name,
            token.c.correlation == message.c.correlation,
            token.c.since < message.c.expires_at,
            token.c.open == 1,
            ~delivered.exists(),
        )
    )
