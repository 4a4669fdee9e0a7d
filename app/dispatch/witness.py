"""What is told of a worker's doings: figures for those who watch it, spans for those who trace an order."""

from __future__ import annotations

import time
from dataclasses import replace

from app.core.meters import Meters
from app.core.tracing import NO_SPAN, NO_TRACING, Facts, Span, Tracing
from app.dispatch.tally import Tally
from app.engine.doors import Advanced
from app.engine.outcomes import Attempted, Failed, TimedOut
from app.engine.steps import ClaimedStep
from app.handling.contract import Done, Refused, Waiting

_NAMES = {Done: "done", Waiting: "waiting", Refused: "refused", Failed: "failed", TimedOut: "timed_out"}


class Witness:
    """Says nothing back to the worker, and stands in nobody's way. Safe to use from many threads."""

    def __init__(
        self, meters: Meters | None = None, tracing: Tracing = NO_TRACING, tally: Tally | None = None
    ) -> None:
        """`tally` keeps for pages what `meters` keep for this process."""
        self._meters = meters or Meters()
        self._tally = tally
        self._tracing = tracing
        self._traces = tracing is not NO_TRACING

    def advanced(self, instance_id: str, advanced: Advanced, began: float) -> list[ClaimedStep]:
        """The steps that were claimed, each with the advance as its parent. `began` is on the monotonic clock."""
        seconds = time.monotonic() - began
        self._meters.advanced(seconds)
        if not self._traces:
            return advanced.claimed
        facts: Facts = {"turnup.instance_id": instance_id, "turnup.claimed": len(advanced.claimed)}
        with self._tracing.span("advance", advanced.trace_parent, facts, took_s=seconds) as span:
            return [replace(step, trace_parent=span.traceparent) for step in advanced.claimed]

    def advance_failed(self) -> None:
        self._meters.advance_failed()

    def attempt(self, step: ClaimedStep) -> Span:
        """To be open while the attempt is made."""
        if not self._traces:
            return NO_SPAN
        facts: Facts = {
            "turnup.instance_id": step.instance_id,
            "turnup.business_key": step.business_key or "",
            "turnup.element": step.element_id,
            "turnup.handler": step.handler,
            "turnup.attempt": step.attempt,
            "turnup.key": step.key,
        }
        return self._tracing.span(f"step {step.handler}", step.trace_parent, facts)

    def attempted(self, step: ClaimedStep, outcome: Attempted, seconds: float, span: Span, *, in_time: bool) -> None:
        """`in_time` is False for an attempt that was given up before."""
        name = _NAMES.get(type(outcome), "other")
        self._step_ended(step, name if in_time else "late", seconds, repeat=step.attempt > 1 and in_time)
        if span is NO_SPAN:
            return
        span.note({"turnup.outcome": name, "turnup.in_time": in_time})
        if isinstance(outcome, Failed):
            span.fail(f"{outcome.code}: {outcome.message}")
        elif isinstance(outcome, Refused):
            span.note({"turnup.refused": outcome.code})

    def given_up(self, step: ClaimedStep) -> None:
        """The attempt is past its limit, and its handler has not returned."""
        self._step_ended(step, "timed_out", None, repeat=step.attempt > 1)

    def _step_ended(self, step: ClaimedStep, outcome: str, seconds: float | None, *, repeat: bool) -> None:
        self._meters.step_ended(step.handler, outcome, seconds, repeat=repeat)
        if self._tally is not None:
            self._tally.count(step.handler, outcome, seconds)

    def stalled(self) -> None:
        self._meters.stalled()
