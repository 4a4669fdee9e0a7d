"""Waiting for what other threads do, never for a time to pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE_S = 10


def until(true: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Return once it holds; fail if it does not in time."""
    ends_at = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < ends_at, "it never came true"
        time.sleep(0.002)


def no_look_runs() -> bool:
    """Looks at what hangs end with it; their connections go back to the pool."""
    return not any(thread.name.startswith("turnup-look") for thread in threading.enumerate())
