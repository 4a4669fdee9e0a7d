"""Durations and instants for timers."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InvalidInput
from app.decisions.feel.temporal import parse_duration, parse_instant

START = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DURATIONS = {
    "PT5M": datetime(2026, 1, 31, 12, 5, tzinfo=UTC),
    "PT0S": START,
    "PT0.5S": START + timedelta(seconds=0.5),
    "P1D": datetime(2026, 2, 1, 12, tzinfo=UTC),
    "P2W": datetime(2026, 2, 14, 12, tzinfo=UTC),
    "P1M": datetime(2026, 2, 28, 12, tzinfo=UTC),
    "P25M": datetime(2028, 2, 29, 12, tzinfo=UTC),
    "P1Y": datetime(2027, 1, 31, 12, tzinfo=UTC),
    "P1MT2H": datetime(2026, 2, 28, 14, tzinfo=UTC),
    "-P1M1D": datetime(2025, 12, 30, 12, tzinfo=UTC),
    " PT1H ": datetime(2026, 1, 31, 13, tzinfo=UTC),
}


@pytest.mark.parametrize(("text", "expected"), DURATIONS.items())
def test_a_duration_is_added_on_the_calendar(text: str, expected: datetime) -> None:
    assert parse_duration(text).add_to(START) == expected


@pytest.mark.parametrize("text", ["P1Y2M3DT4H5M6S", "PT5M", "P1M", "-P1MT2H", "PT0S", "P14D"])
def test_a_duration_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_duration(text)) == text


def test_months_keep_the_hour_of_the_zone_and_time_passes_as_it_passes() -> None:
    before = datetime(2026, 3, 28, 9, 0, tzinfo=ZoneInfo("Europe/Paris"))  # the clocks change on the 29th
    assert parse_duration("P1M").add_to(before).hour == 9
    assert parse_duration("PT24H").add_to(before).hour == 10


@pytest.mark.parametrize(
    "text",
    ["", "5 minutes", "P", "PT", "P1DT", "PT5", "P-1D", "1D", "P1.5D", "PT5M!", "P1W1D", "p1d", "P" + "9" * 5000 + "D"],
)
def test_what_is_no_duration_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected a duration in ISO 8601 such as PT5M") as caught:
        parse_duration(text)
    assert caught.value.facts == {"found": text[:60]}


def test_a_duration_that_leaves_the_calendar_is_refused() -> None:
    for text in ("P9000Y", "P900000000D", "-P9000Y"):
        with pytest.raises(InvalidInput, match="outside the years 1 to 9999"):
            parse_duration(text).add_to(START)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T09:00:00Z",
        "2026-05-01T11:00:00+02:00",
        "2026-05-01T11:00:00@Europe/Paris",
        "2026-05-01T11:00:00+02:00[Europe/Paris]",
        " 2026-05-01T09:00:00.000Z",
    ],
)
def test_an_instant_is_aware_and_in_utc(text: str) -> None:
    instant = parse_instant(text)
    assert instant == datetime(2026, 5, 1, 9, tzinfo=UTC)
    assert instant.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "2026-05-01T09:00:00": "found '2026-05-01T09:00:00', which has no zone: add Z for UTC",
        "tomorrow": "found 'tomorrow', expected a date and time in ISO 8601",
        "2026-05-01": "expected a date and time in ISO 8601",
        "2026-02-30T09:00:00Z": "expected a date and time in ISO 8601",
        "2026-05-01T09:00:00[Europe/Paris]": "expected a date and time in ISO 8601",
        "2026-05-01T09:00:00@Nowhere/Land": "expected a date and time in ISO 8601",
        "0001-01-01T00:00:00+10:00": "outside the years 1 to 9999 in UTC",
    }.items(),
)
def test_what_is_no_instant_is_refused_with_what_to_do(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_instant(text)
    assert message in caught.value.message
