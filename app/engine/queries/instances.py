"""Instances in lists: their state as people name it, and the one thing each of them waits for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa

from app.core.errors import NotFound
from app.core.pages import Page, count, fetch, is_all, literal
from app.engine.queries.search import found_by, search_key
from app.engine.tables import process_instance, token

State = Literal["active", "fallen_out", "suspended", "completed", "cancelled"]
STATES: tuple[State, ...] = ("active", "fallen_out", "suspended", "completed", "cancelled")
_NOT_ACTIVE = ("suspended", "completed", "cancelled")

# What tells most about an instance comes first: what is wrong, what is being done, what is waited for. Timers come
# late, because most of them are the limit of a step that waits for something itself.
_TELLING = (
    "incident",
    "retry",
    "claim",
    "message",
    "callback",
    "signal",
    "user_task",
    "job",
    "held",
    "timer",
    "condition",
    "join",
)
_NAMED = {"message": "message {name}", "callback": "message {name}", "signal": "signal {name}"}
_PLACED = {
    "incident": "incident at {element}",
    "retry": "retry of {element}",
    "claim": "{element} (running)",
    "job": "a worker for {element}",
    "held": "its turn at {element}",
    "user_task": "task {element}",
    "timer": "timer {element}",
    "condition": "the condition of {element}",
    "join": "the other branches at {element}",
}


class UnknownInstance(NotFound):
    """No instance has that id."""


@dataclass(frozen=True)
class InstanceRow:
    """`fallen_out` is active with at least one open incident; `suspended` may have incidents too.

    `suspended_with` says what was suspended and has to be resumed. `waiting_for` names the most telling of its waits by
    element id or message name; `waiting_kind` and `waiting_element` are the same as data, for a page that knows the
    element's name. All three are None at the end.
    """

    id: str
    process_id: str
    version: int
    business_key: str | None
    priority: int
    state: State
    incidents: int
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    waiting_for: str | None
    waiting_kind: str | None = None
    waiting_element: str | None = None
    suspended_with: Literal["instance", "process"] | None = None
    waiting_call: int = 0


_state = sa.case(
    (sa.and_(process_instance.c.state == "active", process_instance.c.incidents > 0), "fallen_out"),
    else_=process_instance.c.state,
)
_SELECT = sa.select(
    *(process_instance.c[name] for name in ("id", "process_id", "version", "business_key", "priority", "incidents")),
    *(process_instance.c[name] for name in ("started_at", "updated_at", "ended_at", "suspended_with")),
    _state.label("shown_state"),
)
_SELECT_ONE = _SELECT.where(process_instance.c.id == sa.bindparam("id_"))


def list_instances(
    connection: sa.Connection,
    *,
    state: State | None = None,
    process_id: str | None = None,
    business_key: str | None = None,
    search: str | None = None,
    among: Collection[str] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page[InstanceRow]:
    """The youngest first. `business_key` is exact; `search` is how one begins, in any case, or if none begins so a part
    of one; or a whole instance id. `among`: only of these processes."""
    query, counted = _SELECT, None
    if state is not None:
        query = query.where(*_in_state(state, process_id))
    if process_id is not None:
        query = query.where(process_instance.c.process_id == process_id)
    if among is not None:
        query = query.where(process_instance.c.process_id.in_(sorted(among)))
    if business_key is not None:
        query = query.where(process_instance.c.search_key == search_key(business_key))
        query = query.where(process_instance.c.business_key == business_key)
    if search:
        query = query.where(found_by(connection, search))
    if not (search or business_key) and among is None:
        counted = partial(_count, connection, state, process_id)
        if process_id is not None and state is None:
            query = query.where(process_instance.c.id.in_(_youngest(process_id, offset + limit + 1)))
    # Ids sort by time: the index of a process's instances ends with them, that of a state has the time itself
    by_time = state is not None and process_id is None
    order = (process_instance.c.started_at, process_instance.c.id) if by_time else (process_instance.c.id,)
    rows, total = fetch(connection, query.order_by(*(each.desc() for each in order)), limit, offset, counted)
    return Page(_with_waits(connection, rows), total)


def count_by_state(
    connection: sa.Connection, process_id: str | None = None, among: Collection[str] | None = None
) -> dict[str, int]:
    """How many instances there are in each of STATES, none beyond COUNT_LIMIT. `among`: only of these processes."""
    if among is None:
        return _count_states(connection, process_id)
    chosen = [each for each in sorted(among) if process_id in (None, each)]
    counts = [_count_states(connection, each) for each in chosen]
    return {state: sum(found[state] for found in counts) for state in STATES}


def _count_states(connection: sa.Connection, process_id: str | None) -> dict[str, int]:
    found: dict[str, int] = {state: _count(connection, state, process_id) for state in STATES if state != "active"}
    found["active"] = _running(connection, process_id, found["fallen_out"])
    return {state: found[state] for state in STATES}


def _count(connection: sa.Connection, state: State | None, process_id: str | None) -> int:
    if state == "active":
        return _running(connection, process_id, _count(connection, "fallen_out", process_id))
    return _counted(connection, process_id, *(() if state is None else _in_state(state, process_id)))


def _running(connection: sa.Connection, process_id: str | None, fallen_out: int) -> int:
    """All that are not over without those that have fallen out: an index alone tells how many they are."""
    found = _counted(connection, process_id, process_instance.c.state == "active")
    return found - fallen_out if is_all(found) else found


def _counted(connection: sa.Connection, process_id: str | None, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(process_instance.c.id).where(*where)
    return count(connection, query if process_id is None else query.where(process_instance.c.process_id == process_id))


def _youngest(process_id: str, number: int) -> sa.Select[Any]:
    """The ids of so many of the process: so many of each state, and of those so many."""
    each = [
        sa.select(process_instance.c.id)
        .where(process_instance.c.process_id == process_id, process_instance.c.state == state)
        .order_by(process_instance.c.id.desc())
        .limit(number)
        .subquery()
        for state in ("active", *_NOT_ACTIVE)
    ]
    found = sa.union_all(*(sa.select(part.c.id) for part in each)).subquery()
    return sa.select(found.c.id).order_by(found.c.id.desc()).limit(number)


def get_instance(connection: sa.Connection, instance_id: str, *, waits: bool = True) -> InstanceRow:
    """UnknownInstance if there is none. Without `waits`, what it waits for is not looked up."""
    row = connection.execute(_SELECT_ONE, {"id_": instance_id}).first()
    if row is None:
        raise UnknownInstance(f"There is no process instance '{instance_id}'.", instance_id=instance_id)
    return _with_waits(connection, [row])[0] if waits else _instance(row, None)


@dataclass(frozen=True)
class KeyView:
    """What an instance is called."""

    instance_id: str
    business_key: str | None


def keys_of(connection: sa.Connection, instance_ids: Collection[str]) -> list[KeyView]:
    """Of those that there are."""
    table = process_instance.c
    query = sa.select(table.id.label("instance_id"), table.business_key).where(table.id.in_(instance_ids))
    return [KeyView(**row._mapping) for row in connection.execute(query)] if instance_ids else []


def _in_state(state: State, process_id: str | None) -> tuple[sa.ColumnElement[bool], ...]:
    if state == "active":
        return (process_instance.c.state == "active", process_instance.c.incidents == 0)
    if state == "fallen_out":
        # Among all, not by its equal: no query should walk through all that are active to find these
        state_is = process_instance.c.state == "active" if process_id else process_instance.c.state.not_in(_NOT_ACTIVE)
        return (state_is, process_instance.c.incidents > literal(0))
    return (process_instance.c.state == state,)


def _with_waits(connection: sa.Connection, rows: Sequence[Any]) -> list[InstanceRow]:
    waits = _most_telling(connection, [row.id for row in rows if row.ended_at is None])
    return [_instance(row, waits.get(row.id)) for row in rows]


def _instance(row: Any, wait: Any) -> InstanceRow:
    return InstanceRow(
        id=row.id,
        process_id=row.process_id,
        version=row.version,
        business_key=row.business_key,
        priority=row.priority,
        state=row.shown_state,
        incidents=row.incidents,
        started_at=row.started_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
        waiting_for=None if wait is None else _summary(wait),
        waiting_kind=None if wait is None else wait.kind,
        waiting_element=None if wait is None else wait.element_id,
        suspended_with=row.suspended_with if row.shown_state == "suspended" else None,
        waiting_call=0 if wait is None else wait.call,
    )


def _most_telling(connection: sa.Connection, instance_ids: Sequence[str]) -> dict[str, Any]:
    if not instance_ids:
        return {}
    return {row.instance_id: row for row in connection.execute(_WAITS, {"ids": instance_ids})}


def _ranked_waits() -> sa.Select[Any]:
    """The first in the order of _TELLING of each instance in `ids`."""
    order = sa.case({kind: place for place, kind in enumerate(_TELLING)}, value=token.c.kind)
    rank = sa.func.row_number().over(partition_by=token.c.instance_id, order_by=(order, token.c.number))
    wanted = token.c.instance_id.in_(sa.bindparam("ids", expanding=True))
    ranked = (
        sa.select(
            *(token.c[name] for name in ("instance_id", "kind", "element_id", "name", "call")), rank.label("place")
        )
        .where(wanted, token.c.open == literal(1), token.c.kind.in_(_TELLING))
        .subquery()
    )
    return sa.select(ranked).where(ranked.c.place == 1)


_WAITS = _ranked_waits()


def _summary(wait: Any) -> str:
    if wait.kind in _NAMED and wait.name:
        return _NAMED[wait.kind].format(name=wait.name)
    return _PLACED.get(wait.kind, "{element}").format(element=wait.element_id or wait.name or wait.kind)
