"""A diagram while it is converted: its tree, what was written about it, and the words for that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
MODELER = "http://camunda.org/schema/modeler/1.0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
ARENA = "http://spiffworkflow.org/bpmn/schema/1.0/core"
PLATFORM, PLATFORM_VERSION = "Camunda Cloud", "8.6.0"
_LONGEST = 300
_NO_PLACE = ("extensionElements", "EventDefinition", "Characteristics", "Expression")

_IN_MODELS = ("decision", "businessKnowledgeModel", "inputData")  # what of decisions is drawn

Grade = Literal["lost", "check"]


class Dialect(StrEnum):
    CAMUNDA_7 = "camunda7"
    SPIFF_ARENA = "spiffarena"
    CAMUNDA_8 = "camunda8"  # or plain BPMN: there is nothing to convert


@dataclass(frozen=True)
class Note:
    """`lost`: it could not be taken over. `check`: it was, but means something else, or needs a look."""

    grade: Grade
    element_id: str | None
    element_name: str | None
    what: str  # of the source, such as camunda:class="com.example.Activate"
    message: str
    remedy: str
    line: int | None


@dataclass(frozen=True)
class Converted:
    dialect: Dialect
    document: bytes
    notes: tuple[Note, ...]
    has_layout: bool
    is_model: bool = False  # of decisions, no diagram


@dataclass
class Drawing:
    root: etree._Element
    notes: list[Note] = field(default_factory=list)
    _named: dict[str, dict[str, etree._Element]] = field(default_factory=dict)

    def lost(self, node: etree._Element, what: str, message: str, remedy: str) -> None:
        self._note("lost", node, what, message, remedy)

    def check(self, node: etree._Element, what: str, message: str, remedy: str) -> None:
        self._note("check", node, what, message, remedy)

    def _note(self, grade: Grade, node: etree._Element, what: str, message: str, remedy: str) -> None:
        shape = _shape(node)
        own_id, name = (None, None) if shape is None else (shape.get("id"), shape.get("name"))
        texts = (shortened(what), shortened(message), shortened(remedy))
        self.notes.append(Note(grade, own_id, name, *texts, node.sourceline))

    def nodes(self, *names: str) -> Iterator[etree._Element]:
        """The BPMN elements of these names, as they stood when this was asked."""
        return iter([node for name in names for node in self.root.iter(f"{{{BPMN}}}{name}")])

    def by_id(self, name: str, id: str | None) -> etree._Element | None:
        if name not in self._named:
            self._named[name] = {node.get("id", ""): node for node in self.nodes(name)}
        return self._named[name].get(id) if id else None


def shortened(text: str) -> str:
    spaced = " ".join(text.split())
    return spaced if len(spaced) <= _LONGEST else f"{spaced[:_LONGEST]}..."


def _shape(node: etree._Element) -> etree._Element | None:
    """What an author would click on to find `node`."""
    at: etree._Element | None = node
    while at is not None:
        if at.get("id") and (_is_shape(at) or local(at) in _IN_MODELS):
            return at
        at = at.getparent()
    return None


def _is_shape(node: etree._Element) -> bool:
    return is_bpmn(node) and not local(node).endswith(_NO_PLACE)


def local(node: etree._Element) -> str:
    return etree.QName(node).localname


def is_bpmn(node: etree._Element) -> bool:
    return etree.QName(node).namespace == BPMN


def bpmn(name: str) -> str:
    return f"{{{BPMN}}}{name}"


def snake(name: str) -> str:
    """ActivateLine as activate_line."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def text_of(node: etree._Element | None) -> str:
    return "" if node is None else (node.text or "").strip()


def extensions(node: etree._Element) -> etree._Element:
    """The node's bpmn:extensionElements, which come after its documentation."""
    found = node.find(bpmn("extensionElements"))
    if found is None:
        found = etree.Element(bpmn("extensionElements"))
        node.insert(len(node.findall(bpmn("documentation"))), found)
    return found


def extend(node: etree._Element, name: str, attributes: Mapping[str, str | None]) -> etree._Element:
    """The node's zeebe extension of that name, made if it is not there, with these attributes; None is left out."""
    holder = extensions(node)
    found = holder.find(f"{{{ZEEBE}}}{name}")
    if found is None:
        found = etree.SubElement(holder, f"{{{ZEEBE}}}{name}")
    for key, value in attributes.items():
        if value is not None:
            found.set(key, value)
    return found


def map_input(node: etree._Element, source: str, target: str) -> None:
    """Before the outputs, as the modeler writes them."""
    mapping = extend(node, "ioMapping", {})
    made = etree.Element(f"{{{ZEEBE}}}input", {"source": source, "target": target})
    first_output = mapping.find(f"{{{ZEEBE}}}output") if len(mapping) and local(mapping[-1]) == "output" else None
    if first_output is None:
        mapping.append(made)
    else:
        first_output.addprevious(made)


def map_output(node: etree._Element, source: str, target: str) -> None:
    etree.SubElement(extend(node, "ioMapping", {}), f"{{{ZEEBE}}}output", {"source": source, "target": target})


def make_formal(expression: etree._Element) -> None:
    """Modelers mark the text of a condition as an expression."""
    prefix = f"{expression.prefix}:" if expression.prefix else ""
    expression.set(f"{{{XSI}}}type", f"{prefix}tFormalExpression")


def remember(node: etree._Element, text: str) -> None:
    """Adds to the node's documentation what would otherwise be gone from the file."""
    made = etree.Element(bpmn("documentation"))
    made.text = text
    node.insert(len(node.findall(bpmn("documentation"))), made)


def extras(node: etree._Element, space: str, name: str) -> list[etree._Element]:
    """The node's extension elements of that name in another dialect's namespace."""
    return node.findall(f"{bpmn('extensionElements')}/{{{space}}}{name}")


def discard(node: etree._Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)
