"""The systems that handlers call: what is down, what is held because of it, and how much each may be called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.fields import read_reason
from app.dashboard.pages import Pages, wants_fragment
from app.engine import queries
from app.handling.contract import LEAST_PER_S, Limit
from app.web.acting import Deed, act, deed


class SystemPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/systems", "systems", self.show, methods=["GET"])
        blueprint.add_url_rule("/systems/limit", "limit_system", self.limit, methods=["POST"])
        blueprint.add_url_rule("/systems/lift-limit", "lift_limit", self.lift_limit, methods=["POST"])
        blueprint.add_url_rule("/systems/stop", "stop_system", self.stop, methods=["POST"])
        blueprint.add_url_rule("/systems/let-go", "let_system_go", self.let_go, methods=["POST"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            if wants_fragment():
                return self.update(connection, "systems_list.html", **self._facts(connection))
            return self.page(connection, "systems.html", **self._facts(connection))

    def limit(self) -> str | Response:
        limit = Limit(_number("concurrent", whole=True), _number("per_s", whole=False))
        return self._act(lambda tx, key, by, why: self._keeping.set_limit(tx, key, limit, by, why))

    def lift_limit(self) -> str | Response:
        return self._act(self._keeping.lift_limit)

    def stop(self) -> str | Response:
        return self._act(self._keeping.stop)

    def let_go(self) -> str | Response:
        return self._act(self._keeping.let_go)

    @property
    def _keeping(self) -> Any:
        return self.parts.operators.gatekeeping

    def _act(self, change: Callable[[Transaction, str, str, str], object]) -> str | Response:
        key, reason = request.form.get("key", "").strip(), read_reason(request.form)
        deed().target = key

        def work(tx: Transaction, deed: Deed) -> None:
            deed.before = queries.get_gate(tx.connection, key, self.parts.engine.gates, self.parts.registry).set_to
            change(tx, key, deed.by, reason)

        act(self.parts.database, work)
        if not wants_fragment():
            return redirect(url_for("dashboard.systems"), 303)
        with self.parts.database.reading() as connection:
            return self.update(connection, "systems_answer.html", **self._facts(connection))

    def _facts(self, connection: sa.Connection) -> dict[str, Any]:
        return {"systems": queries.list_gates(connection, self.parts.engine.gates, self.parts.registry)}


def _number(name: str, *, whole: bool) -> Any:
    """A number that a limit may be; None where nothing is written."""
    written = request.form.get(name, "").strip()
    if not written:
        return None
    try:
        number = int(written) if whole else float(written)
    except ValueError:
        number = 0
    if not (1 if whole else LEAST_PER_S) <= number <= 100_000:
        kind = "a whole number from 1" if whole else f"a number from {LEAST_PER_S:f}, such as 2 or 0.5,"
        raise InvalidInput(f"Write {kind} to 100,000, or nothing for no limit.", path=f"$.{name}")
    return number
