"""User tasks: what waits for a person, taken and completed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.access import operator
from app.dashboard.fields import read_json, read_object
from app.dashboard.pages import Pages, read_slice, seen, wants_fragment
from app.engine import queries
from app.identity.permissions import Permission
from app.web.acting import Deed, act


class TaskPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/tasks", "tasks", self.show, methods=["GET"])
        base = "/tasks/<task_id>"
        blueprint.add_url_rule(f"{base}/take", "take_task", self.take, methods=["POST"])
        blueprint.add_url_rule(f"{base}/give-back", "give_back_task", self.give_back, methods=["POST"])
        blueprint.add_url_rule(f"{base}/complete", "complete_task", self.complete, methods=["POST"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            facts = self._facts(connection)
            if wants_fragment():
                return self.update(connection, "tasks_list.html", **facts)
            return self.page(connection, "tasks.html", **facts)

    def take(self, task_id: str) -> str | Response:
        return self._act(lambda tx, deed: self.parts.engine.claim_task(tx, task_id, deed.by))

    def give_back(self, task_id: str) -> str | Response:
        return self._act(lambda tx, deed: self.parts.engine.unclaim_task(tx, task_id, deed.by))

    def complete(self, task_id: str) -> str | Response:
        variables = read_variables()
        return self._act(lambda tx, deed: self.parts.engine.complete_task(tx, task_id, variables, deed.by))

    def _act(self, work: Callable[[Transaction, Deed], None]) -> str | Response:
        act(self.parts.database, work)
        if not wants_fragment():
            return redirect(url_for("dashboard.tasks"), 303)
        with self.parts.database.reading() as connection:
            return self.update(connection, "tasks_answer.html", **self._facts(connection))

    def _facts(self, connection: sa.Connection) -> dict[str, Any]:
        mine = request.args.get("mine") == "1"
        shown = read_slice()
        found = queries.list_user_tasks(
            connection,
            assignee=operator() if mine else None,
            among=seen(Permission.READ_INSTANCES),
            limit=shown.size,
            offset=shown.offset,
        )
        return {"found": found, "shown": shown, "mine": mine}


def read_variables() -> dict[str, Any]:
    """What a task's form gives: a JSON object, and rows of name and value over it. InvalidInput names the row."""
    variables = read_object(request.form.get("json", ""), "$.variables", "Variables")
    names, values = request.form.getlist("name"), request.form.getlist("value")
    for name, value in zip(names, values, strict=False):
        if name.strip():
            variables[name.strip()] = _read_value(value)
        elif value.strip():
            raise InvalidInput(f"The value {value.strip()[:40]!r} has no name.", path="$.variables")
    return variables


def _read_value(written: str) -> Any:
    """JSON where it is JSON (numbers, true, lists, quoted text), else the text as it stands."""
    try:
        return read_json(written, "$.variables", "The value")
    except InvalidInput:
        return written
