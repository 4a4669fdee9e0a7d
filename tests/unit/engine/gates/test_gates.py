"""Steps that have to pass a gate: held in turn, let go in turn, and none of their tries used up while it is shut."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.errors import InvalidInput, NotFound
from app.core.types import to_microseconds
from app.engine import sweeps, watchdog
from app.engine.gates import rows
from app.engine.gates.policy import CLOSED, HALF_OPEN, OPEN, STOPPED, Gate
from app.engine.outcomes import Failed
from app.engine.starts import StartRequest
from app.engine.steps import ClaimedStep, StepResult
from app.engine.tables import gate_pass
from app.handling import Limit, System
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.systems import OLT, Network

LIMITED = System("olt={olt}", Limit(concurrent=2), trips_after=3, rest_s=10)


class GateBench(Bench):
    """As the gatekeeper and a worker go about it."""

    network: Network

    def told(self, step: ClaimedStep) -> StepResult:
        result = self.call(step)
        handler = self.registry.get(step.handler)
        assert handler is not None
        gates = self.engine.gates
        if handler.system is not None and step.system is not None and gates.is_told(step.system, result.outcome):
            with self.database.transaction() as tx:
                gates.tell(tx, handler.system, step.system, result.outcome, self.now)
        return result

    @property
    def now(self) -> int:
        return to_microseconds(self.clock.now())

    def refresh(self) -> None:
        with self.database.reading() as connection:
            self.engine.gates.refresh(connection)

    def turns(self) -> list[str]:
        with self.database.reading() as connection:
            seen = self.engine.gates.whose_turn(connection, self.now)
        with self.database.transaction() as tx:
            return sweeps.ask(tx, seen, self.clock.now())

    def gate(self, key: str) -> Gate:
        with self.database.reading() as connection:
            return rows.read(connection, key)

    def keep(self, name: str, *given: Any, reason: str = "new firmware") -> Gate:
        with self.database.transaction() as tx:
            changed: Gate = getattr(self.operators.gatekeeping, name)(tx, *given, by="olga", reason=reason)
        return changed

    def kinds(self, *instance_ids: str) -> list[str]:
        return [kind for instance_id in instance_ids for kind in self.standing(instance_id).values()]

    def many(self, count: int, *, priority: int = 2, **variables: Any) -> list[str]:
        """Started and looked at, one after the other."""
        made = []
        for _ in range(count):
            with self.database.transaction() as tx:
                made.append(self.engine.start(tx, StartRequest("p", variables, priority=priority)).instance_id)
            self.clock.advance(timedelta(milliseconds=1))
        return made


def gate_bench(database: Database, clock: FixedClock, olt: System, own: Limit | None = None) -> GateBench:
    network = Network()
    bench = GateBench(database, clock, network.handlers(olt, own))
    bench.network = network
    bench.deploy(Diagram("p").start("s").service("a", "net.call").end("e").chain("s", "a", "e"))
    return bench


@pytest.fixture
def bench(database: Database, clock: FixedClock) -> GateBench:
    return gate_bench(database, clock, LIMITED)


def end(bench: GateBench, instance_id: str, step: ClaimedStep) -> None:
    assert bench.advance(instance_id, [bench.told(step)]).gates_passed


# limits


def test_no_more_calls_of_a_system_run_at_once_than_its_limit_says_and_the_others_are_held_in_turn(
    bench: GateBench,
) -> None:
    made = bench.many(5, olt="lon-3")
    claimed = [bench.advance(instance_id).claimed for instance_id in made]
    assert [len(steps) for steps in claimed] == [1, 1, 0, 0, 0]
    assert bench.kinds(*made) == ["claim", "claim", "held", "held", "held"]
    assert bench.turns() == []
    end(bench, made[0], claimed[0][0])
    assert bench.turns() == [made[2]]
    assert bench.turns() == [], "who was asked is not asked again"
    assert bench.advance(made[4]).claimed == [], "another's turn is not taken"
    (third,) = bench.advance(made[2]).claimed
    assert third.system == "olt=lon-3"
    for instance_id, step in ((made[1], claimed[1][0]), (made[2], third)):
        end(bench, instance_id, step)
    assert sorted(bench.turns()) == sorted(made[3:])


def test_each_system_has_a_gate_of_its_own(bench: GateBench) -> None:
    made = [*bench.many(2, olt="lon-3"), *bench.many(2, olt="par-1")]
    assert [len(bench.advance(instance_id).claimed) for instance_id in made] == [1, 1, 1, 1]


def test_who_comes_later_does_not_take_a_turn_but_who_is_more_urgent_does(bench: GateBench) -> None:
    made = bench.many(3, olt="lon-3")
    claimed = [bench.advance(instance_id).claimed for instance_id in made]
    (late,), (urgent,) = bench.many(1, olt="lon-3"), bench.many(1, olt="lon-3", priority=0)
    end(bench, made[0], claimed[0][0])
    assert bench.advance(late).claimed == []
    assert len(bench.advance(urgent).claimed) == 1
    end(bench, made[1], claimed[1][0])
    assert bench.turns() == [made[2]]


def test_who_was_asked_and_does_not_come_loses_the_turn_until_it_does(bench: GateBench) -> None:
    made = bench.many(4, olt="lon-3")
    claimed = [bench.advance(instance_id).claimed for instance_id in made]
    end(bench, made[0], claimed[0][0])
    assert bench.turns() == [made[2]]
    bench.clock.advance(timedelta(seconds=6))
    assert bench.turns() == [made[3]]
    assert len(bench.advance(made[3]).claimed) == 1
    end(bench, made[1], claimed[1][0])
    assert len(bench.advance(made[2]).claimed) == 1


def test_a_suspended_instance_keeps_nobody_waiting(bench: GateBench) -> None:
    made = bench.many(4, olt="lon-3")
    claimed = [bench.advance(instance_id).claimed for instance_id in made]
    bench.operate("suspend", made[2])
    end(bench, made[0], claimed[0][0])
    assert bench.turns() == [made[3]]
    assert len(bench.advance(made[3]).claimed) == 1
    bench.operate("resume", made[2])
    assert bench.advance(made[2]).claimed == []
    end(bench, made[1], claimed[1][0])
    assert bench.turns() == [made[2]]


def test_calls_begin_no_faster_than_the_rate_of_their_handler(database: Database, clock: FixedClock) -> None:
    bench = gate_bench(database, clock, OLT, Limit(per_s=1))
    made = bench.many(3, olt="lon-3")
    assert [len(bench.advance(instance_id).claimed) for instance_id in made] == [1, 0, 0]
    assert bench.turns() == []
    bench.clock.advance(timedelta(seconds=1))
    assert bench.turns() == [made[1]]
    assert [len(bench.advance(instance_id).claimed) for instance_id in made[1:]] == [1, 0]


def test_a_step_passes_all_its_gates_or_none(database: Database, clock: FixedClock) -> None:
    bench = gate_bench(database, clock, LIMITED, Limit(concurrent=3))
    made = [*bench.many(3, olt="lon-3"), *bench.many(2, olt="par-1")]
    assert [len(bench.advance(instance_id).claimed) for instance_id in made] == [1, 1, 0, 1, 0]
    held = [bench.tokens(instance_id)[-1].correlation for instance_id in (made[2], made[4])]
    assert held == ["olt=lon-3", "handler=net.call"]


def test_an_operators_limit_is_for_one_or_for_all_of_a_kind(bench: GateBench) -> None:
    for key, concurrent in (("olt=*", 1), ("olt=lon-3", 3)):
        bench.keep("set_limit", key, Limit(concurrent=concurrent))
    made = [*bench.many(4, olt="lon-3"), *bench.many(2, olt="par-1")]
    assert [len(bench.advance(instance_id).claimed) for instance_id in made] == [1, 1, 1, 0, 1, 0]


# what ends a call otherwise


def test_the_place_of_a_step_that_is_cancelled_is_free(bench: GateBench) -> None:
    made = bench.many(3, olt="lon-3")
    for instance_id in made:
        bench.advance(instance_id)
    bench.operate("cancel", made[0])
    assert bench.turns() == [made[2]]
    bench.operate("cancel", made[2])
    with bench.database.transaction() as tx:
        assert rows.sweep(tx) == 1
    assert bench.count(gate_pass) == 1


def test_the_place_of_a_dead_worker_is_free_when_its_claim_is_taken_back(bench: GateBench) -> None:
    made = bench.many(3, olt="lon-3")
    for instance_id in made:
        bench.advance(instance_id)
    bench.restart()
    taken_over = bench.engine
    with bench.database.transaction() as tx:
        again = taken_over.advance(tx, made[0], "worker-2")
    assert [step.repeat for step in again.claimed] == [True]
    assert bench.advance(made[2]).claimed == []


def test_a_held_step_is_completed_by_hand(bench: GateBench) -> None:
    made = bench.many(3, olt="lon-3")
    for instance_id in made:
        bench.advance(instance_id)
    bench.operate("complete", made[2], bench.number(made[2], "a"), {"via": "olga"})
    assert bench.state(made[2]) == "completed"
    assert bench.turns() == []


def test_held_is_a_reason_to_wait(bench: GateBench) -> None:
    made = bench.many(3, olt="lon-3")
    for instance_id in made:
        bench.advance(instance_id)
    bench.clock.advance(timedelta(hours=1))
    with bench.database.reading() as connection:
        assert watchdog.find_stalled(connection, bench.clock.now()) == []


# the circuit breaker


def play(bench: GateBench, instance_ids: list[str]) -> None:
    """Each has a look, and makes the call that it may make then."""
    for instance_id in instance_ids:
        for step in bench.advance(instance_id).claimed:
            bench.advance(instance_id, [bench.told(step)])


def trip(bench: GateBench) -> list[str]:
    """Three calls in a row find it down."""
    bench.network.down.add("lon-3")
    made = bench.many(3, olt="lon-3")
    for instance_id in made:
        (step,) = bench.advance(instance_id).claimed
        bench.advance(instance_id, [bench.told(step)])
    return made


@pytest.fixture
def breaker(database: Database, clock: FixedClock) -> GateBench:
    return gate_bench(database, clock, OLT)


def test_a_system_that_is_down_is_called_no_more_and_its_steps_are_held(breaker: GateBench) -> None:
    made = trip(breaker)
    gate = breaker.gate("olt=lon-3")
    assert (gate.breaker, gate.failures, gate.error) == (
        OPEN,
        3,
        {"code": "SystemSilent", "message": "lon-3 gave no answer"},
    )
    assert breaker.kinds(*made) == ["retry", "retry", "held"], "the try that found it out is none of its step's"
    later = breaker.many(2, olt="lon-3") + breaker.many(1, olt="par-1")
    assert [len(breaker.advance(instance_id).claimed) for instance_id in later] == [0, 0, 1]
    breaker.clock.advance(timedelta(seconds=1))
    breaker.advance(made[0])
    assert breaker.kinds(made[0]) == ["held"]
    assert breaker.turns() == []


def test_it_tries_with_one_and_lets_the_others_go_gradually_once_that_is_answered(breaker: GateBench) -> None:
    made = trip(breaker) + breaker.many(9, olt="lon-3")
    breaker.clock.advance(timedelta(seconds=1))
    for instance_id in made:
        breaker.advance(instance_id)
    breaker.clock.advance(timedelta(seconds=10))
    (first,) = breaker.turns()
    (probe,) = breaker.advance(first).claimed
    assert (breaker.gate("olt=lon-3").breaker, breaker.turns()) == (HALF_OPEN, [])
    breaker.network.down.clear()
    breaker.advance(first, [breaker.told(probe)])
    wave = []
    for _ in range(3):
        asked = breaker.turns()
        wave.append(len(asked))
        for instance_id in asked:
            (step,) = breaker.advance(instance_id).claimed
            breaker.advance(instance_id, [breaker.told(step)])
    assert wave == [2, 4, 5]
    assert {breaker.state(instance_id) for instance_id in made} == {"completed"}


def test_no_try_is_used_up_however_often_it_is_found_down(breaker: GateBench) -> None:
    made = trip(breaker)
    for rest_s in (10, 20, 40, 80):
        breaker.clock.advance(timedelta(seconds=rest_s))
        play(breaker, made)
        assert breaker.gate("olt=lon-3").look_at == breaker.now + 2 * rest_s * 1_000_000
    assert len(breaker.calls) == 3 + 4
    assert breaker.kinds(*made) == ["held"] * 3
    breaker.network.down.clear()
    breaker.clock.advance(timedelta(seconds=160))
    play(breaker, made)
    assert {breaker.state(instance_id) for instance_id in breaker.instances()} == {"completed"}


def test_a_refusal_is_an_answer_and_a_defect_of_a_handler_says_nothing_of_the_system(breaker: GateBench) -> None:
    breaker.network.down.add("lon-3")
    for _ in range(2):
        (instance_id,) = breaker.many(1, olt="lon-3")
        (step,) = breaker.advance(instance_id).claimed
        breaker.told(step)
    with breaker.database.transaction() as tx:
        breaker.engine.gates.tell(tx, OLT, "olt=lon-3", Failed("KeyError", "'ont'"), breaker.now)
    assert breaker.gate("olt=lon-3").failures == 2
    breaker.network.down.clear()
    breaker.network.down.add("none")
    breaker.told(step)
    assert (breaker.gate("olt=lon-3").failures, breaker.gate("olt=lon-3").breaker) == (0, CLOSED)


def test_what_another_process_found_is_known_here_after_a_look(breaker: GateBench) -> None:
    trip(breaker)
    breaker.restart()
    breaker.refresh()
    (instance_id,) = breaker.many(1, olt="lon-3")
    assert breaker.advance(instance_id).claimed == []


def test_a_step_whose_system_answers_and_has_no_limit_asks_no_gate(
    breaker: GateBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("read", "running", "ahead", "enter", "leave", "put"):
        monkeypatch.delattr(rows, name)
    (instance_id,) = breaker.many(1, olt="lon-3")
    (step,) = breaker.advance(instance_id).claimed
    breaker.advance(instance_id, [breaker.told(step)])
    assert breaker.state(instance_id) == "completed"


# operators


def test_an_operator_stops_a_system_and_lets_it_go_gradually(breaker: GateBench) -> None:
    assert breaker.keep("stop", "olt=lon-3", reason="maintenance").breaker == STOPPED
    made = breaker.many(3, olt="lon-3")
    assert [breaker.advance(instance_id).claimed for instance_id in made] == [[], [], []]
    breaker.clock.advance(timedelta(hours=2))
    assert breaker.turns() == []
    assert breaker.keep("let_go", "olt=lon-3", reason="done").changed_by == "olga"
    assert breaker.turns() == [made[0]]


def test_a_handler_is_stopped_for_all_its_systems(breaker: GateBench) -> None:
    breaker.keep("stop", "handler=net.call")
    (instance_id,) = breaker.many(1, olt="lon-3")
    assert breaker.advance(instance_id).claimed == []


def test_a_limit_that_is_lifted_leaves_what_the_handler_says(bench: GateBench) -> None:
    bench.keep("set_limit", "olt=lon-3", Limit())
    made = bench.many(6, olt="lon-3")
    assert all(bench.advance(instance_id).claimed for instance_id in made[:3])
    bench.keep("lift_limit", "olt=lon-3")
    assert [len(bench.advance(instance_id).claimed) for instance_id in made[3:]] == [1, 1, 0]
    with pytest.raises(NotFound, match="Nobody has set a limit for 'olt=lon-3'"):
        bench.keep("lift_limit", "olt=lon-3")


@pytest.mark.parametrize("key", ["", "*", "ol*t", "a\nb", "x" * 256])
def test_what_is_no_key_is_refused(bench: GateBench, key: str) -> None:
    with pytest.raises(InvalidInput, match=r"olt=lon-3"):
        bench.keep("set_limit", key, Limit(concurrent=1))


def test_without_a_reason_nothing_is_done(bench: GateBench) -> None:
    with pytest.raises(InvalidInput, match="Say why"):
        bench.keep("stop", "olt=lon-3", reason=" ")
    with pytest.raises(InvalidInput, match="One gate at a time"):
        bench.keep("stop", "olt=*")
    assert bench.gate("olt=lon-3").breaker == CLOSED
