"""What is due: a queue entry is only a wake-up, and these queries find whatever a lost one would have woken."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from operator import itemgetter

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.pages import literal
from app.engine.tables import message, message_delivery, process_instance, start_trigger, token, worker

_TIMED = ("timer", "retry", "callback")
# Not by its equal: no query should walk through the instances of a state to find few tokens.
_NOT_SUSPENDED = process_instance.c.state != "suspended"
MOST_SEEN = 50_000  # in a wave, of each kind: a sweep must not take longer the more there is to do
_FOUND = sa.select(process_instance.c.id, process_instance.c.priority)
_STANDING = _FOUND.select_from(token).join(process_instance, process_instance.c.id == token.c.instance_id)


def due_instances(connection: sa.Connection, now: datetime, limit: int = 500) -> dict[str, int]:
    """Instance -> priority, of those that a worker should look at now, the most urgent first.

    Of each kind of reason the `limit` that have waited longest; where there are more, also the `limit` most urgent.
    """
    alive = sa.select(worker.c.id).where(worker.c.lease_until >= now)
    queries = (
        _FOUND.where(process_instance.c.wake_at <= now).order_by(process_instance.c.wake_at),
        _STANDING.where(token.c.due_at <= now, token.c.open == 1, token.c.kind.in_(_TIMED)).order_by(token.c.due_at),
        _STANDING.where(token.c.kind == "claim", token.c.claimed_by.not_in(alive)),
        _STANDING.where(token.c.kind == "job", _NOT_SUSPENDED).order_by(token.c.since),
        _matched_messages(now, "message"),
        _matched_messages(now, "callback"),
    )
    found: dict[str, int] = {}
    for query in queries:
        oldest = connection.execute(query.limit(limit)).all()
        found.update((row.id, row.priority) for row in oldest)
        if len(oldest) == limit:
            seen = query.limit(MOST_SEEN).subquery()
            urgent = sa.select(seen.c.id, seen.c.priority).order_by(seen.c.priority).limit(limit)
            found.update((row.id, row.priority) for row in connection.execute(urgent))
    return dict(sorted(found.items(), key=itemgetter(1)))


def _matched_messages(now: datetime, kind: str) -> sa.Select[tuple[str, int]]:
    """Waits for which a message lies in the inbox; both sides look under one lock, so this finds what a crash left.

    Each kind of wait has an index of its own.
    """
    delivered = (
        sa.select(message_delivery.c.message_id)
        .where(
            message_delivery.c.message_id == message.c.id,
            message_delivery.c.process_id == process_instance.c.process_id,
        )
        .exists()
    )
    return (
        _FOUND.select_from(token)
        .join(message, sa.and_(message.c.name == token.c.name, message.c.correlation == token.c.correlation))
        .join(process_instance, process_instance.c.id == token.c.instance_id)
        .where(token.c.kind == literal(kind), message.c.expires_at > now, ~delivered, _NOT_SUSPENDED)
    )


def are_starts_due(connection: sa.Connection, now: datetime) -> bool:
    """Is there a process whose timer has come to start an instance?"""
    return (
        connection.execute(sa.select(start_trigger.c.due_at).where(start_trigger.c.due_at <= now).limit(1)).first()
        is not None
    )


def next_due(connection: sa.Connection) -> datetime | None:
    """When the next timer, retry or callback limit is due, of a process or in an instance; None if none is set."""
    waiting = sa.select(token.c.due_at).where(token.c.due_at.is_not(None), token.c.open == 1)
    starting = sa.select(start_trigger.c.due_at).where(start_trigger.c.due_at.is_not(None))
    found = [
        connection.execute(query.order_by(query.selected_columns.due_at).limit(1)).scalar()
        for query in (waiting, starting)
    ]
    return min((due_at for due_at in found if due_at is not None), default=None)


def unasked(
    connection: sa.Connection, instance_ids: Iterable[str], now: datetime, patience: timedelta
) -> dict[str, int]:
    """Instance -> revision, of those at which nobody has asked for a look within `patience`."""
    table = process_instance.c
    query = sa.select(table.id, table.revision).where(
        table.id.in_(list(instance_ids)), sa.or_(table.wake_at.is_(None), table.wake_at <= now - patience)
    )
    return {row.id: row.revision for row in connection.execute(query)}


def ask(tx: Transaction, seen: Mapping[str, int], now: datetime) -> list[str]:
    """Note that a look at these instances is asked for, at the revisions that were seen; the caller wakes those for
    which it is noted. So each is woken once, however many sweeps find it at a time.
    """
    table = process_instance.c
    locked = sa.select(table.id, table.revision).where(table.id.in_(list(seen))).order_by(table.id)
    rows = tx.connection.execute(locked.with_for_update(skip_locked=True))
    asked = [row.id for row in rows if row.revision == seen[row.id]]
    if asked:
        tx.connection.execute(
            sa.update(process_instance)
            .where(table.id.in_(asked))
            .values(wake_at=now, revision=process_instance.c.revision + 1)
        )
    return asked
