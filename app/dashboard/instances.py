"""The list of instances: counts by state, filter, search."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request, url_for

from app.dashboard.diagrams import name_of
from app.dashboard.pages import Pages, definitions_seen, read_slice, wants_fragment
from app.dashboard.words import phrase
from app.engine import queries
from app.web.acting import deed

SEARCH_LIMIT = 255


class InstancePages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/instances", "instances", self.show, methods=["GET"])

    def show(self) -> str:
        """The whole page, or only the part that changes when htmx asks."""
        with self.parts.database.reading() as connection:
            facts = self._facts(connection)
            if wants_fragment():
                return self.update(connection, "instances_list.html", **facts)
            definitions = definitions_seen(connection, latest_only=True)
            return self.page(connection, "instances.html", definitions=definitions, **facts)

    def _facts(self, connection: sa.Connection) -> dict[str, Any]:
        state = next((state for state in queries.STATES if state == request.args.get("state")), None)
        process_id = request.args.get("process") or None
        search = request.args.get("q", "").strip()[:SEARCH_LIMIT] or None
        shown = read_slice()
        found = queries.list_instances(
            connection,
            state=state,
            process_id=process_id,
            search=search,
            among=deed().reach,
            limit=shown.size,
            offset=shown.offset,
        )
        counts = queries.count_by_state(connection, process_id, deed().reach)
        return {
            "found": found,
            "waits": {row.id: self._wait(connection, row) for row in found.items},
            "counts": counts,
            "all_count": sum(counts.values()),
            "shown": shown,
            "state": state,
            "process_id": process_id,
            "search": search,
            "link": _link(state, process_id, search),
        }

    def _wait(self, connection: sa.Connection, row: queries.InstanceRow) -> str:
        if row.waiting_element is None:
            return row.waiting_for or ""
        if row.waiting_call:
            name = self.diagrams.name_in_call(connection, row.id, row.waiting_call, row.waiting_element)
        else:
            name = name_of(self.diagrams.elements(connection, row.process_id, row.version), row.waiting_element)
        return phrase(row.waiting_kind, name, row.waiting_for)


def _link(state: str | None, process_id: str | None, search: str | None) -> Any:
    """Links to the same list with something changed; another filter starts on the first page."""
    current = {"state": state, "process": process_id, "q": search}

    def link(**changes: Any) -> str:
        wanted = {name: value for name, value in {**current, **changes}.items() if value}
        return url_for("dashboard.instances", **wanted)

    return link
