"""How often each handler was called in each hour, what came of it, and how long it took; old hours are dropped.

Durations are counted in steps of which each is half as long again, nearly, as the one before: what is read from them is
within a fifth of what was.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.db import Prepared, Transaction
from app.core.types import to_microseconds
from app.engine.tables import handler_hour

LONGEST_NAME = 255
UNTIMED = -1  # an attempt that was given up: its handler has not returned
_SHORTEST_S = 0.001
_STEPS = 40


class Counted(NamedTuple):
    """What is counted together. `outcome`: done, waiting, refused, failed, timed_out or late."""

    hour: datetime
    handler: str
    outcome: str
    step: int


_INSERT = postgresql.insert(handler_hour)
_ADD = Prepared(
    _INSERT.on_conflict_do_update(
        index_elements=["hour", "handler", "outcome", "step"],
        set_={"calls": handler_hour.c.calls + _INSERT.excluded.calls},
    )
)


def counted(at: datetime, handler: str, outcome: str, seconds: float | None) -> Counted:
    """Where an attempt that ended then is counted."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return Counted(hour, handler[:LONGEST_NAME], outcome, UNTIMED if seconds is None else _step(seconds))


def add(tx: Transaction, counts: Mapping[Counted, int]) -> None:
    """In the order of their keys: processes that add at once do not wait for each other in a circle."""
    rows = [
        {**each._asdict(), "hour": to_microseconds(each.hour), "calls": calls} for each, calls in sorted(counts.items())
    ]
    if rows:
        _ADD.run(tx.connection, rows)


def forget(tx: Transaction, before: datetime) -> int:
    """Drop what is older; how many rows."""
    return int(tx.connection.execute(sa.delete(handler_hour).where(handler_hour.c.hour < before)).rowcount)


def longest_s(step: int) -> float:
    """The longest that an attempt of that step may have taken."""
    return float(_SHORTEST_S * 2 ** (step / 2))


def _step(seconds: float) -> int:
    if seconds <= _SHORTEST_S:
        return 0
    return min(_STEPS, math.ceil(2 * math.log2(seconds / _SHORTEST_S)))
