"""The path of an instance, step by step: when each began and ended, its attempts, what it took and what it gave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.engine.spiff.index import COMPLETED
from app.engine.tables import history, token, variable

TRIED = ("failed", "refused", "claim_expired", "late_result")
MOST_STEPS = 200


@dataclass(frozen=True)
class TryView:
    """What an attempt came to, unless it was done. `kind` as in the history; `retry_in_s` None: nobody tries again."""

    at: datetime
    kind: str
    attempt: int | None
    code: str | None
    message: str | None
    retry_in_s: float | None
    outcome: str | None = None  # of a late result


@dataclass(frozen=True)
class StepView:
    """One visit of an element. `kind` is what an open one waits for; `done`: it was completed, not cancelled.

    `outputs` are what it gave before its mappings, where that is known; `error` is the last attempt's.
    """

    number: int
    element_id: str
    kind: str | None
    done: bool
    entered_at: datetime
    ended_at: datetime | None
    since: datetime | None
    due_at: datetime | None
    name: str | None
    step_key: str | None
    attempt: int
    claimed_by: str | None
    inputs: Any
    outputs: Any
    error: Any
    call: int
    tries: list[TryView] = field(default_factory=list)


_COLUMNS = (
    token.c.number,
    token.c.element_id,
    token.c.kind,
    token.c.state,
    token.c.entered_at,
    token.c.ended_at,
    token.c.since,
    sa.func.coalesce(token.c.due_at, token.c.held_due_at, type_=token.c.due_at.type).label("due_at"),
    token.c.name,
    token.c.step_key,
    token.c.attempt,
    token.c.claimed_by,
    token.c.inputs,
    token.c.outputs,
    token.c.undo,
    token.c.error,
    token.c.call,
)


def list_steps(
    connection: sa.Connection,
    instance_id: str,
    *,
    call: int = 0,
    element_id: str | None = None,
    limit: int = MOST_STEPS,
) -> list[StepView]:
    """The last of them in a process, or of its visits of one element, in the order in which they began."""
    query = sa.select(*_COLUMNS).where(token.c.instance_id == instance_id, token.c.call == call)
    query = query.where(token.c.element_id.is_not(None))
    if element_id is not None:
        query = query.where(token.c.element_id == element_id)
    rows = connection.execute(query.order_by(token.c.number.desc()).limit(limit)).all()
    tries = _tries(connection, instance_id, [row.number for row in rows])
    return [replace(_view(row), tries=tries[row.number]) for row in reversed(rows)]


def origins(connection: sa.Connection, instance_id: str) -> dict[tuple[str, str], tuple[int | None, datetime | None]]:
    """By scope and name: the token that has set the variable, None where it came with the start, and when."""
    query = sa.select(variable.c.scope, variable.c.name, variable.c.number, variable.c.set_at)
    rows = connection.execute(query.where(variable.c.instance_id == instance_id, variable.c.kind == "v"))
    return {(row.scope, row.name): (row.number, row.set_at) for row in rows}


def elements_of(connection: sa.Connection, instance_id: str, numbers: Collection[int]) -> dict[int, tuple[str, int]]:
    """By a token's number: its element, and the call activity's token whose called process it is part of."""
    query = sa.select(token.c.number, token.c.element_id, token.c.call)
    rows = connection.execute(query.where(token.c.instance_id == instance_id, token.c.number.in_(numbers)))
    return {row.number: (row.element_id, row.call) for row in rows}


def _tries(connection: sa.Connection, instance_id: str, numbers: list[int]) -> dict[int, list[TryView]]:
    found: dict[int, list[TryView]] = defaultdict(list)
    if not numbers:
        return found
    query = (
        sa.select(history.c.number, history.c.at, history.c.kind, history.c.detail)
        .where(history.c.instance_id == instance_id, history.c.kind.in_(TRIED))
        .where(history.c.number.between(min(numbers), max(numbers)))
        .order_by(history.c.revision, history.c.position)
    )
    for number, at, kind, detail in connection.execute(query):
        facts = [detail.get(name) for name in ("attempt", "code", "message", "retry_in_s", "outcome")]
        found[number].append(TryView(at, kind, *facts))
    return found


def _view(row: Any) -> StepView:
    facts = dict(row._mapping)
    undo, state, outputs = facts.pop("undo") or {}, facts.pop("state"), facts.pop("outputs")
    return StepView(**facts, done=state == COMPLETED, outputs=undo.get("outputs") if outputs is None else outputs)
