"""What a version would mean to every open instance, however many: tested by a job, some at a time."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict
from app.core.jobs import Item, Jobs, NewJob, Passed, Worked
from app.core.jobs.kinds import Kind
from app.engine import definitions
from app.engine.definitions import UnknownProcess
from app.engine.diagram import Diagram
from app.engine.doors import Engine
from app.engine.kept import Kept
from app.engine.migration import surveyed
from app.engine.migration.ahead import Differences
from app.engine.migration.doors import open_on
from app.engine.migration.outlook import Outlooks
from app.engine.migration.plan import Plan, make_plan
from app.engine.migration.surveyed import SurveyForgotten, Tally
from app.engine.migration.tables import survey
from app.engine.queries.processes import open_by_version
from app.engine.spiff.build import Program, build

KIND = "survey"
WAVE = 100  # tested in one transaction: some hundredths of a second, which SQLite's other writers can wait
KEPT_FOR = timedelta(days=7)


class Surveys:
    """Each door takes the caller's transaction and commits nothing; what is found is read in `surveyed`."""

    def __init__(self, engine: Engine, wave: int = WAVE) -> None:
        self._desk = engine.desk
        self._outlooks = Outlooks(engine)
        self._wave = wave
        self._plans: Kept[tuple[Plan, Differences]] = Kept(16)

    def begin(self, tx: Transaction, jobs: Jobs, diagram: Diagram, by: str) -> str:
        """Test a diagram, as the next version of its process, on everything that is open; the job's id.

        Conflict if nothing is.
        """
        process_id = diagram.process_id
        try:
            version = definitions.find(tx.connection, process_id).version + 1
        except UnknownProcess as error:
            raise Conflict(f"'{process_id}' would be a new process: nothing of it is open.") from error
        of_each = open_by_version(tx.connection, process_id)
        counts = {each: of_each[process_id, each] for _, each in sorted(of_each, reverse=True)}
        facts = {"process_id": process_id, "to_version": version}
        return self._order(tx, jobs, facts, counts, by, diagram.document)

    def begin_between(self, tx: Transaction, jobs: Jobs, plan: Plan, by: str) -> str:
        """Test a plan on everything that is open on its old version; the job's id. Conflict if nothing is."""
        process_id, old, new = plan.source.process_id, plan.source, plan.target
        count = open_by_version(tx.connection, process_id).get((process_id, old.version), 0)
        facts = {"process_id": process_id, "to_version": new.version, "mapping": dict(plan.given)}
        return self._order(tx, jobs, facts, {old.version: count} if count else {}, by, None)

    def _order(
        self,
        tx: Transaction,
        jobs: Jobs,
        facts: dict[str, Any],
        counts: Mapping[int, int],
        by: str,
        document: bytes | None,
    ) -> str:
        process_id, version, now = facts["process_id"], facts["to_version"], self._desk.clock.now()
        sources = [self._outlooks.program(tx.connection, process_id, each) for each in counts]
        targets = [wave for source in sources for wave in self._waves(tx.connection, source)]
        if not targets:
            raise Conflict(f"No instance of '{process_id}' is open: there is nothing to test.")
        surveyed.forget(tx, now - KEPT_FOR)
        told = {**facts, "open": {str(each): number for each, number in counts.items()}}
        title = f"Test version {version} of {process_id} on what is open"
        why = "To see what it would mean" if document is None else "Before it is deployed"
        job_id = jobs.create(tx, NewJob(KIND, title, told, targets, by, why))
        row = {"job_id": job_id, "version": version, "document": document, "made_at": now}
        tx.connection.execute(sa.insert(survey).values(row))
        return job_id

    def _waves(self, connection: sa.Connection, source: Program) -> Sequence[str]:
        """Of the instances that are open now: the version, the first of some ids, and the last."""
        ids = open_on(source)
        number = (sa.func.row_number().over(order_by=ids.c.id) - 1) // self._wave
        waves = sa.select(ids.c.id, number.label("number")).subquery()
        query = sa.select(sa.func.min(waves.c.id), sa.func.max(waves.c.id)).group_by(waves.c.number)
        rows = connection.execute(query.order_by(waves.c.number))
        return [f"{source.version} {first} {last}" for first, last in rows]

    def kinds(self) -> Mapping[str, Kind]:
        """What the runner of jobs does with some instances at a time."""
        return {KIND: self._work}

    def _work(self, tx: Transaction, item: Item) -> Worked:
        version, first_id, last_id = item.target.split(" ")
        plan, differences = self._plans.get(
            (item.job_id, version), lambda: self._make_plan(tx.connection, item, int(version))
        )
        ids = open_on(plan.source)
        some = sa.select(ids.c.id).where(ids.c.id.between(first_id, last_id)).order_by(ids.c.id)
        tally = Tally(plan.source.version)
        for instance_id in tx.connection.execute(some).scalars().all():
            tally.add(self._outlooks.judge(tx.connection, plan, instance_id, differences))
        surveyed.store(tx, item.job_id, tally)
        return Passed({str(finding): number for finding, number in tally.findings.items()})

    def _make_plan(self, connection: sa.Connection, item: Item, version: int) -> tuple[Plan, Differences]:
        facts = item.parameters
        source = self._outlooks.program(connection, facts["process_id"], version)
        plan = make_plan(source, self._target(connection, item), facts.get("mapping", {}))
        return plan, Differences(plan)

    def _target(self, connection: sa.Connection, item: Item) -> Program:
        row = connection.execute(sa.select(survey.c.document).where(survey.c.job_id == item.job_id)).first()
        if row is None:
            raise SurveyForgotten("It was begun over a week ago. Test again.", job_id=item.job_id)
        process_id, version = item.parameters["process_id"], item.parameters["to_version"]
        if row.document is None:
            return self._outlooks.program(connection, process_id, version)
        return build(definitions.read(bytes(row.document)), version=version)
