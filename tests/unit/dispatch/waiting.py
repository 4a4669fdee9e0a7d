"""Waiting for what other threads do, never for a time to pass."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 10


def until(true: Callable[[], object]) -> None:
    """Return once it holds; fail after PATIENCE_S."""
    ends_at = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends_at, "it never came true"
        time.sleep(0.002)
