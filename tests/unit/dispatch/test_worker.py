"""The worker on its own: who runs what on which thread, and what it tells the engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import Database
from app.dispatch.pool import Pool
from app.dispatch.worker import Worker
from app.engine.steps import ClaimedStep, Failed, StepResult
from app.engine.tables import worker as worker_table
from app.handling import Done, Refused, Work, handles
from tests.fakes.scripted_engine import ScriptedEngine
from tests.unit.dispatch.conftest import MakeWorker
from tests.unit.dispatch.waiting import PATIENCE_S, until


@handles("quick")
def quick(work: Work, name: str) -> Done:
    return Done(seen=name)


class Gate:
    """A handler that says when it has begun and goes on when it is let; `threads` are those that ran it."""

    def __init__(self, type_: str = "gated", timeout_s: float = 30) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.threads: list[threading.Thread] = []

        @handles(type_, timeout_s=timeout_s)
        def gated(work: Work, name: str) -> Done:
            self.threads.append(threading.current_thread())
            self.begun.release()
            assert self.open.wait(PATIENCE_S)
            return Done()

        self.handler = gated

    def wait_begun(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.begun.acquire(timeout=PATIENCE_S)


def test_a_wake_runs_an_instance_to_its_end(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    engine.script("i", ["quick"], ["quick"], ["quick"])
    make_worker(quick).wake("i")
    until(lambda: engine.is_over("i"))
    assert engine.outcomes() == [Done(seen="i")] * 3


def test_a_linear_flow_stays_on_one_thread(
    make_worker: MakeWorker, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops: list[ClaimedStep] = []
    monkeypatch.setattr(Pool, "put_step", lambda self, step, priority: hops.append(step))
    gate = Gate()
    gate.open.set()
    engine.script("i", *[["gated"]] * 20)
    make_worker(gate.handler, threads=4).wake("i")
    until(lambda: engine.is_over("i"))
    assert len(gate.threads) == 20
    assert len(set(gate.threads)) == 1
    assert hops == []


def test_wakes_that_wait_together_are_one(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    engine.script("i")
    engine.script("other")
    worker = make_worker(start=False)
    for _ in range(5):
        worker.wake("i")
    worker.wake("other")
    worker.start()
    until(lambda: ("other", []) in engine.advances)
    assert engine.advances.count(("i", [])) == 1


def test_a_wake_during_an_advance_is_not_lost(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    engine.script("i")
    worker = make_worker()

    def wake_again(instance_id: str, results: Sequence[StepResult]) -> None:
        engine.before = lambda instance_id, results: None
        worker.wake("i")

    engine.before = wake_again
    worker.wake("i")
    until(lambda: len(engine.advances) == 2)


def test_ready_steps_of_one_instance_run_at_the_same_time(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate = Gate()
    engine.script("i", ["gated"] * 3)
    make_worker(gate.handler, threads=3).wake("i")
    gate.wait_begun(3)
    gate.open.set()
    until(lambda: engine.is_over("i"))


def test_results_that_wait_together_share_a_commit(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate = Gate()
    engine.script("i", ["gated"] * 3)
    worker = make_worker(gate.handler, threads=3)
    taken: list[int] = []

    def hold_the_first(instance_id: str, results: Sequence[StepResult]) -> None:
        taken.append(len(results))
        if len(taken) == 2:
            until(lambda: worker.results_waiting("i") == 3 - len(results))

    engine.before = hold_the_first
    worker.wake("i")
    gate.wait_begun(3)
    gate.open.set()
    until(lambda: engine.is_over("i"))
    assert sum(taken) == 3
    assert len(taken) <= 3, "one commit for the claims, one for the first result, one for all the others"


def test_no_transaction_is_open_while_a_handler_runs(
    make_worker: MakeWorker, engine: ScriptedEngine, store: Database
) -> None:
    @handles("writes")
    def writes(work: Work) -> Done:
        # SQLite has one writer, and our lock refuses a second transaction on one thread.
        with store.transaction() as tx:
            return Done(workers=tx.connection.scalar(sa.select(sa.func.count()).select_from(worker_table)))

    engine.script("i", ["writes"])
    make_worker(writes).wake("i")
    until(lambda: engine.is_over("i"))
    assert engine.outcomes() == [Done(workers=1)]


def test_whatever_a_handler_does_is_a_result(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    @handles("raises")
    def raises(work: Work) -> Done:
        raise ZeroDivisionError("by zero")

    @handles("exits")
    def exits(work: Work) -> Done:
        raise SystemExit(3)

    @handles("refuses")
    def refuses(work: Work) -> Refused:
        return Refused("port_taken", "another ONT holds it")

    @handles("wants")
    def wants(work: Work, speed_mbps: int) -> Done:
        return Done()

    engine.script("i", ["raises"], ["exits"], ["refuses"], ["wants"], ["nobody"])
    make_worker(raises, exits, refuses, wants).wake("i")
    until(lambda: engine.is_over("i"))
    raised, exited, refused, misfit, unknown = engine.outcomes()
    assert isinstance(raised, Failed)
    assert (raised.code, raised.message, raised.retry) == (
        "ZeroDivisionError",
        "by zero",
        True,
    )
    assert raised.detail["raised_at"].endswith("in raises")
    assert isinstance(exited, Failed)
    assert exited.code == "SystemExit"
    assert refused == Refused("port_taken", "another ONT holds it")
    assert isinstance(misfit, Failed)
    assert (misfit.code, misfit.retry) == ("BadParameter", False)
    assert "speed_mbps" in misfit.message
    assert isinstance(unknown, Failed)
    assert (unknown.code, unknown.retry) == ("UnknownHandler", False)


def test_a_time_out_is_recorded_its_slot_replaced_and_its_late_result_kept(
    make_worker: MakeWorker, engine: ScriptedEngine
) -> None:
    gate = Gate(timeout_s=30)
    engine.script("slow", ["gated"], ["quick"])
    engine.script("other", ["quick"])
    worker = make_worker(gate.handler, quick, threads=1)
    worker.wake("slow")
    gate.wait_begun()
    worker.watch(_in_seconds(29))
    assert engine.timed_out() == []

    worker.watch(_in_seconds(31))
    until(lambda: engine.is_over("slow"))
    worker.wake("other")
    until(lambda: engine.is_over("other"))
    assert [(r.number, r.attempt) for r in engine.timed_out()] == [(1, 1)]

    gate.open.set()
    until(lambda: engine.late)
    assert [(r.number, r.attempt, r.outcome) for r in engine.late] == [(1, 1, Done())]
    gate.threads[0].join(PATIENCE_S)
    assert not gate.threads[0].is_alive(), "the stray thread ends, its slot has another"


def test_too_many_strays_ask_for_a_restart(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate, restarts = Gate(timeout_s=1), []
    worker = make_worker(gate.handler, threads=2, max_strays=1, too_many_strays=lambda: restarts.append("asked"))
    for instance_id in ("a", "b"):
        engine.script(instance_id, ["gated"])
        worker.wake(instance_id)
    gate.wait_begun(2)
    worker.watch(_in_seconds(10))
    gate.open.set()
    assert restarts == ["asked"]


def test_busy_hands_keep_no_other_instance_waiting(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate = Gate()
    engine.script("busy", ["gated"])
    engine.script("other")
    worker = make_worker(gate.handler, threads=1)
    worker.wake("busy")
    gate.wait_begun()
    worker.wake("other")
    until(lambda: ("other", []) in engine.advances)
    gate.open.set()


def test_a_failed_commit_loses_no_result(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    failures = 3

    def fail(instance_id: str, results: Sequence[StepResult]) -> None:
        nonlocal failures
        if results and failures:
            failures -= 1
            raise ConnectionError("the database went away")

    engine.before = fail
    engine.script("i", ["quick"], ["quick"])
    worker = make_worker(quick)
    worker.wake("i")
    until(lambda: worker.watch(_in_seconds(60)) or engine.is_over("i"))
    assert engine.forgotten == ["i"] * 3
    assert engine.outcomes() == [Done(seen="i")] * 2


def test_a_wake_for_an_unknown_instance_harms_nobody(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    engine.script("i", ["quick"])
    worker = make_worker(quick, threads=1)
    worker.wake("unknown")
    worker.wake("i")
    until(lambda: engine.is_over("i"))
    assert engine.forgotten == []


def test_draining_commits_what_runs_and_hands_over_the_rest(
    make_worker: MakeWorker, engine: ScriptedEngine, store: Database
) -> None:
    gate = Gate()
    engine.script("i", ["gated"], ["quick"])
    worker = make_worker(gate.handler, quick)
    worker.wake("i")
    gate.wait_begun()
    drained: list[bool] = []
    draining = threading.Thread(target=lambda: drained.append(worker.drain(PATIENCE_S)))
    draining.start()
    until(lambda: worker.is_draining)
    gate.open.set()
    draining.join(PATIENCE_S)
    assert drained == [True]
    assert engine.outcomes() == [Done()], "the second step is left to whoever comes next"
    assert _enlisted(store) == []


def test_draining_commits_a_result_whose_instance_waits_for_a_visit(
    make_worker: MakeWorker, engine: ScriptedEngine
) -> None:
    gate, advancing, go_on = Gate(), threading.Event(), threading.Event()
    engine.script("i", ["gated"])
    engine.script("other")
    worker = make_worker(gate.handler, threads=1)
    worker.wake("i")
    gate.wait_begun()

    def block(instance_id: str, results: Sequence[StepResult]) -> None:
        advancing.set()
        assert go_on.wait(PATIENCE_S)

    engine.before = block
    worker.wake("other")
    assert advancing.wait(PATIENCE_S)
    worker.wake("i")  # the only hand and the usher are busy: it is queued, and stays so
    draining = threading.Thread(target=worker.drain, args=(PATIENCE_S,))
    draining.start()
    until(lambda: worker.is_draining)
    gate.open.set()
    until(lambda: worker.results_waiting("i") == 1)
    go_on.set()
    draining.join(PATIENCE_S)
    assert engine.outcomes() == [Done()]


def test_draining_gives_up_on_a_handler_that_does_not_end(
    make_worker: MakeWorker, engine: ScriptedEngine, store: Database
) -> None:
    gate = Gate()
    engine.script("i", ["gated"])
    worker = make_worker(gate.handler)
    worker.wake("i")
    gate.wait_begun()
    assert worker.drain(0.05) is False
    assert _enlisted(store) == []
    gate.open.set()


def test_a_lost_lease_is_followed_by_another(make_worker: MakeWorker, engine: ScriptedEngine, store: Database) -> None:
    gate = Gate()
    engine.script("i", ["gated"])
    worker = make_worker(gate.handler)
    worker.wake("i")
    gate.wait_begun()
    first = worker.id
    with store.transaction() as tx:
        tx.connection.execute(sa.delete(worker_table))
    worker.keep_lease()
    gate.open.set()
    assert worker.id != first
    assert _enlisted(store) == [worker.id]
    assert engine.forgotten == ["i"], "claims of the old id are released when the instance is loaded again"


def test_an_only_worker_ends_the_leases_of_all_others(
    make_worker: MakeWorker, engine: ScriptedEngine, store: Database
) -> None:
    make_worker(quick)
    second = make_worker(quick, start=False)
    second.start(alone=True)
    assert _enlisted(store) == [second.id]


def _in_seconds(seconds: float) -> float:
    return time.monotonic() + seconds


def _enlisted(store: Database) -> list[Any]:
    with store.reading() as connection:
        return list(connection.scalars(sa.select(worker_table.c.id)))


def test_claims_carry_the_workers_id(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    engine.script("i", ["quick"])
    worker: Worker = make_worker(quick)
    worker.wake("i")
    until(lambda: engine.is_over("i"))
    assert engine.owners == {worker.id}


def test_a_worker_whose_hands_are_busy_leaves_steps_to_others(
    make_worker: MakeWorker, engine: ScriptedEngine
) -> None:
    gate, handed_on = Gate(), []
    engine.script("busy", ["gated"], ["gated"])
    engine.script("other", ["gated"])
    worker = make_worker(gate.handler, threads=1, hand_on=lambda tx, instance_id: handed_on.append(instance_id))
    worker.wake("busy")
    gate.wait_begun()
    assert worker.free_hands() == 0
    worker.wake("other")
    until(lambda: handed_on == ["other"])
    gate.open.set()
    until(lambda: engine.is_over("busy"))
    assert not engine.is_over("other")
    assert len(gate.threads) == 2
    until(lambda: worker.free_hands() == 1)


def test_a_worker_that_has_a_hand_claims(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    handed_on: list[str] = []
    engine.script("i", ["quick"], ["quick", "quick"])
    make_worker(quick, hand_on=lambda tx, instance_id: handed_on.append(instance_id)).wake("i")
    until(lambda: engine.is_over("i"))
    assert handed_on == []


def test_whoever_waits_for_a_free_hand_is_told(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate, told = Gate(), threading.Event()
    engine.script("i", ["gated"])
    worker = make_worker(gate.handler, threads=1, start=False)
    worker.start(on_free=told.set)
    assert told.wait(PATIENCE_S)
    worker.wake("i")
    gate.wait_begun()
    told.clear()
    gate.open.set()
    assert told.wait(PATIENCE_S)
    assert (worker.free_hands(), worker.visits_waiting()) == (1, 0)


def stand_still(worker: Worker, store: Database) -> None:
    """For longer than the lease; others have taken the claims over."""
    with store.transaction() as tx:
        tx.connection.execute(sa.delete(worker_table))
    worker._lease._renewed_at -= 1000


def test_steps_claimed_before_it_stood_still_are_not_run(
    make_worker: MakeWorker, engine: ScriptedEngine, store: Database
) -> None:
    gate = Gate()
    engine.script("i", ["gated", "gated"])
    engine.script("next", ["gated"])
    worker = make_worker(gate.handler, threads=1)
    worker.wake("i")
    gate.wait_begun()
    first = worker.id
    stand_still(worker, store)
    gate.open.set()
    until(lambda: len(engine.outcomes()) == 1)
    worker.wake("next")
    until(lambda: engine.is_over("next"))
    assert len(gate.threads) == 2, "the second step of i was claimed in the name of a lease that is over"
    assert engine.owners == {first, worker.id}
    assert first != worker.id
    assert worker.unfinished() == []


def test_what_this_worker_cannot_advance_is_left_to_others(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    """A newer worker may know what stands in the way of this one."""
    tries = []

    def fail(instance_id: str, results: Sequence[StepResult]) -> None:
        if instance_id == "newer":
            tries.append(instance_id)
            raise KeyError("a construct of the next release")

    engine.before = fail
    engine.script("newer", ["quick"])
    engine.script("i", ["quick"])
    worker = make_worker(quick, hand_on=lambda tx, instance_id: None)
    worker.wake("newer")
    until(lambda: worker.watch(_in_seconds(60)) or worker.unfinished() == [])
    assert len(tries) == 4
    worker.wake("i")
    until(lambda: engine.is_over("i"))


def test_a_step_that_is_left_when_draining_is_not_claimed(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate, handed_on = Gate(), []
    engine.script("i", ["gated"], ["quick"])
    worker = make_worker(gate.handler, quick, hand_on=lambda tx, instance_id: handed_on.append(instance_id))
    worker.wake("i")
    gate.wait_begun()
    draining = threading.Thread(target=worker.drain, args=(PATIENCE_S,))
    draining.start()
    until(lambda: worker.is_draining)
    gate.open.set()
    draining.join(PATIENCE_S)
    assert (handed_on, worker.unfinished()) == (["i"], [])


def order(engine: ScriptedEngine) -> list[str]:
    """The instances in the order in which they were advanced with a result."""
    return [instance_id for instance_id, results in engine.advances if results]


def test_visits_are_made_by_priority(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    waves = {"n1": 2, "low": 4, "n2": 2, "high": 1, "highest": 0}
    engine.priorities = waves
    worker = make_worker(quick, threads=1, start=False)
    for instance_id, priority in waves.items():
        engine.script(instance_id, ["quick"])
        worker.wake(instance_id, priority)
    worker.start()
    until(lambda: all(engine.is_over(instance_id) for instance_id in waves))
    assert order(engine) == ["highest", "high", "n1", "n2", "low"]


def test_a_hand_leaves_an_order_between_two_steps_for_a_more_urgent_one(
    make_worker: MakeWorker, engine: ScriptedEngine
) -> None:
    gate = Gate()
    engine.priorities = {"urgent": 0}
    engine.script("long", ["gated"], ["quick"], ["quick"])
    engine.script("urgent", ["quick"], ["quick"])
    engine.script("equal", ["quick"])
    worker = make_worker(gate.handler, quick, threads=1)
    worker.wake("long")
    gate.wait_begun()
    worker.wake("urgent", 0)
    worker.wake("equal")
    until(lambda: worker.visits_waiting() == 0)  # the usher has claimed their steps
    gate.open.set()
    until(lambda: all(engine.is_over(each) for each in ("long", "urgent", "equal")))
    assert order(engine) == ["long", "urgent", "urgent", "equal", "long", "long"]


def test_what_rested_after_a_failure_keeps_its_priority(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate, failing = Gate(), ["urgent"]

    def fail(instance_id: str, results: Sequence[StepResult]) -> None:
        if instance_id in failing:
            failing.remove(instance_id)
            raise ConnectionError("the database went away")

    engine.before = fail
    engine.priorities = {"urgent": 0}
    engine.script("busy", ["gated"])
    worker = make_worker(gate.handler, quick, threads=1)
    worker.wake("busy")
    gate.wait_begun()
    for instance_id in ("urgent", "a", "b"):
        engine.script(instance_id, ["quick"])
        worker.wake(instance_id, engine.priorities.get(instance_id))
    until(lambda: worker.watch(_in_seconds(10)) or worker.load().steps == 3)
    assert failing == []
    gate.open.set()
    until(lambda: all(engine.is_over(each) for each in ("urgent", "a", "b")))
    assert order(engine) == ["busy", "urgent", "a", "b"]


def test_a_hand_leaves_a_step_to_others_when_it_hears_of_more_urgent_work(
    make_worker: MakeWorker, engine: ScriptedEngine
) -> None:
    gate, handed_on = Gate(), []
    engine.script("i", ["gated"], ["quick"], ["quick"])
    worker = make_worker(gate.handler, quick, threads=1, hand_on=lambda tx, left: handed_on.append(left))
    worker.wake("i")
    gate.wait_begun()
    worker.waits_elsewhere(2)  # no more urgent than this one
    gate.open.set()
    until(lambda: engine.is_over("i"))
    assert handed_on == []

    engine.script("j", ["quick"], ["quick"])
    worker.waits_elsewhere(1)
    worker.wake("j")
    until(lambda: handed_on == ["j"] and worker.unfinished() == [])
    worker.wake("j")
    until(lambda: engine.is_over("j"))
    assert handed_on == ["j"], "one hand goes, once"
