"""Handlers: how often each is called and what came of it, what it may call, and which processes use it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint

from app.dashboard.pages import Pages, wants_fragment
from app.engine import queries
from app.engine.queries import DefinitionView, GateView, HandlerFigures
from app.handling.contract import Limit
from app.handling.registry import HANDLER_GATE, Handler


@dataclass(frozen=True)
class HandlerRow:
    """`handler` is None for one that is not installed in this process. `gates` are those that are shut or failing."""

    type: str
    handler: Handler | None
    figures: HandlerFigures
    limits: Sequence[tuple[str, Limit]]  # of the handler itself, and of the system that it calls
    gates: Sequence[GateView]
    used_by: Sequence[DefinitionView]


class HandlerPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/handlers", "handlers", self.show, methods=["GET"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            rows = self._rows(connection)
            if wants_fragment():
                return self.update(connection, "handlers_list.html", handlers=rows)
            return self.page(connection, "handlers.html", handlers=rows)

    def _rows(self, connection: sa.Connection) -> list[HandlerRow]:
        """Those with the most failures first, then those that are called most."""
        figures = queries.handler_figures(connection, self.parts.clock.now())
        gates = queries.list_gates(connection, self.parts.engine.gates, self.parts.registry)
        used_by = self._used_by(connection)
        rows = [
            self._row(type, figures.get(type, HandlerFigures()), gates, used_by.get(type, ()))
            for type in {*self.parts.registry.types(), *figures, *used_by}
        ]
        return sorted(rows, key=lambda row: (-row.figures.failed, -row.figures.calls, not row.gates, row.type))

    def _row(
        self, type: str, figures: HandlerFigures, gates: Sequence[GateView], used_by: Sequence[DefinitionView]
    ) -> HandlerRow:
        handler = self.parts.registry.get(type)
        own = HANDLER_GATE + type
        keys = [own]
        if handler is not None and handler.system is not None:
            keys.append(handler.system.name)
        limits = [(key, self.parts.engine.gates.limit_of(key.partition("{")[0], handler)) for key in keys]
        return HandlerRow(
            type,
            handler,
            figures,
            [(key, limit) for key, limit in limits if not limit.is_none],
            [gate for gate in gates if _is_unwell(gate) and any(_passes(key, gate.key) for key in keys)],
            used_by,
        )

    def _used_by(self, connection: sa.Connection) -> dict[str, list[DefinitionView]]:
        """The latest versions whose diagrams name it."""
        found: dict[str, list[DefinitionView]] = defaultdict(list)
        for definition in queries.list_definitions(connection, latest_only=True):
            for type in self.diagrams.drawing(connection, definition.process_id, definition.version).handlers:
                found[type].append(definition)
        return found


def _is_unwell(gate: GateView) -> bool:
    return gate.breaker != "closed" or gate.failures > 0


def _passes(key: str, gate_key: str) -> bool:
    """Whether a call may pass that gate: `olt={olt}` passes `olt=lon-3`."""
    beginning, brace, _ = key.partition("{")
    return gate_key.startswith(beginning) if brace else gate_key == key
