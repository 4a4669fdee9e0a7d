"""Events: stored with the state they tell of, and told to this process in the same transaction.

The outbox row is what outlives the process; subscribers are how rooms that may not import one another act on
the same commit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.core.db import Instant, JsonText, Transaction, metadata
from app.core.ids import new_id

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),  # sorts by the time of publishing
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("entity", sa.String(64), nullable=False),
    sa.Column("entity_id", sa.String(255), nullable=False),
    sa.Column("business_key", sa.String(255)),
    sa.Column("payload", JsonText, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("sent_at", Instant),  # NULL until a relay has passed it on
    sa.Index("ix_outbox_entity", "entity", "entity_id"),
    sa.Index(
        "ix_outbox_unsent",
        "id",
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    ),
)


@dataclass(frozen=True)
class Event:
    """Something that happened: `type` in the past tense, to one entity. `payload` holds JSON values."""

    type: str
    entity: str
    entity_id: str
    payload: dict[str, Any]
    business_key: str | None = None
    id: str = field(default_factory=new_id)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


Subscriber = Callable[[Transaction, Event], None]


class Subscriptions:
    """Who in this process acts on which events, in the transaction that publishes them."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Subscriber]] = {}

    def subscribe(self, type: str, subscriber: Subscriber) -> None:
        self._subscribers.setdefault(type, []).append(subscriber)

    def publish(self, tx: Transaction, event: Event) -> None:
        """Store the event, then call its subscribers in the order they subscribed.

        A subscriber that raises takes the whole transaction with it: state and event are one.
        """
        _store(tx, event)
        for subscriber in self._subscribers.get(event.type, ()):
            subscriber(tx, event)


@dataclass(frozen=True)
class Unsent:
    """What lies in the outbox and has not been passed on."""

    count: int  # it stops at the limit that was given
    oldest_at: datetime | None


def unsent(connection: sa.Connection, limit: int = 100_000) -> Unsent:
    waiting = sa.select(outbox.c.id, outbox.c.at).where(outbox.c.sent_at.is_(None))
    oldest = connection.execute(waiting.order_by(outbox.c.id).limit(1)).first()
    bounded = waiting.with_only_columns(sa.literal_column("1")).limit(limit).subquery()
    count = connection.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one()
    return Unsent(int(count), None if oldest is None else oldest.at)


def _store(tx: Transaction, event: Event) -> None:
    tx.connection.execute(
        outbox.insert(),
        {
            "id": event.id,
            "type": event.type,
            "entity": event.entity,
            "entity_id": event.entity_id,
            "business_key": event.business_key,
            "payload": event.payload,
            "at": event.at,
        },
    )
