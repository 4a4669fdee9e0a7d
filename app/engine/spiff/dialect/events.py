"""Each event against the row of its place: its trigger, its time, whether it interrupts, its mappings."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from app.engine.diagram import Finding
from app.engine.spiff.dialect.places import extension, local, namespace, report
from app.engine.spiff.dialect.remedies import MANY_TRIGGERS, REFUSED_TIMES, REFUSED_TRIGGERS
from app.engine.spiff.dialect.table import BPMN, ZEEBE
from app.engine.spiff.dialect.triggers import EVENT_SUB, EVENTS, INNER_START, NONE, PLACES, TIMES, Place

NAMES = {EVENT_SUB: "start event of an event sub-process", INNER_START: "start event of an embedded sub-process"}


def check_event(node: etree._Element) -> Iterator[Finding]:
    """What the table of elements cannot say, since it depends on where the event stands and on what it holds."""
    if local(node) not in EVENTS:
        return
    where = _place(node)
    place = PLACES[where]
    triggers = [child for child in node if namespace(child) == BPMN and local(child).endswith("EventDefinition")]
    kinds = [_kind(trigger) for trigger in triggers] or [NONE]
    if len(kinds) > 1:
        yield report(node, "several_triggers", "This event has more than one trigger.", _choose(place))
    elif kinds[0] == NONE and NONE not in place.kinds:
        yield report(node, "no_trigger", "Nothing would ever make this event happen.", _choose(place))
    elif kinds[0] not in place.kinds:
        name = NAMES.get(where, local(node))
        words = REFUSED_TRIGGERS.get((where, kinds[0])) or MANY_TRIGGERS.get(kinds[0])
        reason, remedy = words or (f"This trigger has no place on a {name}.", _choose(place))
        yield report(triggers[0], "wrong_trigger", f"{reason} ({kinds[0]} on <{local(node)}>)", remedy)
    else:
        yield from _check_kind(node, where, kinds[0], triggers)


def _check_kind(node: etree._Element, where: str, kind: str, triggers: list[etree._Element]) -> Iterator[Finding]:
    place = PLACES[where]
    beside = "false" in (node.get("cancelActivity"), node.get("isInterrupting"))
    if beside and kind not in place.beside:
        if where in ("startEvent", INNER_START):
            message, remedy = "There is nothing that this start could interrupt or not.", "Delete isInterrupting."
        else:
            message, remedy = f"An event for {_article(kind)} always ends what it stands on.", "Make it interrupting."
        yield report(node, "always_interrupting", message, remedy)
    elif kind == "timer":
        times = place.times_beside if beside else place.times
        found = [child for child in triggers[0] if local(child) in TIMES]
        if len(found) > 1:
            yield report(node, "several_times", "This timer has more than one time.", "Keep one.")
        for time in found[:1]:
            if local(time) not in times:
                reason, remedy = REFUSED_TIMES[where, local(time)]
                yield report(time, "wrong_time", reason, remedy)
    yield from _check_mappings(node, place, kind)
    yield from _check_sending(node, place, kind)


def _check_sending(node: etree._Element, place: Place, kind: str) -> Iterator[Finding]:
    """Only a message that is thrown has a handler that sends it, or is published."""
    throws = kind == "message" and bool(place.inputs)
    for name in ("taskDefinition", "taskHeaders"):
        found = extension(node, name)
        if found is not None and not throws:
            message = f"This event runs no handler. (<zeebe:{name}>)"
            yield report(found, "no_sender", message, "Delete it, or use a service task before the event.")
    published = [extension(child, "publishMessage") for child in node if _kind(child) == "message"]
    if published and published[0] is not None and not throws:
        message = "This event waits for a message; it publishes none."
        yield report(published[0], "no_sender", message, "Delete it, or use an intermediate throw event.")


def _check_mappings(node: etree._Element, place: Place, kind: str) -> Iterator[Finding]:
    mapping = extension(node, "ioMapping")
    if mapping is None:
        return
    if any(row.tag == f"{{{ZEEBE}}}input" for row in mapping) and kind not in place.inputs:
        remedy = "Use a script task before it, or the mappings of what follows."
        yield report(mapping, "event_mapping", "This event takes no variables: its inputs would be ignored.", remedy)
    if any(row.tag == f"{{{ZEEBE}}}output" for row in mapping) and kind not in place.outputs:
        remedy = "Delete its outputs, or use a script task after it."
        yield report(mapping, "event_mapping", "This event brings no variables: its outputs would be ignored.", remedy)


def _place(node: etree._Element) -> str:
    parent = node.getparent()
    if local(node) != "startEvent" or parent is None or local(parent) == "process":
        return local(node)
    return EVENT_SUB if parent.get("triggeredByEvent") == "true" else INNER_START


def _choose(place: Place) -> str:
    kinds = sorted(place.kinds - {NONE})
    if not kinds:
        return "Remove its trigger."
    start = "Remove its trigger, or choose" if NONE in place.kinds else "Choose its trigger:"
    return f"{start} {' or '.join(kinds)}."


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _kind(trigger: etree._Element) -> str:
    return local(trigger).removesuffix("EventDefinition")
