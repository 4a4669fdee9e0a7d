"""The names of all fields that are personal, wherever they are marked."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

import sqlalchemy as sa

from app.core.db import Database
from app.engine.queries.personal import declared_personal

KEPT_S = 5.0


class PersonalFields:
    """Those of handlers and settings, and those that deployed processes declare, as they were a few seconds ago.

    Safe to use from many threads. While the database does not answer, those that were known are known.
    """

    def __init__(
        self, database: Database, always: frozenset[str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._always = always
        self._names = always
        self._monotonic = monotonic
        self._look_at = monotonic()
        self._lock = Lock()

    def names(self) -> frozenset[str]:
        now = self._monotonic()
        with self._lock:
            due = now >= self._look_at
            if due:
                self._look_at = now + KEPT_S
        if due:
            self._look()
        return self._names

    def _look(self) -> None:
        try:
            with self._database.reading() as connection:
                self._names = self._always | declared_personal(connection)
        except (sa.exc.SQLAlchemyError, OSError):
            return
