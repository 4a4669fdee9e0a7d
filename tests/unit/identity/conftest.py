"""Identity on both stores, with passwords that are hashed quickly."""

from __future__ import annotations

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.identity.doors import Identity
from tests.factories.people import an_identity


@pytest.fixture
def identity(database: Database, clock: FixedClock) -> Identity:
    return an_identity(database, clock)
