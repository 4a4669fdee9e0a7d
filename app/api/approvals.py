"""What needs a second person before it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import ApiParts, Responses, refused, room, view
from app.identity import approvals
from app.identity.approvals import ApprovalView
from app.web.acting import act, deed
from app.web.models import Identity, Output, Parameters
from app.web.paging import PageQuery, answer_one, answer_page


class ApprovalOut(Output):
    """A request that needs a second person. Once it is seconded, whoever asked sends it again."""

    id: str
    action: str = Field(description="The permission that it needs, of both", examples=["instance.cancel"])
    door: str = Field(examples=["moves.cancel_instance"])
    target: str | None
    process_id: str | None
    reason: str | None
    body: Any = Field(description="What was asked for")
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    seconded_by: str | None
    seconded_at: datetime | None
    refused_by: str | None
    refused_at: datetime | None
    done_at: datetime | None = Field(description="A second person's word is good for once")

    @classmethod
    def of(cls, found: ApprovalView) -> ApprovalOut:
        return cls.model_validate(vars(found))


class ApprovalList(RootModel[list[ApprovalOut]]):
    """One's own requests, and those that one could second; the youngest first."""


class ApprovalPath(Parameters):
    approval_id: Identity


class Approvals:
    """The room of second persons."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._approvals = parts.callers.identity.approvals
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("approvals", "approvals", "What needs a second person before it is done.", self._parts)
        decided: Responses = {200: ApprovalOut, **refused(404, 409)}
        made.get("", responses={200: ApprovalList})(view(self.list_approvals))
        made.post("/<approvalId>/second", responses=decided)(view(self.second_request))
        made.post("/<approvalId>/refuse", responses=decided)(view(self.refuse_request))
        return made

    def list_approvals(self, query: PageQuery) -> Response:
        """List what needs a second person: what you asked for, and what you could second"""
        with self._database.reading() as connection:
            page = approvals.listed(connection, deed().who, query.limit, query.offset)
        return answer_page(map(self._shown, page.items), page.total)

    def second_request(self, path: ApprovalPath) -> Response:
        """Let somebody else do what they have asked for, once, within a day of their asking"""
        done = act(self._database, lambda tx, deed: self._approvals.second(tx, path.approval_id, deed.who))
        return answer_one(self._shown(done))

    def refuse_request(self, path: ApprovalPath) -> Response:
        """Turn a request down, or take your own back"""
        done = act(self._database, lambda tx, deed: self._approvals.refuse(tx, path.approval_id, deed.who))
        return answer_one(self._shown(done))

    def _shown(self, found: ApprovalView) -> ApprovalOut:
        return ApprovalOut.of(self._parts.personal.approval(found))
