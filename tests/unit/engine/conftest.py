"""The engine on each store, with the handlers of tests/factories/steps.py."""

from __future__ import annotations

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS


@pytest.fixture
def postgres_bench(postgres_database: Database, clock: FixedClock) -> Bench:
    return Bench(postgres_database, clock, HANDLERS)


@pytest.fixture
def bench(database: Database, clock: FixedClock) -> Bench:
    return Bench(database, clock, HANDLERS)
