"""What should have moved by now, and what has waited longest of its kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from app.core.pages import Page, count, fetch, literal
from app.engine.tables import incident, process_instance, token, user_task

PATIENCE = timedelta(minutes=1)  # a worker sees to what is due within seconds
_TIMED = ("timer", "retry", "callback")
Kind = Literal["instance", "incident", "user_task", "held", "job", "timer", "retry", "callback"]


@dataclass(frozen=True)
class WaitView:
    """`at` is since when it has waited, or was to have moved. `element_id` is None for an instance as a whole."""

    kind: Kind
    instance_id: str
    business_key: str | None
    process_id: str
    version: int
    element_id: str | None
    call: int
    at: datetime


_INSTANCE = [
    process_instance.c.id.label("instance_id"),
    *(process_instance.c[name] for name in ("business_key", "process_id", "version")),
]
# Not by its equal: no query should walk through all that are active to find few tokens
_ACTIVE = process_instance.c.state.not_in(("suspended", "completed", "cancelled"))


def overdue(
    connection: sa.Connection, now: datetime, among: Collection[str] | None = None, limit: int = 5
) -> Page[WaitView]:
    """Timers, repeated attempts and limits of callbacks whose time is past and nobody sees to, and tasks past the time
    by which they were to be done; the oldest first."""
    due = token.c.due_at <= now - PATIENCE
    timed = _tokens(among, token.c.kind, token.c.due_at).where(due, token.c.open == 1, token.c.kind.in_(_TIMED))
    late = user_task.c.due_at <= now
    this = sa.and_(user_task.c.instance_id == token.c.instance_id, user_task.c.number == token.c.number)
    tasks = _tokens(among, token.c.kind, user_task.c.due_at).join(user_task, this)
    tasks = tasks.where(token.c.kind == literal("user_task"), late)
    found, total = list[WaitView](), 0
    for query, at in ((timed, token.c.due_at), (tasks, user_task.c.due_at)):
        rows, number = fetch(connection, query.order_by(at), limit, 0, partial(count, connection, query))
        found += [WaitView(**row._mapping) for row in rows]
        total += number
    return Page(sorted(found, key=lambda view: view.at)[:limit], total)


def longest(connection: sa.Connection, among: Collection[str] | None = None) -> list[WaitView]:
    """Of each kind of wait the one that has lasted longest; kinds of which there is none are left out."""
    queries = [_oldest_incident(among), *(_oldest_token(kind, among) for kind in ("user_task", "held", "job"))]
    queries += [_oldest_instance(None)] if among is None else [_oldest_instance(each) for each in sorted(among)]
    rows = [row for query in queries if (row := connection.execute(query).first()) is not None]
    found: dict[str, WaitView] = {}
    for view in (WaitView(**row._mapping) for row in rows):
        if view.kind not in found or view.at < found[view.kind].at:
            found[view.kind] = view
    return list(found.values())


def _tokens(
    among: Collection[str] | None, kind: sa.ColumnElement[Any], at: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    columns = (*_INSTANCE, kind.label("kind"), token.c.element_id, token.c.call, at.label("at"))
    query = sa.select(*columns).join_from(token, process_instance, process_instance.c.id == token.c.instance_id)
    return query.where(_ACTIVE, *_mine(among))


def _oldest_token(kind: str, among: Collection[str] | None) -> sa.Select[Any]:
    """Only open tokens stand for anything; that they are open is not asked, for it would bring in another index."""
    stands = token.c.kind == literal(kind)
    return _tokens(among, sa.literal(kind), token.c.since).where(stands).order_by(token.c.since).limit(1)


def _oldest_incident(among: Collection[str] | None) -> sa.Select[Any]:
    kind, at, call = sa.literal("incident"), incident.c.raised_at, sa.func.coalesce(token.c.call, 0)
    query = sa.select(*_INSTANCE, kind.label("kind"), incident.c.element_id, at.label("at"), call.label("call"))
    query = query.join_from(incident, process_instance, process_instance.c.id == incident.c.instance_id)
    here = sa.and_(token.c.instance_id == incident.c.instance_id, token.c.number == incident.c.number)
    mine = () if among is None else (incident.c.process_id.in_(sorted(among)),)
    return query.outerjoin(token, here).where(incident.c.state == "open", *mine).order_by(incident.c.raised_at).limit(1)


def _oldest_instance(process_id: str | None) -> sa.Select[Any]:
    """The one that is open longest. Ids sort by time, and those of a process have an index."""
    nothing = (sa.literal("instance").label("kind"), sa.null().label("element_id"), sa.literal(0).label("call"))
    query = sa.select(*_INSTANCE, *nothing, process_instance.c.started_at.label("at"))
    query = query.where(process_instance.c.state == "active")
    if process_id is None:
        return query.order_by(process_instance.c.started_at).limit(1)
    return query.where(process_instance.c.process_id == process_id).order_by(process_instance.c.id).limit(1)


def _mine(among: Collection[str] | None) -> tuple[sa.ColumnElement[bool], ...]:
    return () if among is None else (process_instance.c.process_id.in_(sorted(among)),)
