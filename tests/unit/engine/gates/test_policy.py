"""How many calls a gate lets through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.states import IllegalMove
from app.engine.gates import policy
from app.engine.gates.policy import CLOSED, HALF_OPEN, MANY, OPEN, SECOND, STOPPED, Gate, found_down, found_up, room
from app.handling.contract import Limit, System

OLT = System("olt={olt}", trips_after=3, rest_s=10)
NONE = Limit()
NOW = 1_000 * SECOND
DOWN = {"code": "SystemSilent", "message": "no answer"}


def tripped() -> Gate:
    gate = Gate("olt=1")
    for _ in range(3):
        gate = found_down(gate, OLT, DOWN, NOW)
    return gate


def test_what_has_no_limit_lets_all_through() -> None:
    assert room(Gate("olt=1"), NONE, 5_000, NOW) >= MANY - 5_000


@pytest.mark.parametrize(("running", "left"), [(0, 4), (3, 1), (4, 0), (9, 0)])
def test_no_more_run_at_once_than_the_limit_says(running: int, left: int) -> None:
    assert room(Gate("olt=1"), Limit(concurrent=4), running, NOW) == left


@pytest.mark.parametrize("per_s", [0.2, 1, 3, 10, 1000])
def test_no_more_begin_in_a_second_than_the_rate_says_and_a_quarter(per_s: float) -> None:
    gate, limit, begun = Gate("olt=1"), Limit(per_s=per_s), []
    for now in range(NOW, NOW + 20 * SECOND, SECOND // 500):
        for _ in range(room(gate, limit, 0, now)):
            gate = policy.begun(gate, limit, now)
            begun.append(now)
    seconds = [sum(begin <= at < begin + SECOND for at in begun) for begin in range(NOW, NOW + 19 * SECOND, SECOND // 7)]
    assert max(seconds) <= per_s * (1 + policy.AT_ONCE_S) + 1
    assert len(begun) == pytest.approx(20 * per_s, rel=0.05, abs=1.01), "and it is not slower than it says"


def test_a_rate_that_was_not_used_is_not_saved_up() -> None:
    limit = Limit(per_s=8)
    gate = policy.begun(Gate("olt=1"), limit, NOW)
    assert room(gate, limit, 0, NOW + 3_600 * SECOND) == 2


def test_a_system_that_is_down_for_some_calls_in_a_row_is_called_no_more() -> None:
    gate = found_down(found_down(Gate("olt=1"), OLT, DOWN, NOW), OLT, DOWN, NOW)
    assert (gate.breaker, gate.failures, gate.error) == (CLOSED, 2, DOWN)
    assert found_up(gate, NOW).failures == 0
    gate = found_down(gate, OLT, DOWN, NOW)
    assert (gate.breaker, gate.look_at, room(gate, NONE, 0, NOW)) == (OPEN, NOW + 10 * SECOND, 0)


def test_after_its_rest_one_call_tries_and_each_answer_lets_more_through_until_it_is_trusted() -> None:
    gate, later = tripped(), NOW + 10 * SECOND
    assert (room(gate, NONE, 0, later - 1), room(gate, NONE, 0, later), room(gate, NONE, 1, later)) == (0, 1, 0)
    gate = policy.begun(gate, NONE, later)
    assert (gate.breaker, room(gate, NONE, 1, later)) == (HALF_OPEN, 0)
    for allowed in range(2, policy.TRUSTED_FROM + 1):
        gate = found_up(gate, later)
        assert (gate.breaker, room(gate, NONE, 0, later)) == (HALF_OPEN, allowed)
    assert room(gate, Limit(concurrent=4), 0, later) == 4
    gate = found_up(gate, later)
    assert (gate.breaker, gate.failures, gate.is_sound) == (CLOSED, 0, True)


def test_one_that_is_down_still_rests_for_twice_as_long_but_not_for_ever() -> None:
    gate, now, rests = tripped(), NOW, []
    for _ in range(8):
        now = gate.look_at or 0
        gate = found_down(policy.begun(gate, NONE, now), OLT, DOWN, now)
        rests.append(((gate.look_at or 0) - now) / SECOND)
    assert rests == [20, 40, 80, 160, 300, 300, 300, 300]


def test_what_began_before_it_was_shut_says_nothing_new_unless_it_was_answered() -> None:
    gate = tripped()
    assert found_down(gate, OLT, DOWN, NOW + 1) == gate
    assert found_up(gate, NOW + 1).breaker == HALF_OPEN


def test_an_operator_stops_it_until_an_operator_lets_it_go() -> None:
    gate = policy.stop(Gate("olt=1"), "olga", "maintenance until six", NOW)
    for heard in (gate, found_up(gate, NOW), found_down(gate, OLT, DOWN, NOW)):
        assert (heard.breaker, room(heard, NONE, 0, NOW + 3_600 * SECOND)) == (STOPPED, 0)
    gate = policy.let_go(gate, "olga", "done", NOW)
    assert (gate.breaker, gate.allowed, gate.changed_by) == (HALF_OPEN, 1, "olga")
    with pytest.raises(IllegalMove, match=r"olt=1.* is closed and cannot become half_open"):
        policy.let_go(Gate("olt=1"), "olga", "why not", NOW)


def test_every_state_has_a_row_and_is_reached() -> None:
    assert set(policy.MOVES.states) == {CLOSED, OPEN, HALF_OPEN, STOPPED}
    assert all(not policy.MOVES.is_final(state) for state in policy.MOVES.states)
    assert room(replace(tripped(), breaker=HALF_OPEN, allowed=None), NONE, 0, NOW) == 1
