"""The last hours as bars: where each of them stands, worked out here, for no page has scripts or styles of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.queries import HourView

WIDTH, HEIGHT = 720.0, 150.0
KINDS = ("started", "completed", "fallen_out")
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Bar:
    """In the chart's own units, from the top left."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Chart:
    """`top` is the number at the upper edge, `sums` what there is of each kind in all."""

    bars: Sequence[Bar]
    hours: Sequence[HourView]
    top: int
    sums: dict[str, int]
    width: float = WIDTH
    height: float = HEIGHT


def draw(hours: Sequence[HourView]) -> Chart:
    """A group of three bars for each hour."""
    top = _round_up(max((getattr(hour, kind) for hour in hours for kind in KINDS), default=0))
    group = WIDTH / max(len(hours), 1)
    wide = group * 0.8 / len(KINDS)
    bars = [
        Bar(kind, round(n * group + group * 0.1 + k * wide, 1), round(HEIGHT - high, 1), round(wide - 1, 1), high)
        for n, hour in enumerate(hours)
        for k, kind in enumerate(KINDS)
        if (high := round(getattr(hour, kind) / top * HEIGHT, 1)) > 0
    ]
    return Chart(bars, hours, top, {kind: sum(getattr(hour, kind) for hour in hours) for kind in KINDS})


def _round_up(most: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 and so on."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= most:
                return step * power
        power *= 10
