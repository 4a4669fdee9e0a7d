"""Everybody at one instance, for a minute."""

import pytest

from app.core.db import Database
from tests.integration.test_crowd import play_crowd


@pytest.mark.soak
def test_everybody_at_one_instance_for_long(database: Database) -> None:
    play_crowd(database, rounds=400, seed=11)
