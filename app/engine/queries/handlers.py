"""Handlers by what their calls of the last day came to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.engine.handler_hours import UNTIMED, longest_s
from app.engine.tables import handler_hour

DAY = timedelta(hours=24)
_BAD = ("failed", "timed_out")


@dataclass(frozen=True)
class HandlerFigures:
    """Of the last 24 hours, by whole hours. `refused` is what the business expects; `p50_s` and `p95_s` are None when
    no call was timed."""

    calls: int = 0
    failed: int = 0
    refused: int = 0
    p50_s: float | None = None
    p95_s: float | None = None


def handler_figures(connection: sa.Connection, now: datetime) -> dict[str, HandlerFigures]:
    """By handler type; those that were not called are left out."""
    since = now.replace(minute=0, second=0, microsecond=0) - DAY
    table = handler_hour.c
    calls = sa.func.sum(table.calls).label("calls")
    query = sa.select(table.handler, table.outcome, table.step, calls).where(table.hour > since)
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    steps: dict[str, Counter[int]] = defaultdict(Counter)
    for row in connection.execute(query.group_by(table.handler, table.outcome, table.step)):
        outcomes[row.handler][row.outcome] += int(row.calls)
        if row.step != UNTIMED:
            steps[row.handler][row.step] += int(row.calls)
    return {handler: _figures(found, steps[handler]) for handler, found in outcomes.items()}


def _figures(outcomes: Counter[str], steps: Counter[int]) -> HandlerFigures:
    return HandlerFigures(
        calls=outcomes.total() - outcomes["late"],  # it was counted when it was given up
        failed=sum(outcomes[each] for each in _BAD),
        refused=outcomes["refused"],
        p50_s=_quantile(steps, 0.5),
        p95_s=_quantile(steps, 0.95),
    )


def _quantile(steps: Counter[int], part: float) -> float | None:
    """Within the step in which it lies, as if its calls were spread evenly."""
    wanted, passed = part * steps.total(), 0
    for step, calls in sorted(steps.items()):
        if passed + calls >= wanted:
            shortest = 0.0 if step == 0 else longest_s(step - 1)
            return shortest + (longest_s(step) - shortest) * (wanted - passed) / calls
        passed += calls
    return None
