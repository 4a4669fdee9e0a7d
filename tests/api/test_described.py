"""What the description of the API says holds, for whatever is sent. `make fuzz` asks far more."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.api.conftest import TOKEN, application, leave_open
from tests.factories.described import Held, hold_to_its_description
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS


@pytest.fixture(autouse=True)
def nobody_is_slowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.callers.WRONG_PER_S", 100_000)


def held_to(database: Database, clock: FixedClock, **how: Any) -> Held:
    """An API over an open user task, and an open incident behind another one."""
    bench = Bench(database, clock, HANDLERS)
    leave_open(bench)
    return hold_to_its_description(application(bench), TOKEN, **how)


def test_every_bound_of_the_description_is_kept_and_every_way_to_break_it_is_refused(
    sqlite_database: Database, clock: FixedClock
) -> None:
    held = held_to(sqlite_database, clock, phases=("examples", "coverage"), examples=1, seed=5)
    assert held.broken == []
    assert held.requests > 2000
    assert len(held.operations) > 50


def test_what_is_drawn_by_lot_is_answered_as_described(sqlite_database: Database, clock: FixedClock) -> None:
    held = held_to(sqlite_database, clock, phases=("fuzzing", "stateful"), examples=3, seed=5)
    assert held.broken == []
    assert held.requests > 150
