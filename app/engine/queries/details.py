"""One instance: what is open in it, the path it took, its variables and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from app.core.pages import literal
from app.engine.spiff.build_loops import ITERATION
from app.engine.spiff.index import COMPLETED
from app.engine.tables import history as history_table
from app.engine.tables import token, variable

_TOKEN_COLUMNS = (
    token.c.number,
    token.c.element_id,
    token.c.kind,
    token.c.since,
    sa.func.coalesce(token.c.due_at, token.c.held_due_at, type_=token.c.due_at.type).label("due_at"),
    token.c.name,
    token.c.correlation,
    token.c.attempt,
    token.c.claimed_by,
    token.c.inputs,
    token.c.error,
    token.c.step_key,
    token.c.call,
)


@dataclass(frozen=True)
class TokenView:
    """A token and what it waits for; `claimed_by` is a worker's id or the user who took the task.

    `call` is the call activity's token whose called process it is part of; 0: it is the instance's own process.
    `due_at` stands still while its instance is suspended.
    """

    number: int
    element_id: str | None
    kind: str | None
    since: datetime | None
    due_at: datetime | None
    name: str | None
    correlation: str | None
    attempt: int
    claimed_by: str | None
    inputs: Any
    error: Any
    step_key: str | None
    call: int = 0


@dataclass(frozen=True)
class PassedView:
    """Visits of an element that are over; `count` is of those completed, `state` is how the last one ended.

    Of an activity that is done for each item of a collection, each iteration is a visit.
    An activity's boundary events end `cancelled`, with a count of 0, whenever the activity completes without them.
    """

    count: int
    last_ended_at: datetime
    state: Literal["completed", "cancelled"]


@dataclass(frozen=True)
class VariableView:
    """`scope` is empty for the process, and `/order#1` for the first visit of the sub-process `order`."""

    scope: str
    name: str
    value: Any


@dataclass(frozen=True)
class HistoryView:
    """A thing that happened. `kind` is entered, completed or cancelled for tokens, else what the engine noted."""

    at: datetime
    kind: str
    element_id: str | None
    actor: str | None
    detail: dict[str, Any]
    call: int = 0


def open_tokens(connection: sa.Connection, instance_id: str) -> list[TokenView]:
    """Those in called processes included."""
    query = sa.select(*_TOKEN_COLUMNS).where(token.c.instance_id == instance_id, token.c.open == literal(1))
    return [TokenView(**row._mapping) for row in connection.execute(query.order_by(token.c.number))]


def passed_elements(connection: sa.Connection, instance_id: str, call: int = 0) -> dict[str, PassedView]:
    """By element id, for drawing the path: of the instance's own process, or of one that it calls."""
    ended = sa.func.max(token.c.ended_at, type_=token.c.ended_at.type)
    query = (
        sa.select(token.c.element_id, token.c.spec, token.c.state, sa.func.count(), ended)
        .where(token.c.instance_id == instance_id, token.c.call == call, token.c.open == 0)
        .where(token.c.element_id.is_not(None))
        .group_by(token.c.element_id, token.c.spec, token.c.state)
    )
    bodies: dict[str, PassedView] = {}
    passed: dict[str, PassedView] = {}
    for element_id, spec, state, count, ended_at in connection.execute(query):
        done = state == COMPLETED
        view = PassedView(count if done else 0, ended_at, "completed" if done else "cancelled")
        into = passed if spec.endswith(ITERATION) else bodies
        other = into.get(element_id)
        if other is not None:
            last = max(view, other, key=lambda each: each.last_ended_at)
            view = PassedView(view.count + other.count, last.last_ended_at, last.state)
        into[element_id] = view
    return bodies | passed


def variables(connection: sa.Connection, instance_id: str) -> list[VariableView]:
    """The process's own first, then those of inner scopes, each by name."""
    query = (
        sa.select(variable.c.scope, variable.c.name, variable.c.value)
        .where(variable.c.instance_id == instance_id, variable.c.kind == "v")
        .order_by(variable.c.scope, variable.c.name)
    )
    return [VariableView(row.scope, row.name, orjson.loads(row.value)) for row in connection.execute(query)]


