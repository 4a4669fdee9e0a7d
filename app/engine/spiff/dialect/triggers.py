"""Events as data: which trigger may stand where, with which time, and which may leave running what they stand on.

The start of an event sub-process is a place of its own: what triggers a process may not trigger it, and the other
way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.engine.diagram import Diagram, Element

NONE = "none"  # an event without a trigger
TIMES = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
EVENTS = ("startEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent", "endEvent")
EVENT_SUB = "eventSubProcess"  # the place of its start event
INNER_START = "embeddedStart"  # the place of the start event of an embedded sub-process


@dataclass(frozen=True)
class Place:
    """`kinds` may trigger an event here; those in `beside` need not interrupt. `inputs` and `outputs` may be mapped."""

    kinds: frozenset[str]
    beside: frozenset[str] = frozenset()
    times: tuple[str, ...] = ()
    times_beside: tuple[str, ...] = ()
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()


def _place(
    kinds: str, beside: str = "", times: str = "", beside_times: str = "", inputs: str = "", outputs: str = ""
) -> Place:
    words = (frozenset(text.split()) for text in (kinds, beside, inputs, outputs))
    of_kinds, of_beside, of_inputs, of_outputs = words
    return Place(of_kinds, of_beside, tuple(times.split()), tuple(beside_times.split()), of_inputs, of_outputs)


REPEATED = "message timer signal escalation conditional"
PLACES: dict[str, Place] = {
    "startEvent": _place("none message timer signal", times="timeDate timeCycle", outputs="none message timer signal"),
    INNER_START: _place("none", outputs="none"),
    EVENT_SUB: _place(
        f"{REPEATED} error",
        REPEATED,
        "timeDate timeDuration",
        "timeDate timeDuration timeCycle",
        outputs=f"{REPEATED} error",
    ),
    "intermediateCatchEvent": _place(
        "message timer signal conditional link",
        times="timeDate timeDuration",
        outputs="message timer signal conditional",
    ),
    "intermediateThrowEvent": _place(
        "none message signal escalation link compensate", inputs="message signal", outputs="none message signal"
    ),
    "boundaryEvent": _place(
        f"{REPEATED} error compensate cancel",
        REPEATED,
        "timeDate timeDuration",
        "timeDate timeDuration timeCycle",
        outputs=f"{REPEATED} error",
    ),
    "endEvent": _place(
        "none message signal error escalation compensate cancel terminate",
        inputs="message signal",
        outputs="none message signal",
    ),
}


def place_of(element: Element, diagram: Diagram) -> str:
    """The row of PLACES for an event."""
    holder = diagram.elements.get(element.parent)
    if element.type != "startEvent" or holder is None:
        return element.type
    return EVENT_SUB if holder.is_event_sub else INNER_START


def event_construct(element: Element, diagram: Diagram) -> str:
    """The name that `event_constructs` has for an event of a diagram."""
    place = place_of(element, diagram)
    parts = ["startEvent" if place == INNER_START else place]
    if element.event is not None:
        parts.append(element.event)
    if element.timer is not None:
        parts.append(next(name for name, kind in TIMES.items() if kind == element.timer[0]))
    if element.handler is not None:
        parts.append("handler")
    if not element.interrupting:
        parts.append("non-interrupting")
    return ":".join(parts)


def event_constructs() -> Iterator[str]:
    """Every event that a token can meet, such as `boundaryEvent:timer:timeCycle:non-interrupting`."""
    for name, place in PLACES.items():
        if name == INNER_START:
            continue  # a start like that of a process
        for kind in sorted(place.kinds):
            event = name if kind == NONE else f"{name}:{kind}"
            yield from _forms(event, kind, place.times)
            if kind in place.beside:
                yield from (f"{form}:non-interrupting" for form in _forms(event, kind, place.times_beside))
            if kind == "message" and "message" in place.inputs:
                yield f"{event}:handler"  # a handler sends it; else the engine puts it into the inbox


def _forms(event: str, kind: str, times: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{event}:{time}" for time in times) if kind == "timer" else (event,)
