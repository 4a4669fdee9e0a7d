"""Data objects and data stores: only drawn, they become text annotations in the same place."""

from __future__ import annotations

from lxml import etree

from app.conversion.drawing import Drawing, bpmn, discard, is_bpmn, local, text_of

_REFERENCES = ("dataObjectReference", "dataStoreReference")
_BEHIND = ("dataObject", "dataStore")
_SCOPES = ("process", "subProcess", "transaction")


def convert_data(drawing: Drawing) -> None:
    for node in drawing.nodes(*_REFERENCES):
        _as_note(drawing, node)
    for node in drawing.nodes(*_BEHIND):
        discard(node)
    for node in drawing.nodes("ioSpecification"):
        message = "What an activity takes and gives, its input and output mappings say."
        drawing.lost(node, "ioSpecification", message, "Map its inputs and outputs.")
        discard(node)
    for node in drawing.nodes("dataInputAssociation", "dataOutputAssociation"):
        _as_association(node)


def _as_note(drawing: Drawing, node: etree._Element) -> None:
    name, kind = node.get("name") or "", local(node)
    message = "Nothing is stored in a data object or a data store here: it is a text annotation now."
    remedy = "Keep what it stood for in a variable; let a handler read and write what is outside."
    drawing.lost(node, f"{kind} {name}".strip(), message, remedy)
    own_id = node.get("id")
    node.attrib.clear()
    for child in list(node):
        if local(child) != "documentation":
            node.remove(child)
    if own_id:
        node.set("id", own_id)
    node.tag = bpmn("textAnnotation")
    etree.SubElement(node, bpmn("text")).text = name


def _as_association(node: etree._Element) -> None:
    """Between the task that holds it and what is a text annotation by now."""
    task = node.getparent()
    ends = {local(child): text_of(child) for child in node if is_bpmn(child)}
    scope = None if task is None else next(task.iterancestors(*map(bpmn, _SCOPES)), None)
    other = ends.get("targetRef") if local(node) == "dataOutputAssociation" else ends.get("sourceRef")
    discard(node)
    if task is None or scope is None or not other or scope.find(f".//*[@id='{_quoted(other)}']") is None:
        return
    made = etree.SubElement(scope, bpmn("association"))
    if node.get("id"):
        made.set("id", node.get("id", ""))
    is_output = local(node) == "dataOutputAssociation"
    made.set("sourceRef", task.get("id", "") if is_output else other)
    made.set("targetRef", other if is_output else task.get("id", ""))


def _quoted(id: str) -> str:
    return id.replace("'", "")
