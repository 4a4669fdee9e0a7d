"""The engine on each store, with the handlers of tests/factories/steps.py."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.engines import Bench
from tests.factories.rows import Read, Rows
from tests.factories.steps import HANDLERS


@pytest.fixture
def postgres_bench(postgres_database: Database, clock: FixedClock) -> Bench:
    return Bench(postgres_database, clock, HANDLERS)


@pytest.fixture
def bench(database: Database, clock: FixedClock) -> Bench:
    return Bench(database, clock, HANDLERS)


@pytest.fixture
def rows(database: Database) -> Rows:
    """Two processes, p and q, of which nothing runs yet."""
    made = Rows(database)
    made.definition("p")
    made.definition("q")
    return made


@pytest.fixture
def read(database: Database) -> Read:
    """Calls a query on a snapshot of what is written by then."""

    def call(query: Any, *args: Any, **values: Any) -> Any:
        with database.reading() as connection:
            return query(connection, *args, **values)

    return call
