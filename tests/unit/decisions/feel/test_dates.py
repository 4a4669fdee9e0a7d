"""Dates, times and durations in expressions."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal as D
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import FixedClock
from app.decisions.feel import compile_feel
from app.decisions.feel.values import YearsMonths
from tests.unit.decisions.feel.reading import shape, value

PLUS_TWO = timezone(timedelta(hours=2))
PARIS = ZoneInfo("Europe/Paris")
CASES: dict[str, Any] = {
    '@"2026-05-01"': date(2026, 5, 1),
    '@"10:30:00"': time(10, 30),
    '@"10:30:00.250+02:00"': time(10, 30, 0, 250_000, PLUS_TWO),
    '@"2026-05-01T10:30:00Z"': datetime(2026, 5, 1, 10, 30, tzinfo=UTC),
    '@"2026-05-01T10:30:00@Europe/Paris"': datetime(2026, 5, 1, 10, 30, tzinfo=PARIS),
    '@"PT90M"': timedelta(minutes=90),
    '@"P1Y2M"': YearsMonths(14),
    '@"-P1DT1.5S"': -timedelta(days=1, seconds=1.5),
    'date("2026-02-30")': None,
    'date("2026-5-1")': None,
    "date(2024, 2, 29)": date(2024, 2, 29),
    "date(2026, 2, 29)": None,
    "date(2026.5, 1, 1)": None,
    "date(1e30, 1, 1)": None,
    'date(@"2026-05-01T10:30:00Z")': date(2026, 5, 1),
    "date(5)": None,
    'time("24:00:00")': None,
    'time("10:30:00@Mars/Olympus")': None,
    'time("10:30:00@../../etc/passwd")': None,
    'time("10:30:00+19:00")': None,
    "time(10, 30, 15.5)": time(10, 30, 15, 500_000),
    'time(10, 30, 0, @"PT2H")': time(10, 30, 0, 0, PLUS_TWO),
    'time(10, 30, 0, @"PT20H")': None,
    "time(10, 60, 0)": None,
    'time(@"2026-05-01T10:30:00Z")': time(10, 30, tzinfo=UTC),
    'date and time("2026-05-01")': datetime(2026, 5, 1),
    'date and time(@"2026-05-01", @"10:30:00Z")': datetime(2026, 5, 1, 10, 30, tzinfo=UTC),
    'date and time("2026-05-01 10:30:00")': None,
    'duration("P1Y2M3D")': None,
    'duration("P2W")': None,
    'duration("P")': None,
    'duration("PT")': None,
    'duration("P1DT")': None,
    'duration("P99999999999999999999D")': None,
    'duration("PT1H") = @"PT60M"': True,
    '@"2026-01-31" + @"P1M"': date(2026, 2, 28),
    '@"P1M" + @"2024-01-31"': date(2024, 2, 29),
    '@"2024-02-29" - @"P1Y"': date(2023, 2, 28),
    '@"2026-05-01" + @"PT36H"': date(2026, 5, 2),
    '@"2026-05-01" + @"P9999Y"': None,
    '@"9999-12-31" + @"P1D"': None,
    '@"2026-05-01T23:00:00Z" + @"PT2H"': datetime(2026, 5, 2, 1, tzinfo=UTC),
    '@"2026-03-29T01:30:00@Europe/Paris" + @"PT1H"': datetime(2026, 3, 29, 3, 30, tzinfo=PARIS),
    '@"23:30:00" + @"PT1H"': time(0, 30),
    '@"00:30:00" - @"PT1H"': time(23, 30),
    '@"2026-05-02" - @"2026-05-01"': timedelta(days=1),
    '@"2026-05-02T00:00:00+02:00" - @"2026-05-01T00:00:00Z"': timedelta(hours=22),
    '@"2026-05-02T00:00:00" - @"2026-05-01T00:00:00Z"': None,
    '@"2026-05-02T00:00:00Z" - @"2026-05-01"': timedelta(days=1),
    '@"11:00:00" - @"10:00:00"': timedelta(hours=1),
    '@"11:00:00" - @"10:00:00Z"': None,
    '@"2026-05-02" - 1': None,
    '@"PT1H" + @"P1M"': None,
    '@"P1Y" - @"P1M"': YearsMonths(11),
    '@"PT1H" * 1.5': timedelta(minutes=90),
    '2 * @"P1M"': YearsMonths(2),
    '@"PT1H" / 4': timedelta(minutes=15),
    '@"PT1H" / @"PT15M"': D(4),
    '@"P1Y" / @"P1M"': D(12),
    '@"PT1H" / 0': None,
    '@"PT1H" * 1e300': None,
    '@"P1Y" * 1e300': None,
    '-@"PT1H"': timedelta(hours=-1),
    '-@"P1M"': YearsMonths(-1),
    '@"2026-05-01" < @"2026-05-02"': True,
    '@"2026-05-01" < @"2026-05-02T00:00:00Z"': None,
    '@"2026-05-01T00:00:00" < @"2026-05-02T00:00:00Z"': None,
    '@"2026-05-01T02:00:00+02:00" = @"2026-05-01T00:00:00Z"': True,
    '@"PT1H" < @"P1M"': None,
    '@"10:00:00z" = @"10:00:00+00:00"': True,
    '@"10:00:00+01:00" = @"09:00:00Z"': True,
    '@"10:00:00" = @"10:00:00Z"': False,
    '@"10:00:00@Europe/Paris" = @"10:00:00"': False,
    '@"10:00:00@Europe/Paris" = @"10:00:00@Europe/Paris"': True,
    '@"10:00:00@Europe/Paris" = @"10:00:00@Europe/Rome"': False,
    '@"10:00:00@Europe/Paris" < @"11:00:00@Europe/Rome"': None,
    '@"10:00:00@Europe/Paris" < @"11:00:00@Europe/Paris"': True,
    '@"2026-05-01T00:00:00" = @"2026-05-01T00:00:00Z"': False,
    '@"2026-05-01T00:00:00" != @"2026-05-01T00:00:00Z"': True,
    '@"2026-05-01T02:00:00@Europe/Paris" = @"2026-05-01T00:00:00Z"': True,
    '@"2026-10-25T02:30:00@Europe/Paris" = @"2026-10-25T00:30:00Z"': True,
    '[@"2026-05-01T02:00:00+02:00"] = [@"2026-05-01T00:00:00Z"]': True,
    '{a: @"2026-05-01T02:00:00+02:00"} = {a: @"2026-05-01T01:00:00Z"}': False,
    'coincides([@"2026-05-01T00:00:00Z"..@"2026-05-02T00:00:00Z"], [@"2026-05-01T02:00:00+02:00"..@"2026-05-02T00:00:00Z"])': True,
    '@"P999999999Y" + @"P1Y" = null': True,
    '@"P11999999988M" = @"P999999999Y"': True,
    '@"P1Y" > @"P11M"': True,
    '@"2026-05-01".weekday': D(5),
    '@"2026-05-01".hour': None,
    '@"2026-05-01T10:30:15Z".second': D(15),
    '@"10:00:00+02:00".time offset': timedelta(hours=2),
    '@"2026-05-01T10:00:00@Europe/Paris".timezone': "Europe/Paris",
    '@"10:00:00".time offset': None,
    '@"-P1DT2H3M4S".hours': D(-2),
    '@"P1DT2H3M4S".days': D(1),
    '@"P1DT2H3M4S".minutes': D(3),
    '@"-P1Y2M".years': D(-1),
    '@"-P1Y2M".months': D(-2),
    "[1..5].start": D(1),
    "(1..5].start included": False,
}
WRITTEN = [
    "2026-05-01", "10:30:00", "10:30:00.25", "10:30:00Z", "10:30:00-05:30", "10:30:00@Europe/Paris", "2026-05-01T10:30:00Z",
    "2026-05-01T10:30:00.000001+02:00", "2026-05-01T10:30:00@Europe/Paris", "PT0S", "P1D", "PT36.5S", "-P1DT2H3M4S",
    "P1Y", "P14Y2M", "-P5M", "P0M",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_a_temporal_expression_comes_to_its_value(text: str, expected: Any) -> None:
    assert shape(value(text)) == shape(expected)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_temporal_value_is_stored_as_text_that_reads_back(written: str) -> None:
    stored = compile_feel(f'@"{written}"').json({})
    assert compile_feel(f'@"{stored}" = @"{written}"').evaluate({}) is True
    assert compile_feel(f'string(@"{stored}")').evaluate({}) == stored
    if written not in {"PT36.5S", "P14Y2M"}:
        assert stored == written


@given(st.timedeltas(min_value=timedelta(days=-10_000), max_value=timedelta(days=10_000)))
def test_a_days_and_time_duration_reads_back_from_its_text(elapsed: timedelta) -> None:
    assert compile_feel("duration(string(d)) = d").evaluate({"d": elapsed}) is True


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.sampled_from([UTC, PLUS_TWO])
    ),
    st.timedeltas(min_value=timedelta(days=-1000), max_value=timedelta(days=1000)),
)
def test_what_is_added_to_an_instant_is_its_difference_afterwards(start: datetime, elapsed: timedelta) -> None:
    assert compile_feel("(start + d) - start = d").evaluate({"start": start, "d": elapsed}) is True
    assert compile_feel("start - d + d = start").evaluate({"start": start, "d": elapsed}) is True


WHOLE = st.integers(-5000, 5000)


@given(
    st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    WHOLE,
)
def test_days_and_time_durations_add_scale_and_order_as_numbers_do(
    one: timedelta, other: timedelta, times: int
) -> None:
    scope = {"a": one, "b": other, "n": times}
    for law in (
        "a + b = b + a",
        "a - b = -(b - a)",
        "a + b - b = a",
        "n * a = a * n",
        "(a + b) * n = a * n + b * n",
        "abs(-a) = abs(a)",
    ):
        assert compile_feel(law).evaluate(scope) is True, law
    assert compile_feel("a < b").evaluate(scope) is (one < other)
    if times and one:
        assert compile_feel("a * n / n = a").evaluate(scope) is True
        assert compile_feel("a * n / a = n").evaluate(scope) is True


@given(WHOLE, WHOLE, WHOLE)
def test_years_and_months_durations_do_the_same(one: int, other: int, times: int) -> None:
    scope = {"a": YearsMonths(one), "b": YearsMonths(other), "n": times}
    for law in (
        "a + b = b + a",
        "a - b = -(b - a)",
        "a + b - b = a",
        "n * a = a * n",
        "duration(string(a)) = a",
        'a.years * 12 + a.months = a / @"P1M"',
    ):
        assert compile_feel(law).evaluate(scope) is True, law
    assert compile_feel("a < b").evaluate(scope) is (one < other)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_a_day_is_reached_by_the_months_between_and_less_than_a_month_of_days(start: date, end: date) -> None:
    scope = {"a": min(start, end), "b": max(start, end)}
    reached = compile_feel("a + years and months duration(a, b)").evaluate(scope)
    assert timedelta(0) <= scope["b"] - reached < timedelta(days=31)
    assert compile_feel("a + (b - a) = b and date(string(a)) = a").evaluate(scope) is True
    assert compile_feel("years and months duration(b, a) = -years and months duration(a, b)").evaluate(scope) is True


def test_now_and_today_are_one_instant_of_the_given_clock() -> None:
    clock = FixedClock(datetime(2026, 5, 1, 23, 59, tzinfo=UTC))
    assert compile_feel("[now(), today()]").evaluate({}, clock=clock) == [clock.now(), date(2026, 5, 1)]
    assert compile_feel("now()").json({}, clock=clock) == "2026-05-01T23:59:00Z"
    assert compile_feel("now() = now()").evaluate({}) is True
