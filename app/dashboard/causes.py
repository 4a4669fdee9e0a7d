"""Incidents by what caused them, and one by one; and the plan of trying those of one cause again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.core.jobs.doors import MOST_PER_S, SLOWEST_PER_S
from app.dashboard.diagrams import Diagrams, name_of
from app.dashboard.fields import read_number, read_reason
from app.dashboard.pages import Pages, definitions_seen, read_slice, wants_fragment
from app.dashboard.parts import DashboardParts
from app.engine import queries
from app.engine.retries import MOST, Retries, RetryOrder
from app.web.acting import Deed, act, deed

CAUSES_SHOWN = 25


class CausePages(Pages):
    """The list shows causes, or with `?view=list` incidents."""

    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._retries = Retries(parts.operators)

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/incidents", "incidents", self.show, methods=["GET"])
        base = "/incidents/causes/<cause_id>"
        blueprint.add_url_rule(base, "cause", self.cause, methods=["GET"])
        blueprint.add_url_rule(f"{base}/retry", "plan_retry", self.plan_retry, methods=["POST"])

    def show(self) -> str:
        is_flat = request.args.get("view") == "list"
        with self.parts.database.reading() as connection:
            asked = {name: request.args.get(name) or None for name in ("process", "handler")}
            facts = self._incidents(connection, **asked) if is_flat else self._causes(connection, **asked)
            facts |= {"process_id": asked["process"], "handler": asked["handler"]}
            if wants_fragment():
                return self.update(connection, "incidents_list.html" if is_flat else "causes_list.html", **facts)
            offered = definitions_seen(connection, latest_only=True)
            page = "incidents.html" if is_flat else "causes.html"
            return self.page(connection, page, definitions=offered, handlers=self.parts.registry.types(), **facts)

    def cause(self, cause_id: str) -> str:
        with self.parts.database.reading() as connection:
            found = queries.get_cause(connection, cause_id, deed().reach)
            (cause,), _ = self.parts.personal.causes(connection, [found])
            name = step_names(self.diagrams, connection, [cause.oldest])[cause.oldest.id]
            facts = self._incidents(connection, cause_id=cause_id)
            if wants_fragment():
                return self.update(connection, "cause_live.html", cause=cause, name=name, **facts)
            return self.page(connection, "cause.html", cause=cause, name=name, **facts)

    def plan_retry(self, cause_id: str) -> Response:
        """The job that is planned shows which orders it will be."""
        asked = _read_order()

        def plan(tx: Transaction, deed: Deed) -> str:
            order = RetryOrder(cause_id, deed.by, among=deed.reach, **asked)
            return self._retries.plan(tx, self.parts.jobs, order)

        job_id = act(self.parts.database, plan)
        return leave_for(url_for("dashboard.job", job_id=job_id))

    def _causes(self, connection: sa.Connection, process: str | None, handler: str | None) -> dict[str, Any]:
        shown = read_slice(CAUSES_SHOWN)
        found = queries.list_causes(
            connection,
            process_id=process,
            handler=handler,
            among=deed().reach,
            limit=shown.size,
            offset=shown.offset,
        )
        items, _ = self.parts.personal.causes(connection, found.items)
        names = step_names(self.diagrams, connection, [cause.oldest for cause in items])
        return {
            "found": replace(found, items=items),
            "shown": shown,
            "names": {cause.id: names[cause.oldest.id] for cause in items},
        }

    def _incidents(
        self,
        connection: sa.Connection,
        process: str | None = None,
        handler: str | None = None,
        cause_id: str | None = None,
    ) -> dict[str, Any]:
        cause_id, shown = cause_id or request.args.get("cause") or None, read_slice()
        is_all = request.args.get("state") == "all"
        found = queries.list_incidents(
            connection,
            state=None if is_all else "open",
            process_id=process,
            handler=handler,
            cause=cause_id,
            among=deed().reach,
            limit=shown.size,
            offset=shown.offset,
        )
        veils = self.parts.personal.veils(connection, [(row.instance_id, row.process_id) for row in found.items])
        found = replace(found, items=[veils[row.instance_id].incident(row) for row in found.items])
        names = step_names(self.diagrams, connection, found.items)
        state = "all" if is_all else None
        return {"found": found, "shown": shown, "cause_id": cause_id, "state": state, "names": names}


def step_names(
    diagrams: Diagrams, connection: sa.Connection, rows: Sequence[queries.IncidentView]
) -> dict[str, str]:
    """Of the elements at which incidents stand, by incident; as the latest versions name them."""
    latest = {view.process_id: view.version for view in queries.list_definitions(connection, latest_only=True)}

    def name(row: queries.IncidentView) -> str:
        if row.call:
            return diagrams.name_in_call(connection, row.instance_id, row.call, row.element_id)
        return name_of(diagrams.elements(connection, row.process_id, latest[row.process_id]), row.element_id)

    return {row.id: name(row) for row in rows}


def leave_for(address: str) -> Response:
    """To another page, also for a form that htmx has sent."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": address})
    return redirect(address, 303)


def _read_order() -> dict[str, Any]:
    """What the form says of how they are to be tried; InvalidInput names the field."""
    most = read_number(request.form, "most", 1, MOST, whole=True)
    rate = read_number(request.form, "rate", SLOWEST_PER_S, MOST_PER_S, whole=False)
    if rate is None:
        raise InvalidInput("Write how many retries a second may be begun, such as 5.", path="$.rate")
    return {
        "process_id": request.form.get("process") or None,
        "most": most,
        "rate_per_s": rate,
        "stop_after_failures": read_number(request.form, "failures", 1, MOST, whole=True),
        "one_first": request.form.get("one_first") == "1",
        "reason": read_reason(request.form),
    }
