"""When one more order is let in, and for how long a caller is sent away; on a clock that stands still."""

from __future__ import annotations

import threading

import pytest

from app.web.intake import FIRST_GUESS_S, Intake, IntakeFull
from tests.unit.dispatch.waiting import PATIENCE_S

LIMIT = 100


class Door:
    """An intake with `waiting` behind it, at the second `at`; `counts` is how often it was measured."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.waiting = 0
        self.at = 1000.0
        self.counts = 0
        self.known: set[str] = set()
        self.refused: list[int] = []
        self.intake = Intake(
            limit, self.count, self.known.__contains__, refused=self.refused.append, now=lambda: self.at
        )

    def count(self, most: int) -> int:
        self.counts += 1
        return min(self.waiting, most)

    def lets_in(self, priority: int = 2, key: str | None = None) -> bool:
        try:
            self.intake.admit(priority, key)
        except IntakeFull:
            return False
        return True

    def sent_away_s(self) -> int:
        with pytest.raises(IntakeFull) as caught:
            self.intake.admit(2, None)
        return caught.value.retry_after_s

    def later(self, seconds: float, waiting: int) -> None:
        self.at += seconds
        self.waiting = waiting


@pytest.fixture
def door() -> Door:
    return Door()


def test_orders_come_in_up_to_the_limit(door: Door) -> None:
    door.waiting = LIMIT - 1
    assert [door.lets_in(), door.lets_in()] == [True, False]
    door.later(1, LIMIT)
    assert not door.lets_in()
    door.later(1, LIMIT - 1)
    assert door.lets_in()


def test_however_many_ask_it_is_measured_twice_a_second(door: Door) -> None:
    for _ in range(50):
        door.lets_in()
    assert door.counts == 1
    door.later(0.4, 0)
    door.lets_in()
    assert door.counts == 1
    door.later(0.1, 0)
    door.lets_in()
    assert door.counts == 2


def test_those_let_in_between_two_measures_count(door: Door) -> None:
    assert [door.lets_in() for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]


def test_a_measure_takes_in_those_who_came_before_it(door: Door) -> None:
    for _ in range(10):
        door.lets_in()
    door.later(1, LIMIT - 1)
    assert [door.lets_in(), door.lets_in()] == [True, False]


@pytest.mark.parametrize(("priority", "comes_in"), [(0, True), (1, True), (2, False), (3, False), (4, False)])
def test_what_is_urgent_comes_in_up_to_a_tenth_more(door: Door, priority: int, comes_in: bool) -> None:
    door.waiting = LIMIT + 9
    assert door.lets_in(priority) == comes_in
    assert not door.lets_in(priority)


def test_a_repeat_of_what_was_accepted_comes_in(door: Door) -> None:
    door.waiting = 10 * LIMIT
    door.known.add("again")
    assert (door.lets_in(key="again"), door.lets_in(key="new")) == (True, False)


def test_without_a_limit_nobody_is_sent_away_and_nothing_is_counted() -> None:
    door = Door(limit=0)
    door.waiting = 1_000_000
    assert door.lets_in()
    assert door.counts == 0
    assert door.intake.backlog() == 100_000, "whoever wants to know is told, up to some number"


@pytest.mark.parametrize(
    ("before", "seconds", "expected_s"),
    [(110, 0.5, 1), (110, 1, 1), (110, 2, 2), (106, 3, 5), (101, 4, 40), (101, 10, 60), (100, 1, 60), (90, 1, 60)],
)
def test_a_caller_is_sent_away_until_a_tenth_is_worked_off(
    door: Door, before: int, seconds: float, expected_s: int
) -> None:
    """Of what waited so many seconds before, LIMIT is left."""
    door.waiting = before
    door.intake.backlog()
    door.later(seconds, LIMIT)
    assert door.sent_away_s() == expected_s


def test_a_caller_is_sent_away_for_a_moment_before_anything_was_seen(door: Door) -> None:
    door.waiting = LIMIT
    assert door.sent_away_s() == FIRST_GUESS_S


def test_what_comes_in_meanwhile_does_not_hide_what_is_worked_off(door: Door) -> None:
    door.waiting = LIMIT - 20
    for _ in range(20):
        door.lets_in()
    door.later(2, LIMIT)
    assert door.sent_away_s() == 60, "20 came and none went"
    other = Door()
    other.waiting = LIMIT - 20
    for _ in range(20):
        other.lets_in()
    other.later(2, LIMIT - 20)
    other.intake.backlog()
    for _ in range(20):
        other.lets_in()
    assert other.sent_away_s() == 1, "20 came and 20 went, in two seconds"


def test_each_refusal_is_counted_with_its_priority(door: Door) -> None:
    door.waiting = 2 * LIMIT
    for priority in (2, 0, 2):
        door.lets_in(priority)
    assert door.refused == [2, 0, 2]


def test_who_comes_while_it_is_counted_neither_waits_nor_is_forgotten(door: Door) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def hang(most: int) -> int:
        hangs.set()
        assert goes_on.wait(PATIENCE_S)
        return LIMIT - 2

    intake = Intake(LIMIT, hang, now=lambda: door.at)
    first = threading.Thread(target=intake.admit, args=(2, None))
    first.start()
    assert hangs.wait(PATIENCE_S)
    intake.admit(2, None)
    goes_on.set()
    first.join(PATIENCE_S)
    with pytest.raises(IntakeFull):
        intake.admit(2, None)


def test_a_count_that_fails_is_made_again_by_the_next(door: Door) -> None:
    failing = [OSError("the database is away")]

    def fail(most: int) -> int:
        if failing:
            raise failing.pop()
        return LIMIT

    intake = Intake(LIMIT, fail, now=lambda: door.at)
    with pytest.raises(OSError, match="away"):
        intake.admit(2, None)
    with pytest.raises(IntakeFull):
        intake.admit(2, None)
