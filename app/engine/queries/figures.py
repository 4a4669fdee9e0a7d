"""What there is to do and for how long it has waited, as numbers for those who watch.

Every query is answered from an index and every count stops at COUNT_LIMIT: `figures` is for a look every few seconds at
any size, `totals` counts whatever may be many and is for one every minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.engine.tables import gate, incident, process_instance, token, worker

COUNT_LIMIT = 1_000_000
_STORED_STATES = ("active", "suspended", "completed", "cancelled")


@dataclass(frozen=True)
class Figures:
    """`oldest_s`: for how long the oldest has waited; 0 when there is none."""

    with_incidents: int  # instances
    jobs: int  # steps that no worker has claimed yet
    held: int  # steps that wait for their turn at a gate
    gates: Mapping[str, int]  # those that are shut, by the state of their breakers: open, half_open, stopped
    claims: int
    open_incidents: int
    oldest_s: Mapping[
        str, float
    ]  # wake: an instance, for a look; due: a timer, retry or limit; job, but for suspended ones; claim; held; incident
    leases: Mapping[str, int]  # workers by lease: `good` or `over`


@dataclass(frozen=True)
class Totals:
    instances: Mapping[str, int]  # by state as it is stored: those that have fallen out are among the active
    suspended_with_incidents: int
    waiting: Mapping[str, int]  # open tokens, by what from outside they wait for


def figures(connection: sa.Connection, now: datetime) -> Figures:
    leases = connection.execute(sa.select(worker.c.lease_until)).scalars().all()
    good = sum(1 for until in leases if until >= now)
    return Figures(
        with_incidents=_count(connection, process_instance.c.incidents > sa.literal_column("0")),
        jobs=_count(connection, _stands_for("job")),
        held=_count(connection, _stands_for("held")),
        gates=_gates(connection),
        claims=_count(connection, _stands_for("claim")),
        open_incidents=_count(connection, incident.c.state == "open"),
        oldest_s={name: _age_s(connection, query, now) for name, query in _oldest(now).items()},
        leases={"good": good, "over": len(leases) - good},
    )


def _gates(connection: sa.Connection) -> dict[str, int]:
    counts = sa.select(gate.c.breaker, sa.func.count()).where(gate.c.breaker != "closed").group_by(gate.c.breaker)
    return {"open": 0, "half_open": 0, "stopped": 0, **{row[0]: row[1] for row in connection.execute(counts)}}


def totals(connection: sa.Connection) -> Totals:
    return Totals(
        instances={state: _count(connection, process_instance.c.state == state) for state in _STORED_STATES},
        suspended_with_incidents=_count(
            connection, (process_instance.c.state == "suspended") & (process_instance.c.incidents > 0)
        ),
        waiting={kind: _count(connection, _stands_for(kind)) for kind in ("message", "callback", "user_task")},
    )


def _count(connection: sa.Connection, where: sa.ColumnElement[bool]) -> int:
    bounded = sa.select(sa.literal_column("1")).where(where).limit(COUNT_LIMIT).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one())


def _stands_for(kind: str) -> sa.ColumnElement[bool]:
    """Written as the partial index has it: a plan that is kept for any value could not use it."""
    return token.c.kind == sa.literal_column(f"'{kind}'")


def _oldest(now: datetime) -> dict[str, sa.Select[Any]]:
    """Queries for the instant since when the oldest has waited."""
    due = sa.select(token.c.due_at).where(token.c.due_at <= now, token.c.open == 1)
    return {
        "wake": sa.select(sa.func.min(process_instance.c.wake_at)).where(process_instance.c.wake_at <= now),
        "due": due.order_by(token.c.due_at).limit(1),
        "job": sa.select(token.c.since)
        .join(process_instance, process_instance.c.id == token.c.instance_id)
        .where(_stands_for("job"), process_instance.c.state == "active")
        .order_by(token.c.since)
        .limit(1),
        "claim": sa.select(sa.func.min(token.c.since)).where(_stands_for("claim")),
        "held": sa.select(sa.func.min(token.c.since)).where(_stands_for("held")),
        "incident": sa.select(sa.func.min(incident.c.raised_at)).where(incident.c.state == "open"),
    }


def _age_s(connection: sa.Connection, query: sa.Select[Any], now: datetime) -> float:
    since = connection.execute(query).scalar()
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
