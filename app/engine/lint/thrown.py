"""Errors and escalations that leave a process, and who would catch them: `engine/spiff/catching` as seen beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.engine.diagram import Diagram, Element, EventKind, Finding
from app.engine.lint.events import THROWING
from app.engine.lint.expressions import is_feel

CAUGHT: Final[tuple[EventKind, ...]] = ("error", "escalation")


@dataclass(frozen=True)
class Thrown:
    """An error or escalation that comes out of a process. Caught: `code` None stands for every one."""

    kind: EventKind
    process_id: str
    code: str | None


class Listeners:
    """Which codes are caught where, in one diagram."""

    def __init__(self, diagram: Diagram) -> None:
        self._elements = diagram.elements
        self._at_border: dict[str, list[Element]] = {}
        self._inside: dict[str, list[Element]] = {}  # start events of event sub-processes, by what these stand in
        for element in diagram.elements.values():
            holder = diagram.elements.get(element.parent)
            if element.event not in CAUGHT:
                continue
            if element.attached_to is not None:
                self._at_border.setdefault(element.attached_to, []).append(element)
            elif element.type == "startEvent" and holder is not None and holder.is_event_sub:
                self._inside.setdefault(holder.parent, []).append(element)

    def around(self, thrower: Element, kind: EventKind) -> set[str | None]:
        """What boundary events and event sub-processes around an element catch; None among it: every code."""
        found = set[str | None]()
        at: Element | None = thrower
        while at is not None:
            beside = [each for each in self._inside.get(at.parent, ()) if each.parent != at.id]
            listening = [*self._at_border.get(at.id, ()), *beside]
            found |= {_code(each) for each in listening if each.event == kind}
            at = self._elements.get(at.parent)
        return found


def thrown_out(diagram: Diagram) -> Iterator[tuple[Element, Thrown]]:
    """By events of the process, with a code that is no expression, and caught by nothing in it."""
    listeners = Listeners(diagram)
    for element in diagram.elements.values():
        if element.event in CAUGHT and element.type in THROWING:
            code = _code(element) or ""
            is_caught = not listeners.around(element, element.event).isdisjoint({code, None})
            if code.strip() and not is_feel(code) and not is_caught:
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
