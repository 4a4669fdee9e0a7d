"""Many instances moved by a job, and one that moves while others work on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.jobs import Item, JobRunner, Jobs, Kinds, Worked
from app.core.log import get_logger
from app.engine import workers
from app.engine.doors import Engine
from app.engine.instances import StaleInstance
from app.engine.migration.doors import KIND, MigrationBlocked, Order
from app.engine.steps import Failed, StepResult
from app.engine.tables import history, process_instance
from app.handling.contract import Done
from app.web.commits import commit
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Mover
from tests.factories.pushes import line
from tests.unit.dispatch.waiting import until


@dataclass
class Foreman:
    """A process that has jobs to do; another one on the same database is another process."""

    bench: Bench
    work: Callable[[Transaction, Item], Worked] | None = None

    def __post_init__(self) -> None:
        self.mover = Mover(self.bench)
        kinds = Kinds({KIND: self.work or self.mover.migrations.work})
        self.jobs = Jobs(kinds, self.bench.clock)
        self.runner = JobRunner(self.bench.database, kinds, self.bench.clock, get_logger("tests"))

    def order(self, instance_ids: list[str], mapping: Any = None, **values: Any) -> str:
        order = Order(self.mover.plan(1, 2, mapping), instance_ids, "olga", "v1 is wrong", **values)
        with self.bench.database.transaction() as tx:
            return self.mover.migrations.order(tx, self.jobs, order)

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.runner.tick(budget_s=60)
            self.bench.clock.advance(timedelta(seconds=1))

    def read(self, job_id: str) -> Any:
        with self.bench.database.reading() as connection:
            return self.jobs.read(connection, job_id)

    def items(self, job_id: str) -> list[Any]:
        with self.bench.database.reading() as connection:
            return self.jobs.list_items(connection, job_id, limit=1000)[0]


def versions(bench: Bench) -> dict[int, int]:
    query = sa.select(process_instance.c.version, sa.func.count()).group_by(process_instance.c.version)
    with bench.database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def waiting(bench: Bench, count: int) -> list[str]:
    """Instances of a first version that wait at a user task; a second one is deployed."""
    bench.deploy(line(Diagram("p").user("u"), "u"))
    instances = [bench.start("p") for _ in range(count)]
    for instance_id in instances:
        bench.run(instance_id)
    bench.deploy(line(Diagram("p").user("U").service("b", "t.name"), "U", "b"))
    return instances


def test_three_hundred_instances_move_once_each_though_the_process_is_killed_half_way(bench: Bench) -> None:
    instances = waiting(bench, 300)
    done: list[str] = []

    def die(tx: Transaction, item: Item) -> Worked:
        """With everything of an instance rewritten, and nothing committed."""
        worked = foreman.mover.migrations.work(tx, item)
        done.append(item.target)
        if len(done) == 150:
            raise KeyboardInterrupt
        return worked

    foreman = Foreman(bench, die)
    job_id = foreman.order(instances, {"u": "U"}, rate_per_s=100)
    with pytest.raises(KeyboardInterrupt):
        foreman.run(10)
    assert versions(bench) == {1: 151, 2: 149}
    bench.restart()
    Foreman(bench).run(10)
    view = Foreman(bench).read(job_id)
    assert (view.state, view.done, view.failed) == ("completed", 300, 0)
    assert versions(bench) == {2: 300}
    with bench.database.reading() as connection:
        moved = list(connection.execute(sa.select(history.c.instance_id).where(history.c.kind == "migrated")).scalars())
    assert sorted(moved) == sorted(instances)
    for instance_id in instances[:3]:
        bench.complete(instance_id)
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed"


def test_each_instance_has_an_outcome_of_its_own(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u").user("v").service("a", "t.name"), "u", "v", "a"))
    ended, moves, stuck, busy = (bench.start("p") for _ in range(4))
    for instance_id in (ended, moves, stuck, busy):
        bench.run(instance_id)
    for instance_id, tasks in ((ended, 2), (stuck, 1), (busy, 2)):
        for _ in range(tasks):
            bench.complete(instance_id)
    bench.run(ended)
    (running,) = bench.advance(busy).claimed
    bench.deploy(line(Diagram("p").user("u").service("a", "t.name").user("w"), "u", "a", "w"))
    foreman = Foreman(bench)
    job_id = foreman.order([ended, moves, stuck, busy])
    foreman.run(2)
    found = {item.target: item for item in foreman.items(job_id)}
    assert (found[ended].state, found[ended].outcome) == ("skipped", {"message": "The instance is completed."})
    assert (found[moves].state, found[moves].outcome) == ("done", {"version": 2})
    assert (found[stuck].state, found[stuck].outcome["code"]) == ("failed", "MigrationBlocked")
    assert "'v', which has no counterpart" in found[stuck].outcome["message"]
    assert (found[busy].state, found[busy].outcome["code"]) == ("pending", "MigrationBlocked")
    assert "A handler runs for 'a'" in found[busy].outcome["message"]
    bench.advance(busy, [StepResult(running.number, 1, Failed("SystemSilent", "no answer"))])
    foreman.run(10)
    view = foreman.read(job_id)
    assert (view.state, view.done, view.skipped, view.failed) == ("completed", 2, 1, 1)
    assert bench.standing(busy) == {"a": "retry"}
    assert versions(bench) == {1: 2, 2: 2}


def test_a_job_is_about_instances_that_exist(bench: Bench) -> None:
    instances = waiting(bench, 1)
    foreman = Foreman(bench)
    with pytest.raises(NotFound) as unknown:
        foreman.order([*instances, "gone"])
    assert unknown.value.path == "$.instanceIds[1]"
    with pytest.raises(InvalidInput):
        foreman.order([])


def test_a_worker_that_slept_through_a_migration_brings_a_late_result(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.flaky"), "a"))
    instance_id = bench.start("p", failures=1)
    with bench.database.transaction() as tx:
        workers.enlist(tx, "asleep", "host", 1, bench.clock.now(), 30)
        workers.enlist(tx, "awake", "host", 2, bench.clock.now(), 3600)
    asleep = bench.engine
    (first,) = bench.advance(instance_id, owner="asleep").claimed
    bench.restart()
    bench.clock.advance(timedelta(seconds=31))
    (second,) = bench.advance(instance_id, owner="awake").claimed
    bench.advance(instance_id, [StepResult(second.number, 2, Failed("SystemSilent", "no answer"))], owner="awake")
    bench.deploy(line(Diagram("p").service("A", "t.flaky").service("b", "t.name"), "A", "b"))
    Mover(bench).move(instance_id, {"a": "A"})
    with bench.database.transaction() as tx:
        asleep.advance(tx, instance_id, "asleep", [StepResult(first.number, 1, Done(r="late"))])
    assert "late_result" in [row.kind for row in bench.history(instance_id)]
    assert bench.standing(instance_id) == {"A": "retry"}
    bench.clock.advance(timedelta(minutes=1))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert len({step.key for step in [first, second, *bench.calls] if step.element_id != "b"}) == 1


def test_a_load_between_two_versions_is_a_stale_one(postgres_bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instance's row is read, a migration commits, its tokens are read: PostgreSQL's reads are of their instants."""
    bench = postgres_bench
    (instance_id,) = waiting(bench, 1)
    from_rows = bench.engine._instances._programs.program
    moved = False

    def program(connection: sa.Connection, definition_id: str) -> Any:
        nonlocal moved
        if not moved:
            moved = True
            thread = threading.Thread(target=Mover(bench).move, args=[instance_id, {"u": "U"}])
            thread.start()
            thread.join()
        return from_rows(connection, definition_id)

    monkeypatch.setattr(bench.engine._instances._programs, "program", program)
    with pytest.raises(StaleInstance), bench.database.transaction() as tx:
        bench.engine.advance(tx, instance_id, "worker-1")
    bench.advance(instance_id)
    assert bench.standing(instance_id) == {"U": "user_task"}


