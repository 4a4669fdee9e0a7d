"""Migration's doors: what a plan would do, and doing it to one instance or to many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput, NotFound, TooLarge
from app.core.jobs import Item, Jobs, NewJob, NotYet, Passed, Skipped, Worked
from app.engine import definitions
from app.engine.definitions import UnknownProcess, VersionWithdrawn
from app.engine.doors import Engine
from app.engine.kept import Kept
from app.engine.migration import begin, rows
from app.engine.migration.obstacles import RUNNING, Obstacle, find_obstacles
from app.engine.migration.plan import Mapped, Plan, make_plan
from app.engine.migration.renaming import Renaming, repeatable_ids
from app.engine.spiff.build import Program
from app.engine.spiff.live import Live
from app.engine.tables import process_instance

KIND = "migrate"
MOST_PREVIEWED = 2000
Finding = Literal["unaffected", "can_move", "blocked"]


class MigrationBlocked(Conflict):
    """The instance cannot move as it stands; `obstacles` say why."""

    def __init__(self, instance_id: str, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        more = f" ({len(obstacles) - 1} more)" if len(obstacles) > 1 else ""
        super().__init__(
            f"{obstacles[0].message}{more}",
            instance_id=instance_id,
            obstacles=[[each.code, each.element_id, each.message] for each in obstacles],
        )


@dataclass(frozen=True)
class Verdict:
    """What a plan would do to an instance. `unaffected`: it has ended, or is not on the plan's old version."""

    instance_id: str
    finding: Finding
    obstacles: Sequence[Obstacle] = ()


@dataclass(frozen=True)
class Order:
    """A plan that is to be done to these instances and no others; None: to all that are open on its old version."""

    plan: Plan
    instance_ids: Sequence[str] | None
    by: str
    reason: str
    rate_per_s: float = 10
    stop_after_failures: int | None = None


