"""The systems that handlers call: how many calls they bear, which of them are down, and what is held because of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine import queries
from app.engine.queries.gates import GateView
from app.handling.contract import LEAST_PER_S, Limit
from app.web.acting import Deed, act, deed
from app.web.models import Input, Name, Output, Reason
from app.web.paging import PageQuery, answer_one, answer_page

Key = Annotated[Name, Field(description="A system, or `handler=<type>`", json_schema_extra={"example": "olt=lon-3"})]
Concurrent = Annotated[int, Field(ge=1, le=100_000, description="Calls at once, over all workers; null: any number")]
PerSecond = Annotated[
    float, Field(ge=LEAST_PER_S, le=100_000, description="Calls that begin in a second; null: any number")
]


class SystemOut(Output):
    """A system or a handler, as its gate knows it."""

    key: str = Field(examples=["olt=lon-3"])
    kind: Literal["system", "family", "handler"] = Field(
        description="`family`: a limit for all systems whose names begin alike, such as `olt=*`"
    )
    state: Literal["closed", "open", "half_open", "stopped"] = Field(
        description="Of its circuit breaker. `closed`: it is called; `open`: it was found down, and rests; "
        "`half_open`: it is tried, with more calls as they are answered; `stopped`: somebody said not to call it"
    )
    changed_at: datetime | None
    changed_by: str | None = Field(description="Who stopped it or let it go; null: it was found so")
    reason: str | None
    failures: int = Field(description="Calls in a row that found it down")
    error: dict[str, Any] | None = Field(description="Of the last such call")
    next_look_at: datetime | None = Field(description="While it rests: when one call tries again")
    allowed: int | None = Field(description="While it comes back: so many calls at once")
    concurrent: int | None
    per_second: float | None
    limit_set_by: str | None = Field(description="Null: the handler says so")
    limit_reason: str | None
    limit_set_at: datetime | None
    running: int = Field(description="Calls that its gate has let through")
    held: int = Field(description="Steps that wait for their turn")
    held_since: datetime | None = Field(description="Of the one that has waited longest")

    @classmethod
    def of(cls, gate: GateView) -> SystemOut:
        limits = {"concurrent": gate.limit.concurrent, "per_second": gate.limit.per_s}
        set_by = {"limit_set_by": gate.set_by, "limit_reason": gate.set_reason, "limit_set_at": gate.set_at}
        state = {"state": gate.breaker, "next_look_at": gate.look_at}
        return cls.model_validate({**vars(gate), **limits, **set_by, **state})


class SystemList(RootModel[list[SystemOut]]):
    """Those that are limited, shut or failing, or hold steps; what needs somebody comes first."""


class GateIn(Input):
    """Which, and why."""

    key: Key
    reason: Reason = Field(json_schema_extra={"example": "Firmware upgrade until 06:00"})


class LimitIn(GateIn):
    """How much it bears. Both null: any number, whatever the handler says."""

    concurrent: Concurrent | None = None
    per_second: PerSecond | None = None


class Systems:
    """The room of the systems that handlers call."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._keeping = parts.operators.gatekeeping
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("systems", "systems", "What handlers call: limits, and what is down.", self._parts)
        changed: Responses = {200: SystemOut, **refused(409, 415)}
        made.get("", responses={200: SystemList})(view(self.list_systems))
        made.post("/limit", responses=changed)(view(self.set_limit))
        made.post("/lift-limit", responses={**changed, **refused(404)})(view(self.lift_limit))
        made.post("/stop", responses=changed)(view(self.stop_system))
        made.post("/let-go", responses=changed)(view(self.let_system_go))
        return made

    def list_systems(self, query: PageQuery) -> Response:
        """List the systems that are worth a look

        A system that has no limit and answers is not listed.
        """
        with self._database.reading() as connection:
            found = queries.list_gates(connection, self._engine.gates, self._engine.desk.registry)
        shown = found[query.offset : query.offset + query.limit]
        return answer_page([SystemOut.of(gate) for gate in shown], len(found))

    def set_limit(self, body: LimitIn) -> Response:
        """Limit the calls of a system, of all of its kind (`olt=*`), or of a handler (`handler=olt.activate_ont`)

        It holds for all workers within a second, in place of what the handler says. Calls that run go on.
        """
        limit = Limit(body.concurrent, body.per_second)
        return self._change(body, lambda tx, by: self._keeping.set_limit(tx, body.key, limit, by, body.reason))

    def lift_limit(self, body: GateIn) -> Response:
        """Take back a limit that was set: what the handler says holds again"""
        return self._change(body, lambda tx, by: self._keeping.lift_limit(tx, body.key, by, body.reason))

    def stop_system(self, body: GateIn) -> Response:
        """Call a system no more, until it is let go

        Calls that run go on. Its steps are held, and use up none of their tries.
        """
        return self._change(body, lambda tx, by: self._keeping.stop(tx, body.key, by, body.reason))

    def let_system_go(self, body: GateIn) -> Response:
        """Call a system again that was stopped, or that rests

        With one call first, then with more as they are answered.
        """
        return self._change(body, lambda tx, by: self._keeping.let_go(tx, body.key, by, body.reason))

    def _change(self, body: GateIn, change: Callable[[Transaction, str], object]) -> Response:
        deed().target = body.key

        def work(tx: Transaction, deed: Deed) -> None:
            deed.before = self._read(tx.connection, body.key).set_to
            change(tx, deed.by)

        act(self._database, work)
        with self._database.reading() as connection:
            return answer_one(SystemOut.of(self._read(connection, body.key)))

    def _read(self, connection: sa.Connection, key: str) -> GateView:
        return queries.get_gate(connection, key, self._engine.gates, self._engine.desk.registry)
