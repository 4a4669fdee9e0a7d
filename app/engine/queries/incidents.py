"""Incidents: what went wrong, what somebody did about it, and what came of that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from app.core.errors import NotFound
from app.core.pages import Page, count, fetch
from app.engine.tables import incident, process_instance, token


class UnknownIncident(NotFound):
    """No incident has that id."""


@dataclass(frozen=True)
class IncidentView:
    """`number` is the token it stands at, 0 for the instance as a whole; `outcome` is what came of the action.

    `call` is the call activity's token whose called process it is part of; 0: it is the instance's own process.
    """

    id: str
    instance_id: str
    process_id: str
    number: int
    element_id: str | None
    handler: str | None
    code: str
    message: str
    signature: str
    cause: str
    detail: dict[str, Any]
    attempt: int
    state: Literal["open", "acted_on", "resolved"]
    raised_at: datetime
    action: str | None
    action_by: str | None
    action_reason: str | None
    action_detail: Any
    acted_at: datetime | None
    outcome: str | None
    outcome_detail: str | None
    ended_at: datetime | None
    business_key: str | None
    call: int = 0


_SELECT = (
    sa.select(
        *incident.columns,
        process_instance.c.business_key,
        sa.func.coalesce(token.c.call, 0).label("call"),
    )
    .join_from(incident, process_instance, process_instance.c.id == incident.c.instance_id)
    .outerjoin(token, sa.and_(token.c.instance_id == incident.c.instance_id, token.c.number == incident.c.number))
)


def list_incidents(
    connection: sa.Connection,
    *,
    state: str | None = "open",
    process_id: str | None = None,
    instance_id: str | None = None,
    handler: str | None = None,
    cause: str | None = None,
    among: Collection[str] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page[IncidentView]:
    """The youngest first; `state` None is all of them. `among`: only of these processes."""
    counted = sa.select(incident.c.id)
    where = []
    if state is not None:
        where.append(incident.c.state == state)
    if instance_id is not None:
        where.append(incident.c.instance_id == instance_id)
    if process_id is not None:
        where.append(incident.c.process_id == process_id)
    if handler is not None:
        where.append(incident.c.handler == handler)
    if cause is not None:
        where.append(incident.c.cause == cause)
    if among is not None:
        where.append(incident.c.process_id.in_(sorted(among)))
    # Ids sort by time, and have an index; that of a state has the time itself
    order = (incident.c.id,) if state is None else (incident.c.raised_at, incident.c.id)
    query = _SELECT.where(*where).order_by(*(each.desc() for each in order))
    rows, total = fetch(connection, query, limit, offset, partial(count, connection, counted.where(*where)))
    return Page([IncidentView(**row._mapping) for row in rows], total)


def count_open_incidents(connection: sa.Connection, among: Collection[str] | None = None) -> int:
    """Of all instances, or of these processes, none beyond COUNT_LIMIT."""
    query = sa.select(incident.c.id).where(incident.c.state == "open")
    if among is not None:
        query = query.where(incident.c.process_id.in_(sorted(among)))
    return count(connection, query)


def get_incident(connection: sa.Connection, incident_id: str) -> IncidentView:
    row = connection.execute(_SELECT.where(incident.c.id == incident_id)).first()
    if row is None:
        raise UnknownIncident(f"There is no incident '{incident_id}'.", incident_id=incident_id)
    return IncidentView(**row._mapping)


def incidents_of(connection: sa.Connection, incident_ids: Collection[str]) -> dict[str, IncidentView]:
    """By their ids; one that there is none of is left out."""
    rows = connection.execute(_SELECT.where(incident.c.id.in_(incident_ids))) if incident_ids else ()
    return {row.id: IncidentView(**row._mapping) for row in rows}


@dataclass(frozen=True)
class StandingView:
    """What the token of an incident waits for now, and until when."""

    kind: str | None
    due_at: datetime | None


def standing_of(connection: sa.Connection, views: Collection[IncidentView]) -> dict[str, StandingView]:
    """By incident, of those whose tokens are still open."""
    places = {(view.instance_id, view.number): view.id for view in views}
    where = sa.tuple_(token.c.instance_id, token.c.number).in_(list(places))
    query = sa.select(token.c.instance_id, token.c.number, token.c.kind, token.c.due_at).where(where, token.c.open == 1)
    rows = connection.execute(query) if places else ()
    return {places[row.instance_id, row.number]: StandingView(row.kind, row.due_at) for row in rows}
