from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard.times import duration, relative, time_element

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "now"), (5, "5 s ago"), (59.9, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_the_past_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert relative(NOW - timedelta(seconds=seconds), NOW) == said


def test_a_countdown_ends_with_due() -> None:
    assert ">in 8 s<" in time_element(NOW + timedelta(seconds=8), NOW, "countdown")
    assert ">due<" in time_element(NOW, NOW, "countdown")


@pytest.mark.parametrize(
    ("seconds", "said"), [(8, "in 8 s"), (90, "in 1 min 30 s"), (14_399, "in 3 h 59 min"), (90_000, "in 1 d 1 h")]
)
def test_what_is_waited_for_is_told_to_the_next_unit(seconds: float, said: str) -> None:
    assert f">{said}<" in time_element(NOW + timedelta(seconds=seconds), NOW, "countdown")


def test_a_time_carries_its_instant_in_utc() -> None:
    assert 'datetime="2026-11-23T12:00:00.000Z"' in time_element(NOW, NOW)


@pytest.mark.parametrize(("seconds", "said"), [(0.25, "250 ms"), (3.21, "3.2 s"), (90, "1 min")])
def test_how_long_something_took(seconds: float, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said
