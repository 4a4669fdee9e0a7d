"""What came, went and fell out in each of the last hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.types import to_microseconds
from app.engine.tables import incident, process_instance

HOURS = 24
_HOUR = timedelta(hours=1)
# Written out where an index begins with the state: it is then asked for each of them
_STATES = ("active", "suspended", "completed", "cancelled")
_INCIDENT_STATES = ("open", "acted_on", "resolved")


@dataclass(frozen=True)
class HourView:
    """From `since` on for an hour; the last one is not over. `fallen_out` are incidents."""

    since: datetime
    started: int
    completed: int
    fallen_out: int


@dataclass(frozen=True)
class Pace:
    """How many instances began and ended well within the last sixty minutes."""

    started: int
    completed: int


def by_hour(connection: sa.Connection, now: datetime, among: Collection[str] | None = None) -> list[HourView]:
    """The last HOURS, the oldest first, whole hours of the clock. `among`: only of these processes."""
    first = now.replace(minute=0, second=0, microsecond=0) - (HOURS - 1) * _HOUR
    counts = [_count(connection, column, first, where) for column, where in _queries(among)]
    return [HourView(first + n * _HOUR, *(count[n] for count in counts)) for n in range(HOURS)]


def pace(connection: sa.Connection, now: datetime, among: Collection[str] | None = None) -> Pace:
    """Of the last hour up to now."""
    since = now - _HOUR
    counts = [_count(connection, column, since, where) for column, where in _queries(among)[:2]]
    return Pace(*(count.total() for count in counts))


def _queries(
    among: Collection[str] | None,
) -> list[tuple[sa.Column[Any], Sequence[sa.ColumnElement[bool]]]]:
    """Which instants are counted for a view, and of which rows."""
    instances, incidents = process_instance.c, incident.c
    # As an expression, which has no index: few rows of a day are looked through, not all that a process ever had
    each = [sa.func.coalesce(table.process_id, "") for table in (instances, incidents)]
    mine = [[] if among is None else [process_id.in_(sorted(among))] for process_id in each]
    return [
        (instances.started_at, [instances.state.in_(_STATES), *mine[0]]),
        (instances.ended_at, [instances.state == "completed", *mine[0]]),
        (incidents.raised_at, [incidents.state.in_(_INCIDENT_STATES), *mine[1]]),
    ]


def _count(
    connection: sa.Connection, column: sa.Column[Any], first: datetime, where: Sequence[sa.ColumnElement[bool]]
) -> Counter[int]:
    """By how many hours after the first."""
    passed = sa.type_coerce(column, sa.BigInteger) - to_microseconds(first)
    hour = (passed // sa.literal_column(str(_HOUR // timedelta(microseconds=1)), sa.BigInteger)).label("hour")
    query = sa.select(hour, sa.func.count()).where(column >= first, *where).group_by(hour)
    return Counter({row[0]: row[1] for row in connection.execute(query)})
