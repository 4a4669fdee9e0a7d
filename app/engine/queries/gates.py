"""Gates that are worth a look: limited, shut, failing, or with steps that they let through or hold now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from app.core.types import from_microseconds
from app.engine.gates import rows
from app.engine.gates.doors import Gates
from app.engine.tables import gate, gate_pass, token
from app.handling.contract import Limit
from app.handling.registry import HANDLER_GATE, Registry

Breaker = Literal["closed", "open", "half_open", "stopped"]


@dataclass(frozen=True)
class GateView:
    """`limit` holds now; `set_by` is None where the handler says it. `family`: of all whose names begin alike."""

    key: str
    kind: Literal["system", "family", "handler"]
    breaker: Breaker
    changed_at: datetime | None
    changed_by: str | None
    reason: str | None
    failures: int
    error: dict[str, Any] | None
    look_at: datetime | None
    allowed: int | None
    limit: Limit
    set_by: str | None
    set_reason: str | None
    set_at: datetime | None
    running: int  # calls that this gate has let through
    held: int
    held_since: datetime | None  # the oldest

    @property
    def set_to(self) -> dict[str, Any]:
        """What operators change of it."""
        return {"state": self.breaker, "concurrent": self.limit.concurrent, "perSecond": self.limit.per_s}


def list_gates(connection: sa.Connection, gates: Gates, registry: Registry) -> list[GateView]:
    """Those that are shut or failing first, then those that hold steps, then by key."""
    counts = _counts(connection)
    unusual = rows.unusual(connection)
    views = [_view(connection, key, counts.get(key, _Count()), gates, registry) for key in {*unusual, *counts}]
    return sorted(views, key=lambda view: (view.breaker == "closed", view.failures == 0, view.held == 0, view.key))


def get_gate(connection: sa.Connection, key: str, gates: Gates, registry: Registry) -> GateView:
    """Also one of which nothing is known."""
    return _view(connection, key, _counts(connection).get(key, _Count()), gates, registry)


@dataclass
class _Count:
    running: int = 0
    held: int = 0
    held_since: datetime | None = None
    handler: str = ""  # of one of those steps


def _counts(connection: sa.Connection) -> dict[str, _Count]:
    """What passes each gate and waits there."""
    counts: dict[str, _Count] = defaultdict(_Count)
    kind = sa.case((gate_pass.c.given == 1, "claim"), else_="held")
    # Looked up for each: of a join SQLite begins with all tokens that are open
    standing = (
        sa.select(token.c.number)
        .where(token.c.instance_id == gate_pass.c.instance_id, token.c.number == gate_pass.c.number)
        .where(token.c.open == 1, token.c.kind == kind)
        .scalar_subquery()
    )
    query = (
        sa.select(
            gate_pass.c.gate,
            gate_pass.c.given,
            sa.func.count().label("number"),
            sa.func.min(gate_pass.c.since).label("since"),
            sa.func.min(gate_pass.c.handler).label("handler"),
        )
        .where(standing.is_not(None))
        .group_by(gate_pass.c.gate, gate_pass.c.given)
    )
    for row in connection.execute(query):
        count = counts[row.gate]
        count.handler = row.handler
        if row.given:
            count.running = row.number
        else:
            count.held, count.held_since = row.number, row.since
    return counts


def _view(connection: sa.Connection, key: str, count: _Count, gates: Gates, registry: Registry) -> GateView:
    found = rows.read(connection, key)
    by_whom = sa.select(gate.c.set_by, gate.c.set_reason, gate.c.set_at).where(gate.c.key == key)
    row = connection.execute(by_whom).first() if found.limit is not None else None
    handler = registry.get(count.handler or key.removeprefix(HANDLER_GATE))
    limit = found.limit or gates.limit_of(key, handler)
    return GateView(
        key=found.key,
        kind=_kind(found.key),
        breaker=found.breaker,  # type: ignore[arg-type]  # as stored: one of the four
        changed_at=from_microseconds(found.changed_at) if found.changed_at else None,
        changed_by=found.changed_by,
        reason=found.reason,
        failures=found.failures,
        error=found.error,
        look_at=None if found.look_at is None else from_microseconds(found.look_at),
        allowed=found.allowed,
        limit=limit,
        set_by=None if row is None else row.set_by,
        set_reason=None if row is None else row.set_reason,
        set_at=None if row is None else row.set_at,
        running=count.running,
        held=count.held,
        held_since=count.held_since,
    )


def _kind(key: str) -> Literal["system", "family", "handler"]:
    if key.endswith("*"):
        return "family"
    return "handler" if key.startswith(HANDLER_GATE) else "system"
