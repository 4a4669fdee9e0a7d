"""Operators, messages, people, timers and results hit one instance at once; nothing is lost and nothing comes twice."""

from __future__ import annotations

import random

from app.core.clock import SystemClock
from app.core.db import Database
from tests.factories.crowds import Crowd, shaky
from tests.factories.sites import Site


def test_everybody_at_one_instance(database: Database) -> None:
    play_crowd(database, rounds=25, seed=7)


def play_crowd(database: Database, rounds: int, seed: int) -> None:
    site = Site(database, SystemClock(), [shaky])
    site.dispatch.start()
    try:
        crowd = Crowd(site, rounds=rounds, draw=random.Random(seed))
        crowd.play()
        crowd.check()
    finally:
        site.end()
