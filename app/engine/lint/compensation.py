"""Compensation: the activity that takes work back, the event that leads to it, and what throws it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.engine.diagram import ACTIVITIES, Diagram, Element, Finding
from app.engine.lint.graph import around
from app.handling.registry import Handler


def check_compensation(diagram: Diagram, known_handlers: Callable[[str], Handler | None]) -> Iterator[Finding]:
    elements = diagram.elements.values()
    events = [each for each in elements if each.type == "boundaryEvent" and each.event == "compensate"]
    led_to = {event.compensated_by for event in events}
    taken_back = [each for each in elements if each.id in {event.attached_to for event in events}]
    taken_back += [each for each in elements if _has_undo(each, known_handlers)]
    can = {each.id for each in taken_back} | around(diagram, taken_back)
    hosts: dict[str | None, str] = {}
    for element in elements:
        if element.event == "compensate" and element.type == "boundaryEvent":
            yield from _check_event(diagram, element, hosts)
        elif element.event == "compensate":
            yield from _check_throw(diagram, element, can)
        elif element.for_compensation and element.id not in led_to:
            message = "This takes work back, and no compensation event leads to it, so it never runs."
            remedy = "Attach a compensation event to an activity, and draw an association from it to this one."
            yield Finding.warning(element, "unreachable", message, remedy)


def _has_undo(element: Element, known_handlers: Callable[[str], Handler | None]) -> bool:
    handler = known_handlers(element.handler) if element.handler else None
    return element.type == "callActivity" or (handler is not None and handler.undo is not None)


def _check_event(diagram: Diagram, event: Element, hosts: dict[str | None, str]) -> Iterator[Finding]:
    first = hosts.setdefault(event.attached_to, event.id)
    if first != event.id:
        message = f"'{first}' says already what takes '{event.attached_to or ''}' back."
        yield Finding.error(event, "same_event_twice", message, "Keep one of them.")
    if event.compensated_by is None:
        message = "Nothing says what takes the work back."
        remedy = "Draw an association from this event to an activity that is marked for compensation."
        yield Finding.error(event, "no_compensation", message, remedy)
        return
    target = diagram.elements.get(event.compensated_by)
    problem = None
    if target is None or target.type not in ACTIVITIES:
        problem = f"'{event.compensated_by[:60]}', to which its association leads, is no activity."
    elif target.parent != event.parent:
        problem = f"'{target.id}', to which its association leads, is not beside it."
    elif not target.for_compensation:
        problem = f"'{target.id}', to which its association leads, is not marked for compensation."
    elif target.is_event_sub or target.id == event.attached_to:
        problem = f"'{target.id}' cannot take this work back."
    if problem is not None:
        remedy = "Let it lead to an activity beside it that is marked for compensation and has no flows."
        yield Finding.error(event, "bad_compensation", problem, remedy)


def _check_throw(diagram: Diagram, event: Element, can: set[str]) -> Iterator[Finding]:
    scopes = _outwards(diagram, event)
    if event.compensates is None:
        if event.parent not in can:
            message = "Nothing beside this event could be taken back, so it does nothing."
            remedy = "Attach compensation events to the activities, or use handlers that have an undo."
            yield Finding.warning(event, "nothing_to_take_back", message, remedy)
        return
    target = diagram.elements.get(event.compensates)
    if target is None or target.type not in ACTIVITIES or target.is_event_sub:
        message = f"'{event.compensates[:60]}', which this event takes back, is no activity of this process."
        yield Finding.error(event, "bad_compensation", message, "Choose the activity again, or none to take back all.")
    elif target.parent not in scopes or target.id in scopes:
        message = f"'{target.id}', which this event takes back, is not in the process or sub-process of the event."
        remedy = "Choose an activity beside the event or further out, or the sub-process that holds the activity."
        yield Finding.error(event, "bad_compensation", message, remedy)
    elif target.id not in can:
        message = f"Nothing says how '{target.id}' is taken back, so this event does nothing."
        remedy = "Attach a compensation event to it, or use a handler that has an undo."
        yield Finding.warning(event, "nothing_to_take_back", message, remedy)


def _outwards(diagram: Diagram, element: Element) -> list[str]:
    """The ids of what the element stands in, from inside to the process."""
    found = [element.parent]
    while (holder := diagram.elements.get(found[-1])) is not None:
        found.append(holder.parent)
    return found
