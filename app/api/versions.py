"""Versions: how two of them differ, and which start."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.definitions import DefinitionOut, VersionPath
from app.api.incidents import Act
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine import queries
from app.engine.difference import difference
from app.engine.migration.outlook import Outlooks
from app.engine.versions import Versions
from app.web.acting import Deed, act
from app.web.models import Name, Parameters
from app.web.outlooks import ChangeList, shown
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
        self._versions = Versions(parts.engine)
        self._outlooks = Outlooks(parts.engine)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("versions", "process-definitions", "What differs between versions, and which start.", self._parts)
        differs: Responses = {200: ChangeList, **refused(404)}
        made.get("/<processId>/difference", responses=differs)(view(self.read_difference))
        switched: Responses = {200: DefinitionOut, **refused(404, 409, 415)}
        made.post("/<processId>/<version>/withdraw", responses=switched)(view(self.withdraw_version))
        made.post("/<processId>/<version>/restore", responses=switched)(view(self.restore_version))
        return made

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
