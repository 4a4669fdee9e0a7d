"""The list of open incidents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request

from app.dashboard.diagrams import name_of
from app.dashboard.pages import Pages, definitions_seen, read_slice, wants_fragment
from app.engine import queries
from app.web.acting import deed


class IncidentPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/incidents", "incidents", self.show, methods=["GET"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            definitions = queries.list_definitions(connection, latest_only=True)
            facts = self._facts(connection, definitions)
            if wants_fragment():
                return self.update(connection, "incidents_list.html", **facts)
            offered = definitions_seen(connection, latest_only=True)
            return self.page(connection, "incidents.html", definitions=offered, **facts)

    def _facts(self, connection: sa.Connection, definitions: list[queries.DefinitionView]) -> dict[str, Any]:
        """Steps are named as the latest version names them."""
        process_id = request.args.get("process") or None
        shown = read_slice()
        found = queries.list_incidents(
            connection, process_id=process_id, among=deed().reach, limit=shown.size, offset=shown.offset
        )
        veils = self.parts.personal.veils(connection, [(row.instance_id, row.process_id) for row in found.items])
        found = replace(found, items=[veils[row.instance_id].incident(row) for row in found.items])
        latest = {definition.process_id: definition.version for definition in definitions}
        names = {row.id: self._name(connection, row, latest) for row in found.items}
        return {"found": found, "shown": shown, "process_id": process_id, "names": names}

    def _name(self, connection: sa.Connection, row: queries.IncidentView, latest: dict[str, int]) -> str:
        if row.call:
            return self.diagrams.name_in_call(connection, row.instance_id, row.call, row.element_id)
        return name_of(self.diagrams.elements(connection, row.process_id, latest[row.process_id]), row.element_id)
