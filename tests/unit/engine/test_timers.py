"""Repeating timers: what is read, and when each time comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core.clock import FixedClock
from app.core.errors import InvalidInput
from app.core.types import from_microseconds, to_microseconds
from app.decisions.feel import compile_feel
from app.engine.spiff.faults import ExpressionFailed
from app.engine.spiff.mapping import Source
from app.engine.spiff.timers import Cycle, Timer

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(moment: datetime) -> int:
    return to_microseconds(moment)


def following(text: str, first: datetime, now: datetime | None = None) -> datetime | None:
    due = Cycle.parse(text).next_due(at(first), at(now or first))
    return None if due is None else from_microseconds(due)


@pytest.mark.parametrize(
    ("text", "repetitions", "first"),
    [
        ("R3/PT10S", 3, NOON + timedelta(seconds=10)),
        ("R/PT1H", None, NOON + timedelta(hours=1)),
        (" R1/P1DT12H ", 1, NOON + timedelta(hours=36)),
        ("R/P1M", None, datetime(2026, 4, 2, 12, tzinfo=UTC)),
        ("R/2027-01-01T00:00:00Z/PT1H", None, datetime(2027, 1, 1, tzinfo=UTC)),
        ("R5/2027-01-01T00:00:00+02:00/P1D", 5, datetime(2026, 12, 31, 22, tzinfo=UTC)),
        ("R/2027-01-01T10:00:00+01:00[Europe/Berlin]/P1D", None, datetime(2027, 1, 1, 9, tzinfo=UTC)),
        ("R/2027-01-01T10:00:00@Europe/Berlin/P1D", None, datetime(2027, 1, 1, 9, tzinfo=UTC)),
        ("R3/2022-04-27T17:20:00Z/P1D", 3, datetime(2022, 4, 27, 17, 20, tzinfo=UTC)),
    ],
)
def test_a_cycle_says_how_often_and_when_first(text: str, repetitions: int | None, first: datetime) -> None:
    cycle = Cycle.parse(text)
    assert cycle.repetitions == repetitions
    assert from_microseconds(cycle.first_due(at(NOON))) == first


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a repeating interval"),
        ("PT10S", "expected a repeating interval"),
        ("R3", "expected a repeating interval"),
        ("R-1/PT10S", "expected a repeating interval"),
        ("0 0 9 * * *", "expected a repeating interval"),
        ("R3/2027-01-01T00:00:00Z", "expected a duration"),
        ("R3/2027-01-01T00:00:00/PT1S", "no zone"),
        ("R3/tomorrow/PT1S", "expected a repeating interval"),
        ("R3/ten seconds", "expected a duration"),
        ("R0/PT10S", "never happens"),
        ("R/PT0S", "not longer than nothing"),
        ("R/-PT1S", "not longer than nothing"),
        ("R/-P1M", "not longer than nothing"),
        ("R" + "9" * 5000 + "/PT1S", "expected a repeating interval"),
    ],
)
def test_what_is_no_cycle_is_refused_with_what_was_found(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        Cycle.parse(text)


def test_the_next_time_is_one_period_after_the_last_however_late_somebody_looks() -> None:
    assert following("R/PT10M", NOON) == NOON + timedelta(minutes=10)
    assert following("R/PT10M", NOON, NOON + timedelta(minutes=9)) == NOON + timedelta(minutes=10)


def test_times_that_were_missed_are_left_out_and_the_beat_is_kept() -> None:
    late = NOON + timedelta(days=400, minutes=3)
    assert following("R/PT10M", NOON, late) == NOON + timedelta(days=400, minutes=10)
    assert following("R/PT10M", NOON, NOON + timedelta(minutes=20)) == NOON + timedelta(minutes=30)
    assert following("R/2022-01-01T09:30:00Z/P1D", NOON) == datetime(2026, 3, 3, 9, 30, tzinfo=UTC)


def test_months_are_counted_from_the_start_so_that_the_last_day_comes_back() -> None:
    january = datetime(2027, 1, 31, tzinfo=UTC)
    assert following("R/2027-01-31T00:00:00Z/P1M", january) == datetime(2027, 2, 28, tzinfo=UTC)
    assert following("R/2027-01-31T00:00:00Z/P1M", datetime(2027, 2, 28, tzinfo=UTC)) == datetime(
        2027, 3, 31, tzinfo=UTC
    )


def test_a_cycle_ends_with_the_calendar() -> None:
    assert following("R/P5000Y", NOON) == datetime(7026, 3, 2, 12, tzinfo=UTC)
    assert following("R/P5000Y", datetime(7026, 3, 2, 12, tzinfo=UTC)) is None
    assert following("R/P900000000D", NOON) is None


def test_a_cycle_is_a_text_or_feel_and_anything_else_is_a_fault() -> None:
    clock = FixedClock(NOON)
    assert Timer("cycle", Source("the timer", "R3/PT1H", None)).due({}, clock) == at(NOON + timedelta(hours=1))
    feel = Timer("cycle", Source("the timer", "", compile_feel('"R3/" + period')))
    assert feel.due({"period": "PT2H"}, clock) == at(NOON + timedelta(hours=2))
    for wrong in ("PT2H x", 7):
        with pytest.raises(ExpressionFailed, match="the timer"):
            feel.due({"period": wrong}, clock)
    with pytest.raises(ExpressionFailed, match="such as R3/PT10M, found 7"):
        Timer("cycle", Source("the timer", "", compile_feel("7"))).due({}, clock)
