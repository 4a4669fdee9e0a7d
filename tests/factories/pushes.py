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

    def prepare(self, bench: Bench) -> None:
        """Deploy the decisions and the processes that the diagram calls."""
        for diagram in self.called:
            bench.deploy(diagram)
        if self.decisions is not None:
            bench.deploy_decisions(self.decisions)


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
