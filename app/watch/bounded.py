"""A look at something that may hang: it ends in time, whatever the thing does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Seen = TypeVar("Seen")


class Look(Generic[Seen]):
    """One look at a time, on a thread of its own, and what was seen is kept for a moment.

    A thing that hangs costs one thread, however many ask about it.
    """

    def __init__(self, name: str, look: Callable[[], Seen], *, limit_s: float, kept_s: float) -> None:
        self._name = name
        self._look = look
        self._limit_s = limit_s
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._latest: Future[Seen] | None = None
        self._old_at = 0.0  # on the monotonic clock

    def begin(self) -> Future[Seen]:
        """The look that runs, or that has just ended; else a new one."""
        with self._lock:
            latest = self._latest
            if latest is not None and (not latest.done() or time.monotonic() < self._old_at):
                return latest
            begun: Future[Seen] = Future()
            self._latest = begun
        threading.Thread(target=self._run, args=(begun,), name=f"turnup-look-{self._name}", daemon=True).start()
        return begun

    def see(self) -> Seen:
        """What was seen, or what went wrong; TimeoutError if it is not over within the limit."""
        return self.begin().result(self._limit_s)

    def _run(self, begun: Future[Seen]) -> None:
        try:
            seen = self._look()
        except Exception as error:  # noqa: BLE001  passed on to whoever waits
            self._old_at = time.monotonic() + self._kept_s
            begun.set_exception(error)
        else:
            self._old_at = time.monotonic() + self._kept_s
            begun.set_result(seen)
