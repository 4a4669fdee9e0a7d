"""Decisions: deploy DMN models, ask what they decide and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, JsonValue, RootModel
from werkzeug.exceptions import UnsupportedMediaType

from app.api.room import PREFIX, ApiParts, refused, room, view
from app.engine import queries
from app.engine.decisions import accept
from app.web.acting import act
from app.web.models import Input, Name, Output, Parameters
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.problems import FindingOut
from app.web.requests import StrictRequest

MODEL_LIMIT_BYTES = 5_000_000
_XML = ("application/xml", "text/xml")
_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The DMN file as the modeler saved it",
        "content": {kind: {"schema": {"type": "string", "example": "<definitions ...>"}} for kind in _XML},
    }
}


class DecisionOut(Output):
    """A decision in the latest version of its model."""

    decision_id: str = Field(examples=["router_profile"])
    name: str = Field(examples=["Router profile"])
    model_id: str
    version: int
    deployed_at: datetime
    href: str

    @classmethod
    def of(cls, view: queries.DecisionView) -> DecisionOut:
        return cls.model_validate({**vars(view), "href": f"{PREFIX}/decisions/{view.decision_id}"})


class DecisionList(RootModel[list[DecisionOut]]):
    """Decisions."""


class ModelDeployed(Output):
    """What came of a deployment."""

    created: bool = Field(description="False: the latest version already says the same, and stays the latest")
    model_id: str
    version: int
    name: str
    decisions: list[str]
    findings: list[FindingOut] = Field(description="Warnings; a model with errors is refused")


class EvaluateIn(Input):
    """What the decision is to be made from."""

    variables: dict[str, JsonValue] = Field(
        default={},
        max_length=1000,
        description="By the names of the model's input data, spaces and all",
        json_schema_extra={"example": {"speed_mbps": 500}},
    )


class EvaluatedOut(Output):
    """What the decision came to, and which rules said so."""

    decision_id: str
    version: int
    value: JsonValue
    matched: list[dict[str, JsonValue]] = Field(description="A row for each rule that matched, with its inputs")
    errors: list[str] = Field(description="What could not be evaluated, and counted as null")


class DecisionPath(Parameters):
    decision_id: Name


class Decisions:
    """The room of decisions."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("decisions", "decisions", "Business rules as DMN models.", self._parts)
        deployed = {201: ModelDeployed, 200: ModelDeployed, **refused(415, 422)}
        made.post("", responses=deployed, openapi_extensions=_SENT)(view(self.deploy_decisions))
        made.get("", responses={200: DecisionList})(view(self.list_decisions))
        evaluated = {200: EvaluatedOut, **refused(404, 415, 422)}
        made.post("/<decisionId>/evaluate", responses=evaluated)(view(self.evaluate_decision))
        return made

    def deploy_decisions(self) -> Response:
        """Deploy a DMN model as its next version

        The same content as the latest version is that version (200); other content is a new one (201). A model with an
        error is refused (422) with a finding for each.
        """
        sent: StrictRequest = request  # type: ignore[assignment]  # the application's request class
        if sent.mimetype not in _XML:
            raise UnsupportedMediaType(f"Expected Content-Type {' or '.join(_XML)}, found {sent.mimetype or 'none'}.")
        sent.max_content_length = MODEL_LIMIT_BYTES
        accepted = accept(sent.whole_body())
        done = act(self._database, lambda tx, _: self._engine.deploy_decisions(tx, accepted))
        findings = [FindingOut.model_validate(finding) for finding in done.findings]
        body = ModelDeployed.model_validate({**vars(done), "findings": findings})
        return answer_one(body, 201 if done.created else 200)

    def list_decisions(self, query: PageQuery) -> Response:
        """List deployed decisions

        By id, each in its latest version.
        """
        with self._database.reading() as connection:
            views = queries.list_decisions(connection)
        return answer_page(map(DecisionOut.of, views[query.offset : query.offset + query.limit]), len(views))

    def evaluate_decision(self, path: DecisionPath, body: EvaluateIn) -> Response:
        """Evaluate the latest version of a decision

        Nothing is stored. `matched` says which rules of which tables matched, and with what.
        """
        with self._database.reading() as connection:
            decided = self._engine.evaluate(connection, path.decision_id, body.variables)
        return answer_one(EvaluatedOut.model_validate(decided))
