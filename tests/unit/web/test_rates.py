from __future__ import annotations

import pytest

from app.web.rates import Rate, TooManyRequests


class Watch:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def took(rate: Rate, caller: str, times: int) -> int:
    for number in range(times):
        try:
            rate.take(caller)
        except TooManyRequests:
            return number
    return times


def test_two_seconds_share_may_come_at_once_and_then_it_comes_back_with_time() -> None:
    watch = Watch()
    rate = Rate(10, watch)
    assert took(rate, "a", 100) == 20
    watch.now = 0.5
    assert took(rate, "a", 100) == 5
    watch.now = 100
    assert took(rate, "a", 100) == 20


def test_each_caller_has_a_share_of_their_own() -> None:
    rate = Rate(10, Watch())
    assert (took(rate, "a", 100), took(rate, "b", 100)) == (20, 20)


def test_a_refusal_says_when_to_go_on() -> None:
    rate = Rate(0.1, Watch())
    assert took(rate, "a", 1) == 1
    with pytest.raises(TooManyRequests, match=r"At most 0\.1 requests a second") as found:
        rate.take("a")
    assert found.value.retry_after_s == 10


def test_callers_who_are_many_are_not_remembered_for_ever() -> None:
    rate = Rate(10, Watch())
    for number in range(10_050):
        rate.take(str(number))
    assert len(rate._buckets) <= 10_000
