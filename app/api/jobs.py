"""Bulk work: how far it has come, and a hand on its brake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import PREFIX, ApiParts, Responses, refused, room, view
from app.core import jobs
from app.core.db import Transaction
from app.engine.retries import KIND as RETRY
from app.web.acting import act, deed
from app.web.models import Identity, Input, Name, Output, Parameters, Reason
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.personal import Veil, note

State = Literal["planned", "running", "paused", "stopped", "completed"]
ItemState = Literal["pending", "begun", "done", "failed", "skipped"]


class JobOut(Output):
    """Bulk work, and what came of its items so far."""

    id: str
    kind: str = Field(examples=["migrate"])
    title: str
    parameters: dict[str, Any]
    process_id: str | None = Field(description="Null: it concerns more than one")
    state: State = Field(
        description="`planned`: its items are frozen, and nothing is done before it is started; `stopped`: for good, "
        "by somebody or after too many failures. What is under way then is followed to its end"
    )
    by: str
    reason: str
    rate_per_s: float = Field(alias="ratePerSecond", description="How many items are begun in a second, at most")
    stop_after_failures: int | None
    one_first: bool = Field(description="One has to pass before others are begun, and none has yet")
    total: int
    pending: int
    begun: int = Field(description="Under way: what comes of them is not known yet")
    done: int
    failed: int
    skipped: int = Field(description="There was nothing to do to them")
    changed_by: str | None = Field(description="Who paused, resumed or stopped it last; null with a reason: the job")
    changed_reason: str | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    href: str

    @classmethod
    def of(cls, view: jobs.JobView) -> JobOut:
        return cls.model_validate({**vars(view), "pending": view.pending, "href": href_of(view.id)})


class JobList(RootModel[list[JobOut]]):
    """Jobs, the youngest first."""


class ItemOut(Output):
    """One of the things that a job does."""

    position: int
    target: str = Field(
        description="What it is done to: an instance's id for a migration, an incident's for a retry, of a survey a "
        "version with the first and the last of some ids"
    )
    state: ItemState
    tries: int
    outcome: dict[str, Any] | None = Field(
        description="With `code` and `message` when it failed, and when it could not be done yet; of a retry with "
        "`outcome` (passed, failed_alike or failed_differently) and, passed, with `to`: where the order has gone on",
        examples=[{"code": "MigrationBlocked", "message": "A token stands at 'a', which has no counterpart."}],
    )
    at: datetime | None
    begun_at: datetime | None


class ItemList(RootModel[list[ItemOut]]):
    """Items, in the order in which they were given."""


class HandleIn(Input):
    """Why it is paused, resumed or stopped."""

    reason: Reason = Field(json_schema_extra={"example": "The OLT is being upgraded"})


class JobPath(Parameters):
    job_id: Identity


class JobQuery(PageQuery):
    state: State | None = None
    kind: Name | None = None


class ItemQuery(PageQuery):
    state: ItemState | None = None


def href_of(job_id: str) -> str:
    """Where a job is read."""
    return f"{PREFIX}/jobs/{job_id}"


class Jobs:
    """The room of bulk work."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._jobs = parts.jobs
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("jobs", "jobs", "Bulk work: the same thing done to many, one at a time.", self._parts)
        known, handled = refused(404), refused(404, 409, 415)
        changed: Responses = {200: JobOut, **handled}
        made.get("", responses={200: JobList})(view(self.list_jobs))
        made.get("/<jobId>", responses={200: JobOut, **known})(view(self.read_job))
        made.get("/<jobId>/items", responses={200: ItemList, **known})(view(self.list_job_items))
        made.post("/<jobId>/start", responses={200: JobOut, **refused(404, 409)})(view(self.start_job))
        made.post("/<jobId>/pause", responses=changed)(view(self.pause_job))
        made.post("/<jobId>/resume", responses=changed)(view(self.resume_job))
        made.post("/<jobId>/stop", responses=changed)(view(self.stop_job))
        return made

    def list_jobs(self, query: JobQuery) -> Response:
        """List bulk work, the youngest first"""
        with self._database.reading() as connection:
            views, total = self._jobs.list_jobs(
                connection,
                state=query.state,
                kind=query.kind,
                among=deed().reach,
                limit=query.limit,
                offset=query.offset,
            )
        return answer_page(map(JobOut.of, views), total)

    def read_job(self, path: JobPath) -> Response:
        """Read how far a job has come"""
        return self._answer(path.job_id)

    def list_job_items(self, path: JobPath, query: ItemQuery) -> Response:
        """List what a job does, with what came of each"""
        with self._database.reading() as connection:
            views, total = self._jobs.list_items(
                connection, path.job_id, state=query.state, limit=query.limit, offset=query.offset
            )
            veils: Mapping[str, Veil] = {}
            if self._jobs.read(connection, path.job_id).kind == RETRY:
                views, veils = self._parts.personal.retries(connection, views)
        return note(answer_page((ItemOut.model_validate(view) for view in views), total), veils)

    def start_job(self, path: JobPath) -> Response:
        """Begin a job that was planned, within an hour

        It is done in the name of whoever starts it.
        """
        act(self._database, lambda tx, deed: self._jobs.start(tx, path.job_id, deed.by))
        return self._answer(path.job_id)

    def pause_job(self, path: JobPath, body: HandleIn) -> Response:
        """Begin no further item until the job is resumed"""
        return self._handle(path, body, self._jobs.pause)

    def resume_job(self, path: JobPath, body: HandleIn) -> Response:
        """Go on where a job was paused"""
        return self._handle(path, body, self._jobs.resume)

    def stop_job(self, path: JobPath, body: HandleIn) -> Response:
        """End a job for good; what is pending stays undone"""
        return self._handle(path, body, self._jobs.stop)

    def _handle(self, path: JobPath, body: HandleIn, handle: Callable[[Transaction, str, str, str], None]) -> Response:
        act(self._database, lambda tx, deed: handle(tx, path.job_id, deed.by, body.reason))
        return self._answer(path.job_id)

    def _answer(self, job_id: str) -> Response:
        with self._database.reading() as connection:
            return answer_one(JobOut.of(self._jobs.read(connection, job_id)))
