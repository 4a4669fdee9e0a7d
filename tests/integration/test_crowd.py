"""Operators, messages, people, timers and results hit one instance at once; nothing is lost and nothing comes twice."""

from __future__ import annotations

import random

from app.core.clock import SystemClock
from app.core.db import Database
from tests.factories.crowds import Crowd, shaky
from tests.factories.sites import Site


def test_everybody_at_one_instance(database: Database) -> None:
    site = Site(database, SystemClock(), [shaky])
    site.dispatch.start()
    try:
        crowd = Crowd(site, rounds=25, draw=random.Random(7))
        crowd.play()
        crowd.check()
    finally:
        site.end()
