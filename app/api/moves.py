"""What operators do by hand to an instance that does not go on by itself, or should not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.incidents import Act
from app.api.instances import InstanceOut, InstancePath, href_of
from app.api.messages import HOUR_S, TIME_TO_LIVE_LIMIT_S, Key, PublishedOut
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine import queries
from app.engine.messages import MessageIn, Published
from app.web.acting import act
from app.web.models import Identity, Name, Output, Parameters, Variables
from app.web.paging import answer_one

Number = Annotated[int, Field(ge=1, le=2**62)]


class CompleteByHandIn(Act):
    """What would have come of the step."""

    outputs: Variables = Field(default={}, json_schema_extra={"example": {"ont_id": "ONT-77"}})


class MoveIn(Act):
    """Which token goes where."""

    token: Number = Field(description="Its number, as in the instance's `waits`", json_schema_extra={"example": 7})
    element_id: Name = Field(json_schema_extra={"example": "activate_ont"})


class RewindIn(Act):
    """Back to which element."""

    element_id: Name = Field(json_schema_extra={"example": "reserve_port"})
    token: Number | None = Field(default=None, description="The token of one visit; the last one if none is given")
    undo: bool = Field(default=False, description="Take back what was done since")


class SendIn(Act):
    """A message, for the instance's sake."""

    name: Name = Field(json_schema_extra={"example": "ont_online"})
    correlation_key: Key = Field(json_schema_extra={"example": "HWTC9F1A2B3C"})
    variables: Variables = Field(default={}, json_schema_extra={"example": {"rx_power_dbm": -18.4}})
    time_to_live_seconds: float = Field(default=HOUR_S, ge=0, le=TIME_TO_LIVE_LIMIT_S)


class EndedOut(Output):
    """A token that a rewind ends."""

    number: int
    element_id: str
    kind: str = Field(examples=["user_task"])


class DoneStepOut(Output):
    """What was done since, by a handler (with its key) or a person, or came as a message."""

    number: int
    element_id: str
    name: str | None = Field(description="The handler, the task or the message")
    key: str | None
    ended_at: datetime
    undo: str | None = Field(description="The handler or the element that takes it back")
    arguments: dict[str, Any] | None
    outputs: dict[str, Any] | None = Field(description="Known for what a handler can take back")


class RewindPlanOut(Output):
    """What a rewind would do. Variables stay as they are."""

    element_id: str
    number: int | None = Field(description="The token of the visit that would be repeated")
    ends: list[EndedOut]
    done: list[DoneStepOut] = Field(description="In the order in which it began")
    refusals: list[str] = Field(description="Why it would be refused; empty: it would be done")


class TokenPath(Parameters):
    instance_id: Identity
    number: Number


class SentPath(Parameters):
    instance_id: Identity
    message_id: Name


class PlanQuery(Parameters):
    element_id: Name
    token: Number | None = None


