"""Diagrams are read as any XML of a stranger; what is refused becomes a finding."""

from __future__ import annotations

from lxml import etree

from app.core import xml
from app.engine.diagram import DiagramRefused, DiagramTooLarge, Finding

DEPTH_LIMIT = 200
ELEMENT_LIMIT = 50_000

digest = xml.digest


def read_xml(document: bytes, limit_bytes: int = 5_000_000) -> etree._Element:
    """The root of the tree; see `app.core.xml`. Raises DiagramTooLarge, or DiagramRefused with one finding."""
    try:
        return xml.read_xml(document, xml.Limits(limit_bytes, DEPTH_LIMIT, ELEMENT_LIMIT))
    except xml.XmlRefused as error:
        finding = Finding("error", None, error.reason, error.message, error.remedy, error.line)
        if error.reason == "too_large":
            raise DiagramTooLarge(finding) from error
        raise DiagramRefused([finding]) from error
