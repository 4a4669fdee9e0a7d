"""The figures are right, come from indexes, and do not wait for a database that hangs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.events import Event, Subscriptions
from app.core.meters import Meters
from app.dispatch.pool import Load
from app.engine import workers
from app.engine.gates import rows
from app.engine.gates.policy import Gate
from app.engine.queries import STATES
from app.engine.queries.figures import figures, totals
from app.engine.tables import process_instance
from app.watch.figures import Backlog, Busy, FiguresSheet, Stored
from tests.factories.rows import START, Rows, at
from tests.unit.dispatch.waiting import no_look_runs, until

NOW = START + timedelta(seconds=100)


def parsed(text: bytes) -> dict[str, float]:
    """`name{label="value"}` -> value."""
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def sheet(database: Database, now: datetime = NOW, **times: float) -> dict[str, float]:
    return parsed(FiguresSheet(Meters(), "1.2.3", Stored(database, FixedClock(now), **times)).text())


@pytest.fixture
def filled(database: Database) -> Database:
    rows = Rows(database)
    rows.definition()
    for n in range(3):
        rows.instance(f"active-{n}")
    rows.instance("fallen", incidents=1)
    rows.instance("still", state="suspended", incidents=1)
    rows.token("still", "x", "job", since=at(1))
    rows.instance("done", state="completed", ended_at=at(5))
    rows.instance("gone", state="cancelled", ended_at=at(5))
    rows.token("active-0", "a", "job", since=at(40))
    rows.token("active-0", "b", "job", since=at(60))
    rows.token("active-1", "c", "claim", since=at(70), claimed_by="w")
    rows.token("active-1", "d", "timer", due_at=at(20))
    rows.token("active-1", "e", "timer", due_at=at(2000))
    rows.token("active-2", "f", "message", name="m", correlation="k")
    rows.token("active-2", "g", "user_task")
    rows.token("active-2", "k", "held", since=at(35))
    rows.token("fallen", "h", "incident")
    rows.passed("done", "i", ended_s=5)
    rows.incident("one", "fallen", raised_s=10)
    rows.incident("two", "fallen", raised_s=0, state="resolved")
    return database


def test_what_the_database_holds_is_counted_and_aged(filled: Database) -> None:
    found = sheet(filled)
    instances = {state: found[f'turnup_instances{{state="{state}"}}'] for state in STATES}
    assert instances == {"active": 3, "fallen_out": 1, "suspended": 1, "completed": 1, "cancelled": 1}
    kinds = {kind: found[f'turnup_waiting{{kind="{kind}"}}'] for kind in ("job", "held", "claim", "message", "user_task")}
    assert kinds == {"job": 3, "held": 1, "claim": 1, "message": 1, "user_task": 1}
    ages = {
        what: found[f'turnup_oldest_seconds{{what="{what}"}}'] for what in ("job", "held", "claim", "due", "incident", "wake")
    }
    assert ages == {"job": 60, "held": 65, "claim": 30, "due": 80, "incident": 90, "wake": 0}
    assert found["turnup_incidents_open"] == 1
    assert found["turnup_database_up"] == 1
    assert found['turnup_info{version="1.2.3"}'] == 1


def test_gates_that_are_shut_are_counted_by_their_state(database: Database) -> None:
    with database.transaction() as tx:
        for key, breaker in (("acs", "open"), ("olt=1", "open"), ("olt=2", "stopped"), ("olt=3", "closed")):
            rows.put(tx, Gate(key, breaker=breaker))
    found = sheet(database)
    shut = {state: found[f'turnup_gates_shut{{state="{state}"}}'] for state in ("open", "half_open", "stopped")}
    assert shut == {"open": 2, "half_open": 0, "stopped": 1}


def test_an_instance_that_was_woken_and_not_looked_at_ages(filled: Database) -> None:
    with filled.transaction() as tx:
        woken = sa.update(process_instance).where(process_instance.c.id == "active-0").values(wake_at=at(95))
        tx.connection.execute(woken)
        later = sa.update(process_instance).where(process_instance.c.id == "active-1").values(wake_at=at(500))
        tx.connection.execute(later)
    assert sheet(filled)['turnup_oldest_seconds{what="wake"}'] == 5


def test_an_empty_database_has_figures_too(database: Database) -> None:
    found = sheet(database)
    assert {value for name, value in found.items() if name.startswith("turnup_oldest_seconds")} == {0}
    assert found["turnup_outbox_lag_seconds"] == 0


def test_workers_are_told_by_their_leases(database: Database) -> None:
    with database.transaction() as tx:
        workers.enlist(tx, "w1", "h", 1, NOW, 30)
        workers.enlist(tx, "w2", "h", 2, NOW - timedelta(seconds=60), 30)
    found = sheet(database)
    assert (found['turnup_workers{lease="good"}'], found['turnup_workers{lease="over"}']) == (1, 1)


def test_the_outbox_lags_by_its_oldest_event(database: Database) -> None:
    with database.transaction() as tx:
        for seconds in (30, 50):  # ids sort by time, to the millisecond
            Subscriptions().publish(tx, Event("OrderReady", "order", "1", {}, id=f"e{seconds}", at=at(seconds)))
    found = sheet(database)
    assert (found["turnup_outbox_unsent"], found["turnup_outbox_lag_seconds"]) == (2, 70)


def test_the_threads_of_the_worker_are_told() -> None:
    text = FiguresSheet(Meters(), "", Busy(lambda: Load(hands=8, idle=3, strays=1, steps=4, visits=2))).text()
    found = parsed(text)
    threads = {state: found[f'turnup_worker_threads{{state="{state}"}}'] for state in ("busy", "idle", "stray")}
    assert threads == {"busy": 5, "idle": 3, "stray": 1}
    assert (found['turnup_worker_queue{what="step"}'], found['turnup_worker_queue{what="instance"}']) == (4, 2)


def test_the_backlog_is_told_and_what_was_refused_for_it() -> None:
    meters = Meters()
    meters.turned_away(2)
    shown = FiguresSheet(meters, "")
    shown.add(Backlog(lambda: 12))
    found = parsed(shown.text())
    assert found["turnup_intake_backlog"] == 12
    assert found['turnup_intake_refused_total{priority="2"}'] == 1


def test_a_backlog_that_cannot_be_counted_is_left_out() -> None:
    def fail() -> int:
        raise OSError("the database is away")

    shown = FiguresSheet(Meters(), "1")
    shown.add(Backlog(fail))
    assert "turnup_intake_backlog" not in parsed(shown.text())


def test_two_houses_in_one_process_do_not_share_figures() -> None:
    one, two = Meters(), Meters()
    one.step_ended("t", "done", 0.1)
    assert [name for name in parsed(FiguresSheet(two, "").text()) if name.startswith("turnup_steps")] == []
    assert parsed(FiguresSheet(one, "").text())['turnup_steps_total{handler="t",outcome="done"}'] == 1


def test_a_count_is_bounded(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.engine.queries.figures.COUNT_LIMIT", 2)
    with filled.reading() as connection:
        assert totals(connection).instances["active"] == 2


# At this size both stores' planners take indexes wherever a query lets them.
MANY = 3000


@pytest.fixture
def many(database: Database) -> Database:
    rows = Rows(database)
    rows.definition()
    rows.instance("i")
    with database.transaction() as tx:
        template = dict(tx.connection.execute(sa.select(process_instance)).mappings().one())
        instances = [{**template, "id": f"x-{n}", "state": "completed"} for n in range(MANY)]
        tx.connection.execute(sa.insert(process_instance), instances)
        tx.connection.execute(
            sa.text(
                "INSERT INTO token (instance_id, number, open, parent, inside, call, state, spec, internal, attempt, entered_at) SELECT id, 1, 0, 0, 0, 0, 64, 's', '{}', 1, 0 FROM process_instance"
            )
        )
        tx.connection.execute(sa.text("ANALYZE"))
    return database


def plans(database: Database, read: Callable[[sa.Connection], object]) -> list[str]:
    """How the store goes about each query that `read` makes."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        asked.append((statement, parameters))

    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.reading() as connection:
        sa.event.listen(connection, "before_cursor_execute", note)
        read(connection)
        sa.event.remove(connection, "before_cursor_execute", note)
        found = [connection.exec_driver_sql(f"{explain} {statement}", values).all() for statement, values in asked]
    return ["\n".join(str(row[-1]) for row in plan) for plan in found]


def test_every_figure_comes_from_an_index(many: Database) -> None:
    """The few queries of each look read no table from its beginning, but for `worker` and `gate`, which have few rows, and
    incidents and totals, of which PostgreSQL may rightly think that most rows are wanted."""
    found = plans(many, lambda connection: figures(connection, datetime.now(UTC)))
    assert len(found) == 13
    full = re.compile(r"Seq Scan on (process_instance|token)|SCAN (process_instance|token)(?! USING)")
    assert [plan for plan in found if full.search(plan)] == []
    waits = plans(many, totals)[5:]
    assert [plan for plan in waits if full.search(plan)] == []


def test_a_database_that_hangs_costs_the_limit_and_the_rest_is_shown(postgres_databases: Callable[[], str]) -> None:
    url = postgres_databases()
    database = Database(url)
    with psycopg.connect(url.replace("+psycopg", "")) as holder:
        holder.execute("LOCK TABLE token IN ACCESS EXCLUSIVE MODE")
        found = sheet(database, limit_s=0.3)
    until(no_look_runs)
    assert found["turnup_database_up"] == 0
    assert "turnup_incidents_open" not in found
    assert found["turnup_advances_failed_total"] == 0
    database.close()