class Moves:
    """The room of operators' moves."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._operators = parts.operators
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("moves", "process-instances/<instanceId>", "What operators do by hand to instances.", self._parts)
        refusals = refused(404, 409, 415)
        now: Responses = {200: InstanceOut, **refusals}
        goes_on: Responses = {202: InstanceOut, **refusals}
        sent: Responses = {202: PublishedOut, **refusals}
        made.post("/cancel", responses=now)(view(self.cancel_instance))
        made.post("/suspend", responses=now)(view(self.suspend_instance))
        made.post("/resume", responses=goes_on)(view(self.resume_instance))
        made.get("/rewind-plan", responses={200: RewindPlanOut, **refused(404)})(view(self.plan_rewind))
        made.post("/rewind", responses=goes_on)(view(self.rewind_instance))
        made.post("/move", responses=goes_on)(view(self.move_token))
        made.post("/tokens/<number>/complete", responses=goes_on)(view(self.complete_by_hand))
        made.post("/messages", responses=sent)(view(self.send_message))
        made.post("/messages/<messageId>/resend", responses=sent)(view(self.resend_message))
        return made

    def cancel_instance(self, path: InstancePath, body: Act) -> Response:
        """End an instance as it stands

        Nothing that was done is taken back. Results of handlers that still run are kept in the history.
        """
        return self._act(
            path.instance_id, 200, lambda tx, by: self._operators.cancel(tx, path.instance_id, by, body.reason)
        )

    def suspend_instance(self, path: InstancePath, body: Act) -> Response:
        """Let an instance stand still until it is resumed

        Results of handlers that run are taken, and what moves on from them stops at its next wait. Nothing else happens
        to it: messages and times wait, tasks and incidents are refused (409). It can be rewound, its tokens moved, and
        all of it cancelled.
        """
        return self._act(
            path.instance_id, 200, lambda tx, by: self._operators.suspend(tx, path.instance_id, by, body.reason)
        )

    def resume_instance(self, path: InstancePath, body: Act) -> Response:
        """Let a suspended instance go on; what came meanwhile happens now"""
        return self._act(
            path.instance_id, 202, lambda tx, by: self._operators.resume(tx, path.instance_id, by, body.reason)
        )

    def plan_rewind(self, path: InstancePath, query: PlanQuery) -> Response:
        """See what a rewind would end, what was done since, and why it would be refused"""
        with self._database.reading() as connection:
            plan = self._operators.rewind_plan(connection, path.instance_id, query.element_id, query.token)
            row = queries.get_instance(connection, path.instance_id, waits=False)
            veil = self._parts.personal.veil(connection, row.id, row.process_id)
        return veil.note(answer_one(RewindPlanOut.model_validate(veil.plan(plan))))

    def rewind_instance(self, path: InstancePath, body: RewindIn) -> Response:
        """Go back to an element that was passed

        The tokens that came after it are ended; what is done again has new keys. Variables stay as they are. Refused
        (409) as the plan says.
        """
        return self._act(
            path.instance_id,
            202,
            lambda tx, by: self._operators.rewind(
                tx, path.instance_id, body.element_id, by, body.reason, number=body.token, undo=body.undo
            ),
        )

    def move_token(self, path: InstancePath, body: MoveIn) -> Response:
        """End a token where it stands, and begin another on an element of its own scope and branch"""
        return self._act(
            path.instance_id,
            202,
            lambda tx, by: self._operators.move(tx, path.instance_id, body.token, body.element_id, by, body.reason),
        )

    def complete_by_hand(self, path: TokenPath, body: CompleteByHandIn) -> Response:
        """Complete by hand whatever a token waits for

        A step, a task, a message, a time, a signal. What a handler that runs brings later is kept in the history. What
        has fallen out is skipped instead.
        """
        return self._act(
            path.instance_id,
            202,
            lambda tx, by: self._operators.complete(tx, path.instance_id, path.number, body.outputs, by, body.reason),
        )

    def send_message(self, path: InstancePath, body: SendIn) -> Response:
        """Send a message for an instance's sake, as another system would; its history says who did"""
        sent = MessageIn(body.name, body.correlation_key, body.variables, time_to_live_s=body.time_to_live_seconds)
        return self._send(lambda tx, by: self._operators.send(tx, path.instance_id, sent, by, body.reason))

    def resend_message(self, path: SentPath, body: Act) -> Response:
        """Send again, under a new id, a message that an instance has had or that lies in the inbox"""
        return self._send(lambda tx, by: self._operators.resend(tx, path.instance_id, path.message_id, by, body.reason))

    def _act(self, instance_id: str, status: int, move: Callable[[Transaction, str], None]) -> Response:
        act(self._database, lambda tx, deed: move(tx, deed.by))
        with self._database.reading() as connection:
            row = queries.get_instance(connection, instance_id)
        return answer_one(InstanceOut.of(row), status, href_of(instance_id) if status == 202 else None)

    def _send(self, send: Callable[[Transaction, str], Published]) -> Response:
        published = act(self._database, lambda tx, deed: send(tx, deed.by))
        return answer_one(PublishedOut.model_validate(published), 202)
