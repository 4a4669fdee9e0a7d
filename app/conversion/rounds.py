"""The standard's loop marker as a multi-instance: one round after the other, until its condition says stop."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from app.conversion.drawing import Drawing, bpmn, extend, make_formal, text_of

MOST = 1000  # rounds, where the diagram names no most
MapCondition = Callable[[Drawing, etree._Element, str, str], str | None]


def convert_rounds(drawing: Drawing, loop: etree._Element, map_condition: MapCondition) -> None:
    """`standardLoopCharacteristics`: it goes round while its condition holds, and its maximum is not reached."""
    most, first = loop.attrib.pop("loopMaximum", ""), loop.attrib.pop("testBefore", "false") == "true"
    written = loop.find(bpmn("loopCondition"))
    text = text_of(written)
    condition = map_condition(drawing, loop, "loopCondition", text) if text else None
    if text and condition is None:
        return  # it stays, and is refused
    if not most.isdecimal() and condition is None:
        message = "It says neither how often nor how long it goes round."
        drawing.lost(loop, "standardLoopCharacteristics", message, "Draw the loop with an exclusive gateway.")
        return
    if not most.isdecimal():
        message = f"It goes round {MOST:,} times at most here."
        drawing.check(loop, f"loopCondition {text}", message, "Correct the input collection if that is not enough.")
    for child in list(loop):
        loop.remove(child)
    loop.tag = bpmn("multiInstanceLoopCharacteristics")
    loop.set("isSequential", "true")
    rounds = f"for i in 1..{most if most.isdecimal() and int(most) > 0 else MOST} return i"
    holds = "" if condition is None else condition.removeprefix("=")
    starts = f"=if ({holds}) = true then {rounds} else []" if first and holds else f"={rounds}"
    extend(loop, "loopCharacteristics", {"inputCollection": starts})
    if holds:
        done = etree.SubElement(loop, bpmn("completionCondition"))
        done.text = f"=not({holds})"
        make_formal(done)
