"""How one laboratory behaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Chance:
    """`rate` is the part of calls that meets a fault by chance, 0 to 1."""

    rate: float = 0
    seed: int = 1


@dataclass(frozen=True)
class LabSettings:
    """`latency_ms` is the range that each call's delay is drawn from. An ONT comes online `online_after_s` after its
    activation; the lab says so to `callback_url` (Turnup's base URL), or to nobody when that is None."""

    path: Path  # of the SQLite file
    latency_ms: tuple[int, int] = (0, 0)
    online_after_s: float = 1.0
    # What takes days and weeks in life: from the booking to the visit, from a porting request to its answer and from
    # that to the day of porting, from a notice of debt to the payment
    visit_after_s: float = 3.0
    porting_answer_s: float = 2.0
    porting_day_s: float = 4.0
    payment_after_s: float = 3.0
    registers_after_s: float = 0.5  # from a SIP account's creation until the router is registered
    callback_url: str | None = None
    callback_token: str = ""
    chance: Chance = Chance()
