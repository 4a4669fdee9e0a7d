"""An operator's day in a couple of minutes: which orders come when, and what happens to the network meanwhile."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from app.cli.samples import Sample
from app.cli.variation import MOST, Variations

OPENS_H, CLOSES_H = 8, 18
ORDERS_UNTIL = 0.85  # of the day: who comes then is served today
SMOOTH_PART = 0.8  # of the orders that are drawn: samples are there for their trouble
# Systems are away for less time than their handlers try, however long the day is.
LONGEST_OUTAGE_S = 6.0
STRUCK_OLT = "lon-3"
STRUCK_PART = 0.25  # of the orders around its outage are for lines on it


@dataclass(frozen=True)
class Outage:
    """From `begins` to `ends`, parts of the day (0 to 1), the laboratory's fault `kind` holds for `match`."""

    what: str
    begins: float
    ends: float
    match: dict[str, str]
    kind: str = "unavailable"

    def fault(self, day_s: float) -> dict[str, Any]:
        length_s = min(LONGEST_OUTAGE_S, (self.ends - self.begins) * day_s)
        return {"kind": self.kind, "match": self.match, "for_s": length_s}


def at(hour: int, minute: int) -> float:
    """A time of the clock as a part of the day."""
    return (hour + minute / 60 - OPENS_H) / (CLOSES_H - OPENS_H)


OUTAGES = (
    Outage("the CRM", at(9, 20), at(9, 40), {"system": "crm"}),
    Outage(f"OLT {STRUCK_OLT}", at(10, 40), at(11, 10), {"olt": STRUCK_OLT}),
    Outage("the auto configuration server", at(13, 30), at(13, 50), {"system": "acs"}),
    Outage("the voice core", at(15, 15), at(15, 35), {"system": "voice"}),
)


@dataclass(frozen=True)
class Day:
    """`orders` come in this order, each at its second; `length_s` is how long the whole day lasts."""

    length_s: float
    orders: list[tuple[float, Sample]] = field(default_factory=list)

    def clock(self, second: float) -> str:
        """What the wall's clock shows: 10:40. It stands still when the day is over."""
        part = min(1.0, max(0.0, second / self.length_s))
        minutes = round(60 * (OPENS_H + part * (CLOSES_H - OPENS_H)))
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    def second(self, part: float) -> float:
        return part * self.length_s


def plan(samples: list[Sample], orders: int, length_s: float, seed: int) -> Day:
    """So many orders: every sample, as far as there is room for them, and others of their kinds, drawn by lot."""
    draw = random.Random(seed)
    # What never answers comes first: it may keep others of its system waiting, who are served as the day goes on.
    chosen = sorted(
        draw.sample(samples, min(orders, len(samples))), key=lambda sample: (not sample.never_answered, sample.name)
    )
    variations = Variations(samples, draw)
    more = min(orders - len(chosen), MOST) if variations else 0
    times = sorted(draw.uniform(0, ORDERS_UNTIL) for _ in range(len(chosen) + more))
    slots = sorted(draw.sample(range(len(times)), len(chosen)))
    placed = dict(zip(slots, chosen, strict=True))
    found = [
        (part * length_s, placed.get(number) or variations.one(SMOOTH_PART, _struck(draw, part)))
        for number, part in enumerate(times)
    ]
    return Day(length_s, found)


def _struck(draw: random.Random, part: float) -> str | None:
    """An outage that meets nobody would show nothing."""
    outage = next(each for each in OUTAGES if STRUCK_OLT in each.what)
    around = outage.begins - 0.03 <= part <= outage.ends
    return STRUCK_OLT if around and draw.random() < STRUCK_PART else None