def history(
    connection: sa.Connection, instance_id: str, limit: int = 100, offset: int = 0, *, call: int | None = None
) -> list[HistoryView]:
    """What the engine noted and when tokens came and went, newest first; with `call`, in that called process alone."""
    merged = sa.union_all(_noted(instance_id), _came(instance_id), _went(instance_id)).subquery()
    order = (merged.c.at.desc(), merged.c.number.desc(), merged.c.phase.desc(), merged.c.place.desc())
    query = sa.select(merged).order_by(*order).limit(limit).offset(offset)
    if call is not None:
        query = query.where(merged.c.call == call)
    return [_view(row) for row in connection.execute(query)]


def count_history(connection: sa.Connection, instance_id: str) -> int:
    """How many there are for `history` to list."""
    merged = sa.union_all(_noted(instance_id), _came(instance_id), _went(instance_id)).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(merged)).scalar_one()


_AFTER_ALL = 2**62  # a token number past any: what is noted of an instance as a whole closes its instant
_NOTED, _CAME, _WENT = 1, 0, 2
_PLACES = 1_000_000  # more rows than one revision notes


def _noted(instance_id: str) -> sa.Select[Any]:
    table = history_table.c
    place = sa.case((table.revision <= 1, 0), else_=_AFTER_ALL)
    of_token = sa.and_(token.c.instance_id == table.instance_id, token.c.number == table.number)
    noted = history_table.outerjoin(token, of_token)
    return (
        sa.select(
            table.at,
            sa.func.coalesce(table.number, place).label("number"),
            sa.literal(_NOTED).label("phase"),
            (table.revision * _PLACES + table.position).label("place"),
            table.kind,
            table.element_id,
            table.actor,
            table.detail,
            *(sa.null().label(name) for name in ("name", "step_key", "claimed_by")),
            sa.literal(0).label("attempt"),
            sa.literal(0).label("done"),
            sa.func.coalesce(token.c.call, 0).label("call"),
        )
        .select_from(noted)
        .where(table.instance_id == instance_id)
    )


def _came(instance_id: str) -> sa.Select[Any]:
    return _moved(instance_id, token.c.entered_at, _CAME, "entered").where(token.c.element_id.is_not(None))


def _went(instance_id: str) -> sa.Select[Any]:
    query = _moved(instance_id, token.c.ended_at, _WENT, "ended")
    return query.where(token.c.element_id.is_not(None), token.c.ended_at.is_not(None))


def _moved(instance_id: str, at: sa.ColumnElement[datetime | None], phase: int, kind: str) -> sa.Select[Any]:
    return sa.select(
        at.label("at"),
        token.c.number,
        sa.literal(phase).label("phase"),
        sa.literal(0).label("place"),
        sa.literal(kind).label("kind"),
        token.c.element_id,
        sa.null().label("actor"),
        sa.cast(sa.null(), sa.Text).label("detail"),
        token.c.name,
        token.c.step_key,
        token.c.claimed_by,
        token.c.attempt,
        sa.case((token.c.state == COMPLETED, 1), else_=0).label("done"),
        token.c.call,
    ).where(token.c.instance_id == instance_id)


def _view(row: Any) -> HistoryView:
    if row.phase == _NOTED:
        return HistoryView(row.at, row.kind, row.element_id, row.actor, row.detail or {}, row.call)
    if row.phase == _CAME:
        return HistoryView(row.at, "entered", row.element_id, None, {"number": row.number}, row.call)
    kind = "completed" if row.done else "cancelled"
    detail = {"number": row.number}
    if row.step_key is None:
        return HistoryView(row.at, kind, row.element_id, row.claimed_by, detail, row.call)
    detail |= {"handler": row.name, "attempt": row.attempt, "step_key": row.step_key, "worker": row.claimed_by}
    return HistoryView(row.at, kind, row.element_id, None, detail, row.call)
