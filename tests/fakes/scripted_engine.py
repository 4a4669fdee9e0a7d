"""An engine for tests of the worker: each instance is a list of rounds, a round the handlers that become ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

from app.core.db import Transaction
from app.core.errors import NotFound
from app.core.priority import NORMAL
from app.engine.doors import Advanced
from app.engine.gates.doors import Gates
from app.engine.steps import ClaimedStep, StepResult, TimedOut
from app.handling.registry import Registry


@dataclass
class Scripted:
    rounds: list[list[str]]
    open: dict[int, int] = field(default_factory=dict)  # number -> attempt
    given: int = 0


class ScriptedEngine:
    """Keeps no database. `advances` are the results that each advance was given; a step is over with its first result,
    later ones are `late`. `priorities` are those of instances that are not normal. `before` is called at each advance, before anything changes: to block it or to raise."""

    patience = timedelta(0)

    def __init__(self) -> None:
        self.gates = Gates(Registry([]))
        self.advances: list[tuple[str, list[StepResult]]] = []
        self.late: list[StepResult] = []
        self.owners: set[str] = set()
        self.forgotten: list[str] = []
        self.priorities: dict[str, int] = {}
        self.before: Callable[[str, Sequence[StepResult]], None] = lambda instance_id, results: None
        self._instances: dict[str, Scripted] = {}
        self._advancing: set[str] = set()
        self._lock = Lock()

    def script(self, instance_id: str, *rounds: list[str]) -> None:
        self._instances[instance_id] = Scripted([list(handlers) for handlers in rounds])

    def advance(
        self,
        tx: Transaction,
        instance_id: str,
        owner: str,
        results: Sequence[StepResult] = (),
        *,
        claims: bool = True,
    ) -> Advanced:
        with self._lock:
            assert instance_id not in self._advancing, "two threads advance one instance"
            self._advancing.add(instance_id)
        try:
            self.before(instance_id, results)
            return self._advance(instance_id, owner, results, claims)
        finally:
            self._advancing.discard(instance_id)

    def _advance(self, instance_id: str, owner: str, results: Sequence[StepResult], claims: bool) -> Advanced:
        instance = self._instances.get(instance_id)
        if instance is None:
            raise NotFound(f"no instance {instance_id}")
        self.owners.add(owner)
        self.advances.append((instance_id, list(results)))
        for result in results:
            if instance.open.get(result.number) == result.attempt:
                del instance.open[result.number]
            else:
                self.late.append(result)
        claimed: list[ClaimedStep] = []
        if not instance.open and instance.rounds and claims:
            for handler in instance.rounds.pop(0):
                instance.given += 1
                instance.open[instance.given] = 1
                claimed.append(self._step(instance_id, instance.given, handler))
        unclaimed = not instance.open and bool(instance.rounds)
        priority = self.priorities.get(instance_id, NORMAL)
        return Advanced(claimed, None, not instance.open, unclaimed=unclaimed, priority=priority)

    def _step(self, instance_id: str, number: int, handler: str) -> ClaimedStep:
        inputs: dict[str, Any] = {"name": instance_id}
        key = f"{instance_id}/{number}"
        return ClaimedStep(instance_id, None, number, key, 1, f"step_{number}", handler, inputs, repeat=False)

    def is_over(self, instance_id: str) -> bool:
        instance = self._instances[instance_id]
        return not instance.open and not instance.rounds

    def forget(self, instance_id: str) -> None:
        self.forgotten.append(instance_id)

    def outcomes(self) -> list[object]:
        return [result.outcome for _, results in self.advances for result in results]

    def timed_out(self) -> list[StepResult]:
        return [r for _, results in self.advances for r in results if isinstance(r.outcome, TimedOut)]
