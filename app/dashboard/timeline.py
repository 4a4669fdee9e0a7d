"""The path of an instance as bars over time: what ran, waited, was tried again, fell out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.dashboard.diagrams import Elements
from app.dashboard.times import duration
from app.engine.queries import IncidentView, StepView

WIDTH = 1000
LEAST = 3  # of WIDTH: what is shorter could not be seen
# Neither takes time of its own: who goes through a gateway is told by what comes next
_PASSED = ("Gateway", "startEvent", "endEvent", "intermediateThrowEvent")
_RUNS = {"serviceTask": "ran", "sendTask": "ran", "scriptTask": "ran", "businessRuleTask": "ran"}
_HOLDS = {"subProcess": "inside", "transaction": "inside", "callActivity": "inside", "userTask": "person"}
_OPEN = {"retry": "retry", "incident": "fallen", "held": "held", "callback": "waited", "message": "waited"}
WORDS = {
    "ran": "ran",
    "waited": "waited",
    "person": "waited for a person",
    "inside": "held what ran inside it",
    "retry": "waited to try again",
    "fallen": "had fallen out",
    "held": "was held back",
}


@dataclass(frozen=True)
class Part:
    """`x` and `width` of WIDTH."""

    kind: str
    x: int
    width: int
    said: str


@dataclass(frozen=True)
class Bar:
    """One visit of an element; `ended_at` None: it is open."""

    number: int
    element_id: str
    name: str
    entered_at: datetime
    ended_at: datetime | None
    state: str  # completed | cancelled | active | fallen_out
    took: str
    attempts: int
    parts: list[Part]


@dataclass(frozen=True)
class Timeline:
    begin: datetime
    end: datetime
    bars: list[Bar]
    is_cut: bool  # there are older ones


Mark = tuple[datetime, str]


def draw(
    steps: Sequence[StepView], elements: Elements, incidents: Sequence[IncidentView], now: datetime, most: int
) -> Timeline | None:
    """None where nothing has taken any time yet."""
    shown = [step for step in steps if _is_shown(step, elements)]
    if not shown:
        return None
    begin = min(step.entered_at for step in shown)
    end = max(step.ended_at or now for step in shown)
    scale = _Scale(begin, max(end, begin + timedelta(milliseconds=1)))
    bars = [_bar(step, elements, incidents, now, scale) for step in shown]
    return Timeline(begin, end, bars, len(steps) >= most)


def _is_shown(step: StepView, elements: Elements) -> bool:
    drawn = elements.get(step.element_id)
    if drawn is None or drawn.type.endswith(_PASSED):
        return False
    return drawn.type != "boundaryEvent" or step.done


@dataclass(frozen=True)
class _Scale:
    begin: datetime
    end: datetime

    def x(self, at: datetime) -> int:
        return round(WIDTH * ((at - self.begin) / (self.end - self.begin)))


def _bar(step: StepView, elements: Elements, incidents: Sequence[IncidentView], now: datetime, scale: _Scale) -> Bar:
    drawn, end = elements[step.element_id], step.ended_at or now
    usual = _RUNS.get(drawn.type) or _HOLDS.get(drawn.type, "waited")
    marks = sorted(_marks(step, usual, incidents), key=lambda mark: mark[0])
    parts = []
    for (at, kind), (after, _) in zip(marks, [*marks[1:], (end, "")], strict=True):
        began, until = min(at, end), min(after, end)
        if until > began or len(marks) == 1:
            x = min(scale.x(began), WIDTH - LEAST)
            said = f"{drawn.name} {WORDS[kind]} for {duration(until - began)}"
            parts.append(Part(kind, x, max(LEAST, scale.x(until) - x), said))
    took = duration(end - step.entered_at)
    facts = (step.number, step.element_id, drawn.name, step.entered_at, step.ended_at, _state(step), took)
    return Bar(*facts, step.attempt, parts)


def _state(step: StepView) -> str:
    if step.ended_at is not None:
        return "completed" if step.done else "cancelled"
    return "fallen_out" if step.kind == "incident" else "active"


def _marks(step: StepView, usual: str, incidents: Sequence[IncidentView]) -> Iterator[Mark]:
    """From when on it did what."""
    yield step.entered_at, usual
    for each in step.tries:
        if each.kind == "failed" and each.retry_in_s is not None:
            yield each.at, "retry"
            yield each.at + timedelta(seconds=each.retry_in_s), usual
    for incident in incidents:
        if incident.number == step.number:
            yield incident.raised_at, "fallen"
            if incident.acted_at is not None:
                yield incident.acted_at, usual
    if step.ended_at is None and step.since is not None and step.kind in _OPEN and step.since > step.entered_at:
        yield step.since, _OPEN[step.kind]
