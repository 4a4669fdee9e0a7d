"""Who locks what first: nobody waits for somebody who waits for them. PostgreSQL alone has such locks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine.instances import StaleInstance
from app.engine.locks import lock
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS
from tests.factories.triggers import message
from tests.unit.dispatch.waiting import until

HOLD = sa.text("SELECT revision FROM process_instance WHERE id = :id FOR UPDATE")
WAITS = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@pytest.fixture
def bench(postgres_database: Database, clock: FixedClock) -> Bench:
    return Bench(postgres_database, clock, HANDLERS)


def guarded(*names: str, interrupting: bool) -> Diagram:
    """A user task with a boundary event for each of these messages."""
    diagram = Diagram("p").start("s").end("e").user("u").user("v").xor("m").chain("s", "u", "e").chain("m", "v", "e")
    for name in names:
        diagram.boundary(name, "u", message(name, '="1"'), interrupting=interrupting).chain(name, "m")
    return diagram


def waiting(bench: Bench) -> int:
    with bench.database.reading() as connection:
        return int(connection.execute(WAITS).scalar_one())


def test_a_worker_and_a_person_take_what_has_come_in_one_order(bench: Bench) -> None:
    instance_id = bench.start(guarded("halt", interrupting=False))
    bench.run(instance_id)
    task = bench.task(instance_id)
    bench.publish("halt", "1")
    with ThreadPoolExecutor(1) as pool:
        with bench.database.transaction() as tx:
            tx.connection.execute(HOLD, {"id": instance_id})
            worker = pool.submit(bench.advance, instance_id)
            until(lambda: waiting(bench))
            bench.engine.complete_task(tx, task, {}, "ann")
        with pytest.raises(StaleInstance):
            worker.result()
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"v": "user_task"}


def test_a_message_that_came_too_late_goes_back_without_waiting_for_who_sends_another(bench: Bench) -> None:
    instance_id = bench.start(guarded("halt", "stop", interrupting=True))
    bench.run(instance_id)
    bench.publish("halt", "1")
    bench.publish("stop", "1")
    with ThreadPoolExecutor(1) as pool, bench.database.transaction() as sender:
        lock(sender, "stop", "1")
        worker = pool.submit(bench.advance, instance_id)
        until(worker.done)
    assert bench.standing(instance_id) == {"v": "user_task"}
    assert "late_message" in [row.kind for row in bench.history(instance_id)]
