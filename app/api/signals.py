"""Signals from outside: all that wait for one go on."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.room import ApiParts, refused, room, view
from app.web.acting import act, deed
from app.web.models import Input, Name, Output, Variables
from app.web.paging import answer_one


class BroadcastIn(Input):
    """A signal, known by its name alone."""

    name: Name = Field(json_schema_extra={"example": "storm_warning"})
    variables: Variables = Field(default={}, json_schema_extra={"example": {"region": "north"}})


class BroadcastOut(Output):
    """Whom a signal has reached."""

    recipients: list[str] = Field(description="Instances that waited for it")
    started: list[str] = Field(description="Instances that it started, one of each process that begins with it")


class Signals:
    """The room of signals."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("signals", "signals", "What concerns everybody who waits for it.", self._parts)
        made.post("", responses={202: BroadcastOut, **refused(415)})(view(self.broadcast_signal))
        return made

    def broadcast_signal(self, body: BroadcastIn) -> Response:
        """Broadcast a signal to all that wait for it now

        It is not kept: whoever waits for it a moment later does not have it. Sent twice, it is two signals.
        """
        deed().target = body.name
        done = act(self._database, lambda tx, _: self._engine.broadcast(tx, body.name, body.variables))
        return answer_one(BroadcastOut.model_validate(done), 202)
