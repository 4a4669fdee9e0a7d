"""The worker: advances instances, claims their steps and runs the handlers, whoever does the waking.

One visit to an instance goes as far as it can: advance and commit, run the first claimed step on the same thread,
advance again with its result. A handler runs with no transaction open and with its instance's lane free.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.errors import NotFound
from app.core.log import Logger
from app.dispatch.attempt import Outside
from app.dispatch.audit import Audit
from app.dispatch.lanes import Lane, Lanes
from app.dispatch.lease import Lease
from app.dispatch.limits import Running
from app.dispatch.pool import PATIENCE_S, PATIENCE_WITH_OTHERS_S, Load, Pool
from app.dispatch.ranked import NOTHING
from app.dispatch.running import Runner
from app.dispatch.witness import Witness
from app.engine import watchdog
from app.engine.doors import Engine
from app.engine.instances import StaleInstance
from app.engine.outcomes import Failed
from app.engine.steps import ClaimedStep, StepResult
from app.engine.workers import Busy
from app.handling.registry import Registry

WATCH_EVERY_S = 0.2
LONGEST_REST_S = 5.0
REPORT_AFTER = 3  # failures in a row to advance one instance, until people are told
TRIES_ALONE = 3  # at advancing an instance that some other worker may be able to


def _comes_from_outside(error: Exception) -> bool:
    """Another writer was first, or the database is away: no fault of the instance."""
    return isinstance(error, StaleInstance | TimeoutError | OSError | sa.exc.OperationalError | sa.exc.InterfaceError)


class Claim(NamedTuple):
    """A step to run, and the id under which this worker claimed it."""

    step: ClaimedStep
    owner: str


class Worker:
    """`too_many_strays` is called when this process has lost more threads in overrunning handlers than it may, and
    should be restarted. `hand_on` has some other worker come for steps that nobody here has a hand for; without it
    there is no other worker. `gate_passed` is told when others may have their turn at a gate."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        registry: Registry,
        clock: Clock,
        logger: Logger,
        *,
        threads: int = 8,
        outside: Outside | None = None,
        lease_s: float = 30,
        max_strays: int = 8,
        too_many_strays: Callable[[], None] = lambda: None,
        hand_on: Callable[[Transaction, str], None] | None = None,
        witness: Witness | None = None,
        gate_passed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._logger = logger
        self._due: Callable[[datetime], None] = lambda at: None
        self._elsewhere = NOTHING
        self._hand_on = hand_on
        self._gate_passed = gate_passed
        self._max_strays = max_strays
        self._too_many_strays = too_many_strays
        self._witness = witness or Witness()
        self._runner = Runner(database, engine.gates, registry, clock, logger, outside or Outside(), self._witness)
        self._lanes = Lanes()
        patience_s = PATIENCE_S if hand_on is None else PATIENCE_WITH_OTHERS_S
        self._pool: Pool[Lane, Claim] = Pool(threads, self._visit, self._perform_all, patience_s, self._runner.count)
        self._lease = Lease(database, clock, logger, lease_s, self._busy)
        self._audit = Audit(self._lanes)
        self._stopping = threading.Event()
        self._background = [
            threading.Thread(target=self._keep_watch, name="turnup-watch", daemon=True),
            threading.Thread(target=self._keep_lease, name="turnup-lease", daemon=True),
        ]

    @property
    def id(self) -> str:
        return self._lease.owner

    @property
    def is_running(self) -> bool:
        """Started, not draining, and every thread of it that must live does."""
        return not self.is_draining and all(thread.is_alive() for thread in self._background)

    def load(self) -> Load:
        """How busy its threads are now."""
        return self._pool.load()

    def _busy(self) -> Busy:
        load = self._pool.load()
        return Busy(load.hands, load.hands - load.idle)

    @property
    def is_draining(self) -> bool:
        return self._stopping.is_set()

    def start(
        self,
        *,
        alone: bool = False,
        due: Callable[[datetime], None] | None = None,
        on_free: Callable[[], None] = lambda: None,
    ) -> None:
        """`alone`: no other process works on this database, so claims of any other worker are taken over at once.

        `due` is told, after an advance, when that instance wants to be looked at next if nothing else happens;
        `on_free` whenever a thread has nothing to do.
        """
        self._due = due or self._due
        self._lease.begin(alone=alone)
        self._pool.start(on_free)
        for thread in self._background:
            thread.start()

    def wake(self, instance_id: str, priority: int | None = None) -> None:
        """Look at the instance when its turn comes; `priority` is its own, for whom it is known. Wakes that come while
        one is queued are one; never waits."""
        if self._stopping.is_set():
            return
        lane = self._lanes.want(instance_id, priority)
        if lane is not None:
            self._pool.put_visit(lane, lane.priority)

    def waits_elsewhere(self, priority: int) -> None:
        """Work that urgent waits for a hand of any worker: the next hand here that is done with a step of a less urgent
        order leaves that to others."""
        self._elsewhere = priority

    def free_hands(self) -> int:
        """Threads for which there is nothing to do here."""
        return self._pool.free()

    def visits_waiting(self) -> int:
        """Instances that wait to be looked at here."""
        return self._pool.visits_waiting()

    def unfinished(self) -> list[str]:
        """Instances that this worker was to look at, or has claims in; for those who take over from it."""
        return self._lanes.instances()

    def results_waiting(self, instance_id: str) -> int:
        """Results of the instance's handlers that the next commit takes along."""
        return self._lanes.results_waiting(instance_id)

    def drain(self, timeout_s: float) -> bool:
        """Take nothing more, let running handlers finish and commit what they bring; whatever is left is handed over.

        Whether all of them finished in time.
        """
        self._stopping.set()
        until = time.monotonic() + timeout_s
        left = self._pool.stop()
        finished = self._pool.join(timeout_s)
        for lane in (*left, *self._pool.stop(), *self._lanes.rested(math.inf)):
            if lane.results:
                self._advance(lane, runs_next=False)
        for thread in self._background:
            thread.join(max(0.0, until - time.monotonic()) + 1)
        self._lease.end()
        self._logger.info("worker stopped", finished=finished, still_running=self._runner.count())
        return finished

    # advancing
    def _visit(self, lane: Lane, may_run: bool) -> None:
        """The caller holds the lane."""
        claim = self._advance(lane, runs_next=may_run)
        if claim is not None:
            self._perform_all(claim)

    def _advance(self, lane: Lane, *, runs_next: bool) -> Claim | None:
        """Advance until nothing more is wanted, and let go of the lane. The claimed step that the caller is to run."""
        while True:
            results = self._lanes.take(lane)
            claims = not self._stopping.is_set() and self._claims(lane, runs_next, bool(results))
            began = time.monotonic()
            try:
                owner = self._owner()
                with self._database.transaction(synced=False) as tx:
                    advanced = self._engine.advance(tx, lane.instance_id, owner, results, claims=claims)
                    if advanced.unclaimed and not claims and self._hand_on is not None:
                        self._hand_on(tx, lane.instance_id)
            except NotFound:
                self._logger.warning("woken for an instance that does not exist", instance=lane.instance_id)
                self._lanes.abandon(lane)
                return None
            except Exception as error:  # noqa: BLE001  the worker's: no result may be lost with a failed commit
                self._rest(lane, results, error)
                return None
            lane.priority = advanced.priority
            claimed = self._witness.advanced(lane.instance_id, advanced, began)
            if claimed or results:
                self._lanes.settle(lane, results, claimed)
            if advanced.gates_passed:
                self._gate_passed()
            if advanced.next_due is not None:
                self._due(advanced.next_due)
            alone = self._lanes.leave(lane)
            mine = [Claim(step, owner) for step in claimed]
            next_one = mine.pop(0) if mine and alone and runs_next else None
            if next_one is not None and self._pool.outranks(lane.priority):
                mine.insert(0, next_one)  # the hand goes to what is more urgent, and this waits its turn
                next_one = None
            for claim in mine:
                self._pool.put_step(claim, lane.priority)
            if alone:
                return next_one

    def _claims(self, lane: Lane, runs_next: bool, has_results: bool) -> bool:
        """Results come from a hand that has become free; else a busy worker leaves the steps to others."""
        if self._hand_on is not None and has_results and self._elsewhere < lane.priority:
            self._elsewhere = NOTHING  # one hand goes; it is told again when more should
            return False
        return self._hand_on is None or runs_next or has_results

    def _rest(self, lane: Lane, results: list[StepResult], error: Exception) -> None:
        self._witness.advance_failed()
        self._engine.forget(lane.instance_id)
        # The first failure is mostly another writer's commit, and needs no rest.
        rest_s = min(LONGEST_REST_S, 0.1 * 2.0 ** min(lane.failures - 1, 10)) if lane.failures else 0.0
        if isinstance(error, StaleInstance) and not lane.failures:
            self._logger.debug("another writer was first", instance=lane.instance_id)
        else:
            self._logger.warning(
                "advancing failed",
                instance=lane.instance_id,
                failures=lane.failures + 1,
                again_in_s=rest_s,
                exc_info=error,
            )
            if lane.failures + 1 >= REPORT_AFTER and not _comes_from_outside(error):
                self._report(lane, error)
        others_may = self._hand_on is not None and not results and lane.failures >= TRIES_ALONE
        if not (others_may and self._lanes.give_up(lane)):
            self._lanes.rest(lane, results, time.monotonic() + rest_s)

    def _report(self, lane: Lane, error: Exception) -> None:
        """People learn of an instance that does not move; it is tried all the same."""
        try:
            with self._database.transaction() as tx:
                now, patience = self._clock.now(), self._engine.patience
                watchdog.report_failing(tx, lane.instance_id, error, now, patience)
        except Exception:  # the worker's broad except: it is tried again, and told again
            self._logger.exception("reporting a failure failed", instance=lane.instance_id)

    # steps
    def _perform_all(self, claim: Claim) -> None:
        following: Claim | None = claim
        while following is not None:
            following = self._perform(following)

    def _perform(self, claim: Claim) -> Claim | None:
        """Run one step and advance its instance with the result. The step that the caller is to run next."""
        step = claim.step
        if self._stopping.is_set():
            return None
        if not self._holds(claim):
            self._lanes.drop(step)
            return None
        result, in_time = self._runner.run(step)
        lane = self._lanes.offer(step.instance_id, result)
        if lane is None:
            return None
        return self._advance(lane, runs_next=in_time)

    def _holds(self, claim: Claim) -> bool:
        """False once the claim's lease is over: whoever took it over runs the step."""
        try:
            return claim.owner == self._owner()
        except Exception:  # the worker's broad except: what cannot be known is left to others
            self._logger.exception("renewing the lease failed", instance=claim.step.instance_id)
            return False

    # background
    def _keep_watch(self) -> None:
        while not self._stopping.wait(WATCH_EVERY_S):
            try:
                self.watch(time.monotonic())
            except Exception:  # the worker's broad except: without a watch no time limit would hold
                self._logger.exception("watching the time limits failed")

    def watch(self, now: float) -> None:
        """Give up handlers that are past their limit, and go back to instances that rested after a failure."""
        for running in self._runner.overdue(now):
            self._give_up(running)
        for lane in self._lanes.rested(now):
            self._pool.put_visit(lane, lane.priority)

    def _give_up(self, running: Running) -> None:
        result = self._runner.give_up(running)
        self._pool.replace(running.thread)
        self._give(running.step.instance_id, result)
        if self._pool.strays() > self._max_strays:
            self._logger.error("too many handlers overran their limits: restarting", strays=self._pool.strays())
            self._too_many_strays()

    def _give(self, instance_id: str, result: StepResult) -> None:
        lane = self._lanes.offer(instance_id, result)
        if lane is not None:
            self._pool.put_visit(lane, lane.priority)

    def _keep_lease(self) -> None:
        while not self._stopping.wait(self._lease.lease_s / 3):
            try:
                self.keep_lease()
            except Exception:  # the worker's broad except: a database that is away for a moment comes back
                self._logger.exception("renewing the lease failed")

    def _owner(self) -> str:
        """The id under which to claim; another than before if this process stood still for longer than its lease."""
        if self._lease.is_over():
            self._renew()
        return self._lease.owner

    def _renew(self) -> None:
        if not self._lease.renew():
            for instance_id in self._lanes.instances():
                self._engine.forget(instance_id)

    def keep_lease(self) -> None:
        """Renew the lease, and fail the claims that are in the database but that nobody here runs."""
        self._renew()
        with self._database.reading() as connection:
            lost = self._audit.lost(connection, self._lease.owner)
        for instance_id, number, attempt in lost:
            self._logger.error("a claimed step is run by nobody", instance=instance_id, number=number, attempt=attempt)
            self._engine.forget(instance_id)
            failed = Failed("ClaimLost", "The claim was committed but its worker never learned of it.")
            self._give(instance_id, StepResult(number, attempt, failed, None, self._clock.now()))
