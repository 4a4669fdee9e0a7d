"""What converters of elements share: they take attributes and extensions of Camunda 7 off, and map their texts."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from app.conversion.camunda7.juel import Mapped, map_condition, map_text
from app.conversion.drawing import CAMUNDA, Drawing, discard, extras
from app.conversion.terms import NotMapped

WRITE_FEEL = "Write it in FEEL."


def take(node: etree._Element, name: str) -> str | None:
    """The value of the node's camunda attribute, which is gone then; None for none, or a blank one."""
    value = node.attrib.pop(f"{{{CAMUNDA}}}{name}", None)
    return str(value).strip() or None if value is not None else None


def take_extras(node: etree._Element, name: str) -> list[etree._Element]:
    """The node's camunda extension elements of that name, which are gone then."""
    found = extras(node, CAMUNDA, name)
    for each in found:
        discard(each)
    return found


def inner(node: etree._Element, name: str) -> list[etree._Element]:
    return node.findall(f"{{{CAMUNDA}}}{name}")


def mapped(drawing: Drawing, node: etree._Element, what: str, text: str) -> str | None:
    """A text or an expression as Turnup reads it; None if it cannot be said in FEEL, which is noted."""
    return _mapped(drawing, node, what, text, map_text)


def mapped_condition(drawing: Drawing, node: etree._Element, what: str, text: str) -> str | None:
    return _mapped(drawing, node, what, text, map_condition)


def mapped_or_left(drawing: Drawing, node: etree._Element, what: str, text: str) -> str:
    """What cannot be said stays as it was written, where the author and the checks find it."""
    found = mapped(drawing, node, what, text)
    return text if found is None else found


def _mapped(
    drawing: Drawing, node: etree._Element, what: str, text: str, mapper: Callable[[str], Mapped]
) -> str | None:
    try:
        found = mapper(text)
    except NotMapped as problem:
        drawing.lost(node, f"{what} {text}", f"The expression cannot be said in FEEL: {problem}.", WRITE_FEEL)
        return None
    for doubt in found.doubts:
        drawing.check(node, f"{what} {text}", f"It has become {found.source}, but {doubt}.", "Correct it if need be.")
    return found.source
