"""Camunda 7's listeners: each that does something a flow can do becomes a step of its own beside its element."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from app.conversion.camunda7.juel import map_text
from app.conversion.camunda7.reading import inner, take_extras
from app.conversion.camunda7.services import WRITE, handler_name
from app.conversion.drawing import Drawing, Grade, bpmn, extend, local, remember, text_of
from app.conversion.leftovers import said
from app.conversion.splicing import splice_after, splice_before, splice_into
from app.conversion.terms import NotMapped

_SETS = re.compile(r"""^[#$]\{\s*(?:execution|task)\.setVariable\(\s*(["'])(\w+)\1\s*,(.+)\)\s*\}$""", re.DOTALL)
_DRAW = "Draw a service task before or after the element."
_BEFORE, _AFTER = frozenset({"start", "create"}), frozenset({"end", "complete"})


@dataclass(frozen=True)
class _Step:
    """What does the same, not drawn yet; and what is to be said of it."""

    node: etree._Element
    grade: Grade
    message: str
    remedy: str


def convert_listeners(drawing: Drawing, node: etree._Element) -> None:
    """Of a flow node, of a flow, or of the process."""
    of_execution, of_task = take_extras(node, "executionListener"), take_extras(node, "taskListener")
    is_before = [] if local(node) in ("process", "startEvent") else _BEFORE
    first = last = node
    for listener in reversed([each for each in (*of_execution, *of_task) if each.get("event") in is_before]):
        first = _convert(drawing, node, listener, first)
    for listener in [each for each in (*of_task, *of_execution) if each.get("event") not in is_before]:
        last = _convert(drawing, node, listener, last)


def _convert(drawing: Drawing, node: etree._Element, listener: etree._Element, at: etree._Element) -> etree._Element:
    """Draws it next to `at`, the node or what its last listener became; whichever the next one is drawn next to."""
    what = f"camunda:{said(listener)}"
    try:
        step = _step(listener)
    except NotMapped as problem:
        code = next(iter(inner(listener, "script")), None)
        if code is not None:
            remember(node, f"A listener ({listener.get('event')}) was:\n{text_of(code)}")
        drawing.lost(node, what, f"It cannot be done here: {problem}.", _DRAW)
        return at
    if not _place(drawing, node, at, step.node, listener.get("event", "")):
        drawing.lost(node, what, "A listener is not run here. No step can be drawn in its place.", _DRAW)
        return at
    (drawing.lost if step.grade == "lost" else drawing.check)(node, what, step.message, step.remedy)
    return step.node


def _place(drawing: Drawing, node: etree._Element, at: etree._Element, step: etree._Element, event: str) -> bool:
    """Whether there is a place where it would be run when the listener was."""
    kind = local(node)
    if kind == "process":
        starts = [each for each in node.findall(bpmn("startEvent")) if not _triggers(each)]
        is_there = event == "start" and len(starts) == 1
        return is_there and splice_after(drawing, starts[0] if at is node else at, step)
    if kind == "sequenceFlow":
        return splice_into(drawing, node, step) if at is node else splice_after(drawing, at, step)
    if any(local(child).endswith("LoopCharacteristics") for child in node):
        return False  # it was run in each round
    if event in _BEFORE and kind not in ("startEvent", "boundaryEvent"):
        return splice_before(drawing, at, step)
    return event in _BEFORE | _AFTER and not kind.endswith("Gateway") and splice_after(drawing, at, step)


def _triggers(start: etree._Element) -> list[etree._Element]:
    return [child for child in start if local(child).endswith("EventDefinition")]


def _step(listener: etree._Element) -> _Step:
    """NotMapped for what only code could do."""
    sets = _SETS.match(listener.get("expression", "").strip()[:5000])
    if sets is not None:
        return _setting(sets[2], sets[3])
    for name in ("class", "delegateExpression", "expression"):
        text = listener.get(name)
        if text:
            handler = handler_name(name, text)
            step = etree.Element(bpmn("serviceTask"), {"name": handler})
            extend(step, "taskDefinition", {"type": handler})
            message = f"Java code is not run here. A step of its own is drawn for it; its handler is called {handler}."
            return _Step(step, "lost", message, WRITE)
    raise NotMapped("no code is run from a diagram")


def _setting(name: str, value: str) -> _Step:
    """A script task that sets the variable."""
    found = map_text(f"${{{value.strip()}}}")
    step = etree.Element(bpmn("scriptTask"), {"name": f"Set {name}"})
    extend(step, "script", {"expression": found.source, "resultVariable": name})
    message = "; ".join([f"A script task is drawn that sets {name}", *found.doubts])
    return _Step(step, "check", f"{message}.", "Look whether it is at the right place.")
