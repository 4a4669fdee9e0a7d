"""User tasks: what waits for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import PREFIX, ApiParts, refused, room, view
from app.engine import queries
from app.web.acting import act, deed
from app.web.models import Identity, Input, Name, Output, Parameters, Person, Variables
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.personal import note


class TaskOut(Output):
    """A task that waits for a person."""

    id: str = Field(examples=["019b0c1e-7a52-7c35-9d6e-3f0a1b2c3d4e:7"])
    instance_id: str
    process_id: str
    business_key: str | None
    element_id: str | None
    name: str | None = Field(examples=["Confirm the appointment"])
    since: datetime
    assignee: str | None = Field(description="Who has taken it")
    inputs: Any
    groups: list[str] = Field(description="Whose people it is for; empty: anybody's", examples=[["field"]])
    due_at: datetime | None
    follow_up_at: datetime | None
    suspended: bool = Field(description="Its instance stands still: the task waits until somebody resumes it")
    instance_href: str

    @classmethod
    def of(cls, view: queries.UserTaskView) -> TaskOut:
        shown = {**vars(view), "groups": list(view.groups)}
        return cls.model_validate({**shown, "instance_href": f"{PREFIX}/process-instances/{view.instance_id}"})


class TaskList(RootModel[list[TaskOut]]):
    """Tasks, those that have waited longest first."""


class TaskDone(Output):
    """A task that was completed."""

    id: str
    instance_id: str
    instance_href: str


class ClaimIn(Input):
    """Nothing has to be said: who takes the task, or gives it back, the token says."""


class CompleteIn(Input):
    """What was found out."""

    variables: Variables = Field(default={}, json_schema_extra={"example": {"appointment": "2026-12-01T09:00:00Z"}})


class TaskPath(Parameters):
    task_id: Identity


class TaskQuery(PageQuery):
    assignee: Person | None = None
    process_id: Name | None = None
    instance_id: Identity | None = None


class Tasks:
    """The room of user tasks."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("user_tasks", "user-tasks", "What waits for people.", self._parts)
        refusals = refused(404, 409, 415)
        made.get("", responses={200: TaskList})(view(self.list_tasks))
        made.get("/<taskId>", responses={200: TaskOut, **refused(404)})(view(self.read_task))
        made.post("/<taskId>/claim", responses={200: TaskOut, **refusals})(view(self.claim_task))
        made.post("/<taskId>/unclaim", responses={200: TaskOut, **refusals})(view(self.unclaim_task))
        made.post("/<taskId>/complete", responses={200: TaskDone, **refusals})(view(self.complete_task))
        return made

    def list_tasks(self, query: TaskQuery) -> Response:
        """List open user tasks, those that have waited longest first"""
        with self._database.reading() as connection:
            page = queries.list_user_tasks(
                connection,
                assignee=query.assignee,
                process_id=query.process_id,
                instance_id=query.instance_id,
                among=deed().reach,
                limit=query.limit,
                offset=query.offset,
            )
            veils = self._parts.personal.veils(connection, [(row.instance_id, row.process_id) for row in page.items])
        shown = [veils[row.instance_id].task(row) for row in page.items]
        return note(answer_page(map(TaskOut.of, shown), page.total), veils)

    def read_task(self, path: TaskPath) -> Response:
        """Read an open user task"""
        return self._answer(path.task_id)

    def claim_task(self, path: TaskPath, body: ClaimIn) -> Response:
        """Take a user task, so that nobody else works on it

        Refused (409) while somebody else has it; taking it twice is taking it once.
        """
        act(self._database, lambda tx, deed: self._engine.claim_task(tx, path.task_id, deed.by))
        return self._answer(path.task_id)

    def unclaim_task(self, path: TaskPath, body: ClaimIn) -> Response:
        """Give a user task back"""
        act(self._database, lambda tx, deed: self._engine.unclaim_task(tx, path.task_id, deed.by))
        return self._answer(path.task_id)

    def complete_task(self, path: TaskPath, body: CompleteIn) -> Response:
        """Complete a user task with what was found out; its instance goes on

        Refused (409) while somebody else has it. A task that was completed is gone (404). Where the diagram has a form
        for it, only what the form has is taken, and what does not fit it is refused (400) with every field.
        """
        act(self._database, lambda tx, deed: self._engine.complete_task(tx, path.task_id, body.variables, deed.by))
        instance_id = path.task_id.rpartition(":")[0]
        href = f"{PREFIX}/process-instances/{instance_id}"
        return answer_one(TaskDone(id=path.task_id, instance_id=instance_id, instance_href=href))

    def _answer(self, task_id: str) -> Response:
        with self._database.reading() as connection:
            view = queries.get_user_task(connection, task_id)
            veil = self._parts.personal.veil(connection, view.instance_id, view.process_id)
        return veil.note(answer_one(TaskOut.of(veil.task(view))))
