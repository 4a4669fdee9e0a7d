"""Signals: a broadcast to everything that waits for its name at that moment, and to nothing later."""

from dataclasses import dataclass

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.types import to_microseconds
from app.engine import arrivals, triggers
from app.engine.arrivals import SIGNAL, Sent
from app.engine.spiff.live import Live
from app.engine.tables import token


@dataclass(frozen=True)
class Broadcast:
    """`recipients` are the instances that waited for it, `started` those that it started, one per process."""

    recipients: list[str]
    started: list[str]


_WANTED = (token.c.kind == sa.literal_column(f"'{SIGNAL}'"), token.c.name == sa.bindparam("name_"))
_LOCK = arrivals.locking(*_WANTED)
_WAITING = Prepared(
    sa.select(token.c.instance_id, token.c.number, token.c.element_id).where(
        *_WANTED, token.c.open == sa.literal_column("1")
    )
)


def broadcast(tx: Transaction, name: str, variables: str, clock: Clock, sender: Live | None = None) -> Broadcast:
    """Send it to every token that waits; the caller wakes their instances.

    `variables` as stored. What waits in `sender`, the instance whose flow sends it, is the caller's too.
    """
    now, sent = to_microseconds(clock.now()), Sent(SIGNAL, name, variables)
    revisions = arrivals.lock_waiting(tx, _LOCK, {"name_": name}, sender)
    waiting = _WAITING.rows(tx.connection, {"name_": name}) if revisions else []
    recipients = arrivals.send(tx, sent, [row for row in waiting if row[0] in revisions], revisions, now)
    return Broadcast(recipients, [triggers.start(tx, each, now, sent) for each in triggers.find(tx, SIGNAL, name)])
