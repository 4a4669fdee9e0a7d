"""Nasty input for minutes, another each time: FUZZ_SEED repeats a run, FUZZ_EXAMPLES makes it longer."""

from __future__ import annotations

import os
import random

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.factory import House
from tests.api.test_described import held_to, nobody_is_slowed
from tests.unit.web.test_hostile_pages import house, walk

__all__ = ["house", "nobody_is_slowed"]

SEED = int(os.environ.get("FUZZ_SEED") or random.randrange(10**6))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 100)
PHASES = ("examples", "coverage", "fuzzing", "stateful")
pytestmark = pytest.mark.fuzz


def test_the_api_answers_as_described(database: Database, clock: FixedClock) -> None:
    held = held_to(database, clock, phases=PHASES, examples=EXAMPLES, seed=SEED)
    assert held.broken == [], f"FUZZ_SEED={SEED}"
    assert held.requests > 20 * EXAMPLES


def test_no_page_breaks_down(house: House) -> None:
    print(f"FUZZ_SEED={SEED}")
    assert walk(house, random.Random(SEED), EXAMPLES) > 20 * EXAMPLES
