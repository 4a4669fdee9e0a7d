"""What a diagram would mean to whatever is open, before it is deployed."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, request

from app.core.errors import InvalidInput
from app.dashboard.diagrams import Diagrams
from app.dashboard.drawn import DrawnIn, in_json, read_body
from app.dashboard.pages import Pages, wants_fragment
from app.dashboard.parts import DashboardParts
from app.drafts import store
from app.engine import queries
from app.engine.diagram import DiagramRefused, DiagramTooLarge, Finding
from app.engine.migration.outlook import Forecast, Outlooks
from app.web.acting import deed
from app.web.models import Output
from app.web.outlooks import ForecastOut

MOST_NAMED = 50


class OutlookPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._outlooks = Outlooks(parts.engine, parts.most_tested)

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/processes/test", "test_deployment", self.test, methods=["POST"])
        blueprint.add_url_rule("/modeler/test", "test_drawn", in_json(self.test_drawn), methods=["POST"])

    def test(self) -> str:
        """Of an uploaded diagram, or of a draft that is named; nothing is stored."""
        document, file_name = read_document(self.parts)
        with self.parts.database.reading() as connection:
            forecast, findings = self._forecast(connection, document, file_name)
            outlooks = () if forecast is None else forecast.outlooks
            ids = [each.instance_id for outlook in outlooks for each in outlook.verdicts if each.obstacles]
            keys = {row.instance_id: row.business_key for row in queries.keys_of(connection, ids[:MOST_NAMED])}
            found, untested = sum(each.open for each in outlooks), sum(each.untested for each in outlooks)
            facts = {"findings": _worth_saying(findings), "forecast": forecast, "keys": keys, "most": MOST_NAMED}
            facts["untested"] = found if untested else 0
            if wants_fragment():
                return self.fragment("outlook.html", **facts)
            return self.page(connection, "outlook_page.html", **facts)

    def test_drawn(self) -> Output:
        """Of what stands on the page of the modeler."""
        document = read_body(DrawnIn).document.encode()
        with self.parts.database.reading() as connection:
            return ForecastOut.of(*self._forecast(connection, document))

    def _forecast(
        self, connection: sa.Connection, document: bytes, file_name: str | None = None
    ) -> tuple[Forecast | None, list[Finding]]:
        """None for what cannot be deployed as it is: the findings say why."""
        try:
            diagram, findings = self.parts.engine.examine(document, file_name, beside=connection)
        except (DiagramRefused, DiagramTooLarge) as refused:
            diagram, findings = None, list(refused.findings)
        if diagram is None:
            return None, findings
        deed().concerns(diagram.process_id)
        return self._outlooks.forecast(connection, diagram), findings


def read_document(parts: DashboardParts) -> tuple[bytes, str | None]:
    """The diagram that the request uploads, with its file's name, or that of the draft which it names."""
    if draft_id := request.form.get("draft"):
        with parts.database.reading() as connection:
            return store.read(connection, draft_id).document, None
    upload = request.files.get("diagram")
    if upload is None or not upload.filename:
        raise InvalidInput("Choose a .bpmn file.", path="$.diagram")
    return upload.stream.read(), upload.filename


def _worth_saying(findings: list[Finding]) -> list[Finding]:
    """What keeps it from being deployed, where anything does."""
    errors = [finding for finding in findings if finding.severity == "error"]
    return errors or findings
