"""The words between a handler and whoever runs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.handling import Backoff, Done, SystemSilent, UnexpectedAnswer, Waiting
from app.handling.faults import BadParameter, MissingSetting, is_retried
from tests.factories.works import a_work


@pytest.mark.parametrize(
    ("backoff", "delays_s"),
    [
        (Backoff(), [10, 30, None]),
        (Backoff(first_s=1, factor=2, tries=5), [1, 2, 4, 8, None]),
        (Backoff(first_s=100, factor=10, tries=4, limit_s=500), [100, 500, 500, None]),
        (Backoff(tries=1), [None, None]),
    ],
)
def test_each_failed_attempt_waits_longer_until_the_tries_are_used_up(
    backoff: Backoff, delays_s: list[float | None]
) -> None:
    assert [backoff.delay_s(attempt) for attempt in range(1, len(delays_s) + 1)] == delays_s


def test_the_ten_thousandth_attempt_still_has_a_delay() -> None:
    assert Backoff(tries=100_000, limit_s=60).delay_s(10_000) == 60


@pytest.mark.parametrize(("drawn", "delay_s"), [(0.0, 100), (0.5, 75), (1.0, 50)])
def test_jitter_takes_a_drawn_part_off_the_delay(drawn: float, delay_s: float) -> None:
    assert Backoff(first_s=100, jitter=0.5).delay_s(1, draw=lambda: drawn) == delay_s


@pytest.mark.parametrize("wrong", [{"tries": 0}, {"first_s": -1}, {"factor": 0.5}, {"jitter": 1.5}])
def test_a_backoff_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a Backoff needs tries >= 1"):
        Backoff(**wrong)


def test_outputs_are_given_by_name_whatever_the_name() -> None:
    assert Done(self=1, outputs=2).outputs == {"self": 1, "outputs": 2}
    assert Done(ont_id="7").outputs == {"ont_id": "7"}


def test_a_wait_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Waiting\.until needs a time zone"):
        Waiting("online", "S1", until=datetime(2026, 1, 1))


def test_the_time_left_runs_out_and_never_below_nothing() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    work = a_work(clock=clock, deadline=clock.now() + timedelta(seconds=4))
    assert work.remaining_s() == 4
    clock.advance(timedelta(seconds=3))
    assert work.remaining_s() == 1
    clock.advance(timedelta(seconds=3))
    assert work.remaining_s() == 0


def test_a_setting_that_is_not_given_is_told_with_those_that_are() -> None:
    work = a_work(settings={"lab_url": "http://lab"}, secrets={"lab": "s3cret"})
    assert work.setting("lab_url") == "http://lab"
    assert work.secret("lab") == "s3cret"
    with pytest.raises(MissingSetting, match="activate needs the setting 'acs_url'; this process was given lab_url"):
        work.setting("acs_url")
    with pytest.raises(MissingSetting, match="needs the secret 'acs'"):
        work.secret("acs")


def test_a_works_secrets_are_not_shown_when_it_is_printed() -> None:
    assert "s3cret" not in repr(a_work(secrets={"lab": "s3cret"}))


@pytest.mark.parametrize(
    ("fault", "retried"),
    [
        (SystemSilent("x"), True),
        (UnexpectedAnswer("x"), False),
        (BadParameter("x"), False),
        (MissingSetting("x"), False),
        (KeyError("x"), True),
    ],
)
def test_a_fault_says_whether_another_attempt_can_help(fault: Exception, retried: bool) -> None:
    assert is_retried(fault) is retried
