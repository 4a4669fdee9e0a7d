"""One lane for each instance that this process works on: who advances it, and which results wait to be applied.

A lane is held by one thread at a time, and only while that thread advances the instance and commits. Nobody waits
for a lane: who finds it held leaves the wish or the result there, and the holder sees to it before it lets go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from app.core.priority import NORMAL
from app.engine.steps import ClaimedStep, StepResult

Attempt = tuple[int, int]  # the step's number and the attempt at it


@dataclass(slots=True, eq=False)
class Lane:
    """`held` is also true while the lane is queued, or rests after a failure: in each case somebody will come to it."""

    instance_id: str
    priority: int = NORMAL  # the instance's, as far as it is known here
    held: bool = False
    wanted: bool = False
    results: list[StepResult] = field(default_factory=list)
    running: set[Attempt] = field(default_factory=set)  # claimed here, and the result not committed yet
    failures: int = 0  # of advancing, in a row
    rests_until: float | None = None


class Lanes:
    """All methods are safe to call from any thread and never wait for long."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lanes: dict[str, Lane] = {}
        self._resting: set[Lane] = set()

    def want(self, instance_id: str, priority: int | None = None) -> Lane | None:
        """The lane, now held by the caller, who must see to it; None when somebody holds it already.

        `priority`: the instance's, for whom it is known.
        """
        with self._lock:
            lane = self._hold(instance_id)
            if lane is not None and priority is not None:
                lane.priority = priority
            return lane

    def offer(self, instance_id: str, result: StepResult) -> Lane | None:
        """As `want`, with a result to apply."""
        with self._lock:
            lane = self._hold(instance_id)
            self._lanes[instance_id].results.append(result)
            return lane

    def _hold(self, instance_id: str) -> Lane | None:
        lane = self._lanes.get(instance_id)
        if lane is None:
            lane = self._lanes[instance_id] = Lane(instance_id)
        lane.wanted = True
        if lane.held:
            return None
        lane.held = True
        return lane

    def take(self, lane: Lane) -> list[StepResult]:
        """The results to apply now. The holder commits them, or gives them back with `rest`."""
        with self._lock:
            results, lane.results = lane.results, []
            lane.wanted = False
            return results

    def settle(self, lane: Lane, results: Iterable[StepResult], claimed: Iterable[ClaimedStep]) -> None:
        """The holder committed: these results are applied, these steps are claimed."""
        with self._lock:
            lane.failures = 0
            lane.running.difference_update([(result.number, result.attempt) for result in results])
            lane.running.update([(step.number, step.attempt) for step in claimed])

    def leave(self, lane: Lane) -> bool:
        """Let go; False when something came in meanwhile, and the caller still holds the lane."""
        with self._lock:
            if lane.wanted:
                return False
            lane.held = False
            self._drop_if_done(lane)
            return True

    def rest(self, lane: Lane, results: list[StepResult], until: float) -> None:
        """Advancing failed: the results go back, and the lane stays held until `rested` gives it out."""
        with self._lock:
            lane.results[:0] = results
            lane.failures += 1
            lane.wanted = True
            lane.rests_until = until
            self._resting.add(lane)

    def rested(self, now: float) -> list[Lane]:
        """Lanes whose rest is over; the caller must see to them."""
        if not self._resting:
            return []
        with self._lock:
            over = [lane for lane in self._resting if lane.rests_until is not None and lane.rests_until <= now]
            for lane in over:
                self._resting.discard(lane)
                lane.rests_until = None
            return over

    def give_up(self, lane: Lane) -> bool:
        """Let go after failures; sweeps find the instance as long as there is something to do. False, and the caller
        still holds the lane, when a result came in meanwhile: that must not be lost."""
        with self._lock:
            if lane.results:
                return False
            lane.failures = 0
            lane.wanted = lane.held = False
            self._drop_if_done(lane)
            return True

    def drop(self, step: ClaimedStep) -> None:
        """The step will not be run here: its claim is somebody else's by now."""
        with self._lock:
            lane = self._lanes.get(step.instance_id)
            if lane is not None:
                lane.running.discard((step.number, step.attempt))
                if not lane.held:
                    self._drop_if_done(lane)

    def abandon(self, lane: Lane) -> None:
        """There is no such instance: whatever the lane held is of no use to anybody."""
        with self._lock:
            lane.results.clear()
            lane.running.clear()
            lane.wanted = lane.held = False
            self._drop_if_done(lane)

    def _drop_if_done(self, lane: Lane) -> None:
        if not lane.running and not lane.results:
            self._lanes.pop(lane.instance_id, None)

    def is_running(self, instance_id: str, attempt: Attempt) -> bool:
        with self._lock:
            lane = self._lanes.get(instance_id)
            return lane is not None and attempt in lane.running

    def results_waiting(self, instance_id: str) -> int:
        with self._lock:
            lane = self._lanes.get(instance_id)
            return 0 if lane is None else len(lane.results)

    def instances(self) -> list[str]:
        with self._lock:
            return list(self._lanes)
