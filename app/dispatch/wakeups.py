"""Wake-ups inside one process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.engine.tables import process_instance

_PRIORITY = Prepared(sa.select(process_instance.c.priority).where(process_instance.c.id == sa.bindparam("id_")))
Wish = tuple[str, datetime | None]


class LocalWakeups:
    """Passes wake-ups on once their transaction is committed. Until somebody listens they go nowhere: sweeps find the
    work, as they do after a crash."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now: Callable[[str, int], None] | None = None
        self._later: Callable[[datetime], None] | None = None

    def listen(self, now: Callable[[str, int], None], later: Callable[[datetime], None]) -> None:
        """`now` is given instances to look at with their priorities, `later` instants at which something falls due."""
        self._now, self._later = now, later

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        tx.before_commit(self._store, (instance_id, at))

    def _store(self, tx: Transaction, wishes: list[Wish]) -> None:
        """Whoever wakes need not know how urgent it is: the row does, as it does for a queue of the database."""
        for instance_id, at in dict.fromkeys(wishes):
            for (priority,) in _PRIORITY.rows(tx.connection, {"id_": instance_id}):
                tx.after_commit(partial(self._pass_on, instance_id, priority, at))

    def _pass_on(self, instance_id: str, priority: int, at: datetime | None) -> None:
        if at is not None and at > self._clock.now():
            if self._later is not None:
                self._later(at)
        elif self._now is not None:
            self._now(instance_id, priority)
