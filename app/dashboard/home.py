"""What needs somebody now."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint

from app.dashboard.access import person
from app.dashboard.causes import step_names
from app.dashboard.chart import draw
from app.dashboard.diagrams import name_of
from app.dashboard.pages import Pages, seen, wants_fragment
from app.engine import queries
from app.engine.queries import WaitView
from app.identity.permissions import Permission
from app.web.acting import deed

CAUSES_SHOWN = 5
SYSTEMS_SHOWN = 5


class HomePage(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/", "home", self.show, methods=["GET"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            facts = self._facts(connection)
            if wants_fragment():
                return self.update(connection, "home_live.html", **facts)
            return self.page(connection, "home.html", **facts)

    def _facts(self, connection: sa.Connection) -> dict[str, Any]:
        now, among = self.parts.clock.now(), deed().reach
        causes = queries.list_causes(connection, among=among, limit=CAUSES_SHOWN)
        shown, _ = self.parts.personal.causes(connection, causes.items)
        overdue = queries.overdue(connection, now, among)
        longest = queries.longest(connection, among)
        return {
            "causes": shown,
            "more_causes": causes.total > CAUSES_SHOWN,
            "names": step_names(self.diagrams, connection, [cause.oldest for cause in shown]),
            "fallen": queries.count_open_incidents(connection, among),
            "tasks": queries.list_user_tasks(connection, among=among, limit=1).total,
            "overdue": overdue,
            "longest": longest,
            "places": {view: self._place(connection, view) for view in (*overdue.items, *longest)},
            "shut": self._shut(connection),
            "stopped_jobs": self._jobs_to_look_at(connection),
            "pace": queries.pace(connection, now, among),
            "chart": draw(queries.by_hour(connection, now, among)),
            "is_new": not longest and not self._has_orders(connection),
        }

    def _has_orders(self, connection: sa.Connection) -> bool:
        """Whether any order has ever come."""
        return bool(queries.list_instances(connection, among=deed().reach, limit=1).items)

    def _place(self, connection: sa.Connection, view: WaitView) -> str:
        if view.element_id is None:
            return ""
        if view.call:
            return self.diagrams.name_in_call(connection, view.instance_id, view.call, view.element_id)
        return name_of(self.diagrams.elements(connection, view.process_id, view.version), view.element_id)

    def _shut(self, connection: sa.Connection) -> list[queries.GateView]:
        """Systems that are not called now, for those who may see systems."""
        found = person()
        if found is None or not found.may(Permission.READ_SYSTEMS):
            return []
        gates = queries.list_gates(connection, self.parts.engine.gates, self.parts.registry)
        return [gate for gate in gates if gate.breaker != "closed"]

    def _jobs_to_look_at(self, connection: sa.Connection) -> list[Any]:
        """Bulk work that has paused by itself: somebody has to look at what came of the first."""
        reach = seen(Permission.READ_JOBS)
        if reach is not None and not reach:
            return []
        paused, _ = self.parts.jobs.list_jobs(connection, state="paused", among=reach, limit=20)
        return [job for job in paused if job.changed_by is None]
