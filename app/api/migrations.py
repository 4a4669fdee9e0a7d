"""Migration: what moving open instances to another version would do, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.jobs import JobOut, href_of
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.core.jobs.doors import MOST_PER_S, SLOWEST_PER_S
from app.engine.migration.doors import MOST_PREVIEWED, Order, Verdict
from app.engine.migration.plan import Plan
from app.engine.migration.surveys import Surveys
from app.web.acting import Deed, act, deed
from app.web.models import Identity, Input, Name, Output, Reason
from app.web.outlooks import CountsOut, VerdictOut
from app.web.paging import answer_one

MOST_MOVED = 20_000
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]


class SurveyIn(Input):
    """From which version to which, and where elements go whose ids have changed."""

    process_id: Name = Field(json_schema_extra={"example": "ftth_activate"})
    from_version: Version = Field(json_schema_extra={"example": 3})
    to_version: Version = Field(json_schema_extra={"example": 4})
    mapping: dict[Name, Name | None] = Field(
        default={},
        max_length=10_000,
        description=(
            "Old element id -> new element id, or null for no counterpart. An element that is not named goes to the "
            "same id, if that is an element of its kind in its own surroundings. A flow's id goes to a flow's id: by "
            "which a token has come to a join."
        ),
        json_schema_extra={"example": {"activate": "activate_ont"}},
    )


class PlanIn(SurveyIn):
    """A plan, and some of the instances to look at."""

    instance_ids: list[Identity] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_PREVIEWED,
        description="All open instances of the old version if none are given",
    )


class MigrateIn(SurveyIn):
    """A plan, and exactly the instances that it is to be done to: those that are named, or all."""

    instance_ids: list[Identity] | None = Field(
        default=None, min_length=1, max_length=MOST_MOVED, description="Unless `allOpen` is true"
    )
    all_open: bool = Field(
        default=False, description="All that are open on the old version when it begins, however many; names none"
    )
    reason: Reason = Field(json_schema_extra={"example": "Version 3 asks for the wrong port"})
    rate_per_second: float = Field(default=10, ge=SLOWEST_PER_S, le=MOST_PER_S)
    stop_after_failures: int | None = Field(default=None, ge=1, le=2_000_000_000)


class PlanOut(Output):
    """What a plan would do. Nothing has been changed."""

    process_id: str
    from_version: int
    to_version: int
    elements: dict[str, str] = Field(description="Where elements of the old version go")
    unfit: dict[str, str] = Field(description="Elements whose id the new version has too, and why they do not go there")
    counts: CountsOut
    instances: list[VerdictOut]

    @classmethod
    def of(cls, plan: Plan, verdicts: Sequence[Verdict]) -> PlanOut:
        return cls(
            process_id=plan.source.process_id,
            from_version=plan.source.version,
            to_version=plan.target.version,
            elements=dict(plan.elements),
            unfit=dict(plan.unfit),
            counts=CountsOut.of(verdicts),
            instances=[VerdictOut.model_validate(verdict) for verdict in verdicts],
        )


class Migrations:
    """The room of migrations."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._migrations = parts.migrations
        self._jobs = parts.jobs
        self._surveys = Surveys(parts.engine)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("migrations", "migrations", "Open instances move to another version.", self._parts)
        refusals = refused(404, 409, 415)
        planned: Responses = {200: PlanOut, **refusals}
        made.post("/plan", responses=planned)(view(self.plan_migration))
        made.post("/survey", responses={202: JobOut, **refusals})(view(self.survey_migration))
        made.post("", responses={202: JobOut, **refusals})(view(self.migrate_instances))
        return made

    def plan_migration(self, body: PlanIn) -> Response:
        """See what a migration would do to each instance

        Nothing is changed. `blocked` instances say what stands in the way: map more elements, wait until a handler has
        answered, or move the token first.
        """
        deed().concerns(body.process_id)
        with self._database.reading() as connection:
            plan = self._migrations.plan(connection, body.process_id, body.from_version, body.to_version, body.mapping)
            verdicts = self._migrations.preview(connection, plan, body.instance_ids)
        return answer_one(PlanOut.of(plan, verdicts))

    def survey_migration(self, body: SurveyIn) -> Response:
        """Test a migration on all open instances of the old version, however many

        Nothing is changed. Answers 202 with the job that does it, some instances at a time; `/surveys/{jobId}` says
        what it has found, by outcome and by reason.
        """

        def begin(tx: Transaction, deed: Deed) -> JobOut:
            deed.concerns(body.process_id)
            job_id = self._surveys.begin_between(tx, self._jobs, self._plan(tx, body), deed.by)
            return JobOut.of(self._jobs.read(tx.connection, job_id))

        begun = act(self._database, begin)
        return answer_one(begun, 202, href_of(begun.id))

    def _plan(self, tx: Transaction, body: SurveyIn) -> Plan:
        pair = (body.process_id, body.from_version, body.to_version)
        return self._migrations.plan(tx.connection, *pair, body.mapping)

    def migrate_instances(self, body: MigrateIn) -> Response:
        """Move instances to another version

        Those that are named, or with `allOpen` all that are open on the old version: their list is frozen now. Answers
        202 with the job that does it, one instance at a time; `Location` says where its progress is seen. An instance
        that is blocked when its turn comes stays as it is and counts as failed, with the reason; one whose handler runs
        is tried again.
        """
        if body.all_open == (body.instance_ids is not None):
            raise InvalidInput("Name the instances, or say that all open ones are to move.", path="$.instanceIds")

        def start(tx: Transaction, deed: Deed) -> JobOut:
            deed.concerns(body.process_id)
            plan = self._plan(tx, body)
            order = Order(plan, body.instance_ids, deed.by, body.reason, body.rate_per_second, body.stop_after_failures)
            job_id = self._migrations.order(tx, self._jobs, order)
            return JobOut.of(self._jobs.read(tx.connection, job_id))

        started = act(self._database, start)
        return answer_one(started, 202, href_of(started.id))
