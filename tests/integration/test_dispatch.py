"""What any way of dispatching must keep: embedded on SQLite, distributed on PostgreSQL; worker, engine, sweeps together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock, SystemClock
from app.core.db import Database
from app.dispatch import upkeep
from app.dispatch.distributed import Distributed
from app.engine import queries
from app.engine.migration.doors import Order
from app.engine.steps import StepResult
from app.engine.tables import process_instance, token
from app.handling import Backoff, Done, Waiting, Work, handles
from tests.factories.diagrams import Diagram
from tests.factories.sites import Held, Site, line, quick
from tests.factories.triggers import signal, timer
from tests.unit.dispatch.waiting import PATIENCE_S, until

FAR_S = 3600

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(database: Database, clock: FixedClock) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(
        *handlers: Any, clock: FixedClock | SystemClock = clock, start: bool = True, **settings: Any
    ) -> Site:
        site = Site(database, clock, handlers, **settings)
        made.append(site)
        if start:
            site.dispatch.start()
        return site

    yield make
    for site in made:
        site.end()


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
    lose_wake_ups(site)
    site.dispatch.start()
    site.sweep_for_the_lost()
    until(lambda: site.is_completed(instance_id))


def lose_wake_ups(site: Site) -> None:
    if not site.database.is_sqlite:
        with site.database.transaction() as tx:
            tx.connection.execute(sa.text("DELETE FROM procrastinate_jobs"))


def test_claims_of_a_killed_process_are_taken_over(make_site: MakeSite) -> None:
    held = Held()
    killed = make_site(held.handler, quick)
    killed.deploy(line("a", "b", diagram=Diagram("p").service("a", "t.held").service("b", "t.quick")))
    instance_id = killed.start()
    held.wait_begun()
    killed.stand_still()

    restarted = make_site(held.handler, quick)
    if isinstance(restarted.dispatch, Distributed):
        restarted.pass_time(31)  # others may be alive as long as their lease lasts; embedded, there is no other
    restarted.dispatch.sweep()
    until(lambda: restarted.is_completed(instance_id))
    assert held.verified == held.keys, "the repeat asks under the same key whether the work is done"
    held.open.set()


def test_a_message_moves_who_waits_for_it(make_site: MakeSite) -> None:
    site = make_site(quick)
    site.deploy(line("w", "a", diagram=Diagram("p").message("w", "ready", "=order").service("a", "t.quick")))
    instance_id = site.start(order="o-1")
    until(lambda: site.waits(instance_id) == {"w": "message"})
    site.publish("ready", "o-1")
    until(lambda: site.is_completed(instance_id))


def test_a_timer_fires_by_the_scheduler(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "SWEEP_S", FAR_S)
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
    site.dispatch.upkeep.watch()
    assert site.state(instance_id) == "active"
    clock.advance(timedelta(minutes=1))
    site.dispatch.upkeep.watch()
    assert site.state(instance_id) == "fallen_out"


def test_a_failed_step_is_tried_again_when_its_time_has_come(make_site: MakeSite, clock: FixedClock) -> None:
    attempts: list[tuple[str, int]] = []

    @handles("t.fails_once", retry=Backoff(first_s=10, factor=1, tries=3))
    def fails_once(work: Work) -> Done:
        attempts.append((work.key, work.attempt))
        if work.attempt == 1:
            raise ConnectionError("the node restarts")
        return Done()

    site = make_site(fails_once)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.fails_once")))
    instance_id = site.start()
    until(lambda: site.waits(instance_id) == {"a": "retry"})
    clock.advance(timedelta(seconds=60))
    site.dispatch.sweep()
    until(lambda: site.is_completed(instance_id))
    key = attempts[0][0]
    assert attempts == [(key, 1), (key, 2)]


@pytest.mark.parametrize("early", [False, True])
def test_a_step_that_waits_for_its_system_goes_on_when_it_calls_back(make_site: MakeSite, early: bool) -> None:
    """Also when the system is quicker than the commit that says that the step waits."""
    called, answered = threading.Event(), threading.Event()

    @handles("t.asks")
    def asks(work: Work) -> Waiting:
        called.set()
        assert answered.wait(PATIENCE_S)
        return Waiting("answer", work.key)

    site = make_site(asks)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.asks")))
    instance_id = site.start()
    assert called.wait(PATIENCE_S)
    with site.database.reading() as connection:
        key = str(connection.scalar(sa.select(token.c.step_key).where(token.c.element_id == "a")))
    if not early:
        answered.set()
        until(lambda: site.waits(instance_id) == {"a": "callback"})
    site.publish("answer", key, ont_id="o-1")
    answered.set()
    until(lambda: site.is_completed(instance_id))


def test_wake_ups_of_one_instance_coalesce(make_site: MakeSite) -> None:
    """However many messages come while nobody can look, one look takes them all."""
    site = make_site(quick, start=False)
    diagram = Diagram("p").parallel("f").parallel("j").start("s").end("e").chain("s", "f").chain("j", "e")
    for branch in ("a", "b", "c"):
        diagram.message(branch, f"ready_{branch}", "=1").chain("f", branch, "j")
    site.deploy(diagram)
    site.worker.start()
    instance_id = site.start()
    site.worker.wake(instance_id)
    until(lambda: set(site.waits(instance_id)) == {"a", "b", "c"})
    lose_wake_ups(site)
    site.engine.taken.clear()
    for branch in ("a", "b", "c"):
        site.publish(f"ready_{branch}", "1")
    look(site, instance_id)
    until(lambda: site.is_completed(instance_id))
    assert site.engine.taken == [0]


def look(site: Site, instance_id: str) -> None:
    """Whoever waits in the queue is let in; embedded, wake-ups that nobody listened to are swept."""
    if isinstance(site.dispatch, Distributed):
        assert len(site.queued()) == 1
        assert site.dispatch.puller is not None
        site.dispatch.puller.start()
    else:
        site.worker.wake(instance_id)


def test_a_busy_worker_lets_another_orders_timer_pass(make_site: MakeSite, clock: FixedClock) -> None:
    """Its threads are all in handlers that hang; what needs no thread goes on."""
    held = Held()
    site = make_site(held.handler, threads=1)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.held")))
    site.deploy(line("w", diagram=Diagram("q").timer("w", "PT1M")))
    waiting = site.start("q")
    until(lambda: site.waits(waiting) == {"w": "timer"})
    site.start()
    held.wait_begun()
    clock.advance(timedelta(seconds=61))
    site.dispatch.sweep()
    until(lambda: site.is_completed(waiting))
    held.open.set()


def test_draining_commits_what_runs_and_leaves_the_rest_to_whoever_comes(make_site: MakeSite) -> None:
    held = Held()
    site = make_site(held.handler, quick)
    site.deploy(line("a", "b", diagram=Diagram("p").service("a", "t.held").service("b", "t.quick")))
    instance_id = site.start()
    held.wait_begun()
    draining = threading.Thread(target=site.end)
    draining.start()
    until(lambda: site.worker.is_draining)
    held.open.set()
    draining.join(PATIENCE_S)
    assert site.waits(instance_id) == {"b": "job"}, "its result is committed, what follows is nobody's"
    next_one = make_site(held.handler, quick)
    if next_one.database.is_sqlite:
        next_one.dispatch.sweep()
    until(lambda: next_one.is_completed(instance_id))
    assert len(held.keys) == 1
    assert "claim_expired" not in next_one.happened(instance_id)


def test_due_times_that_many_sweep_at_once_wake_each_instance_once(make_site: MakeSite, clock: FixedClock) -> None:
    site = make_site(quick, start=False)
    site.deploy(line("w", diagram=Diagram("p").timer("w", "PT1M")))
    site.worker.start()
    ids = [site.start() for _ in range(20)]
    for instance_id in ids:
        site.worker.wake(instance_id)
    until(lambda: all(site.waits(instance_id) == {"w": "timer"} for instance_id in ids))
    lose_wake_ups(site)
    site.engine.taken.clear()
    clock.advance(timedelta(seconds=61))
    sweepers = [threading.Thread(target=site.dispatch.sweep) for _ in range(6)]
    for sweeper in sweepers:
        sweeper.start()
    for sweeper in sweepers:
        sweeper.join(PATIENCE_S)
    if isinstance(site.dispatch, Distributed):
        assert len(site.queued()) == 20
        assert site.dispatch.puller is not None
        site.dispatch.puller.start()
    until(lambda: all(site.is_completed(instance_id) for instance_id in ids))


@pytest.fixture
def postgres_site(postgres_database: Database, clock: FixedClock) -> Iterator[Site]:
    """Not started: on SQLite the one process sweeps, and has nothing to put on record for others."""
    site = Site(postgres_database, clock, [quick])
    yield site
    site.end()


def test_what_a_sweep_has_asked_for_is_on_record(postgres_site: Site, clock: FixedClock) -> None:
    """So that another sweep, of any process, leaves it alone until it counts as lost."""
    site = postgres_site
    site.deploy(line("w", diagram=Diagram("p").timer("w", "PT1M")))
    site.worker.start()
    instance_id = site.start()
    site.worker.wake(instance_id)
    until(lambda: site.waits(instance_id) == {"w": "timer"})
    clock.advance(timedelta(seconds=61))

    def asked_at() -> datetime | None:
        with site.database.reading() as connection:
            return connection.scalar(sa.select(process_instance.c.wake_at))

    seen = []
    for passing_s in (0, 1, 5):
        lose_wake_ups(site)
        clock.advance(timedelta(seconds=passing_s))
        site.dispatch.sweep()
        seen.append((asked_at(), len(site.queued())))
    first = clock.now() - timedelta(seconds=6)
    assert seen == [(first, 1), (first, 0), (clock.now(), 1)]


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


def test_an_instance_that_no_worker_can_move_is_an_incident_until_it_is_moved(
    make_site: MakeSite, clock: FixedClock
) -> None:
    site = make_site(quick, start=False)
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.quick")))
    instance_id = site.start()

    def break_down(results: object) -> None:
        raise KeyError("a defect of ours")

    site.engine.meanwhile = break_down
    site.dispatch.start()
    until(lambda: site.state(instance_id) == "fallen_out")
    with site.database.reading() as connection:
        (told,) = queries.list_incidents(connection, limit=10, offset=0).items
    assert (told.code, told.number) == ("AdvanceFailed", 0)
    assert "KeyError: 'a defect of ours'" in told.message
    site.engine.meanwhile = lambda results: None
    clock.advance(timedelta(seconds=1))
    site.sweep_for_the_lost()
    site.worker.watch(time.monotonic() + FAR_S)
    until(lambda: "a" not in site.waits(instance_id) and site.state(instance_id) != "active")
    site.dispatch.upkeep.watch()
    until(lambda: site.is_completed(instance_id))
    with site.database.reading() as connection:
        assert queries.list_incidents(connection, limit=10, offset=0).total == 0
        assert queries.get_instance(connection, instance_id).incidents == 0
