"""Causes: open incidents that are one failure met by many orders, and trying them again together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.incidents import IncidentOut
from app.api.jobs import JobOut
from app.api.jobs import href_of as job_href_of
from app.api.room import PREFIX, ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.core.jobs.doors import MOST_PER_S, SLOWEST_PER_S
from app.engine import queries
from app.engine.retries import MOST, Retries, RetryOrder
from app.web.acting import Deed, act, deed
from app.web.models import Identity as Id
from app.web.models import Input, Name, Output, Parameters, Reason
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.personal import note


class ShareOut(Output):
    """How many of a cause's open incidents are in a process."""

    process_id: str
    count: int


class CauseOut(Output):
    """Incidents at one element, of one handler, with one code and, but for what differs each time, one message."""

    id: str
    code: str = Field(examples=["port_taken"])
    message: str = Field(description="What all of them say: `*` stands for ids, numbers, addresses and quoted keys")
    element_id: str | None
    handler: str | None
    count: int = Field(description="Open incidents")
    under_way: int = Field(description="Acted on, and not known yet with what outcome")
    processes: list[ShareOut]
    first_seen_at: datetime = Field(description="Settled ones included, and so is `lastSeenAt`")
    last_seen_at: datetime
    oldest: IncidentOut = Field(description="The open one that waits longest; the last one if none is open")
    can_be_retried: bool = Field(description="False for what concerns instances as a whole")
    href: str

    @classmethod
    def of(cls, view: queries.CauseView) -> CauseOut:
        shares = [ShareOut(process_id=process_id, count=count) for process_id, count in view.processes.items()]
        oldest = view.oldest
        facts: dict[str, object] = {"code": oldest.code, "element_id": oldest.element_id, "handler": oldest.handler}
        facts |= {"message": view.message, "can_be_retried": view.can_be_retried, "href": f"{PREFIX}/causes/{view.id}"}
        return cls.model_validate({**vars(view), **facts, "processes": shares, "oldest": IncidentOut.of(oldest)})


class CauseList(RootModel[list[CauseOut]]):
    """Causes, those of the most open incidents first."""


class RetryCauseIn(Input):
    """How the incidents of a cause are to be tried again."""

    reason: Reason = Field(json_schema_extra={"example": "The OLT is back after its upgrade"})
    process_id: Name | None = Field(default=None, description="Only in this process; needed by who may in single ones")
    most: int | None = Field(default=None, ge=1, le=MOST, description="So many, those that have waited longest")
    rate_per_second: float = Field(default=5, ge=SLOWEST_PER_S, le=MOST_PER_S)
    stop_after_failures: int | None = Field(default=10, ge=1, le=2_000_000_000)
    one_first: bool = Field(
        default=True,
        description="The others are begun when the first has passed. If it fails alike the job stops, if it fails "
        "differently the job pauses: look at it, then resume or stop",
    )


class CausePath(Parameters):
    cause_id: Id


class CauseQuery(PageQuery):
    process_id: Name | None = None
    handler: Name | None = None


class Causes:
    """The room of causes."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._jobs = parts.jobs
        self._retries = Retries(parts.operators)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("causes", "causes", "What fell out, by what caused it.", self._parts)
        planned: Responses = {201: JobOut, **refused(404, 409, 415)}
        made.get("", responses={200: CauseList})(view(self.list_causes))
        made.get("/<causeId>", responses={200: CauseOut, **refused(404)})(view(self.read_cause))
        made.post("/<causeId>/retry", responses=planned)(view(self.plan_retry))
        return made

    def list_causes(self, query: CauseQuery) -> Response:
        """List what open incidents have in common, the most frequent first"""
        with self._database.reading() as connection:
            page = queries.list_causes(
                connection,
                process_id=query.process_id,
                handler=query.handler,
                among=deed().reach,
                limit=query.limit,
                offset=query.offset,
            )
            shown, veils = self._parts.personal.causes(connection, page.items)
        return note(answer_page(map(CauseOut.of, shown), page.total), veils)

    def read_cause(self, path: CausePath) -> Response:
        """Read a cause, also one of which nothing is open any more"""
        with self._database.reading() as connection:
            found = queries.get_cause(connection, path.cause_id, deed().reach)
            (shown,), veils = self._parts.personal.causes(connection, [found])
        return note(answer_one(CauseOut.of(shown)), veils)

    def plan_retry(self, path: CausePath, body: RetryCauseIn) -> Response:
        """Freeze the list of a cause's open incidents, to try them again

        Nothing is tried yet: the job that is answered is `planned`. Its items are the incidents that it is about and no
        others; `POST /jobs/{jobId}/start` within an hour begins it.
        """

        def plan(tx: Transaction, deed: Deed) -> str:
            order = RetryOrder(path.cause_id, deed.by, among=deed.reach, **_asked(body))
            queries.get_cause(tx.connection, path.cause_id, deed.reach)
            return self._retries.plan(tx, self._jobs, order)

        job_id = act(self._database, plan)
        with self._database.reading() as connection:
            return answer_one(JobOut.of(self._jobs.read(connection, job_id)), 201, job_href_of(job_id))


def _asked(body: RetryCauseIn) -> dict[str, Any]:
    names = ("reason", "process_id", "most", "stop_after_failures", "one_first")
    return {**{name: getattr(body, name) for name in names}, "rate_per_s": body.rate_per_second}
