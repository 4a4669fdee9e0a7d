"""What any way of dispatching must keep, on both stores: the worker, the engine and the sweeps together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock, SystemClock
from app.core.db import Database, Transaction
from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger
from app.dispatch import embedded
from app.dispatch.embedded import Embedded
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.worker import Worker
from app.engine import queries
from app.engine.doors import Advanced, Engine
from app.engine.messages import MessageIn
from app.engine.migration.doors import KIND, Migrations, Order
from app.engine.starts import StartRequest
from app.engine.steps import StepResult
from app.engine.tables import token
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram
from tests.factories.triggers import signal, timer
from tests.unit.dispatch.waiting import PATIENCE_S, until

FAR_S = 3600


class WatchedEngine(Engine):
    """`taken` is how many results each advance was given."""

    taken: list[int]
    meanwhile: Callable[[Sequence[StepResult]], None] = staticmethod(lambda results: None)

    def advance(self, tx: Transaction, instance_id: str, owner: str, results: Sequence[StepResult] = ()) -> Advanced:
        self.taken.append(len(results))
        self.meanwhile(results)
        return super().advance(tx, instance_id, owner, results)


class Site:
    """One process's worth of dispatch on a database that others may use after it."""

    def __init__(self, database: Database, clock: FixedClock | SystemClock, handlers: Sequence[Any]) -> None:
        self.database = database
        self.clock = clock
        registry = Registry(handlers)
        self.wakeups = LocalWakeups(clock)
        self.engine = WatchedEngine(registry, clock, self.wakeups)
        self.engine.taken = []
        self.worker = Worker(database, self.engine, registry, clock, get_logger("tests"), threads=4)
        self.migrations = Migrations(self.engine)
        kinds = Kinds({KIND: self.migrations.work})
        self.jobs = Jobs(kinds, clock)
        runner = JobRunner(database, kinds, clock, get_logger("tests"))
        self.dispatch = Embedded(database, self.engine, self.worker, self.wakeups, runner, clock, get_logger("tests"))

    def deploy(self, diagram: Diagram) -> None:
        with self.database.transaction() as tx:
            self.engine.deploy(tx, diagram.xml())

    def start(self, process_id: str = "p", **variables: Any) -> str:
        with self.database.transaction() as tx:
            return self.engine.start(tx, StartRequest(process_id, variables)).instance_id

    def state(self, instance_id: str) -> str:
        with self.database.reading() as connection:
            return str(queries.get_instance(connection, instance_id).state)

    def is_completed(self, instance_id: str) -> bool:
        return self.state(instance_id) == "completed"

    def waits(self, instance_id: str) -> dict[str, str]:
        with self.database.reading() as connection:
            return {wait.element_id: wait.kind for wait in queries.open_tokens(connection, instance_id)}

    def happened(self, instance_id: str) -> list[str]:
        with self.database.reading() as connection:
            return [row.kind for row in queries.history(connection, instance_id, limit=1000, offset=0)]


MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(database: Database, clock: FixedClock) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(*handlers: Any, clock: FixedClock | SystemClock = clock, start: bool = True) -> Site:
        site = Site(database, clock, handlers)
        made.append(site)
        if start:
            site.dispatch.start()
        return site

    yield make
    for site in made:
        site.worker.drain(PATIENCE_S) if not site.dispatch.is_running else site.dispatch.stop(PATIENCE_S)


class Held:
    """A handler that is held until it is let go; it counts its calls and remembers their keys."""

    def __init__(self, timeout_s: float = 30) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.keys: list[str] = []
        self.verified: list[str] = []

        @handles("t.held", timeout_s=timeout_s)
        def held(work: Work) -> Done:
            self.keys.append(work.key)
            self.begun.release()
            assert self.open.wait(PATIENCE_S)
            return Done(held="done")

        @held.verify
        def is_done(work: Work) -> Done | None:
            self.verified.append(work.key)
            return Done(held="found done")

        self.handler = held

    def wait_begun(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE_S)


