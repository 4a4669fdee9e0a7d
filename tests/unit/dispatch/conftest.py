"""A worker on a scripted engine, a real SQLite file under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.log import get_logger
from app.dispatch.worker import Worker
from app.engine.tables import process_definition, process_instance, token
from app.engine.tables import worker as worker_table
from app.handling.registry import Registry
from tests.fakes.scripted_engine import ScriptedEngine

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PATIENCE_S = 10

MakeWorker = Callable[..., Worker]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'turnup.sqlite'}")
    with database.transaction() as tx:
        for table in (process_definition, process_instance, token, worker_table):
            table.create(tx.connection)
    yield database
    database.close()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def make_worker(store: Database, engine: ScriptedEngine, clock: FixedClock) -> Iterator[MakeWorker]:
    made: list[Worker] = []

    def make(*handlers: Any, start: bool = True, **settings: Any) -> Worker:
        worker = Worker(store, engine, Registry(handlers), clock, get_logger("tests"), **settings)  # type: ignore[arg-type]  # the scripted engine has the worker's two methods
        made.append(worker)
        if start:
            worker.start()
        return worker

    yield make
    for worker in made:
        worker.drain(PATIENCE_S)
