"""Errors and escalations that leave a process, and who would catch them: `engine/spiff/catching` as seen beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.engine.diagram import Diagram, Element, EventKind, Finding
from app.engine.lint.events import THROWING
from app.engine.lint.expressions import is_feel

Place = tuple[str, EventKind, str | None]  # where, what, the code
CAUGHT: Final[tuple[EventKind, ...]] = ("error", "escalation")


@dataclass(frozen=True)
class Thrown:
    """An error or escalation that comes out of a process. Caught: `code` None stands for every one."""

    kind: EventKind
    process_id: str
    code: str | None


class Listeners:
    """Which codes are caught where, in one diagram. A question costs what an element is deep, not what is drawn."""

    def __init__(self, diagram: Diagram) -> None:
        self._elements = diagram.elements
        self._at_border = Counter[Place]()  # of activities
        self._inside = Counter[Place]()  # by event sub-processes in a process or sub-process
        self._by: dict[str, Place] = {}  # what an event sub-process listens to
        for element in diagram.elements.values():
            holder = diagram.elements.get(element.parent)
            if element.event not in CAUGHT:
                continue
            if element.attached_to is not None:
                self._at_border[element.attached_to, element.event, _code(element)] += 1
            elif element.type == "startEvent" and holder is not None and holder.is_event_sub:
                self._by[holder.id] = (holder.parent, element.event, _code(element))
                self._inside[self._by[holder.id]] += 1

    def catch(self, thrower: Element, kind: EventKind, code: str) -> bool:
        """Whether a boundary event or an event sub-process around an element takes the code, or takes all."""
        return any(self._takes(at, kind, each) for at in self._outwards(thrower) for each in (code, None))

    def codes(self, thrower: Element, kind: EventKind) -> Iterator[str | None]:
        """All that are caught around an element; None: every one."""
        for at in self._outwards(thrower):
            yield from (code for place, of, code in self._at_border if (place, of) == (at.id, kind))
            yield from (code for place, of, code in self._inside if (place, of) == (at.parent, kind))

    def _takes(self, at: Element, kind: EventKind, code: str | None) -> bool:
        inside: Place = (at.parent, kind, code)
        itself = 1 if self._by.get(at.id) == inside else 0
        return self._at_border[at.id, kind, code] > 0 or self._inside[inside] > itself

    def _outwards(self, element: Element) -> Iterator[Element]:
        at: Element | None = element
        while at is not None:
            yield at
            at = self._elements.get(at.parent)


def thrown_out(diagram: Diagram) -> Iterator[tuple[Element, Thrown]]:
    """By events of the process, with a code that is no expression, and caught by nothing in it."""
    listeners = Listeners(diagram)
    for element in diagram.elements.values():
        if element.event in CAUGHT and element.type in THROWING:
            code = _code(element) or ""
            if code.strip() and not is_feel(code) and not listeners.catch(element, element.event, code):
                yield element, Thrown(element.event, diagram.process_id, code)


def _code(element: Element) -> str | None:
    return element.error_code if element.event == "error" else element.escalation_code


def uncaught(element: Element, thrown: Thrown) -> Finding:
    """At the event that throws it, or at the call of the process that it comes out of."""
    who = f"The process '{thrown.process_id[:60]}' throws" if element.call is not None else "This throws"
    if thrown.kind == "error":
        told = f"{who} the error '{thrown.code}', and nothing catches it: it stops there until an operator skips it."
        remedy = "Catch it by a boundary event or an event sub-process around it, or end without an error."
    else:
        told = f"{who} the escalation '{thrown.code}', and nothing takes it up: it goes on as if nothing were."
        remedy = "Catch it by a boundary event or an event sub-process around it, or leave it out."
    return Finding.warning(element, f"uncaught_{thrown.kind}", told, remedy)
