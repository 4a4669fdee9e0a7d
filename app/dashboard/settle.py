"""What an operator does about an incident, and what the page says came of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.fields import read_changes, read_object, read_reason
from app.dashboard.instance import InstancePage, inputs_of
from app.dashboard.pages import wants_fragment
from app.engine import queries
from app.web.acting import Deed, act

Act = Callable[[Transaction, str, str], None]  # transaction, who, why


class SettlePages:
    """Each action answers with the instance's changed parts, or with a refusal that names the field."""

    def __init__(self, instance_page: InstancePage) -> None:
        self._page = instance_page
        self._parts = instance_page.parts

    def routes(self, blueprint: Blueprint) -> None:
        base = "/incidents/<incident_id>"
        blueprint.add_url_rule(f"{base}/retry", "retry", self.retry, methods=["POST"])
        blueprint.add_url_rule(f"{base}/correct", "correct", self.correct, methods=["POST"])
        blueprint.add_url_rule(f"{base}/skip", "skip", self.skip, methods=["POST"])
        blueprint.add_url_rule(f"{base}/choose", "choose", self.choose, methods=["POST"])

    def retry(self, incident_id: str) -> str | Response:
        return self._act(incident_id, lambda tx, by, reason: self._parts.operators.retry(tx, incident_id, by, reason))

    def correct(self, incident_id: str) -> str | Response:
        def settle(tx: Transaction, by: str, reason: str) -> None:
            inputs = self._read_inputs(tx, incident_id)
            self._parts.operators.retry_with_inputs(tx, incident_id, inputs, by, reason)

        return self._act(incident_id, settle)

    def skip(self, incident_id: str) -> str | Response:
        def settle(tx: Transaction, by: str, reason: str) -> None:
            outputs = read_object(request.form.get("outputs", ""), "$.outputs", "Outputs")
            self._parts.operators.skip(tx, incident_id, outputs, by, reason)

        return self._act(incident_id, settle)

    def choose(self, incident_id: str) -> str | Response:
        def settle(tx: Transaction, by: str, reason: str) -> None:
            match request.form.get("take"):
                case "stored":
                    self._parts.operators.choose(tx, incident_id, "stored", by, reason)
                case "new":
                    self._parts.operators.choose(tx, incident_id, "new", by, reason)
                case _:
                    raise InvalidInput("Choose one of the two values.", path="$.take")

        return self._act(incident_id, settle)

    def _read_inputs(self, tx: Transaction, incident_id: str) -> dict[str, object]:
        incident = queries.get_incident(tx.connection, incident_id)
        handler = self._parts.registry.get(incident.handler) if incident.handler else None
        if handler is None:
            return read_object(request.form.get("inputs", ""), "$.inputs", "Variables")
        inputs = inputs_of(incident, queries.open_tokens(tx.connection, incident.instance_id))
        changes = read_changes(handler.parameters, inputs, request.form)
        if not changes:
            handler.bind(inputs)  # says which of them is wrong, if one is
            raise InvalidInput("Nothing was changed. Correct an input, or use Retry to try again as it was.")
        return changes

    def _act(self, incident_id: str, settle: Act) -> str | Response:
        reason = read_reason(request.form)

        def work(tx: Transaction, deed: Deed) -> str:
            settle(tx, deed.by, reason)
            return queries.get_incident(tx.connection, incident_id).instance_id

        instance_id = act(self._parts.database, work)
        if not wants_fragment():
            call = request.args.get("call")
            return redirect(url_for("dashboard.instance", instance_id=instance_id, call=call), 303)
        return self._page.live(instance_id)
