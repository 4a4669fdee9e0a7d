"""The crowd whose every value is found again, at one instance after the other for some minutes."""

import pytest

from app.core.db import Database
from tests.integration.test_crowd_lanes import play_crowd


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6))
def test_a_crowd_loses_nothing_and_does_nothing_twice(database: Database, seed: int) -> None:
    play_crowd(database, rounds=40, patience_s=300, seed=seed)
