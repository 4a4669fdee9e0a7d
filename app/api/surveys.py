"""Surveys: what a version would mean to everything that is open, however much that is."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.definitions import SENT, read_diagram
from app.api.jobs import JobOut, JobPath, href_of
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine.diagram import DiagramRefused
from app.engine.migration import surveyed
from app.engine.migration.surveyed import SurveyView
from app.engine.migration.surveys import Surveys
from app.web.acting import Deed, act
from app.web.models import Output
from app.web.outlooks import CountsOut
from app.web.paging import PageQuery, answer_one, answer_page


class ReasonOut(Output):
    """Something that keeps instances from moving."""

    number: int
    version: int = Field(description="On which the instances are")
    code: str = Field(examples=["no_counterpart"])
    element_id: str
    message: str
    instances: int = Field(description="What is blocked for two reasons counts in both")


class SurveyedOut(Output):
    """What was found of the instances on one version."""

    version: int
    open: int = Field(description="When the survey began")
    tested: int = Field(description="So far; never those that ended or moved before their turn came")
    counts: CountsOut


class SurveyOut(Output):
    """What a survey has found so far."""

    job: JobOut = Field(description="How far it has come: its items are some instances each")
    process_id: str
    version: int = Field(description="The one that is tried")
    deployed: bool = Field(description="False: it would be that version if it were deployed next")
    open: int
    tested: int
    counts: CountsOut
    versions: list[SurveyedOut]
    reasons: list[ReasonOut] = Field(description="What blocks most comes first")

    @classmethod
    def of(cls, survey: SurveyView) -> SurveyOut:
        return cls(
            job=JobOut.of(survey.job),
            process_id=str(survey.job.process_id),
            version=survey.version,
            deployed=survey.is_deployed,
            open=survey.open,
            tested=survey.tested,
            counts=CountsOut(
                unaffected=survey.count("unaffected"),
                can_move=survey.count("can_move"),
                blocked=survey.count("blocked"),
            ),
            versions=[
                SurveyedOut(
                    version=each.version,
                    open=each.open,
                    tested=each.tested,
                    counts=CountsOut(unaffected=each.unaffected, can_move=each.can_move, blocked=each.blocked),
                )
                for each in survey.of
            ],
            reasons=[ReasonOut.model_validate(each) for each in survey.reasons],
        )


class BlockedOut(Output):
    """An instance that cannot move, and one of the reasons why."""

    instance_id: str
    reason: ReasonOut


class BlockedList(RootModel[list[BlockedOut]]):
    """What is blocked, by reason."""


class BlockedQuery(PageQuery):
    reason: int | None = Field(default=None, ge=1, le=2_000_000_000, description="For the one of this number alone")


class SurveysRoom:
    """The room of surveys."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._jobs = parts.jobs
        self._surveys = Surveys(parts.engine)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("surveys", "surveys", "What a version would mean to everything that is open.", self._parts)
        begun: Responses = {202: JobOut, **refused(409, 415, 422)}
        made.post("", responses=begun, openapi_extensions=SENT)(view(self.begin_survey))
        known = refused(404)
        made.get("/<jobId>", responses={200: SurveyOut, **known})(view(self.read_survey))
        made.get("/<jobId>/blocked", responses={200: BlockedList, **known})(view(self.list_blocked))
        return made

    def begin_survey(self) -> Response:
        """Test a diagram on every open instance before it is deployed

        As `/outlooks`, with no bound: answers 202 with the job that does it, some instances at a time; what it has
        found is read here by the job's id, for a week. The diagram is kept for that and is not deployed. One with an
        error is refused (422), and so is one of which nothing is open (409).
        """
        document, file_name = read_diagram()
        with self._database.reading() as connection:  # a diagram that takes long to refuse holds up no writer
            diagram, findings = self._engine.examine(document, file_name, beside=connection)
        if diagram is None:
            raise DiagramRefused(findings)

        def begin(tx: Transaction, deed: Deed) -> JobOut:
            deed.concerns(diagram.process_id)
            job_id = self._surveys.begin(tx, self._jobs, diagram, deed.by)
            return JobOut.of(self._jobs.read(tx.connection, job_id))

        begun = act(self._database, begin)
        return answer_one(begun, 202, href_of(begun.id))

    def read_survey(self, path: JobPath) -> Response:
        """Read what a survey has found so far, by outcome and by reason"""
        with self._database.reading() as connection:
            found = surveyed.read(connection, self._jobs.read(connection, path.job_id))
        return answer_one(SurveyOut.of(found))

    def list_blocked(self, path: JobPath, query: BlockedQuery) -> Response:
        """List the instances that a survey has found to be blocked, by reason

        One that is blocked for several reasons stands under each.
        """
        with self._database.reading() as connection:
            survey = surveyed.read(connection, self._jobs.read(connection, path.job_id))
            found = surveyed.list_blocked(connection, survey, query.reason, query.limit, query.offset)
        return answer_page((BlockedOut.model_validate(each) for each in found.items), found.total)
