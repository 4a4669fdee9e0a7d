"""What a version that is not deployed yet, or any other, would mean to every open instance of its process."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from app.core.errors import NotFound
from app.engine import definitions
from app.engine.diagram import Diagram
from app.engine.difference import Change, difference
from app.engine.doors import Engine
from app.engine.migration.ahead import Differences
from app.engine.migration.doors import Migrations, Verdict, open_on
from app.engine.migration.plan import Plan, make_plan
from app.engine.queries.processes import open_by_version
from app.engine.spiff.build import Program, build

MOST_TESTED = 5000


@dataclass(frozen=True)
class Outlook:
    """Of the instances on one version. `open` is how many there are, `verdicts` are of those that were looked at.

    `unaffected` here: of what the instance can still come to, nothing differs.
    """

    plan: Plan
    open: int
    verdicts: Sequence[Verdict]

    @property
    def untested(self) -> int:
        return max(0, self.open - len(self.verdicts))

    def count(self, finding: str) -> int:
        """How many of those that were looked at."""
        return sum(verdict.finding == finding for verdict in self.verdicts)


@dataclass(frozen=True)
class Forecast:
    """`newest` is the version that the diagram is compared with; None, like no changes, for a new process."""

    diagram: Diagram
    newest: int | None
    changes: Sequence[Change]
    outlooks: Sequence[Outlook]


class Outlooks:
    """Nothing is changed by any of this; each door takes the caller's connection."""

    def __init__(self, engine: Engine, most_tested: int = MOST_TESTED) -> None:
        self.most_tested = most_tested
        self._desk = engine.desk
        self._migrations = Migrations(engine)

    def forecast(self, connection: sa.Connection, diagram: Diagram) -> Forecast:
        """What the diagram, as the next version of its process, would mean to what is open now.

        At most `most_tested` instances are looked at, of the newest versions first.
        """
        newest = self._newest(connection, diagram.process_id)
        if newest is None:
            return Forecast(diagram, None, (), ())
        target = build(diagram, version=newest.version + 1)
        changes = difference(newest.diagram, diagram)
        return Forecast(diagram, newest.version, changes, self._of_each(connection, target))

    def _newest(self, connection: sa.Connection, process_id: str) -> Program | None:
        try:
            return self._desk.programs.program(connection, definitions.find(connection, process_id).id)
        except NotFound:
            return None

    def _of_each(self, connection: sa.Connection, target: Program) -> list[Outlook]:
        left, found = self.most_tested, []
        counts = open_by_version(connection, target.process_id)
        for (process_id, version), count in sorted(counts.items(), reverse=True):
            source = self.program(connection, process_id, version)
            outlook = self._of_one(connection, make_plan(source, target, {}), count, left)
            left -= len(outlook.verdicts)
            found.append(outlook)
        return found

    def program(self, connection: sa.Connection, process_id: str, version: int) -> Program:
        """UnknownProcess if it is not deployed."""
        return self._desk.programs.program(connection, definitions.find(connection, process_id, version).id)

    def between(
        self, connection: sa.Connection, plan: Plan, only: str | None = None, most: int | None = None
    ) -> Outlook:
        """What moving from one deployed version to another would mean: to `only` this instance, if it is open there.

        At most `most` are looked at, the oldest first; unless it is given, `most_tested`.
        """
        if only is not None:
            ids = open_on(plan.source)
            found = connection.execute(sa.select(ids.c.id).where(ids.c.id == only)).scalars().all()
            return self._of_these(connection, plan, len(found), found)
        return self._of_one(connection, plan, self.count(connection, plan), most or self.most_tested)

    def count(self, connection: sa.Connection, plan: Plan) -> int:
        """How many are open on the plan's old version."""
        source = plan.source
        return open_by_version(connection, source.process_id).get((source.process_id, source.version), 0)

    def _of_one(self, connection: sa.Connection, plan: Plan, count: int, most: int) -> Outlook:
        return self._of_these(connection, plan, count, self._migrations.open_instances(connection, plan, most))

    def _of_these(self, connection: sa.Connection, plan: Plan, count: int, ids: Sequence[str]) -> Outlook:
        differences = Differences(plan)
        return Outlook(plan, count, [self.judge(connection, plan, each, differences) for each in ids])

    def judge(self, connection: sa.Connection, plan: Plan, instance_id: str, differences: Differences) -> Verdict:
        """Of one instance. `differences` are the plan's, and the same for all of its instances."""
        live = self._desk.instances.read(connection, instance_id)
        verdict = self._migrations.judge(plan, live)
        if verdict.finding == "unaffected" or differences.concern(live):
            return verdict
        return Verdict(instance_id, "unaffected", verdict.obstacles)
