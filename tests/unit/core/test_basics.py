"""Clock, identifiers and errors."""

import uuid
from datetime import datetime, timedelta, timezone

import pytest

from app.core.clock import FixedClock, SystemClock
from app.core.errors import Conflict, TurnupError
from app.core.ids import new_id


def test_the_systems_clock_is_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_fixed_clock_moves_only_when_told(clock: FixedClock) -> None:
    before = clock.now()
    assert clock.now() == before
    clock.advance(timedelta(minutes=5))
    assert clock.now() - before == timedelta(minutes=5)


def test_a_fixed_clock_tells_utc_and_refuses_a_naive_time() -> None:
    east = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert FixedClock(east).now().hour == 10
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2026, 3, 2))


def test_ids_are_version_7_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for milliseconds in (1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000):
        monkeypatch.setattr("time.time_ns", lambda now=milliseconds: now * 1_000_000)
        made.append(new_id())
    assert made == sorted(made)
    parsed = uuid.UUID(made[0])
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == 1_700_000_000_000


def test_ids_made_at_once_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_an_errors_code_is_its_class() -> None:
    class RevisionMoved(Conflict):
        """A writer came first."""

    error = RevisionMoved("Expected revision 3, found 4", path="$.revision", instance="42")
    assert isinstance(error, TurnupError)
    assert (error.code, error.status, error.path, error.facts) == (
        "RevisionMoved",
        409,
        "$.revision",
        {"instance": "42"},
    )
    assert str(error) == error.message == "Expected revision 3, found 4"
