"""The reference's flows, each crashing after every commit and not, on either store."""

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS
from tests.reference.playing import all_is_well
from tests.unit.engine.test_reference import GROUPS, deployed, play


@pytest.fixture
def bench(database: Database, clock: FixedClock) -> Bench:
    return Bench(database, clock, HANDLERS)


@pytest.mark.soak
@pytest.mark.parametrize("group", range(GROUPS))
def test_a_drawn_flow_runs_as_the_reference_says_whichever_way_and_wherever(bench: Bench, group: int) -> None:
    for number, flow in deployed(bench, group):
        play(bench, flow, number, crashes=True)
        play(bench, flow, number, crashes=False)
    all_is_well(bench)
