"""The converter's door: which dialect a diagram is of, and what is made of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from lxml import etree

from app.conversion.arena.convert import convert_arena
from app.conversion.camunda7.convert import convert_camunda7
from app.conversion.data_objects import convert_data
from app.conversion.drawing import (
    ARENA,
    BPMN,
    BPMNDI,
    CAMUNDA,
    MODELER,
    PLATFORM,
    PLATFORM_VERSION,
    ZEEBE,
    Converted,
    Dialect,
    Drawing,
    Note,
    bpmn,
    is_bpmn,
    local,
)
from app.conversion.leftovers import take_foreign_away
from app.conversion.models import convert_model
from app.core import xml
from app.core.errors import Unprocessable

_DMN = re.compile(r"https?://www\.omg\.org/spec/DMN/.*")
# As much as a deployment takes
LIMITS = xml.Limits()
_ORIGIN = {CAMUNDA: Dialect.CAMUNDA_7, ARENA: Dialect.SPIFF_ARENA}
_CONVERTERS: Mapping[Dialect, Callable[[Drawing], None]] = {
    Dialect.CAMUNDA_7: convert_camunda7,
    Dialect.SPIFF_ARENA: convert_arena,
}


class NoDiagram(Unprocessable):
    """The document is XML, and neither a BPMN diagram nor a DMN model."""


def convert(document: bytes) -> Converted:
    """The diagram or decision model for Turnup, and a note for each thing that could not be taken over or needs a look.

    One that is of no other dialect comes back as it was. XmlRefused and NoDiagram for what is neither.
    """
    root = xml.read_xml(document, LIMITS)
    if _DMN.fullmatch(etree.QName(root).namespace or "") and local(root) == "definitions":
        return convert_model(root, document)
    if root.tag != bpmn("definitions"):
        found = "its first element is no bpmn:definitions, nor that of a DMN model"
        raise NoDiagram(f"This is no BPMN diagram: {found}. Choose a .bpmn or .dmn file.")
    dialect = dialect_of(root)
    if dialect is Dialect.CAMUNDA_8:
        return Converted(dialect, document, (), has_layout(root))
    drawing, drawn = Drawing(root), has_layout(root)
    _CONVERTERS[dialect](drawing)
    convert_data(drawing)
    take_foreign_away(drawing)
    return Converted(dialect, _written(root), _in_order(drawing), drawn)


def dialect_of(root: etree._Element) -> Dialect:
    """By the namespace that is used; a mere declaration says nothing."""
    for node in root.iter(etree.Element):
        spaces = [etree.QName(node).namespace, *(etree.QName(str(key)).namespace for key in node.attrib)]
        for space in spaces:
            if space in _ORIGIN and node is not root:
                return _ORIGIN[space]
    if root.get(f"{{{MODELER}}}executionPlatform") == "Camunda Platform":
        return Dialect.CAMUNDA_7
    return Dialect.CAMUNDA_8


def has_layout(root: etree._Element) -> bool:
    return root.find(f".//{{{BPMNDI}}}BPMNShape") is not None


def _in_order(drawing: Drawing) -> tuple[Note, ...]:
    """As the elements stand in the file; what is lost comes first in each."""
    return tuple(sorted(drawing.notes, key=lambda note: (note.line or 0, note.element_id or "", note.grade == "check")))


def _written(root: etree._Element) -> bytes:
    """The tree with the namespaces that it uses, and for the platform whose dialect it is of by now."""
    spaces = {prefix: uri for prefix, uri in root.nsmap.items() if uri not in _ORIGIN}
    for prefix, uri in (("zeebe", ZEEBE), ("modeler", MODELER)):
        if uri not in spaces.values():
            spaces[prefix] = uri
    made = etree.Element(root.tag, dict(root.attrib), nsmap=spaces)
    made.set(f"{{{MODELER}}}executionPlatform", PLATFORM)
    made.set(f"{{{MODELER}}}executionPlatformVersion", PLATFORM_VERSION)
    made.extend(list(root))
    for node in made.iter(bpmn("extensionElements")):
        _tidy(node)
    kept = [prefix for prefix, uri in spaces.items() if prefix and uri not in _ORIGIN]
    etree.cleanup_namespaces(made, keep_ns_prefixes=kept)
    return etree.tostring(made, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _tidy(holder: etree._Element) -> None:
    parent = holder.getparent()
    if len(holder) == 0 and parent is not None and is_bpmn(parent) and etree.QName(holder).namespace == BPMN:
        parent.remove(holder)
