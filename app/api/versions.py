"""Versions: how two of them differ, what another one would mean to what is open, and which start."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.definitions import SENT, DefinitionOut, VersionPath, read_diagram
from app.api.incidents import Act
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine import queries
from app.engine.diagram import DiagramRefused
from app.engine.difference import difference
from app.engine.migration.outlook import Outlooks
from app.engine.versions import Versions
from app.web.acting import Deed, act, deed
from app.web.models import Name, Parameters
from app.web.outlooks import ChangeList, ForecastOut, shown
from app.web.paging import answer_one, answer_page


class DifferencePath(Parameters):
    process_id: Name


class DifferenceQuery(Parameters):
    from_version: int = Field(ge=1, le=2_000_000_000, json_schema_extra={"example": 3})
    to_version: int = Field(ge=1, le=2_000_000_000, json_schema_extra={"example": 4})


class VersionsRoom:
    """The room of what is done to versions."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._versions = Versions(parts.engine)
        self._outlooks = Outlooks(parts.engine)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("versions", "process-definitions", "What differs between versions, and which start.", self._parts)
        tested: Responses = {200: ForecastOut, **refused(415, 422)}
        made.post("/test", responses=tested, openapi_extensions=SENT)(view(self.test_diagram))
        differs: Responses = {200: ChangeList, **refused(404)}
        made.get("/<processId>/difference", responses=differs)(view(self.read_difference))
        switched: Responses = {200: DefinitionOut, **refused(404, 409, 415)}
        made.post("/<processId>/<version>/withdraw", responses=switched)(view(self.withdraw_version))
        made.post("/<processId>/<version>/restore", responses=switched)(view(self.restore_version))
        return made

    def test_diagram(self) -> Response:
        """See what a diagram would mean before it is deployed

        Every open instance of its process is tested against it: unaffected, can move, or blocked and why; at most
        5,000 of them. Nothing is stored. A diagram with an error is refused (422), as a deployment would.
        """
        document, file_name = read_diagram()
        with self._database.reading() as connection:
            diagram, findings = self._engine.examine(document, file_name, beside=connection)
            if diagram is None:
                raise DiagramRefused(findings)
            deed().concerns(diagram.process_id)
            return answer_one(ForecastOut.of(self._outlooks.forecast(connection, diagram), findings))

    def read_difference(self, path: DifferencePath, query: DifferenceQuery) -> Response:
        """Read how two versions differ

        Element by element and flow by flow, with what has changed. Where things are drawn says nothing.
        """
        with self._database.reading() as connection:
            numbers = (query.from_version, query.to_version)
            old, new = (self._outlooks.program(connection, path.process_id, each).diagram for each in numbers)
        changes = shown(difference(old, new))
        return answer_page(changes, len(changes))

    def withdraw_version(self, path: VersionPath, body: Act) -> Response:
        """Let nothing new start on a version

        What runs on it goes on. What names no version, what events start and what other processes call is from then on
        of the newest version that is left. It can be put back.
        """
        return self._switch(path, body, self._versions.withdraw)

    def restore_version(self, path: VersionPath, body: Act) -> Response:
        """Put a withdrawn version back

        If it is the newest one again, that is what starts when no version is named.
        """
        return self._switch(path, body, self._versions.restore)

    def _switch(
        self, path: VersionPath, body: Act, switch: Callable[[Transaction, str, int, str, str], None]
    ) -> Response:
        def work(tx: Transaction, deed: Deed) -> DefinitionOut:
            switch(tx, path.process_id, path.version, deed.by, body.reason)
            return DefinitionOut.of(queries.get_definition(tx.connection, path.process_id, path.version))

        return answer_one(act(self._database, work))
