"""All that a process tells to those who watch it, in one piece for whoever serves it."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.meters import Meters
from app.watch.figures import FiguresSheet
from app.watch.readiness import Readiness


def _nothing() -> FiguresSheet:
    return FiguresSheet(Meters(), "")


@dataclass(frozen=True)
class Desk:
    """Without parts: nothing is checked and nothing counted."""

    readiness: Readiness = field(default_factory=Readiness)
    figures: FiguresSheet = field(default_factory=_nothing)
    metrics: str = "open"  # who reads them: open | token | off
