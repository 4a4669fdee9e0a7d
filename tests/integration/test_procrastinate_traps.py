"""Procrastinate's six traps, by their numbers in docs/decisions/0006-procrastinate.md.

Each is shown on the installed version, so that a version without it is noticed, and each is shown to be kept clear of.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import pytest
import sqlalchemy as sa
from croniter import croniter
from procrastinate.worker import FETCH_JOB_POLLING_INTERVAL

from app.core.clock import FixedClock, SystemClock
from app.core.db import Database, Transaction
from app.dispatch import puller
from app.dispatch.queued import QueuedWakeups
from app.engine.doors import Engine
from app.engine.messages import MessageIn
from app.engine.starts import StartRequest
from app.handling import Done, Refused, Work, handles
from app.handling.registry import Registry
from tests.conftest import spoil
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.sites import Site, line, quick
from tests.unit.dispatch.waiting import PATIENCE_S, until

SOON_S = 2.0

MakeSite = Callable[..., Site]


@pytest.fixture
def database(postgres_database: Database) -> Database:
    return postgres_database


@pytest.fixture
def make_site(database: Database) -> Iterator[MakeSite]:
    made: list[Site] = []

    def make(*handlers: Any) -> Site:
        made.append(Site(database, SystemClock(), handlers))
        return made[-1]

    yield make
    for site in made:
        site.end()


@pytest.fixture
def waiting(make_site: MakeSite) -> tuple[Site, str]:
    """An instance that waits for the message `ready`, with no wake-up pending and nobody to take one."""
    site = make_site(quick)
    site.deploy(line("w", "a", diagram=Diagram("p").message("w", "ready", "=1").service("a", "t.quick")))
    instance_id = site.start()
    site.worker.start()
    site.worker.wake(instance_id)
    until(lambda: site.waits(instance_id) == {"w": "message"})
    run(site.database, "DELETE FROM procrastinate_jobs")
    site.engine.taken.clear()
    return site, instance_id


def start_pulling(site: Site) -> None:
    assert site.dispatch.puller is not None  # type: ignore[union-attr]  # on PostgreSQL
    site.dispatch.puller.start()  # type: ignore[union-attr]


def run(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as tx:
        result = tx.connection.execute(sa.text(statement), values)
        return list(result) if result.returns_rows else []


def defer(database: Database, lock: str | None = None, queueing_lock: str | None = None, in_s: float = 0) -> int:
    """A job of nobody's, as Procrastinate defers it."""
    (row,) = run(
        database,
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('q', 't', 0, :lock, :queueing_lock, '{}'::jsonb, :at)"
        "::procrastinate_job_to_defer_v1])",
        lock=lock,
        queueing_lock=queueing_lock,
        at=datetime.now(UTC) + timedelta(seconds=in_s),
    )
    return int(row[0][0])


def fetch(database: Database) -> tuple[int | None, str | None]:
    """The id and the queue of the job that the next worker would get, and gets."""
    (worker,) = run(database, "SELECT worker_id FROM procrastinate_register_worker_v1()")
    (job,) = run(database, "SELECT id, queue_name FROM procrastinate_fetch_job_v2(NULL, :worker)", worker=worker[0])
    return job.id, job.queue_name


# 1. A queueing lock together with retries: the job that is to be retried collides with its pending twin, and is `doing`
#    for ever.
def test_1_a_retried_job_collides_with_its_twin(database: Database) -> None:
    first = defer(database, queueing_lock="i")
    assert fetch(database) == (first, "q")
    defer(database, queueing_lock="i")
    with pytest.raises(sa.exc.IntegrityError, match="queueing_lock"):
        run(database, "SELECT procrastinate_retry_job_v2(:job, now(), NULL, NULL, NULL)", job=first)


