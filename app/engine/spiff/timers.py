"""When a timer of the diagram is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.core.errors import TurnupError
from app.core.types import to_microseconds
from app.decisions.feel.temporal import parse_duration, parse_instant
from app.engine.diagram import TimerKind
from app.engine.spiff.faults import ExpressionFailed
from app.engine.spiff.mapping import Source


@dataclass(frozen=True)
class Timer:
    """A duration from now, or a date; both as FEEL or as ISO 8601 text."""

    kind: TimerKind
    source: Source

    def due(self, view: Mapping[str, Any], clock: Clock) -> int:
        """Microseconds since the epoch."""
        text = self.source.value(view, clock)
        if not isinstance(text, str):
            raise ExpressionFailed(
                f"{self.source.place}: expected an ISO 8601 {self.kind} such as "
                f"{'PT2H' if self.kind == 'duration' else '2026-11-23T10:00:00Z'}, found {text!r}.",
                value=text,
            )
        try:
            if self.kind == "date":
                return to_microseconds(parse_instant(text))
            return to_microseconds(parse_duration(text).add_to(clock.now()))
        except TurnupError as error:
            raise ExpressionFailed(f"{self.source.place}: {error.message}", value=text) from error
