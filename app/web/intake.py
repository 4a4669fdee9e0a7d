"""Whether one more order may come in: a wave is refused before what waits fills the memory and makes everybody wait."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock

from app.core.errors import TooMany
from app.core.log import get_logger
from app.core.priority import URGENT

MEASURED_FOR_S = 0.5
SMOOTHED_S = 5.0
SHORTEST_S, LONGEST_S = 1, 60  # for which a caller is sent away
MOST_COUNTED = 100_000  # where there is no limit, and somebody wants to know all the same
FIRST_GUESS_S = 5  # before anything has been seen to be worked off


class IntakeFull(TooMany):
    """More waits for workers than may."""


class Intake:
    """`backlog` counts what waits for a worker, up to the number that it is given; it is asked once in MEASURED_FOR_S,
    whoever comes. `is_known` tells an idempotency key that was accepted. A limit of 0 lets everything in.

    Safe to use from many threads: one measures, the others go by what was known before.
    """

    def __init__(
        self,
        limit: int,
        backlog: Callable[[int], int] = lambda most: 0,
        is_known: Callable[[str], bool] = lambda key: False,
        *,
        refused: Callable[[int], None] = lambda priority: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._most = limit + math.ceil(limit / 10)  # what is urgent is let in so far
        self._count = backlog
        self._is_known = is_known
        self._refused = refused
        self._now = now
        self._lock = Lock()
        self._measuring = False
        self._measured_at: float | None = None
        self._backlog = 0
        self._admitted = 0  # here, since it was measured
        self._rate: float | None = None  # worked off in a second
        self._is_full = False

    def admit(self, priority: int, idempotency_key: str | None) -> None:
        """Let a request to start an instance in, or raise IntakeFull. Repeats of what was accepted always come in."""
        if not self._limit:
            return
        self._measure()
        with self._lock:
            if self._backlog + self._admitted < (self._most if priority <= URGENT else self._limit):
                self._admitted += 1
                return
        if idempotency_key is None or not self._is_known(idempotency_key):
            self._refuse(priority)

    def backlog(self) -> int:
        """What waits, measured now or a moment ago."""
        self._measure()
        return self._backlog

    def _measure(self) -> None:
        with self._lock:
            at = self._now()
            is_fresh = self._measured_at is not None and at - self._measured_at < MEASURED_FOR_S
            if is_fresh or self._measuring:
                return
            self._measuring, admitted = True, self._admitted
        try:
            found = self._count(self._most or MOST_COUNTED)
            with self._lock:
                self._learn(at, found, admitted)
        finally:
            self._measuring = False

    def _learn(self, at: float, found: int, admitted: int) -> None:
        """`admitted`: of those that are counted for sure; who came in during the count may not be."""
        if self._measured_at is not None:
            passed_s = at - self._measured_at
            rate = max(0.0, (self._backlog + admitted - found) / passed_s)
            share = 1.0 if self._rate is None else min(1.0, passed_s / SMOOTHED_S)
            self._rate = rate if self._rate is None else self._rate + share * (rate - self._rate)
        self._measured_at, self._backlog = at, found
        self._admitted -= admitted
        if self._is_full and found < self._limit:
            self._is_full = False
            get_logger("turnup.intake").info("orders are taken in again", backlog=found, limit=self._limit)

    def _refuse(self, priority: int) -> None:
        self._refused(priority)
        with self._lock:
            known, after_s, begins = self._backlog + self._admitted, self._retry_after_s(), not self._is_full
            self._is_full = True
        if begins:
            get_logger("turnup.intake").warning("orders are refused", backlog=known, limit=self._limit)
        raise IntakeFull(
            f"{known:,} instances and steps wait for a worker already, and {self._limit:,} may. Nothing was stored: "
            f"send the same request again in {after_s} s.",
            retry_after_s=after_s,
        )

    def _retry_after_s(self) -> int:
        """Until a tenth of what may wait is worked off, so that those who come back do not all meet one free place."""
        if self._rate is None:
            return FIRST_GUESS_S
        excess = self._backlog + self._admitted - self._limit + math.ceil(self._limit / 10)
        seconds = excess / self._rate if self._rate else math.inf
        return math.ceil(min(max(seconds, SHORTEST_S), LONGEST_S))
