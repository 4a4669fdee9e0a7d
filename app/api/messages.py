"""Messages from outside: whoever waits for one goes on."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.room import ApiParts, refused, room, view
from app.engine.messages import MessageIn
from app.web.acting import act, deed
from app.web.models import PRINTABLE, Input, Name, Output, Variables
from app.web.paging import answer_one

Key = Annotated[str, Field(max_length=255, pattern=PRINTABLE)]
HOUR_S = 3600
TIME_TO_LIVE_LIMIT_S = 30 * 24 * HOUR_S


class PublishIn(Input):
    """A message, addressed by its name and the correlation key that the receiver computed."""

    name: Name = Field(json_schema_extra={"example": "ont_online"})
    correlation_key: Key = Field(
        default="",
        description="Empty, it starts an instance of each process that begins with it, whatever is open already",
        json_schema_extra={"example": "HWTC9F1A2B3C"},
    )
    variables: Variables = Field(default={}, json_schema_extra={"example": {"rx_power_dbm": -18.4}})
    message_id: Name | None = Field(
        default=None, description="The sender's own id: with the same name, key and id it is one message while it lives"
    )
    time_to_live_seconds: float = Field(
        default=HOUR_S,
        ge=0,
        le=TIME_TO_LIVE_LIMIT_S,
        description="How long it waits for somebody who is not there yet; 0: only for those who wait now",
    )


class PublishedOut(Output):
    """A message that is stored."""

    message_id: str
    duplicate: bool = Field(description="True: an equal message lives still, and nothing was done")
    recipients: list[str] = Field(description="Instances that waited for it, one per process")
    started: list[str] = Field(description="Instances that it started, one of each process that begins with it")


class Messages:
    """The room of messages."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("messages", "messages", "What other systems report.", self._parts)
        made.post("", responses={202: PublishedOut, **refused(415)})(view(self.publish_message))
        return made

    def publish_message(self, body: PublishIn) -> Response:
        """Send a message to whoever waits for it, now or within its time to live

        Answers 202 once it is stored for good. One instance of each process has it: the one that waits for it, or a new
        one if the process begins with it and none that was started with the same key is open. It may come before its
        receiver waits for it, or while such an instance is open: it is kept in an inbox.
        """
        sent = MessageIn(
            name=body.name,
            correlation_key=body.correlation_key,
            variables=body.variables,
            message_id=body.message_id,
            time_to_live_s=body.time_to_live_seconds,
        )
        deed().target = f"{body.name} {body.correlation_key}".strip()
        published = act(self._database, lambda tx, _: self._engine.publish(tx, sent))
        return answer_one(PublishedOut.model_validate(published), 202)
