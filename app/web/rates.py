"""How often one caller may ask: a bucket for each, that fills as time passes."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from app.core.errors import TooMany

_REMEMBERED = 10_000


class TooManyRequests(TooMany):
    """More than one caller's share."""


class Rate:
    """`per_s` requests a second for each caller, in this process; as many as two seconds bring may come at once."""

    def __init__(self, per_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._most = max(1.0, 2 * per_s)
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller: (left, as of)
        self._lock = Lock()

    def take(self, caller: str) -> None:
        """One of the caller's; TooManyRequests while none is left."""
        with self._lock:
            left = self._left(caller)
            if left >= 1:
                self._buckets[caller] = (left - 1, self._monotonic())
                if len(self._buckets) > _REMEMBERED:
                    self._buckets.popitem(last=False)  # whoever came longest ago: their bucket is full
                return
        self._refuse(left)

    def _left(self, caller: str) -> float:
        now = self._monotonic()
        left, as_of = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - as_of) * self._per_s)
        self._buckets[caller] = (left, now)
        return left

    def _refuse(self, left: float) -> None:
        raise TooManyRequests(
            f"At most {self._per_s:g} requests a second are answered to one caller. Send them more slowly.",
            retry_after_s=max(1, math.ceil((1 - left) / self._per_s)),
        )
