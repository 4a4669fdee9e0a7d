"""How one laboratory behaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LabSettings:
    """`latency_ms` is the range that each call's delay is drawn from. An ONT comes online `online_after_s` after its
    activation; the lab says so to `callback_url` (Turnup's base URL), or to nobody when that is None."""

    path: Path  # of the SQLite file
    latency_ms: tuple[int, int] = (0, 0)
    online_after_s: float = 1.0
    callback_url: str | None = None
    callback_token: str = ""
