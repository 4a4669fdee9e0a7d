"""How far the saved scenarios of a process come, painted on its diagram; read after the page is there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.dashboard.diagrams import Diagrams
from app.dashboard.marks import covered_marks
from app.dashboard.pages import Pages
from app.dashboard.parts import DashboardParts
from app.engine.diagram import DiagramRefused
from app.trial.room import Subject
from app.trial.saved import Reading
from app.web.trying import Trying


class CoveragePages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._trying = Trying(parts.database, parts.trials, parts.personal)

    def routes(self, blueprint: Blueprint) -> None:
        path = "/processes/<process_id>/<int:version>/coverage"
        blueprint.add_url_rule(path, "coverage", self.show, methods=["GET"])

    def show(self, process_id: str, version: int) -> str:
        """A part of the process's page."""
        subject = self._trying.version(process_id, version)
        facts: dict[str, Any] = {"subject": subject, "reading": None, "painted": {}, "findings": []}
        try:
            facts["reading"] = reading = self._read(subject)
        except DiagramRefused as refused:
            return self.fragment("coverage.html", **facts | {"findings": refused.findings}, elements={})
        if reading is not None:
            facts["painted"] = covered_marks(reading.coverage)
        with self.parts.database.reading() as connection:
            elements = self.diagrams.elements(connection, process_id, version)
        return self.fragment("coverage.html", **facts, elements=elements)

    def _read(self, subject: Subject) -> Reading | None:
        return None if self.parts.readings is None else self._trying.read_coverage(self.parts.readings, subject)
