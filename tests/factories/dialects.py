"""Diagrams of other dialects, and what has become of them."""

from __future__ import annotations

from lxml import etree

from app.conversion import Converted, convert

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPACES = {"bpmn": BPMN, "zeebe": "http://camunda.org/schema/zeebe/1.0"}
_HEAD = (
    f'<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
    ' xmlns:modeler="http://camunda.org/schema/modeler/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def camunda7(inner: str, declared: str = "", process: str = "") -> bytes:
    """A Camunda 7 diagram whose process `p` holds what is given."""
    return _document('modeler:executionPlatform="Camunda Platform"', inner, declared, process)


def arena(inner: str, declared: str = "") -> bytes:
    """One of SpiffArena's; it is told by its namespace."""
    mark = "<bpmn:extensionElements><spiffworkflow:category>x</spiffworkflow:category></bpmn:extensionElements>"
    return _document("", mark + inner, declared)


def _document(head: str, inner: str, declared: str, process: str = "") -> bytes:
    return (
        f'{_HEAD} {head} id="d" targetNamespace="t">{declared}'
        f'<bpmn:process id="p" isExecutable="true" {process}>{inner}</bpmn:process></bpmn:definitions>'
    ).encode()


class Outcome:
    """What a diagram has become, and what is said about it."""

    def __init__(self, document: bytes) -> None:
        self.converted: Converted = convert(document)
        self.root = etree.fromstring(self.converted.document)
        self.lost = [note.what for note in self.converted.notes if note.grade == "lost"]
        self.to_check = [note.what for note in self.converted.notes if note.grade == "check"]

    def all(self, path: str) -> list[etree._Element]:
        return self.root.findall(f".//{path}", SPACES)

    def one(self, path: str) -> etree._Element:
        (found,) = self.all(path)
        return found

    def attributes(self, path: str) -> dict[str, str]:
        return {str(key): str(value) for key, value in self.one(path).attrib.items()}

    def text(self, path: str) -> str:
        return (self.one(path).text or "").strip()

    def mappings(self) -> list[tuple[str, str, str]]:
        """(input or output, source, target)"""
        found = self.all("zeebe:ioMapping/*")
        return [(etree.QName(each).localname, each.get("source", ""), each.get("target", "")) for each in found]
