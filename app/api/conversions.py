"""Conversions: diagrams of other dialects made into ours. Nothing is stored."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from app.api.definitions import SENT, read_diagram
from app.api.room import ApiParts, Responses, refused, room, view
from app.conversion import convert
from app.web.conversion import ConvertedOut, shown
from app.web.paging import answer_one


class Conversions:
    """The room of conversions; an address of its own, for what stands under a definition's is a process's id."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("conversions", "conversions", "Diagrams of other dialects.", self._parts)
        converted: Responses = {200: ConvertedOut, **refused(415, 422)}
        made.post("", responses=converted, openapi_extensions=SENT)(view(self.convert_diagram))
        return made

    def convert_diagram(self) -> Response:
        """Convert a diagram of Camunda 7 or SpiffArena, or a decision model of Camunda 7

        As far as it goes, with a note for each thing that could not be taken over, and with what a deployment would say
        of the outcome. Nothing is stored.
        """
        document, _ = read_diagram()
        return answer_one(shown(convert(document), self._engine, self._database))
