"""A flow to be played: its diagram, and what comes to it from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

Push = Callable[[Bench, str], None]


@dataclass(frozen=True)
class Flow:
    """`pushes` come from outside, each when nothing else can move; `visited` are the handlers' elements, sorted."""

    diagram: Diagram
    variables: dict[str, Any] = field(default_factory=dict)
    pushes: tuple[Push, ...] = ()
    ends_with: dict[str, Any] = field(default_factory=dict)
    visited: tuple[str, ...] = ()
    decisions: bytes | None = None
    called: tuple[Diagram, ...] = ()
    begins: Callable[[Bench], list[str]] | None = None  # what starts it instead of a request: the instances' ids

    def prepare(self, bench: Bench) -> None:
        """Deploy the decisions and the processes that the diagram calls."""
        for diagram in self.called:
            bench.deploy(diagram)
        if self.decisions is not None:
            bench.deploy_decisions(self.decisions)


    def begin(self, bench: Bench) -> str:
        """Prepare, deploy and start it; the instance's id."""
        self.prepare(bench)
        process_id = bench.deploy(self.diagram)
        if self.begins is None:
            return bench.start(process_id, **self.variables)
        (instance_id,) = self.begins(bench)
        return instance_id


def later(seconds: float) -> Push:
    return lambda bench, _: bench.clock.advance(timedelta(seconds=seconds))


def message(name: str, key: str, **variables: Any) -> Push:
    return lambda bench, _: bench.publish(name, key, **variables) and None


def broadcast(name: str, **variables: Any) -> Push:
    return lambda bench, _: bench.broadcast(name, **variables) and None


def task_done(element: str | None = None, **variables: Any) -> Push:
    """Completes the only open user task, or that of an element."""
    return lambda bench, instance_id: bench.complete(instance_id, element=element, **variables)


def line(diagram: Diagram, *middle: str) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")
