"""Whole processes: let all their instances stand still, and go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.incidents import Act
from app.api.jobs import JobOut, href_of
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.core.jobs import Jobs
from app.engine import queries
from app.web.acting import Deed, act
from app.web.models import Name, Output, Parameters
from app.web.paging import answer_one


class ProcessOut(Output):
    """A process, whatever its versions."""

    process_id: str
    suspended_at: datetime | None = Field(description="Since when its instances begin suspended; null: they do not")
    suspended_by: str | None
    reason: str | None
    instances: dict[str, int] = Field(
        description="How many there are in each state, counted up to 10,000", examples=[{"active": 12}]
    )


class SwitchedOut(ProcessOut):
    """A process that was suspended or resumed; `job` does it to its open instances, unless there are none."""

    job: JobOut | None


class ProcessPath(Parameters):
    process_id: Name


class Processes:
    """The room of whole processes."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._processes = parts.processes
        self._jobs = parts.jobs
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("processes", "processes/<processId>", "Whole processes, whatever their versions.", self._parts)
        switched: Responses = {202: SwitchedOut, **refused(404, 415)}
        made.get("", responses={200: ProcessOut, **refused(404)})(view(self.read_process))
        made.post("/suspend", responses=switched)(view(self.suspend_process))
        made.post("/resume", responses=switched)(view(self.resume_process))
        return made

    def read_process(self, path: ProcessPath) -> Response:
        """Read whether a process stands still, and how many instances it has"""
        with self._database.reading() as connection:
            return answer_one(ProcessOut.model_validate(queries.get_process(connection, path.process_id)))

    def suspend_process(self, path: ProcessPath, body: Act) -> Response:
        """Let all instances of a process stand still

        New ones are accepted and begin suspended from now on; a job suspends those that are open. Safe to repeat.
        """
        return self._switch(path, body, self._processes.suspend)

    def resume_process(self, path: ProcessPath, body: Act) -> Response:
        """Let the instances go on that were suspended with their process

        What was suspended by itself stays so. Safe to repeat.
        """
        return self._switch(path, body, self._processes.resume)

    def _switch(
        self, path: ProcessPath, body: Act, switch: Callable[[Transaction, Jobs, str, str, str], str | None]
    ) -> Response:
        def work(tx: Transaction, deed: Deed) -> SwitchedOut:
            job_id = switch(tx, self._jobs, path.process_id, deed.by, body.reason)
            job = None if job_id is None else JobOut.of(self._jobs.read(tx.connection, job_id))
            return SwitchedOut.model_validate({**vars(queries.get_process(tx.connection, path.process_id)), "job": job})

        switched = act(self._database, work)
        return answer_one(switched, 202, None if switched.job is None else href_of(switched.job.id))