def test_1_a_wake_up_that_fails_is_over_and_its_twin_goes_on(
    waiting: tuple[Site, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, instance_id = waiting
    failed = threading.Event()

    def fail_once(database: Database, woken: str) -> None:
        if not failed.is_set():
            site.publish("ready", "1")  # the twin
            failed.set()
            raise ConnectionError("the database went away")

    monkeypatch.setattr(puller, "wait_for_writers", fail_once)
    with site.database.transaction() as tx:
        site.wakeups.wake(tx, instance_id)
    start_pulling(site)
    until(lambda: site.is_completed(instance_id))
    assert failed.is_set()
    until(lambda: site.queued() == [])


# 2. A delayed job that holds a lock blocks every later job with that lock until it is due.
def test_2_a_delayed_job_blocks_others_of_its_lock(database: Database) -> None:
    defer(database, lock="i", in_s=60)
    defer(database, lock="i")
    assert fetch(database) == (None, None)


def test_2_a_wake_up_for_later_keeps_none_for_now_waiting(waiting: tuple[Site, str]) -> None:
    site, instance_id = waiting
    with site.database.transaction() as tx:
        site.wakeups.wake(tx, instance_id, datetime.now(UTC) + timedelta(hours=1))
    with site.database.transaction() as tx:
        site.wakeups.wake(tx, instance_id)
    assert site.queued(where="lock IS NOT NULL") == []
    assert len(site.queued()) == 2
    job, _ = fetch(site.database)
    assert site.queued("id", where="scheduled_at IS NULL") == [(job,)]


# 3. The end of a locked job does not wake the next: it waits for the poll, every 5 s.
def test_3_the_queue_is_asked_without_being_told(waiting: tuple[Site, str]) -> None:
    assert FETCH_JOB_POLLING_INTERVAL > SOON_S > puller.POLL_S
    site, instance_id = waiting
    spoil(site.database)
    run(
        site.database,
        "ALTER TABLE procrastinate_jobs DISABLE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1",
    )
    start_pulling(site)
    until(lambda: run(site.database, "SELECT id FROM procrastinate_workers"))
    site.publish("ready", "1")
    until(lambda: site.is_completed(instance_id), SOON_S)


# 4. Inside a worker a job cannot be deferred on a synchronous connection, which is what our transactions have.
async def _defer_inside_a_worker(conninfo: str) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo, min_size=1, max_size=1))

    @app.task(name="t")
    def task() -> None: ...

    async with app.open_async():
        with psycopg.connect(conninfo) as connection:
            await task.configure(connection=connection).defer_async()  # type: ignore[arg-type]  # that is the trap


def test_4_a_synchronous_connection_is_of_no_use_inside_a_worker(database: Database) -> None:


    with pytest.raises(TypeError):
        asyncio.run(_defer_inside_a_worker(database.conninfo))


def test_4_a_transaction_of_a_handler_wakes_others_if_it_is_committed(make_site: MakeSite, database: Database) -> None:
    """From a thread of a worker that pulls; and a wake-up that is rolled back wakes nobody."""
    sites: list[Site] = []

    @handles("t.tells")
    def tells(work: Work) -> Done | Refused:
        with pytest.raises(ZeroDivisionError), database.transaction() as tx:
            sites[0].wakeups.wake(tx, work.instance_id)
            raise ZeroDivisionError
        pending = len(sites[0].queued(where="status = 'todo'"))
        sites[0].publish("ready", "1")
        return Done(pending=pending)

    site = make_site(tells, quick)
    sites.append(site)
    site.deploy(line("w", "a", diagram=Diagram("p").message("w", "ready", "=1").service("a", "t.quick")))
    site.deploy(line("b", diagram=Diagram("q").service("b", "t.tells", outputs={"pending": "=pending"})))
    site.dispatch.start()
    instance_id = site.start()
    until(lambda: site.waits(instance_id) == {"w": "message"})
    site.start("q")
    until(lambda: site.is_completed(instance_id))
    assert run(database, "SELECT value FROM variable WHERE name = 'pending'") == [("0",)]


