"""What converters of elements share: they take SpiffArena's extensions off, and map its expressions."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from app.conversion.arena.python import constant_of, map_condition, map_expression
from app.conversion.arena.python_calls import Doubts
from app.conversion.drawing import ARENA, Drawing, bpmn, discard, extras, text_of
from app.conversion.terms import NotMapped, Term, as_source, is_writable

WRITE_FEEL = "Write it in FEEL."


def take(node: etree._Element, name: str) -> str | None:
    """The text of the node's extension, which is gone then; None for none, or an empty one."""
    found = take_all(node, name)
    return (text_of(found[0]) or None) if found else None


def take_all(node: etree._Element, name: str) -> list[etree._Element]:
    found = extras(node, ARENA, name)
    for each in found:
        discard(each)
    return found


def within(node: etree._Element, name: str) -> list[etree._Element]:
    """The dialect's elements of that name, however deep."""
    return list(node.iter(f"{{{ARENA}}}{name}"))


def mapped(drawing: Drawing, node: etree._Element, what: str, text: str) -> str | None:
    """FEEL with its `=`, or a plain text; None for what cannot be said in FEEL, which is noted."""
    try:
        value = constant_of(text)
        if isinstance(value, str) and is_writable(value) and not value.strip().startswith("="):
            return value
    except NotMapped:
        pass
    return _mapped(drawing, node, what, text, map_expression)


def mapped_condition(drawing: Drawing, node: etree._Element, what: str, text: str) -> str | None:
    return _mapped(drawing, node, what, text, map_condition)


def _mapped(
    drawing: Drawing, node: etree._Element, what: str, text: str, mapper: Callable[[str], tuple[Term, Doubts]]
) -> str | None:
    try:
        term, doubts = mapper(text)
        source = as_source(term)
    except NotMapped as problem:
        drawing.lost(node, f"{what} {text}", f"The expression cannot be said in FEEL: {problem}.", WRITE_FEEL)
        return None
    tell_doubts(drawing, node, f"{what} {text}", source, doubts)
    return source


def tell_doubts(drawing: Drawing, node: etree._Element, what: str, source: str, doubts: Doubts) -> None:
    for doubt in dict.fromkeys(doubts):
        drawing.check(node, what, f"It has become {source}, but {doubt}.", "Correct it if need be.")


def lanes_of(drawing: Drawing) -> dict[str, str]:
    """Element -> the name of the innermost lane that it stands in."""
    found: dict[str, str] = {}
    for lane in drawing.nodes("lane"):
        for ref in lane.findall(bpmn("flowNodeRef")):
            if name := lane.get("name"):
                found[text_of(ref)] = name
    return found
