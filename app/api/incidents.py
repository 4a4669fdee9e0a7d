"""Incidents: what fell out, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import PREFIX, ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine import queries
from app.handling.faults import BadParameter
from app.identity.permissions import Permission
from app.web.acting import Deed, act, deed
from app.web.models import Identity, Input, Name, Output, Parameters, Reason, Variables
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.personal import note
from app.web.problems import InvalidRequest, Problem


class InputsRefused(InvalidRequest):
    """Inputs that do not fit the handler's parameters, at their place in the request."""

    def __init__(self, error: BadParameter) -> None:
        rows = error.facts.get("problems", [])
        found = [Problem(path=f"$.inputs.{row['path']}", code=error.code, message=_told(row)) for row in rows]
        super().__init__(found or [Problem(path="$.inputs", code=error.code, message=error.message)])


def _told(row: dict[str, Any]) -> str:
    return f"{row['parameter']}: expected {row['expected']}, found {row['found']}."


CALL = Field(description="The token whose called process it is in; 0 is the instance's own process")


class IncidentOut(Output):
    """What went wrong, what somebody did about it, and what came of that."""

    id: str
    instance_id: str
    process_id: str
    business_key: str | None
    call: int = CALL
    element_id: str | None
    handler: str | None
    code: str = Field(examples=["port_taken"])
    message: str
    signature: str = Field(description="The same for incidents with the same cause")
    cause: str = Field(description="The id of the cause")
    detail: dict[str, Any]
    attempt: int
    state: Literal["open", "acted_on", "resolved"]
    raised_at: datetime
    action: str | None = Field(examples=["retry"])
    action_by: str | None
    action_reason: str | None
    acted_at: datetime | None
    outcome: str | None = Field(
        description="What came of the action: passed, failed_alike, failed_differently, cancelled; null until known"
    )
    outcome_detail: str | None
    ended_at: datetime | None
    href: str
    instance_href: str

    @classmethod
    def of(cls, view: queries.IncidentView) -> IncidentOut:
        instance_href = f"{PREFIX}/process-instances/{view.instance_id}"
        return cls.model_validate({**vars(view), "href": href_of(view.id), "instance_href": instance_href})


class IncidentList(RootModel[list[IncidentOut]]):
    """Incidents, the youngest first."""


class Act(Input):
    """Why somebody acts; who it is, the token says."""

    reason: Reason = Field(json_schema_extra={"example": "The OLT is back after its upgrade"})


class RetryIn(Act):
    """The step once more; with `inputs`, as new work with these instead of what it had."""

    inputs: Variables | None = Field(default=None, json_schema_extra={"example": {"port": "1/1/4"}})


class SkipIn(Act):
    """On without the step, with the outputs that later steps need."""

    outputs: Variables = Field(default={}, json_schema_extra={"example": {"ont_id": "ONT-77"}})


class ChooseIn(Act):
    """Which of two values that concurrent branches wrote."""

    take: Literal["stored", "new"]


class IncidentPath(Parameters):
    incident_id: Identity


class IncidentQuery(PageQuery):
    state: Literal["open", "acted_on", "resolved", "all"] = "open"
    process_id: Name | None = None
    instance_id: Identity | None = None
    handler: Name | None = None
    cause: Identity | None = None


def href_of(incident_id: str) -> str:
    """Where an incident is read."""
    return f"{PREFIX}/incidents/{incident_id}"


class Incidents:
    """The room of incidents."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._operators = parts.operators
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("incidents", "incidents", "What fell out, and what is done about it.", self._parts)
        acted: Responses = {202: IncidentOut, **refused(404, 409, 415)}
        made.get("", responses={200: IncidentList})(view(self.list_incidents))
        made.get("/<incidentId>", responses={200: IncidentOut, **refused(404)})(view(self.read_incident))
        made.post("/<incidentId>/retry", responses=acted)(view(self.retry_incident))
        made.post("/<incidentId>/skip", responses=acted)(view(self.skip_incident))
        made.post("/<incidentId>/choose", responses=acted)(view(self.choose_value))
        return made

    def list_incidents(self, query: IncidentQuery) -> Response:
        """List incidents, the youngest first; open ones unless told"""
        with self._database.reading() as connection:
            page = queries.list_incidents(
                connection,
                state=None if query.state == "all" else query.state,
                process_id=query.process_id,
                instance_id=query.instance_id,
                handler=query.handler,
                cause=query.cause,
                among=deed().reach,
                limit=query.limit,
                offset=query.offset,
            )
            veils = self._parts.personal.veils(connection, [(row.instance_id, row.process_id) for row in page.items])
        shown = [veils[row.instance_id].incident(row) for row in page.items]
        return note(answer_page(map(IncidentOut.of, shown), page.total), veils)

    def read_incident(self, path: IncidentPath) -> Response:
        """Read an incident: what went wrong, and what came of what was done"""
        return self._answer(path.incident_id, 200)

    def retry_incident(self, path: IncidentPath, body: RetryIn) -> Response:
        """Try the step once more, as it was or with corrected inputs

        Without `inputs` the step keeps its key, so a system that already did it is not asked to do it twice. With
        `inputs`, which are checked against the handler's parameters, it is new work under a new key. Answers 202; the
        incident's `outcome` says later what came of it.
        """
        operators, incident_id = self._operators, path.incident_id

        def work(tx: Transaction, deed: Deed) -> None:
            if body.inputs is None:
                operators.retry(tx, incident_id, deed.by, body.reason)
                return
            deed.needs_too(tx, Permission.CORRECT_INCIDENT)
            try:
                operators.retry_with_inputs(tx, incident_id, body.inputs, deed.by, body.reason)
            except BadParameter as error:
                raise InputsRefused(error) from error

        return self._act(incident_id, work)

    def skip_incident(self, path: IncidentPath, body: SkipIn) -> Response:
        """Go on without the step"""
        operators, incident_id = self._operators, path.incident_id
        return self._act(
            incident_id, lambda tx, deed: operators.skip(tx, incident_id, body.outputs, deed.by, body.reason)
        )

    def choose_value(self, path: IncidentPath, body: ChooseIn) -> Response:
        """Choose between two values that concurrent branches wrote to one variable"""
        operators, incident_id = self._operators, path.incident_id
        return self._act(
            incident_id, lambda tx, deed: operators.choose(tx, incident_id, body.take, deed.by, body.reason)
        )

    def _act(self, incident_id: str, work: Callable[[Transaction, Deed], None]) -> Response:
        act(self._database, work)
        return self._answer(incident_id, 202)

    def _answer(self, incident_id: str, status: int) -> Response:
        with self._database.reading() as connection:
            view = queries.get_incident(connection, incident_id)
            veil = self._parts.personal.veil(connection, view.instance_id, view.process_id)
        shown = IncidentOut.of(veil.incident(view))
        return veil.note(answer_one(shown, status, href_of(incident_id) if status == 202 else None))
