"""Where in the XML something stands, in the words of the diagram."""

from __future__ import annotations

from lxml import etree

from app.engine.diagram import INNER, Finding, Severity, shortened
from app.engine.spiff.dialect.table import ARTIFACTS, BPMN, ELEMENTS, FLOW_NODES, ZEEBE

SHAPES = {
    *FLOW_NODES.split(),
    *ARTIFACTS.split(),
    *("process", "sequenceFlow", "participant", "messageFlow", "lane", "message", "error", "signal", "escalation"),
}
SCOPES = {"process", *INNER}
EXTENSIONS = f"{{{BPMN}}}extensionElements"


def local(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]


def namespace(node: etree._Element) -> str:
    return str(node.tag)[1:].rpartition("}")[0]


def is_bpmn(node: etree._Element, name: str) -> bool:
    return bool(node.tag == f"{{{BPMN}}}{name}")


def children(node: etree._Element, name: str) -> list[etree._Element]:
    return list(node.iterchildren(f"{{{BPMN}}}{name}"))


def extensions(node: etree._Element) -> dict[str, etree._Element]:
    """The zeebe extension elements that `node` holds, the first of each name."""
    found: dict[str, etree._Element] = {}
    for holder in node.iterchildren(EXTENSIONS):
        for held in holder.iterchildren(f"{{{ZEEBE}}}*"):
            found.setdefault(local(held), held)
    return found


def extension(node: etree._Element, name: str) -> etree._Element | None:
    """The zeebe extension element of that name which `node` holds."""
    return extensions(node).get(name)


def associated(root: etree._Element) -> dict[str, list[str]]:
    """Where associations lead that lead to no note: from a compensation event, to what takes the work back."""
    notes = {node.get("id") for name in ARTIFACTS.split() for node in root.iter(f"{{{BPMN}}}{name}")}
    found: dict[str, list[str]] = {}
    for node in root.iter(f"{{{BPMN}}}association"):
        source, target = node.get("sourceRef", ""), node.get("targetRef", "")
        if target and target not in notes:
            found.setdefault(source, []).append(target)
    return found


def text_of(node: etree._Element) -> str:
    return (node.text or "").strip()


def place_id(node: etree._Element) -> str | None:
    """The id of the shape that an author would click on to find `node`."""
    at: etree._Element | None = node
    while at is not None:
        if at.get("id") and namespace(at) == BPMN and (local(at) in SHAPES or _is_unknown_shape(at)):
            return at.get("id")
        at = at.getparent()
    return None


def _is_unknown_shape(node: etree._Element) -> bool:
    parent = node.getparent()
    known = local(node) in ELEMENTS or local(node).endswith(("EventDefinition", "Characteristics"))
    return parent is not None and local(parent) in SCOPES and not known


def report(node: etree._Element, code: str, message: str, remedy: str, *, severity: Severity = "error") -> Finding:
    place = place_id(node)
    return Finding(
        severity, place and shortened(place, 300), code, shortened(message), shortened(remedy), node.sourceline
    )