def test_an_instance_that_moves_to_and_fro_while_everybody_works_on_it_loses_and_repeats_nothing(bench: Bench) -> None:
    count = 6

    def flow(prefix: str) -> Diagram:
        diagram = Diagram("p").start("s").end("e").parallel(f"{prefix}f").parallel(f"{prefix}j")
        diagram.chain("s", f"{prefix}f").chain(f"{prefix}j", "e")
        for n in range(count):
            u, a = f"{prefix}u{n}", f"{prefix}a{n}"
            diagram.user(u).service(a, "t.name", outputs={f"r{n}": "=r"}).chain(f"{prefix}f", u, a, f"{prefix}j")
        return diagram

    bench.deploy(flow("x"))
    instance_id = bench.start("p")
    bench.deploy(flow("y"))
    there: dict[str, str | None] = {f"x{each}": f"y{each}" for each in ["f", "j", *ids("u", count), *ids("a", count)]}
    back: dict[str, str | None] = {str(value): key for key, value in there.items()}
    claimed: list[Any] = []
    moved: list[int] = []

    def worker() -> None:
        engine, results = Engine(bench.registry, bench.clock, bench.wakeups), list[StepResult]()

        def has_ended() -> bool:
            nonlocal results
            try:
                with bench.database.transaction(synced=False) as tx:
                    advanced = engine.advance(tx, instance_id, "worker-1", results[:1])
            except StaleInstance:
                engine.forget(instance_id)
                return False
            results = [*results[1:], *map(bench.call, advanced.claimed)]
            claimed.extend(advanced.claimed)
            return advanced.ended

        until(has_ended, 60)

    def person() -> None:
        """Does a task whenever the instance has moved since."""
        engine = Engine(bench.registry, bench.clock, bench.wakeups)
        for n in range(count):
            until(lambda n=n: len(moved) > n, 60)
            first = min(each.number for each in bench.tokens(instance_id) if each.kind == "user_task")
            task = f"{instance_id}:{first}"
            commit(bench.database, lambda tx, task=task: engine.complete_task(tx, task, {}, "ann"))

    def operator() -> None:
        mover, mappings = Mover(bench), {1: there, 2: back}

        def is_over() -> bool:
            version = version_of(bench, instance_id)
            plan = mover.plan(version, 3 - version, mappings[version])
            try:
                commit(bench.database, lambda tx: mover.migrations.migrate(tx, plan, instance_id, "olga", "to and fro"))
                moved.append(version)
            except MigrationBlocked:
                return False
            except Conflict:  # it has ended
                return True
            return False

        until(is_over, 60)

    threads = [threading.Thread(target=work) for work in (worker, person, operator)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert {name: value[1:] for name, value in bench.variables(instance_id).items()} == {
        f"r{n}": f"a{n}" for n in range(count)
    }
    assert len({step.key for step in claimed}) == len(claimed) == count
    assert len(moved) >= count


def ids(kind: str, count: int) -> list[str]:
    return [f"{kind}{n}" for n in range(count)]


def version_of(bench: Bench, instance_id: str) -> int:
    with bench.database.reading() as connection:
        query = sa.select(process_instance.c.version).where(process_instance.c.id == instance_id)
        return int(connection.execute(query).scalar_one())
