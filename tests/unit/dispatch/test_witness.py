"""What the worker does is counted, by handler and by what came of it."""

from __future__ import annotations

import threading

from app.core.meters import Meters
from app.core.tracing import NO_SPAN
from app.dispatch.witness import Witness
from app.engine.outcomes import Failed
from app.engine.steps import ClaimedStep
from app.handling import Done, Refused, Work, handles
from tests.fakes.scripted_engine import ScriptedEngine
from tests.unit.dispatch.conftest import MakeWorker
from tests.unit.dispatch.test_worker import Gate, quick
from tests.unit.dispatch.waiting import until


@handles("refuses")
def refuses(work: Work, name: str) -> Refused:
    return Refused("port_taken")


@handles("breaks")
def breaks(work: Work, name: str) -> Done:
    raise OSError("away")


class Counted:
    """Meters, and what they say."""

    def __init__(self) -> None:
        self.meters = Meters()
        self.witness = Witness(self.meters)

    def value(self, name: str, **labels: str) -> float:
        return self.meters.registry.get_sample_value(name, labels) or 0

    def steps(self, handler: str, outcome: str) -> float:
        return self.value("turnup_steps_total", handler=handler, outcome=outcome)


def test_each_attempt_is_counted_by_what_came_of_it(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    counted = Counted()
    engine.script("i", ["quick"], ["refuses"], ["breaks"], ["quick"])
    make_worker(quick, refuses, breaks, witness=counted.witness).wake("i")
    until(lambda: engine.is_over("i"))
    assert [counted.steps(*each) for each in (("quick", "done"), ("refuses", "refused"), ("breaks", "failed"))] == [
        2,
        1,
        1,
    ]
    assert counted.value("turnup_handler_seconds_count", handler="quick") == 2
    assert counted.value("turnup_retries_total", handler="quick") == 0
    until(lambda: counted.value("turnup_advance_seconds_count") == 5)


def test_a_handler_past_its_limit_is_counted_then_and_its_late_result_as_late(
    make_worker: MakeWorker, engine: ScriptedEngine
) -> None:
    counted, gate = Counted(), Gate(timeout_s=0)
    engine.script("i", ["gated"])
    worker = make_worker(gate.handler, witness=counted.witness)
    worker.wake("i")
    assert gate.begun.acquire(timeout=10)
    worker.watch(float("inf"))
    assert counted.steps("gated", "timed_out") == 1
    assert counted.value("turnup_handler_seconds_count", handler="gated") == 0
    gate.open.set()
    until(lambda: counted.steps("gated", "late") == 1)
    assert counted.value("turnup_handler_seconds_count", handler="gated") == 1
    assert counted.steps("gated", "done") == 0


def test_an_advance_that_was_rolled_back_is_counted(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    counted, fail = Counted(), threading.Event()

    def before(instance_id: str, results: object) -> None:
        if not fail.is_set():
            fail.set()
            raise OSError("away")

    engine.before = before
    engine.script("i", ["quick"])
    make_worker(quick, witness=counted.witness).wake("i")
    until(lambda: engine.is_over("i"))
    assert counted.value("turnup_advances_failed_total") == 1


def test_an_attempt_after_the_first_is_a_retry() -> None:
    counted = Counted()
    step = ClaimedStep("i", None, 1, "k", 3, "a", "t", {}, repeat=True)
    counted.witness.attempted(step, Failed("E", "e"), 0.1, NO_SPAN, in_time=True)
    assert counted.value("turnup_retries_total", handler="t") == 1


def test_a_busy_thread_is_no_idle_one(make_worker: MakeWorker, engine: ScriptedEngine) -> None:
    gate = Gate()
    engine.script("i", ["gated", "gated", "gated"])
    worker = make_worker(gate.handler, threads=2)
    worker.wake("i")
    for _ in range(2):
        assert gate.begun.acquire(timeout=10)
    load = worker.load()
    assert (load.hands, load.idle, load.strays, load.steps) == (2, 0, 0, 1)
    gate.open.set()
    until(lambda: engine.is_over("i"))
    until(lambda: worker.load().idle == 2)
