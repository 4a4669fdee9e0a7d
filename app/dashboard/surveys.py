"""What a version would mean to everything that is open: begun where a request does not test all, seen as bulk work."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.jobs import ItemView, Jobs, JobView
from app.core.jobs.tables import ItemState
from app.dashboard.causes import leave_for
from app.dashboard.diagrams import Diagrams
from app.dashboard.drawn import DrawnIn, in_json, read_body
from app.dashboard.mapping import read_mapping
from app.dashboard.outlook import read_document
from app.dashboard.pages import Pages, read_slice
from app.dashboard.parts import DashboardParts
from app.dashboard.versions import read_pair
from app.engine import queries
from app.engine.diagram import DiagramRefused
from app.engine.migration import surveyed
from app.engine.migration.doors import Migrations
from app.engine.migration.surveyed import SurveyForgotten
from app.engine.migration.surveys import Surveys
from app.web.acting import Deed, act
from app.web.models import Output

MOST_BROKEN = 20  # parts that could not be tested are shown, of what may be hundreds with one cause


class Part(NamedTuple):
    """Some instances of a version, from one id to another."""

    version: str
    first_id: str
    last_id: str
    outcome: dict[str, Any] | None


class BegunOut(Output):
    """Where it is seen how far it has come."""

    href: str


class SurveyPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._surveys = Surveys(parts.engine)
        self._migrations = Migrations(parts.engine)

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/processes/survey", "survey_deployment", self.survey, methods=["POST"])
        blueprint.add_url_rule("/modeler/survey", "survey_drawn", in_json(self.survey_drawn), methods=["POST"])
        path = "/processes/<process_id>/migrate/survey"
        blueprint.add_url_rule(path, "survey_migration", self.survey_migration, methods=["POST"])

    def survey(self) -> Response:
        """Of an uploaded diagram, or of a draft that is named."""
        return leave_for(self._begin(*read_document(self.parts)))

    def survey_drawn(self) -> Output:
        """Of what stands on the page of the modeler."""
        return BegunOut(href=self._begin(read_body(DrawnIn).document.encode(), None))

    def survey_migration(self, process_id: str) -> Response:
        """Of the mapping that the form holds."""
        given = read_mapping(request.form)

        def begin(tx: Transaction, deed: Deed) -> str:
            old, new = read_pair(tx.connection, process_id)
            plan = self._migrations.plan(tx.connection, process_id, old.version, new.version, given)
            return self._surveys.begin_between(tx, self.parts.jobs, plan, deed.by)

        return leave_for(url_for("dashboard.job", job_id=act(self.parts.database, begin)))

    def _begin(self, document: bytes, file_name: str | None) -> str:
        """Where the job is seen."""
        with self.parts.database.reading() as connection:  # a diagram that takes long to refuse holds up no writer
            diagram, findings = self.parts.engine.examine(document, file_name, beside=connection)
        if diagram is None:
            raise DiagramRefused(findings)

        def begin(tx: Transaction, deed: Deed) -> str:
            deed.concerns(diagram.process_id)
            return self._surveys.begin(tx, self.parts.jobs, diagram, deed.by)

        return url_for("dashboard.job", job_id=act(self.parts.database, begin))


def found_by(connection: sa.Connection, jobs: Jobs, job: JobView) -> dict[str, Any]:
    """What the page of a survey's job shows; `survey` None: it is forgotten."""
    shown, written = read_slice(), request.args.get("reason", "")
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 8 else None
    try:
        survey = surveyed.read(connection, job)
    except SurveyForgotten:
        return {"job": job, "survey": None}
    reason = next((each for each in survey.reasons if each.number == number), None)
    number = None if reason is None else reason.number
    found = surveyed.list_blocked(connection, survey, number, shown.size, shown.offset)
    rows = queries.keys_of(connection, [each.instance_id for each in found.items])
    keys = {row.instance_id: row.business_key for row in rows}
    broken, _ = jobs.list_items(connection, job.id, state=ItemState.FAILED, limit=MOST_BROKEN)
    told = {"job": job, "survey": survey, "broken": [_part(each) for each in broken]}
    return {**told, "reason": reason, "found": found, "shown": shown, "keys": keys}


def _part(item: ItemView) -> Part:
    version, first_id, last_id = item.target.split(" ")
    return Part(version, first_id, last_id, item.outcome)
