"""What an operator does by hand to an instance, or to an element picked on its diagram: planned, then done."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.fields import read_object, read_reason
from app.dashboard.instance import InstancePage
from app.dashboard.pages import wants_fragment
from app.engine import queries
from app.engine.messages import MessageIn
from app.web.acting import Deed, act

Move = Callable[[Transaction, str, str], object]  # transaction, who, why


class MovePages:
    """Each move answers with the instance's changed parts, or with a refusal that names the field."""

    def __init__(self, instance_page: InstancePage) -> None:
        self._page = instance_page
        self._parts = instance_page.parts
        self._operators = instance_page.parts.operators

    def routes(self, blueprint: Blueprint) -> None:
        base = "/instances/<instance_id>"
        blueprint.add_url_rule(f"{base}/rewind-plan", "plan_rewind", self.plan_rewind, methods=["GET"])
        blueprint.add_url_rule(f"{base}/move-plan", "plan_move", self.plan_move, methods=["GET"])
        for name in ("rewind", "move", "complete", "cancel", "suspend", "resume", "send"):
            blueprint.add_url_rule(f"{base}/{name}", name, getattr(self, name), methods=["POST"])

    def plan_rewind(self, instance_id: str) -> str:
        """What a rewind to an element would end and what was done since, with the form that does it."""
        with self._parts.database.reading() as connection:
            instance = queries.get_instance(connection, instance_id)
            plan = self._operators.rewind_plan(connection, instance_id, _element(request.args), _token(request.args))
            plan = self._page.veil(connection, instance).plan(plan)
            return self._page.fragment(
                "move_plan.html",
                title="If it is rewound to here",
                button="Rewind",
                action="rewind",
                instance=instance,
                call=request.args.get("call"),
                elements=self._page.elements_shown(connection, instance),
                plan=plan,
                ends=[(each.number, each.element_id, each.kind) for each in plan.ends],
                done=plan.done,
            )

    def plan_move(self, instance_id: str) -> str:
        """What moving a token to an element would end, with the form that does it."""
        with self._parts.database.reading() as connection:
            instance = queries.get_instance(connection, instance_id)
            number = _needed_token(request.args)
            plan = self._operators.move_plan(connection, instance_id, number, _element(request.args))
            return self._page.fragment(
                "move_plan.html",
                title=f"If token {number} is moved to here",
                button="Move the token",
                action="move",
                instance=instance,
                call=request.args.get("call"),
                elements=self._page.elements_shown(connection, instance),
                plan=plan,
                ends=plan.ends,
                done=[],
            )

    def rewind(self, instance_id: str) -> str | Response:
        element_id, number = _element(request.form), _token(request.form)

        def move(tx: Transaction, by: str, reason: str) -> None:
            self._operators.rewind(tx, instance_id, element_id, by, reason, number=number)

        return self._act(instance_id, move)

    def move(self, instance_id: str) -> str | Response:
        element_id, number = _element(request.form), _needed_token(request.form)
        return self._act(
            instance_id, lambda tx, by, why: self._operators.move(tx, instance_id, number, element_id, by, why)
        )

    def complete(self, instance_id: str) -> str | Response:
        number = _needed_token(request.form)
        outputs = read_object(request.form.get("outputs", ""), "$.outputs", "Outputs")
        return self._act(
            instance_id, lambda tx, by, why: self._operators.complete(tx, instance_id, number, outputs, by, why)
        )

    def cancel(self, instance_id: str) -> str | Response:
        return self._act(instance_id, lambda tx, by, why: self._operators.cancel(tx, instance_id, by, why))

    def suspend(self, instance_id: str) -> str | Response:
        return self._act(instance_id, lambda tx, by, why: self._operators.suspend(tx, instance_id, by, why))

    def resume(self, instance_id: str) -> str | Response:
        return self._act(instance_id, lambda tx, by, why: self._operators.resume(tx, instance_id, by, why))

    def send(self, instance_id: str) -> str | Response:
        name, key = request.form.get("name", "").strip(), request.form.get("key", "").strip()
        if not name:
            raise InvalidInput("Name the message.", path="$.name")
        message = MessageIn(name, key, read_object(request.form.get("variables", ""), "$.variables", "Variables"))
        return self._act(instance_id, lambda tx, by, why: self._operators.send(tx, instance_id, message, by, why))

    def _act(self, instance_id: str, move: Move) -> str | Response:
        reason = read_reason(request.form)

        def work(tx: Transaction, deed: Deed) -> None:
            move(tx, deed.by, reason)

        act(self._parts.database, work)
        if not wants_fragment():
            call = request.args.get("call")
            return redirect(url_for("dashboard.instance", instance_id=instance_id, call=call), 303)
        return self._page.live(instance_id, moved=True)


def _element(given: dict[str, str]) -> str:
    element_id = given.get("element_id", "").strip()
    if not element_id:
        raise InvalidInput("Choose an element on the diagram.", path="$.element_id")
    return element_id


def _token(given: dict[str, str]) -> int | None:
    text = given.get("token", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _needed_token(given: dict[str, str]) -> int:
    number = _token(given)
    if number is None:
        raise InvalidInput("Say which token, by its number.", path="$.token")
    return number
