"""Processes that an instance calls: each runs inside it, with a diagram of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.errors import NotFound
from app.core.pages import literal
from app.engine.tables import process_definition, token


class UnknownCall(NotFound):
    """The instance has called no process from a token with that number."""


@dataclass(frozen=True)
class CallView:
    """`number` is the call activity's token, `call` that of the process it is part of itself; 0: the instance's own.

    `scope` is where the called process has its variables while it runs; `fallen_out`, how many of its tokens have.
    """

    number: int
    call: int
    element_id: str
    process_id: str
    version: int
    name: str
    entered_at: datetime
    ended_at: datetime | None
    scope: str | None
    fallen_out: int


_inside = token.alias("inside")
_SELECT = sa.select(
    token.c.number,
    token.c.call,
    token.c.element_id,
    process_definition.c.process_id,
    process_definition.c.version,
    process_definition.c.name,
    token.c.entered_at,
    token.c.ended_at,
    token.c.internal,
    sa.select(sa.func.count())
    .where(
        _inside.c.instance_id == token.c.instance_id,
        _inside.c.call == token.c.number,
        _inside.c.open == literal(1),
        _inside.c.kind == "incident",
    )
    .scalar_subquery()
    .label("fallen_out"),
).join(process_definition, process_definition.c.id == token.c.name)


def list_calls(connection: sa.Connection, instance_id: str, call: int = 0, limit: int = 20) -> list[CallView]:
    """What the instance's own process calls, or a called one: what runs first, then the latest."""
    query = _SELECT.where(token.c.instance_id == instance_id, token.c.call == call)
    rows = connection.execute(query.order_by(token.c.open.desc(), token.c.number.desc()).limit(limit))
    return [_view(row) for row in rows]


def get_call(connection: sa.Connection, instance_id: str, number: int) -> CallView:
    """UnknownCall if that token has called nothing."""
    row = connection.execute(_SELECT.where(token.c.instance_id == instance_id, token.c.number == number)).first()
    if row is None:
        raise UnknownCall(f"Token {number} of instance '{instance_id}' has called no process.", number=number)
    return _view(row)


def _view(row: Any) -> CallView:
    facts = dict(row._mapping)
    internal = orjson.loads(facts.pop("internal"))
    return CallView(**facts, scope=internal.get("inside"))
