"""User tasks: what waits for a person, by whom it may be taken and until when; taken and completed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.core.personal import MASK
from app.dashboard.access import operator, person
from app.dashboard.diagrams import Drawn
from app.dashboard.fields import read_json, read_object
from app.dashboard.pages import Pages, read_slice, seen, wants_fragment
from app.engine import queries
from app.engine.doors import TaskForm
from app.identity.permissions import Permission
from app.web.acting import Deed, act

WHOSE = {"mine": "Mine", "groups": "My groups", "all": "All"}


class TaskPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/tasks", "tasks", self.show, methods=["GET"])
        base = "/tasks/<task_id>"
        blueprint.add_url_rule(base, "task", self.task, methods=["GET"])
        blueprint.add_url_rule(f"{base}/form.json", "task_form", self.form, methods=["GET"])
        blueprint.add_url_rule(f"{base}/take", "take_task", self.take, methods=["POST"])
        blueprint.add_url_rule(f"{base}/give-back", "give_back_task", self.give_back, methods=["POST"])
        blueprint.add_url_rule(f"{base}/complete", "complete_task", self.complete, methods=["POST"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            facts = self._facts(connection)
            if wants_fragment():
                return self.update(connection, "tasks_list.html", **facts)
            return self.page(connection, "tasks.html", **facts)

    def task(self, task_id: str) -> str:
        """One task, with its form."""
        with self.parts.database.reading() as connection:
            task = queries.get_user_task(connection, task_id)
            form = self._form(connection, task)
            own_button = form is not None and _has_button(form.schema)
            drawn = self._drawn(connection, task)
            return self.page(connection, "task.html", task=task, form=form, own_button=own_button, drawn=drawn)

    def form(self, task_id: str) -> Response:
        """What form-js shows: the schema, and the variables in it."""
        with self.parts.database.reading() as connection:
            form = self._form(connection, queries.get_user_task(connection, task_id))
        return jsonify(schema={} if form is None else form.schema, data={} if form is None else form.data)

    def take(self, task_id: str) -> str | AnyResponse:
        return self._act(task_id, lambda tx, deed: self.parts.engine.claim_task(tx, task_id, deed.by))

    def give_back(self, task_id: str) -> str | AnyResponse:
        return self._act(task_id, lambda tx, deed: self.parts.engine.unclaim_task(tx, task_id, deed.by))

    def complete(self, task_id: str) -> str | AnyResponse:
        variables = read_variables()
        done = self._act(None, lambda tx, deed: self.parts.engine.complete_task(tx, task_id, variables, deed.by))
        if wants_fragment() and "leave" in request.form:
            return Response(headers={"HX-Redirect": url_for("dashboard.tasks")})
        return done

    def _act(self, stay_at: str | None, work: Callable[[Transaction, Deed], None]) -> str | AnyResponse:
        act(self.parts.database, work)
        if not wants_fragment():
            stays = stay_at is not None and "leave" in request.form
            return redirect(url_for("dashboard.task", task_id=stay_at) if stays else url_for("dashboard.tasks"), 303)
        with self.parts.database.reading() as connection:
            return self.update(connection, "tasks_answer.html", **self._facts(connection))

    def _form(self, connection: sa.Connection, task: queries.UserTaskView) -> TaskForm | None:
        """Without what whoever looks may not see: the form would give the mask back as the value."""
        form = self.parts.engine.task_form(connection, task.id)
        if form is None:
            return None
        veil = self.parts.personal.veil(connection, task.instance_id, task.process_id)
        shown = veil.value(form.data)
        return TaskForm(form.schema, {name: value for name, value in shown.items() if MASK not in repr(value)})

    def _drawn(self, connection: sa.Connection, task: queries.UserTaskView) -> Drawn | None:
        process_id, version = task.process_id, task.version
        if task.call:
            called = queries.get_call(connection, task.instance_id, task.call)
            process_id, version = called.process_id, called.version
        return self.diagrams.elements(connection, process_id, version).get(task.element_id or "")

    def _facts(self, connection: sa.Connection) -> dict[str, Any]:
        asked = "mine" if request.args.get("mine") == "1" else request.args.get("whose")
        whose = asked if asked in WHOSE else "all"
        found_person = person()
        groups = found_person.groups if found_person is not None else ()
        shown = read_slice()
        found = queries.list_user_tasks(
            connection,
            assignee=operator() if whose == "mine" else None,
            groups=groups if whose == "groups" else None,
            among=seen(Permission.READ_INSTANCES),
            by_due=True,
            limit=shown.size,
            offset=shown.offset,
        )
        drawn = {task.id: self._drawn(connection, task) for task in found.items}
        with_forms = {task_id for task_id, each in drawn.items() if each is not None and each.has_form}
        facts = {"whose": whose, "tabs": WHOSE, "my_groups": groups, "with_forms": with_forms}
        return {"found": found, "shown": shown, **facts}


def _has_button(schema: dict[str, Any]) -> bool:
    components = schema.get("components", [])
    return any(each.get("type") == "button" and each.get("action", "submit") == "submit" for each in components)


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
