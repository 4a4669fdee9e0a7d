"""What handlers' calls came to, hour by hour, and who works; on each store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.db import Database
from app.engine import handler_hours, queries, workers
from app.engine.handler_hours import counted
from app.engine.workers import Busy
from tests.conftest import NOON
from tests.factories.rows import Rows

HOUR = timedelta(hours=1)


@pytest.fixture
def read(database: Database) -> Callable[..., Any]:
    def call(query: Callable[..., Any], *args: Any) -> Any:
        with database.reading() as connection:
            return query(connection, *args)

    return call


def count(database: Database, *calls: tuple[Any, ...], at: Any = NOON) -> None:
    """Each call: handler, outcome, seconds, how many."""
    with database.transaction() as tx:
        handler_hours.add(tx, {counted(at, *each[:3]): each[3] for each in calls})


def test_calls_of_several_workers_are_added_up(database: Database, read: Callable[..., Any]) -> None:
    for _ in range(2):
        count(database, ("olt", "done", 0.1, 10), ("olt", "failed", 4.0, 3), ("acs", "refused", 0.02, 1))
    count(database, ("olt", "timed_out", None, 2), ("olt", "late", 9.0, 2), at=NOON - HOUR)
    found = read(queries.handler_figures, NOON)
    assert (found["olt"].calls, found["olt"].failed, found["olt"].refused) == (28, 8, 0)
    assert (found["acs"].calls, found["acs"].refused) == (2, 2)


def test_only_the_last_day_counts_and_what_is_older_is_dropped(database: Database, read: Callable[..., Any]) -> None:
    for hours in (0, 23, 24, 40):
        count(database, ("olt", "done", 0.1, 1), at=NOON - hours * HOUR)
    assert read(queries.handler_figures, NOON)["olt"].calls == 2
    with database.transaction() as tx:
        assert handler_hours.forget(tx, NOON - 30 * HOUR) == 1


def test_quantiles_are_within_a_fifth(database: Database, read: Callable[..., Any]) -> None:
    for n in range(1, 101):
        count(database, ("olt", "done", n / 20, 1))
    found = read(queries.handler_figures, NOON)["olt"]
    assert found.p50_s == pytest.approx(2.5, rel=0.2)
    assert found.p95_s == pytest.approx(4.75, rel=0.2)
    count(database, ("quick", "done", 0.0, 5), ("endless", "done", 1e9, 1), ("lost", "timed_out", None, 1))
    figures = read(queries.handler_figures, NOON)
    assert figures["quick"].p95_s <= 0.001
    assert figures["endless"].p50_s > 500
    assert figures["lost"].p95_s is None


def test_nothing_counted_is_nothing_stored(database: Database, read: Callable[..., Any]) -> None:
    with database.transaction() as tx:
        handler_hours.add(tx, {})
    assert read(queries.handler_figures, NOON) == {}


def test_workers_are_listed_with_what_they_hold_and_when_they_were_heard(
    database: Database, read: Callable[..., Any]
) -> None:
    with database.transaction() as tx:
        workers.enlist(tx, "gone", "host-a", 1, NOON - HOUR, 30)
        workers.enlist(tx, "here", "host-b", 2, NOON - HOUR, 7200, Busy(8, 0))
        assert workers.renew(tx, "here", NOON, 30, Busy(8, 5))
    rows = Rows(database)
    rows.definition()
    rows.instance("i")
    for number in range(3):
        rows.token("i", "a", "claim", claimed_by="here" if number else "gone")
    here, gone = read(queries.list_workers, NOON + timedelta(seconds=5))
    assert (here.id, here.is_alive, here.hands, here.busy, here.claims) == ("here", True, 8, 5, 2)
    assert (here.renewed_at, here.started_at) == (NOON, NOON - HOUR)
    assert (gone.id, gone.is_alive, gone.claims) == ("gone", False, 1)


def test_open_instances_are_counted_by_version(database: Database, read: Callable[..., Any]) -> None:
    rows = Rows(database)
    for version in (1, 2):
        rows.definition("p", version)
    rows.definition("q")
    for number, state in enumerate(("active", "suspended", "completed")):
        rows.instance(f"i{number}", version=2, state=state)
    rows.instance("old", version=1)
    rows.instance("other", process_id="q")
    assert read(queries.open_by_version) == {("p", 1): 1, ("p", 2): 2, ("q", 1): 1}
    assert read(queries.open_by_version, "q") == {("q", 1): 1}
