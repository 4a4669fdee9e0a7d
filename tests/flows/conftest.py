"""The process that a file of tests is about, shipped as it is, before a laboratory of its own, on each store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.shipped import Shipped, shipped


@pytest.fixture
def house(request: pytest.FixtureRequest, database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    with shipped(database, clock, tmp_path) as made:
        made.deploy_shipped(request.module.PROCESS)
        yield made
