"""When a timer of the diagram is due."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from app.core.clock import Clock
from app.core.errors import InvalidInput, TurnupError
from app.core.types import from_microseconds, to_microseconds
from app.decisions.feel.durations import Duration
from app.decisions.feel.temporal import parse_duration, parse_instant
from app.engine.diagram import TimerKind
from app.engine.spiff.faults import ExpressionFailed
from app.engine.spiff.mapping import Source

EXAMPLES: dict[TimerKind, str] = {"duration": "PT2H", "date": "2026-11-23T10:00:00Z", "cycle": "R3/PT10M"}
_CYCLE = re.compile(r"R(?P<repetitions>[0-9]{0,9})/(?:(?P<start>[^/]*T.*)/)?(?P<period>[^/]*)")


@dataclass(frozen=True)
class Cycle:
    """An ISO 8601 repeating interval; instants are microseconds since the epoch.

    Without a start the first time is one period from now. With one it is the start itself, at once if that has passed.
    """

    repetitions: int | None  # how often it happens in all; None: until it is ended
    start: int | None
    period: Duration

    @classmethod
    def parse(cls, text: str) -> Self:
        """`R3/PT10S`, `R/P1D` or `R/2027-01-01T00:00:00Z/PT1H`; InvalidInput says what was found instead."""
        found = _CYCLE.fullmatch(text.strip())
        if found is None:
            expected = "expected a repeating interval in ISO 8601 such as R3/PT10M, R/P1D or R/2027-01-01T00:00:00Z/P1D"
            raise InvalidInput(f"found {text[:60]!r}, {expected}", found=text[:60])
        start, period = found["start"], parse_duration(found["period"])
        repetitions = int(found["repetitions"]) if found["repetitions"] else None
        if repetitions == 0:
            raise InvalidInput(f"found {text[:60]!r}, which never happens", found=text[:60])
        if period.months < 0 or period.elapsed < timedelta(0) or not (period.months or period.elapsed):
            raise InvalidInput(f"found {text[:60]!r}, whose period is not longer than nothing", found=text[:60])
        return cls(repetitions, to_microseconds(parse_instant(start)) if start else None, period)

    def first_due(self, now: int) -> int:
        return self.start if self.start is not None else self._after(now, 1)

    def next_due(self, previous: int, now: int) -> int | None:
        """The first time of the cycle that is after `now`; None if the calendar ends before.

        Times that were missed are not made up for: whoever comes late to `previous` does it once and goes on here.
        """
        anchor = previous if self.start is None else self.start
        least, most = 0, 1
        while not self._is_past(anchor, most, previous, now):
            least, most = most, 2 * most
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (least, middle) if self._is_past(anchor, middle, previous, now) else (middle, most)
        try:
            return self._after(anchor, most)
        except InvalidInput:
            return None

    def _is_past(self, anchor: int, periods: int, previous: int, now: int) -> bool:
        try:
            return self._after(anchor, periods) > max(previous, now)
        except InvalidInput:  # past the end of the calendar
            return True

    def _after(self, anchor: int, periods: int) -> int:
        """So many periods after the anchor, counted from there: the 31st comes back after a short month."""
        try:
            whole = Duration(self.period.months * periods, self.period.elapsed * periods)
        except OverflowError as error:
            raise InvalidInput(f"{periods} times {self.period} is outside the years 1 to 9999") from error
        return to_microseconds(whole.add_to(from_microseconds(anchor)))


@dataclass(frozen=True)
class Timer:
    """A duration from now, a date, or a cycle; all as FEEL or as ISO 8601 text."""

    kind: TimerKind
    source: Source

    def due(self, view: Mapping[str, Any], clock: Clock) -> int:
        """Microseconds since the epoch; of a cycle, the first time."""
        text = self.text(view, clock)
        try:
            match self.kind:
                case "date":
                    return to_microseconds(parse_instant(text))
                case "duration":
                    return to_microseconds(parse_duration(text).add_to(clock.now()))
                case "cycle":
                    return Cycle.parse(text).first_due(to_microseconds(clock.now()))
        except TurnupError as error:
            raise ExpressionFailed(f"{self.source.place}: {error.message}", value=text) from error

    def text(self, view: Mapping[str, Any], clock: Clock) -> str:
        """As ISO 8601; `Cycle.parse` reads it again when the first time has come."""
        text = self.source.value(view, clock)
        if not isinstance(text, str):
            raise ExpressionFailed(
                f"{self.source.place}: expected an ISO 8601 {self.kind} such as {EXAMPLES[self.kind]}, found {text!r}.",
                value=text,
            )
        return text