@handles("t.quick")
def quick(work: Work) -> Done:
    return Done()


def line(*middle: str, diagram: Diagram) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")


def test_a_started_instance_runs_to_its_end(make_site: MakeSite) -> None:
    site = make_site(quick)
    site.deploy(line("a", "b", diagram=Diagram("p").service("a", "t.quick").service("b", "t.quick")))
    instance_id = site.start()
    until(lambda: site.is_completed(instance_id))
    assert site.engine.taken == [0, 1, 1]


def test_results_that_wait_together_share_a_commit(make_site: MakeSite) -> None:
    held = Held()
    site = make_site(held.handler)
    diagram = Diagram("p").parallel("f").parallel("j").start("s").end("e").chain("s", "f").chain("j", "e")
    for branch in ("a", "b", "c"):
        diagram.service(branch, "t.held", outputs={f"out_{branch}": "=held"}).chain("f", branch, "j")
    site.deploy(diagram)
    instance_id = site.start()
    for _ in range(3):
        held.wait_begun()

    def until_the_others_wait(results: Sequence[StepResult]) -> None:
        if results:
            site.engine.meanwhile = lambda results: None
            until(lambda: site.worker.results_waiting(instance_id) == 3 - len(results))

    site.engine.meanwhile = until_the_others_wait
    held.open.set()
    until(lambda: site.is_completed(instance_id))
    assert sum(site.engine.taken) == 3
    assert len(site.engine.taken) <= 3


def test_a_time_out_is_recorded_and_its_late_result_kept(make_site: MakeSite) -> None:
    held = Held(timeout_s=5)
    site = make_site(held.handler)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.held", retries=1)))
    instance_id = site.start()
    held.wait_begun()
    site.worker.watch(time.monotonic() + FAR_S)
    until(lambda: site.state(instance_id) == "fallen_out")
    held.open.set()
    until(lambda: "late_result" in site.happened(instance_id))
    assert site.waits(instance_id) == {"a": "incident"}


def test_a_boundary_timer_does_not_wait_for_the_handler(make_site: MakeSite, clock: FixedClock) -> None:
    held = Held()
    site = make_site(held.handler)
    diagram = Diagram("p").service("a", "t.held").boundary_timer("late", "a", "PT1M").end("e2")
    site.deploy(line("a", diagram=diagram).chain("late", "e2"))
    instance_id = site.start()
    held.wait_begun()
    clock.advance(timedelta(seconds=61))
    site.dispatch.sweep()
    until(lambda: site.is_completed(instance_id))
    held.open.set()
    until(lambda: "late_result" in site.happened(instance_id))
    assert site.is_completed(instance_id)


def test_a_sweep_finds_what_a_lost_wake_up_left(make_site: MakeSite) -> None:
    site = make_site(quick, start=False)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.quick")))
    instance_id = site.start()
    site.dispatch.start()
    site.dispatch.sweep()
    until(lambda: site.is_completed(instance_id))


def test_claims_of_a_killed_process_are_taken_over_at_restart(make_site: MakeSite) -> None:
    held = Held()
    killed = make_site(held.handler, quick)
    killed.deploy(line("a", "b", diagram=Diagram("p").service("a", "t.held").service("b", "t.quick")))
    instance_id = killed.start()
    held.wait_begun()

    restarted = make_site(held.handler, quick)
    restarted.dispatch.sweep()
    until(lambda: restarted.is_completed(instance_id))
    assert held.verified == held.keys, "the repeat asks under the same key whether the work is done"
    held.open.set()


def test_a_message_moves_who_waits_for_it(make_site: MakeSite) -> None:
    site = make_site(quick)
    site.deploy(line("w", "a", diagram=Diagram("p").message("w", "ready", "=order").service("a", "t.quick")))
    instance_id = site.start(order="o-1")
    until(lambda: site.waits(instance_id) == {"w": "message"})
    with site.database.transaction() as tx:
        site.engine.publish(tx, MessageIn("ready", "o-1", {}))
    until(lambda: site.is_completed(instance_id))


