"""Everybody at one instance, for a minute."""

import random

import pytest

from app.core.clock import SystemClock
from app.core.db import Database
from tests.factories.crowds import Crowd, shaky
from tests.factories.sites import Site


@pytest.mark.soak
def test_everybody_at_one_instance_for_long(database: Database) -> None:
    site = Site(database, SystemClock(), [shaky])
    site.dispatch.start()
    try:
        crowd = Crowd(site, rounds=400, draw=random.Random(11))
        crowd.play()
        crowd.check()
    finally:
        site.end()
