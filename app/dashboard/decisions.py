"""Deployed decisions: reading them, trying them out, and deploying others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import InvalidInput
from app.dashboard.decision_fields import NOTHING_READ, Read, fields_of, read_fields
from app.dashboard.decision_needs import Needs, needs_of
from app.dashboard.decision_sheet import Sheet
from app.dashboard.diagrams import Diagrams
from app.dashboard.pages import Pages, wants_fragment
from app.dashboard.parts import DashboardParts
from app.decisions.dmn import DmnRefused, MatchedRule, Model
from app.decisions.feel import BudgetExceeded, NotStorable, value_to_json
from app.engine import queries
from app.engine.decisions import accept
from app.engine.kept import Kept
from app.web.acting import act
from app.web.headers import download_as

_KEPT = 50


@dataclass(frozen=True)
class Answer:
    """What a decision came to; `matched` are its `rules` as the page says them."""

    value: Any
    matched: list[dict[str, Any]]
    errors: tuple[str, ...]
    rules: tuple[MatchedRule, ...]


class DecisionPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._needs: Kept[Needs] = Kept(_KEPT)

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/decisions", "decisions", self.show, methods=["GET"])
        blueprint.add_url_rule("/decisions", "deploy_decisions", self.deploy, methods=["POST"])
        # An id may hold a slash: nothing forbids it.
        blueprint.add_url_rule("/decisions/<path:decision_id>", "decision", self.decision, methods=["GET"])
        blueprint.add_url_rule("/decisions/<path:decision_id>", "decide", self.decide, methods=["POST"])
        blueprint.add_url_rule("/decision-models/<model_row_id>.dmn", "decision_model", self.document, methods=["GET"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            return self._list(connection)

    def _list(self, connection: sa.Connection, **facts: Any) -> str:
        return self.page(connection, "decisions.html", decisions=queries.list_decisions(connection), **facts)

    def deploy(self) -> str | AnyResponse:
        """Deploys an uploaded model; a refused one is answered with every finding."""
        upload = request.files.get("model")
        if upload is None or not upload.filename:
            raise InvalidInput("Choose a .dmn file.", path="$.model")
        try:
            accepted = accept(upload.stream.read())
        except DmnRefused as refused:
            with self.parts.database.reading() as connection:
                page = self._list(connection, refused=upload.filename, findings=refused.findings)
            return Response(page, refused.status)
        deployed = act(self.parts.database, lambda tx, _: self.parts.engine.deploy_decisions(tx, accepted))
        if len(deployed.decisions) == 1 and not deployed.findings:
            return redirect(url_for("dashboard.decision", decision_id=deployed.decisions[0]), 303)
        with self.parts.database.reading() as connection:
            return self._list(connection, deployed=deployed, findings=deployed.findings)

    def decision(self, decision_id: str) -> str:
        with self.parts.database.reading() as connection:
            return self.page(connection, "decision.html", **self._facts(connection, decision_id))

    def decide(self, decision_id: str) -> str:
        """Evaluates what is shown; nothing is stored. Inputs that cannot be read are said beside their fields."""
        with self.parts.database.reading() as connection:
            facts = self._facts(connection, decision_id, evaluates=True)
            if wants_fragment():
                return self.fragment("decision_answer.html", **facts)
            return self.page(connection, "decision.html", **facts)

    def document(self, model_row_id: str) -> Response:
        """The XML as it was deployed."""
        with self.parts.database.reading() as connection:
            document = queries.decision_document(connection, model_row_id)
        return download_as("model.dmn", Response(document, mimetype="application/xml"))

    def _facts(self, connection: sa.Connection, decision_id: str, *, evaluates: bool = False) -> dict[str, Any]:
        view = queries.get_decision(connection, decision_id)
        model = self.parts.engine.decision_model(connection, view.model_row_id)
        needs = self._needs.get((view.model_row_id, decision_id), lambda: needs_of(model, decision_id))
        fields = fields_of(needs.asked, model.document)
        read = read_fields(fields, request.form) if evaluates else NOTHING_READ
        answer = self._answer(model, decision_id, read) if evaluates and not read.problems else None
        return {
            "view": view,
            "model": model,
            "decision": model.decisions[decision_id],
            "required": needs.required,
            "fields": fields,
            "read": read,
            "answer": answer,
            "sheet": Sheet(model.document, needs, answer.rules if answer else ()),
        }

    def _answer(self, model: Model, decision_id: str, read: Read) -> Answer:
        try:
            outcome = model.explain(decision_id, read.values, clock=self.parts.clock)
            said = [_said(model, rule) for rule in outcome.matched]
            return Answer(value_to_json(outcome.value), said, outcome.errors, outcome.matched)
        except (BudgetExceeded, NotStorable) as error:
            return Answer(None, [], (error.message,), ())


def _said(model: Model, rule: MatchedRule) -> dict[str, Any]:
    return {
        "owner": model.document.elements[rule.decision_id],
        "number": rule.rule_index,
        "inputs": value_to_json(dict(rule.inputs)),
        "outputs": value_to_json(dict(rule.outputs)),
        "annotations": [text for text in rule.annotations if text],
    }
