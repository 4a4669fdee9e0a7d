"""One process per data directory: on SQLite the engine knows no other."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from app.core.errors import Conflict

LOOK_EVERY_S = 0.1


class DataDirInUse(Conflict):
    """Another server works in the data directory."""


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


def _within(wait_s: float, done: Callable[[], bool]) -> bool:
    until = time.monotonic() + wait_s
    while not done():
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_EVERY_S)
    return True
