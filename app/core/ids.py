"""Identifiers that sort by the time they were made."""

import os
import threading
import time
import uuid

_TAIL_BITS = 74  # below the milliseconds, without version and variant
_SET_BACK_MS = 10_000  # a clock that is set back by more is followed


class _Sequence:
    """Numbers of one process rise, also within a millisecond and when its clock is set back a little."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        random = int.from_bytes(os.urandom(10), "big")
        now = time.time_ns() // 1_000_000 << _TAIL_BITS | random >> 7  # room to count upwards: the top bit is 0
        with self._lock:
            if 0 <= (self._last >> _TAIL_BITS) - (now >> _TAIL_BITS) <= _SET_BACK_MS:
                now = self._last + 1 + (random & 0xFFFFFFFF)
            self._last = now
        return now


_sequence = _Sequence()


def new_id() -> str:
    """A version 7 UUID (RFC 9562, method 2) as text: milliseconds, then 74 bits that start at random and rise."""
    number = _sequence.next()
    low, high = number & (1 << 62) - 1, number >> 62
    value = (high >> 12) << 80 | 0x7 << 76 | (high & 0xFFF) << 64 | 0x2 << 62 | low
    return str(uuid.UUID(int=value))
