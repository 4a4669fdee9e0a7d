"""Messages as Camunda 8 correlates them: to one that waits or to a start event, once per process, or kept a while.

Sender and catcher lock the same (name, key) before they look for each other, so a message is lost on neither side of
the race (DESIGN promise 12).
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import to_microseconds
from app.engine import arrivals, inbox, triggers
from app.engine.arrivals import MESSAGE, Sent
from app.engine.inbox import NAMED, WAITS_FOR_MESSAGE
from app.engine.locks import lock
from app.engine.spiff.index import Node
from app.engine.spiff.live import CATCHING, Live
from app.engine.spiff.scopes import as_json
from app.engine.tables import arrival, history, message, process_instance, token


@dataclass(frozen=True)
class MessageIn:
    """A message. One with the same name, key and `message_id` as another that lives still is that one.

    With no time to live it is for those who wait now, and for nobody later.
    """

    name: str
    correlation_key: str
    variables: dict[str, Any]
    message_id: str | None = None
    time_to_live_s: float = 3600


@dataclass(frozen=True)
class Published:
    """`recipients` are the instances that waited for it, `started` those that it started, together one per process."""

    message_id: str
    duplicate: bool
    recipients: list[str]
    started: list[str] = field(default_factory=list)


class _Waiting(NamedTuple):
    """A token that waits, as tokens are chosen: who has waited longest comes first."""

    since: int
    instance_id: str
    number: int
    element_id: str
    process_id: str
    engaged: bool  # another message is on its way to it, or lies there for it from before
    suspended: bool  # it will have it when its instance is resumed


_LOCK = arrivals.locking(WAITS_FOR_MESSAGE, *NAMED)
_WAITING = Prepared(
    sa.select(
        *(token.c[name] for name in ("since", "instance_id", "number", "element_id")),
        process_instance.c.process_id,
        sa.or_(
            sa.exists().where(arrival.c.instance_id == token.c.instance_id, arrival.c.number == token.c.number),
            inbox.lying_for(process_instance.c.process_id).correlate(process_instance).exists(),
        ),
        process_instance.c.state == sa.literal_column("'suspended'"),
    )
    .join(process_instance, process_instance.c.id == token.c.instance_id)
    .where(WAITS_FOR_MESSAGE, *NAMED, token.c.open == sa.literal_column("1"))
)


def publish(
    tx: Transaction, message: MessageIn, clock: Clock, sender: Live | None = None, before: int = 0
) -> tuple[Published, Node | None]:
    """Correlate a message, and keep it for as long as it lives. The caller wakes whom it has reached.

    `sender` is the instance whose flow sends it; the node is one of its own that the message is for. Of those only
    what has a number `before` that waits already.
    """
    name, key, now = message.name, message.correlation_key, to_microseconds(clock.now())
    lock(tx, name, key)
    if message.message_id is not None and inbox.holds(tx, name, key, message.message_id, now):
        return Published(message.message_id, True, []), None
    revisions = arrivals.lock_waiting(tx, _LOCK, {"name_": name, "correlation_": key}, sender)
    sent = Sent(MESSAGE, name, as_json(message.variables), key, new_id(), message.message_id)
    lives = message.time_to_live_s > 0
    chosen = _choose(_waiting(tx, sent, revisions, now, sender, before), lives)
    if lives:
        inbox.keep(tx, sent, now, message.time_to_live_s)
        for one in chosen.values():
            inbox.mark(tx, str(sent.message_id), one.process_id, one.instance_id, one.element_id, now)
    own = next((one for one in chosen.values() if one.instance_id not in revisions), None)
    others = [(one.instance_id, one.number, one.element_id) for one in chosen.values() if one is not own]
    arrivals.send(tx, sent, others, revisions, now)
    started = _start(tx, sent, set(chosen), lives, now)
    recipients = [one.instance_id for one in chosen.values()]
    shown = Published(message.message_id or str(sent.message_id), False, recipients, started)
    return shown, sender.tree.find(own.number) if own is not None and sender is not None else None


def _waiting(
    tx: Transaction, sent: Sent, revisions: dict[str, int], now: int, sender: Live | None, before: int
) -> list[_Waiting]:
    """Who waits for it, in the order of their turn; of the sender what waits in memory, not what is stored."""
    found = []
    if revisions:
        rows = _WAITING.rows(tx.connection, {"name_": sent.name, "correlation_": sent.correlation, "now": now})
        found = [_Waiting(*row) for row in rows if row[1] in revisions]
    if sender is not None:
        found += [
            _Waiting(
                node.wait.since,
                sender.instance_id,
                node.id,
                node.task_spec.bpmn_id,
                sender.process_id,
                engaged=False,
                suspended=sender.suspended,
            )
            for node in sender.waiting(*CATCHING)
            if node.id < before and (node.wait.name, node.wait.correlation) == (sent.name, sent.correlation)
        ]
    return sorted(found)


def _choose(waiting: list[_Waiting], lives: bool) -> dict[str, _Waiting]:
    """One per process: who has waited longest and gets no other already; a suspended one if there is none else.

    If all of them do, a message that lives on waits for whoever is free first; another is lined up.
    """
    chosen: dict[str, _Waiting] = {}
    for one in sorted(waiting, key=lambda one: (one.engaged, one.suspended)):
        if not (one.engaged and lives):
            chosen.setdefault(one.process_id, one)
    return chosen


def _start(tx: Transaction, sent: Sent, served: set[str], lives: bool, now: int) -> list[str]:
    """Start an instance of each process that begins with this message, unless one with its key is open."""
    started = []
    for trigger in triggers.find(tx, MESSAGE, sent.name):
        key = sent.correlation
        if trigger.process_id in served or (key and not inbox.lock_start(tx, trigger.process_id, key)):
            continue
        instance_id = triggers.start(tx, trigger, now, sent, key)
        if lives:
            inbox.mark(tx, str(sent.message_id), trigger.process_id, instance_id, trigger.element_id, now)
        started.append(instance_id)
    return started


def find_sent(connection: sa.Connection, instance_id: str, message_id: str) -> MessageIn:
    """A message that an instance has had, also long ago, or that lies in the inbox; by either of its ids. NotFound."""
    told = sa.select(history.c.detail).where(
        history.c.instance_id == instance_id, history.c.kind.in_((MESSAGE, f"late_{MESSAGE}"))
    )
    for had in connection.execute(told.order_by(history.c.revision.desc())).scalars():
        if had["message_id"] == message_id:
            return MessageIn(had["name"], had["key"], had["variables"])
    of_either = sa.or_(message.c.id == message_id, message.c.sent_id == message_id)
    kept = connection.execute(sa.select(message).where(of_either).order_by(message.c.received_at.desc())).first()
    if kept is None:
        raise NotFound(
            f"There is no message '{message_id}' in this instance's history or in the inbox. Send it as a new one.",
            path="$.messageId",
        )
    return MessageIn(kept.name, kept.correlation, kept.variables)