def test_a_timer_fires_by_the_scheduler(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", FAR_S)
    site = make_site(quick, clock=SystemClock())
    site.deploy(line("w", "a", diagram=Diagram("p").timer("w", "PT0.2S").service("a", "t.quick")))
    instance_id = site.start()
    until(lambda: site.is_completed(instance_id))


def test_the_scheduler_starts_what_is_due_and_whoever_that_signals_goes_on(make_site: MakeSite) -> None:
    site = make_site(quick, clock=SystemClock())
    waiting = Diagram("q").start("s").catch("w", signal("go")).service("a", "t.quick").end("e")
    site.deploy(waiting.chain("s", "w", "a", "e"))
    instance_id = site.start("q")
    until(lambda: site.waits(instance_id) == {"w": "signal"})
    begun = timer("2020-01-01T00:00:00Z", "timeDate")
    site.deploy(Diagram("p").start("s", begun).end("e", signal("go")).chain("s", "e"))
    until(lambda: site.is_completed(instance_id))
    with site.database.reading() as connection:
        ended = queries.list_instances(connection, state="completed").items
    assert sorted(row.process_id for row in ended) == ["p", "q"]


def test_a_claim_that_runs_is_not_taken_for_lost(make_site: MakeSite) -> None:
    held = Held()
    site = make_site(held.handler)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.held", retries=1)))
    instance_id = site.start()
    held.wait_begun()
    for _ in range(3):
        site.worker.keep_lease()
    held.open.set()
    until(lambda: site.is_completed(instance_id))
    assert "failed" not in site.happened(instance_id)


def test_a_claim_that_nobody_runs_fails_at_the_second_look(make_site: MakeSite) -> None:
    site = make_site(quick, start=False)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.quick", retries=1)))
    instance_id = site.start()
    site.worker.start()
    with site.database.transaction() as tx:
        # As if the answer to the worker's own commit had been lost
        assert len(site.engine.advance(tx, instance_id, site.worker.id).claimed) == 1
    site.worker.keep_lease()
    assert site.waits(instance_id) == {"a": "claim"}
    site.worker.keep_lease()
    until(lambda: site.state(instance_id) == "fallen_out")


def test_a_stalled_instance_becomes_an_incident(make_site: MakeSite, clock: FixedClock) -> None:
    site = make_site(quick)
    site.deploy(line("w", "a", diagram=Diagram("p").message("w", "ready", "=1").service("a", "t.quick")))
    instance_id = site.start()
    until(lambda: site.waits(instance_id) == {"w": "message"})
    with site.database.transaction() as tx:
        tx.connection.execute(sa.update(token).where(token.c.instance_id == instance_id).values(kind="join"))
    site.dispatch.watch()
    assert site.state(instance_id) == "active"
    clock.advance(timedelta(minutes=1))
    site.dispatch.watch()
    assert site.state(instance_id) == "fallen_out"


def test_instances_that_a_job_moves_go_on_in_the_new_version(make_site: MakeSite) -> None:
    site = make_site(quick, clock=SystemClock())
    old = Diagram("p").start("s").user("u").end("e").chain("s", "u", "e")
    site.deploy(old)
    instances = [site.start() for _ in range(5)]
    until(lambda: all(site.waits(instance_id) == {"u": "user_task"} for instance_id in instances))
    new = Diagram("p").start("s").timer("t", "PT0S").service("a", "t.quick").end("e").user("u").end("e2")
    new.boundary_timer("over", "u", "PT0S")
    site.deploy(new.chain("s", "u", "e2").chain("over", "t", "a", "e"))
    with site.database.transaction() as tx:
        plan = site.migrations.plan(tx.connection, "p", 1, 2, {})
        job_id = site.migrations.order(tx, site.jobs, Order(plan, instances, "olga", "u takes too long", 100))
    until(lambda: all(site.is_completed(instance_id) for instance_id in instances))
    with site.database.reading() as connection:
        assert site.jobs.read(connection, job_id).state == "completed"