# 5. In its cron strings the seconds come last.
def test_5_seconds_come_last() -> None:
    begun = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    every_five = croniter("* * * * * */5", begun)
    assert [every_five.get_next(datetime) - begun for _ in range(2)] == [timedelta(seconds=5), timedelta(seconds=10)]


def test_5_nothing_of_ours_is_periodic_in_the_queue() -> None:
    """Sweeps are APScheduler's, in seconds."""
    sources = (Path(__file__).parents[2] / "app").rglob("*.py")
    assert [path for path in sources if ".periodic(" in path.read_text()] == []


# 6. A wake-up that is coalesced onto a pending job which runs before the waking transaction commits is lost.
@pytest.mark.parametrize("waits", [False, True])
def test_6_a_wake_up_of_an_open_transaction_is_waited_for(
    waiting: tuple[Site, str], waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, instance_id = waiting
    if not waits:
        monkeypatch.setattr(puller, "wait_for_writers", lambda database, instance_id: None)
    with site.database.transaction() as tx:
        site.wakeups.wake(tx, instance_id)
    coalesced, go_on = threading.Event(), threading.Event()

    def hold(tx: Transaction, _: list[Any]) -> None:
        coalesced.set()
        assert go_on.wait(PATIENCE_S)

    def publish_and_hold() -> None:
        with site.database.transaction() as tx:
            site.engine.publish(tx, MessageIn("ready", "1", {}))
            tx.before_commit(hold, None)

    publishing = threading.Thread(target=publish_and_hold)
    publishing.start()
    assert coalesced.wait(PATIENCE_S)
    start_pulling(site)
    if waits:
        until(lambda: site.queued(where="status = 'doing'"))
        assert site.engine.taken == []
    else:
        until(lambda: site.engine.taken == [0] and site.queued() == [])
    go_on.set()
    publishing.join(PATIENCE_S)
    if waits:
        until(lambda: site.is_completed(instance_id))
    else:
        assert site.queued() == []
        assert site.waits(instance_id) == {"w": "message"}


class Watched(QueuedWakeups):
    """Sees, at the end of each transaction that wakes an instance, whether it has written that instance's row."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        super().__init__(clock)
        self._database = database
        self.woken: list[bool] = []

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        super().wake(tx, instance_id, at)
        tx.before_commit(self._look, instance_id)

    def _look(self, tx: Transaction, instance_ids: list[str]) -> None:
        for instance_id in instance_ids:
            found = run(
                self._database, "SELECT id FROM process_instance WHERE id = :id FOR UPDATE SKIP LOCKED", id=instance_id
            )
            self.woken.append(found == [])  # locked, or not yet to be seen


def test_6_whoever_wakes_an_instance_has_written_its_row(database: Database, clock: FixedClock) -> None:
    @handles("t.refuses")
    def refuses(work: Work) -> Refused:
        return Refused("no")

    watched = Watched(database, clock)
    bench = Bench(database, clock, [refuses], wakeups=watched)  # type: ignore[arg-type]
    diagram = Diagram("p").user("u").message("w", "ready", "=1").service("a", "t.refuses")
    instance_id = bench.start(line("u", "w", "a", diagram=diagram))
    bench.advance(instance_id)
    bench.complete(instance_id)
    bench.advance(instance_id)
    bench.publish("ready", "1")
    bench.run(instance_id)
    bench.act("retry", instance_id)
    bench.run(instance_id)
    bench.act("skip", instance_id, {})
    assert watched.woken == [True] * 5  # started, completed, told, retried, skipped


def test_6_an_instance_without_its_lock_is_seen(database: Database, clock: FixedClock) -> None:
    """That the watch above can fail."""
    watched = Watched(database, clock)
    engine = Engine(Registry([]), clock, watched)
    with database.transaction() as tx:
        engine.deploy(tx, line(diagram=Diagram("p")).xml())
        instance_id = engine.start(tx, StartRequest("p", {})).instance_id
    with database.transaction() as tx:
        watched.wake(tx, instance_id)
    assert watched.woken == [True, False]
