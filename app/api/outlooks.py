"""What a diagram would mean to whatever is open, before it is deployed."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint

from app.api.definitions import SENT, read_diagram
from app.api.room import ApiParts, Responses, refused, room, view
from app.engine.diagram import DiagramRefused
from app.engine.migration.outlook import Outlooks
from app.web.acting import deed
from app.web.outlooks import ForecastOut
from app.web.paging import answer_one


class OutlooksRoom:
    """The room of outlooks."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._outlooks = Outlooks(parts.engine)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("outlooks", "outlooks", "What a new version would mean to what is open.", self._parts)
        tested: Responses = {200: ForecastOut, **refused(415, 422)}
        made.post("", responses=tested, openapi_extensions=SENT)(view(self.test_diagram))
        return made

    def test_diagram(self) -> Response:
        """See what a diagram would mean before it is deployed

        Every open instance of its process is tested against it: unaffected, can move, or blocked and why; at most
        5,000 of them (`/surveys` tests any number). Nothing is stored. A diagram with an error is refused (422), as a
        deployment would.
        """
        document, file_name = read_diagram()
        with self._database.reading() as connection:
            diagram, findings = self._engine.examine(document, file_name, beside=connection)
            if diagram is None:
                raise DiagramRefused(findings)
            deed().concerns(diagram.process_id)
            return answer_one(ForecastOut.of(self._outlooks.forecast(connection, diagram), findings))