class Migrations:
    """Each door takes the caller's transaction or connection and commits nothing."""

    def __init__(self, engine: Engine) -> None:
        self._desk = engine.desk
        self._plans: Kept[Plan] = Kept(64)

    def plan(
        self, connection: sa.Connection, process_id: str, from_version: int, to_version: int, mapping: Mapped
    ) -> Plan:
        """How instances of one version would move to another; UnknownProcess, VersionWithdrawn, MappingRefused."""
        if from_version == to_version:
            raise InvalidInput(f"Version {to_version} is the one they are on. Name another.", path="$.toVersion")
        definitions.find(connection, process_id)
        source = _version(connection, process_id, from_version, "$.fromVersion")
        target = _version(connection, process_id, to_version, "$.toVersion", in_use=True)
        return self._plan(connection, source, target, mapping)

    def _plan(self, connection: sa.Connection, from_id: str, to_id: str, mapping: Mapped) -> Plan:
        key = (from_id, to_id, orjson.dumps(mapping, option=orjson.OPT_SORT_KEYS))
        program = self._desk.programs.program
        return self._plans.get(
            key, lambda: make_plan(program(connection, from_id), program(connection, to_id), mapping)
        )

    def preview(
        self, connection: sa.Connection, plan: Plan, instance_ids: Sequence[str] | None = None
    ) -> list[Verdict]:
        """What the plan would do to each of these, or to all open instances of its old version; nothing is changed."""
        if instance_ids is None:
            instance_ids = self.open_instances(connection, plan)
        if len(instance_ids) > MOST_PREVIEWED:
            raise TooLarge(
                f"At most {MOST_PREVIEWED:,} instances are looked at in one go, found {len(instance_ids):,}. "
                "Name some of them.",
                path="$.instanceIds",
            )
        return [self.check(connection, plan, instance_id) for instance_id in instance_ids]

    def open_instances(self, connection: sa.Connection, plan: Plan, most: int = MOST_PREVIEWED + 1) -> list[str]:
        """Those on the plan's old version, the oldest first; unless told otherwise, one more than may be previewed."""
        ids = open_on(plan.source)
        return list(connection.execute(sa.select(ids.c.id).order_by(ids.c.id).limit(most)).scalars())

    def check(self, connection: sa.Connection, plan: Plan, instance_id: str) -> Verdict:
        """What the plan would do to an instance; NotFound."""
        return self.judge(plan, self._desk.instances.read(connection, instance_id))

    def judge(self, plan: Plan, live: Live) -> Verdict:
        """As `check`, of an instance that was read."""
        if _stays(plan, live) is not None:
            return Verdict(live.instance_id, "unaffected")
        obstacles = find_obstacles(plan, live)
        return Verdict(live.instance_id, "blocked" if obstacles else "can_move", obstacles)

    def migrate(self, tx: Transaction, plan: Plan, instance_id: str, by: str, reason: str) -> None:
        """Move an instance; MigrationBlocked, and Conflict where the plan does not concern it.

        A handler's result that comes later is kept in the history, as any late one.
        """
        if not reason.strip():
            raise InvalidInput("Say why: a migration needs a reason.", path="$.reason")
        live = self._open(tx, instance_id)
        why = _stays(plan, live)
        if why is not None:
            raise Conflict(why, instance_id=instance_id)
        obstacles = find_obstacles(plan, live)
        if obstacles:
            raise MigrationBlocked(instance_id, obstacles)
        self._move(tx, plan, live, by, reason)

    def _open(self, tx: Transaction, instance_id: str) -> Live:
        """With all that has come to it, which it takes as what it is; a suspended one leaves that where it is."""
        live = self._desk.open(tx, instance_id)
        if live.tree.changed or live.happenings:
            self._desk.go_on(tx, live)
        return live

    def _move(self, tx: Transaction, plan: Plan, live: Live, by: str, reason: str) -> None:
        renaming = Renaming(plan, live, repeatable_ids(plan.target.process))
        chosen = begin.find_chosen(plan, live, renaming)
        if begin.drop_listeners(plan, live):
            self._desk.store(tx, live)
        rows.rewrite(tx, plan, live, renaming)
        moved = self._desk.instances.load(tx, live.instance_id, locked=True)
        self._desk.ready(tx, moved)
        rows.settle_stall(tx, moved, plan.target.version)
        versions = {"from_version": plan.source.version, "to_version": plan.target.version}
        moved.note("migrated", None, by, **versions, reason=reason, mapping=dict(sorted(plan.given.items())))
        begin.begin_anew(plan, moved, chosen)
        self._desk.go_on(tx, moved)

    # many
    def order(self, tx: Transaction, jobs: Jobs, order: Order) -> str:
        """Create the job that does it to many; its id. NotFound names an instance that there is none of."""
        if order.instance_ids is not None:
            self._check_known(tx, order.instance_ids)
        source, target = order.plan.source, order.plan.target
        new = NewJob(
            KIND,
            f"Migrate {source.process_id} from version {source.version} to version {target.version}",
            {
                "process_id": source.process_id,
                "from": source.definition_id,
                "to": target.definition_id,
                "mapping": dict(order.plan.given),
            },
            sa.select(open_on(source)) if order.instance_ids is None else order.instance_ids,
            order.by,
            order.reason,
            order.rate_per_s,
            order.stop_after_failures,
        )
        return jobs.create(tx, new)

    def _check_known(self, tx: Transaction, instance_ids: Sequence[str]) -> None:
        known: set[str] = set()
        for start in range(0, len(instance_ids), 500):
            some = instance_ids[start : start + 500]
            query = sa.select(process_instance.c.id).where(process_instance.c.id.in_(some))
            known.update(tx.connection.execute(query).scalars())
        named: set[str] = set()
        for position, instance_id in enumerate(instance_ids):
            path = f"$.instanceIds[{position}]"
            if instance_id in named:
                raise InvalidInput(f"Instance '{instance_id}' is named twice. Name it once.", path=path)
            if instance_id not in known:
                message = f"There is no process instance '{instance_id}'."
                raise NotFound(message, path=path, instance_id=instance_id)
            named.add(instance_id)

    def work(self, tx: Transaction, item: Item) -> Worked:
        """One instance of a job: for the runner, as the kind KIND. An instance whose handler runs is tried again."""
        ids: Mapping[str, Any] = item.parameters
        plan = self._plan(tx.connection, ids["from"], ids["to"], ids["mapping"])
        live = self._open(tx, item.target)
        why = _stays(plan, live)
        if why is not None:
            return Skipped(why)
        obstacles = find_obstacles(plan, live)
        if obstacles and all(each.code == RUNNING for each in obstacles):
            return NotYet(MigrationBlocked.__name__, obstacles[0].message)
        if obstacles:
            raise MigrationBlocked(item.target, obstacles)
        self._move(tx, plan, live, item.by, item.reason)
        return Passed({"version": plan.target.version})


def open_on(program: Program) -> sa.Subquery:
    """The ids of what is open on a version. Each state by itself: so both stores walk the index, whatever has ended."""
    table = process_instance.c
    of_version = (table.process_id == program.process_id, table.definition_id == program.definition_id)
    each = (sa.select(table.id).where(*of_version, table.state == state) for state in ("active", "suspended"))
    return sa.union_all(*each).subquery()


def _version(connection: sa.Connection, process_id: str, version: int, path: str, *, in_use: bool = False) -> str:
    find = definitions.find_in_use if in_use else definitions.find
    try:
        return find(connection, process_id, version).id
    except UnknownProcess as error:
        raise UnknownProcess(error.message, path=path) from error
    except VersionWithdrawn as error:
        message = f"Version {version} of process '{process_id}' is withdrawn. Move to another, or put it back."
        raise VersionWithdrawn(message, path=path) from error


def _stays(plan: Plan, live: Live) -> str | None:
    """Why the plan does not concern an instance; None if it does."""
    if live.ended:
        return f"The instance is {live.state}."
    if live.program.definition_id != plan.source.definition_id:
        version, process_id = live.program.version, live.program.process_id
        return f"The instance is on version {version} of '{process_id}', not on version {plan.source.version}."
    return None
