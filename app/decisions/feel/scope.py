"""What one evaluation runs in: the names it sees, and what it may still spend."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from app.core.clock import Clock, SystemClock
from app.decisions.feel.errors import BudgetExceeded

BUDGET = 2_000_000
"""Units of one evaluation: an operation each, an element, or 16 characters. All of it takes about a second."""
_COLLECTION_COST = 5
MATCHING_LIMIT_S = 0.5
_LEAST_TIMEOUT_S = 0.001
LONGEST_STRING = 2_000_000
DEEPEST_VALUE = 100


class Evaluation:
    """What all scopes of one evaluation share. `now` is one instant, however often it is asked for."""

    __slots__ = ("_clock", "_matching_left_s", "_now", "left")

    def __init__(self, clock: Clock | None = None) -> None:
        self.left = BUDGET
        self._matching_left_s = MATCHING_LIMIT_S
        self._clock = clock
        self._now: datetime | None = None

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            problem = f"The expression needs more than the {BUDGET} operations of one evaluation"
            raise BudgetExceeded(problem, limit=BUDGET)

    def spend_text(self, length: int) -> None:
        """Before a text is made that does not exist yet."""
        if length > LONGEST_STRING:
            problem = f"The expression makes a text of {length} characters, more than the {LONGEST_STRING} allowed"
            raise BudgetExceeded(problem, limit=LONGEST_STRING)
        self.spend(length >> 4)

    def go_into(self, depth: int) -> None:
        """Before something looks into lists and contexts that are in one another."""
        self.spend(_COLLECTION_COST)
        if depth > DEEPEST_VALUE:
            raise BudgetExceeded(f"A value is nested deeper than {DEEPEST_VALUE}", limit=DEEPEST_VALUE)

    @contextmanager
    def matching(self) -> Iterator[float]:
        """Around the search for a pattern: the seconds it may take, which is what the searches before have left."""
        began = time.monotonic()
        yield max(self._matching_left_s, _LEAST_TIMEOUT_S)
        self._matching_left_s -= time.monotonic() - began

    def now(self) -> datetime:
        if self._now is None:
            self._now = (self._clock or SystemClock()).now()
        return self._now


class Scope:
    """Names to values, innermost first. The outermost is what the caller gave."""

    __slots__ = ("evaluation", "names", "outer")

    def __init__(self, names: Mapping[str, Any], evaluation: Evaluation, outer: Scope | None = None) -> None:
        self.names = names
        self.evaluation = evaluation
        self.outer = outer

    def inner(self, names: Mapping[str, Any]) -> Scope:
        return Scope(names, self.evaluation, self)


Run = Callable[[Scope], Any]
"""A compiled expression. Never raises for what the standard calls an error: that is null."""
