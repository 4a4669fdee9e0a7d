"""Wake-ups inside one process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from app.core.clock import Clock
from app.core.db import Transaction


class LocalWakeups:
    """Passes wake-ups on once their transaction is committed. Until somebody listens they go nowhere: sweeps find the
    work, as they do after a crash."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now: Callable[[str], None] | None = None
        self._later: Callable[[datetime], None] | None = None

    def listen(self, now: Callable[[str], None], later: Callable[[datetime], None]) -> None:
        """`now` is given instances to look at, `later` instants at which something falls due."""
        self._now, self._later = now, later

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        tx.after_commit(partial(self._pass_on, instance_id, at))

    def _pass_on(self, instance_id: str, at: datetime | None) -> None:
        if at is not None and at > self._clock.now():
            if self._later is not None:
                self._later(at)
        elif self._now is not None:
            self._now(instance_id)
