"""What a diagram would mean to whatever is open, before it is deployed."""

from __future__ import annotations

from flask import Blueprint, request

from app.core.errors import InvalidInput
from app.dashboard.diagrams import Diagrams
from app.dashboard.pages import Pages, wants_fragment
from app.dashboard.parts import DashboardParts
from app.drafts import store
from app.engine import definitions, queries
from app.engine.diagram import DiagramRefused, DiagramTooLarge, Finding
from app.engine.migration.outlook import Forecast, Outlooks
from app.web.acting import deed


class OutlookPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._outlooks = Outlooks(parts.engine)

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/processes/test", "test_deployment", self.test, methods=["POST"])

    def test(self) -> str:
        """Of an uploaded diagram, or of a draft that is named; nothing is stored."""
        document, file_name = self._read_document()
        try:
            diagram, findings = definitions.examine(document, self.parts.registry, file_name)
        except (DiagramRefused, DiagramTooLarge) as refused:
            diagram, findings = None, list(refused.findings)
        forecast: Forecast | None = None
        with self.parts.database.reading() as connection:
            keys: dict[str, str | None] = {}
            if diagram is not None:
                deed().concerns(diagram.process_id)
                forecast = self._outlooks.forecast(connection, diagram)
                ids = [each.instance_id for outlook in forecast.outlooks for each in outlook.verdicts]
                keys = {row.instance_id: row.business_key for row in queries.keys_of(connection, ids)}
            facts = {"findings": _worth_saying(findings), "forecast": forecast, "keys": keys}
            if wants_fragment():
                return self.fragment("outlook.html", **facts)
            return self.page(connection, "outlook_page.html", **facts)

    def _read_document(self) -> tuple[bytes, str | None]:
        if draft_id := request.form.get("draft"):
            with self.parts.database.reading() as connection:
                return store.read(connection, draft_id).document, None
        upload = request.files.get("diagram")
        if upload is None or not upload.filename:
            raise InvalidInput("Choose a .bpmn file.", path="$.diagram")
        return upload.stream.read(), upload.filename


def _worth_saying(findings: list[Finding]) -> list[Finding]:
    """What keeps it from being deployed, where anything does."""
    errors = [finding for finding in findings if finding.severity == "error"]
    return errors or findings
