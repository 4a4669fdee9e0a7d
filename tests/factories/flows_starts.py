"""Flows that something other than a request starts; see tests/factories/flows.py."""

from __future__ import annotations

from datetime import timedelta

from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import Flow
from tests.factories.triggers import Trigger, message, signal, timer


def starting(trigger: Trigger, outputs: dict[str, str] | None = None) -> Diagram:
    diagram = Diagram("p").start("s", trigger, outputs=outputs).service("a", "t.name").end("e")
    return diagram.chain("s", "a", "e")


def by_message() -> Flow:
    """Only what the mapping says becomes a variable."""
    begin = lambda bench: bench.publish("order placed", "o-1", order={"speed": 500}).started  # noqa: E731
    diagram = starting(message("order placed"), {"speed": "=order.speed"})
    return Flow(diagram, {}, (), {"speed": 500, "r": "a"}, ("a",), begins=begin)


def by_signal() -> Flow:
    begin = lambda bench: bench.broadcast("go", why="storm").started  # noqa: E731
    return Flow(starting(signal("go")), {}, (), {"why": "storm", "r": "a"}, ("a",), begins=begin)


def due_after(bench: Bench, days: int) -> list[str]:
    bench.clock.advance(timedelta(days=days))
    with bench.database.transaction() as tx:
        return bench.engine.start_due(tx)


def by_date() -> Flow:
    begin = lambda bench: due_after(bench, 800)  # noqa: E731
    return Flow(starting(timer("2027-01-01T00:00:00Z", "timeDate")), {}, (), {"r": "a"}, ("a",), begins=begin)


def by_cycle() -> Flow:
    begin = lambda bench: due_after(bench, 1)  # noqa: E731
    return Flow(starting(timer("R/P1D", "timeCycle")), {}, (), {"r": "a"}, ("a",), begins=begin)
