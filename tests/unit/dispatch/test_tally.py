"""What handlers' calls came to is added to the store from time to time."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.dispatch.tally import Tally
from app.dispatch.witness import Witness
from app.engine import queries
from app.engine.queries import HandlerFigures
from tests.conftest import NOON
from tests.fakes.scripted_engine import ScriptedEngine
from tests.unit.dispatch.conftest import MakeWorker
from tests.unit.dispatch.test_witness import breaks, refuses
from tests.unit.dispatch.test_worker import quick
from tests.unit.dispatch.waiting import until


def figures(database: Database, clock: FixedClock) -> dict[str, HandlerFigures]:
    with database.reading() as connection:
        return queries.handler_figures(connection, clock.now())


def test_what_is_counted_is_stored_once_and_added_to(sqlite_database: Database, clock: FixedClock) -> None:
    tally = Tally(clock)
    for _ in range(2):
        tally.count("olt", "done", 0.1)
        tally.store(sqlite_database)
        tally.store(sqlite_database)
    clock.advance(timedelta(hours=1))
    tally.count("olt", "failed", 0.1)
    tally.store(sqlite_database)
    assert (figures(sqlite_database, clock)["olt"].calls, figures(sqlite_database, clock)["olt"].failed) == (3, 1)


def test_what_could_not_be_stored_is_stored_the_next_time(sqlite_database: Database, clock: FixedClock) -> None:
    class Away:
        @contextmanager
        def transaction(self, *, synced: bool) -> Any:
            raise ConnectionError("away")
            yield

    tally = Tally(clock)
    tally.count("olt", "done", 0.1)
    with pytest.raises(ConnectionError):
        tally.store(Away())  # type: ignore[arg-type]
    tally.count("olt", "done", 0.1)
    tally.store(sqlite_database)
    assert figures(sqlite_database, clock)["olt"].calls == 2


def test_each_attempt_of_a_worker_is_counted_by_what_came_of_it(
    make_worker: MakeWorker, engine: ScriptedEngine, sqlite_database: Database
) -> None:
    clock = FixedClock(NOON)
    tally = Tally(clock)
    engine.script("i", ["quick"], ["refuses"], ["breaks"], ["quick"])
    make_worker(quick, refuses, breaks, witness=Witness(tally=tally)).wake("i")
    until(lambda: engine.is_over("i"))
    tally.store(sqlite_database)
    found = figures(sqlite_database, clock)
    assert {name: (each.calls, each.failed, each.refused) for name, each in found.items()} == {
        "quick": (2, 0, 0),
        "refuses": (1, 0, 1),
        "breaks": (1, 1, 0),
    }
    assert found["quick"].p50_s is not None
