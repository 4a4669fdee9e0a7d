"""Running a step: its handler under its time limit; what came of it is told to who watches and to its gate."""

from __future__ import annotations

import threading
import time

from app.core.clock import Clock
from app.core.db import Database
from app.core.log import Logger
from app.core.types import to_microseconds
from app.dispatch.attempt import Attempts, Outside, unknown_handler
from app.dispatch.limits import Limits, Running
from app.dispatch.witness import Witness
from app.engine.gates.doors import Gates
from app.engine.outcomes import Attempted, TimedOut
from app.engine.steps import ClaimedStep, StepResult
from app.handling.registry import Registry

GRACE_S = 0.5  # past its limit, so that a client that gave up exactly at the deadline can still say so


class Runner:
    """Safe to use from many threads. No transaction is open while a handler runs."""

    def __init__(
        self,
        database: Database,
        gates: Gates,
        registry: Registry,
        clock: Clock,
        logger: Logger,
        outside: Outside,
        witness: Witness,
    ) -> None:
        self._database = database
        self._gates = gates
        self._registry = registry
        self._clock = clock
        self._logger = logger
        self._witness = witness
        self._attempts = Attempts(clock, outside, logger)
        self._limits = Limits()

    def count(self) -> int:
        """Handlers at work, but for those that were given up."""
        return self._limits.count()

    def run(self, step: ClaimedStep) -> tuple[StepResult, bool]:
        """The result, and whether it came before its attempt was given up."""
        started_at = self._clock.now()
        handler = self._registry.get(step.handler)
        if handler is None:
            return StepResult(step.number, step.attempt, unknown_handler(step), started_at, started_at), True
        ends_at = time.monotonic() + handler.timeout_s + GRACE_S
        running = Running(step, threading.current_thread(), handler.timeout_s, ends_at, started_at)
        began = time.monotonic()
        with self._witness.attempt(step) as span:
            self._limits.watch(running)
            outcome = self._attempts.make(step, handler, started_at, span)
            in_time = self._limits.release(running)
            self._witness.attempted(step, outcome, time.monotonic() - began, span, in_time=in_time)
        if in_time:
            self._tell_gate(step, outcome)
        return StepResult(step.number, step.attempt, outcome, started_at, self._clock.now()), in_time

    def overdue(self, now: float) -> list[Running]:
        """Handlers that are past their limit, each once; the caller gives them up."""
        return self._limits.expired(now)

    def give_up(self, running: Running) -> StepResult:
        """Its result from now on: whatever the handler still brings is late."""
        step = running.step
        self._logger.warning(
            "step timed out",
            instance=step.instance_id,
            business_key=step.business_key,
            element=step.element_id,
            handler=step.handler,
            attempt=step.attempt,
            limit_s=running.limit_s,
        )
        self._witness.given_up(step)
        outcome = TimedOut(running.limit_s)
        self._tell_gate(step, outcome)
        return StepResult(step.number, step.attempt, outcome, running.started_at, self._clock.now())

    def _tell_gate(self, step: ClaimedStep, outcome: Attempted) -> None:
        """What the call found its system to be, before its result is applied: it may be no fault of the step."""
        handler = self._registry.get(step.handler)
        if handler is None or handler.system is None or step.system is None:
            return
        if not self._gates.is_told(step.system, outcome):
            return
        try:
            with self._database.transaction(synced=False) as tx:
                self._gates.tell(tx, handler.system, step.system, outcome, to_microseconds(self._clock.now()))
        except Exception:  # the worker's broad except: the result matters more than what it tells of the system
            self._logger.exception("telling the gate failed", handler=step.handler, system=step.system)
