"""One process per data directory and per database: the embedded engine knows no other."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from app.core.db import Database
from app.core.errors import Conflict

LOOK_EVERY_S = 0.1
_EMBEDDED = 0x7475726E7571  # of PostgreSQL's advisory locks, the one that means "an embedded engine works here"


class DataDirInUse(Conflict):
    """Another server works in the data directory."""


class DatabaseInUse(Conflict):
    """Another server runs orders in the database."""


class DirectoryLock:
    """Held until `release` or the process's end, also by SIGKILL: the kernel lets go of it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "turnup.lock"
        self._descriptor: int | None = None

    def acquire(self, *, wait_s: float = 0) -> Self:
        """Raises DataDirInUse, which names the process that holds it, if it is not free within the time."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _within(wait_s, lambda: _try(descriptor)):
            holder = os.read(descriptor, 20).decode() or "unknown"
            os.close(descriptor)
            raise DataDirInUse(
                f"{self._path.parent} is in use by the Turnup server with process id {holder}. "
                "Stop that one, or give this one another TURNUP_DATA_DIR.",
                pid=holder,
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return self

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self.acquire() if self._descriptor is None else self

    def __exit__(self, *exception: object) -> None:
        self.release()


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class DatabaseLock:
    """For a PostgreSQL, which servers with separate data directories can share; a no-op for SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sa.Connection | None = None

    def acquire(self, *, wait_s: float = 0) -> Self:
        """Held as long as its connection; raises DatabaseInUse if it is not free within the time."""
        if self._database.is_sqlite:
            return self
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        asked = sa.select(sa.func.pg_try_advisory_lock(_EMBEDDED))
        if not _within(wait_s, lambda: bool(connection.scalar(asked))):
            connection.close()
            raise DatabaseInUse(
                "Another Turnup server runs orders in this database. Stop that one, or give this one another "
                "TURNUP_DATABASE_URL."
            )
        self._connection = connection
        return self

    def release(self) -> None:
        if self._connection is not None:
            self._connection.scalar(sa.select(sa.func.pg_advisory_unlock(_EMBEDDED)))
            self._connection.close()
            self._connection = None


def _within(wait_s: float, done: Callable[[], bool]) -> bool:
    until = time.monotonic() + wait_s
    while not done():
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_EVERY_S)
    return True
