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

DMN_11, DMN_13 = "http://www.omg.org/spec/DMN/20151101/dmn.xsd", "https://www.omg.org/spec/DMN/20191111/MODEL/"


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


def model(
    asks: str = "speed", cell: str = "&gt;= 300", gives: str = '"fast"', facts: tuple[str, str, str] = ("", "", ""),
    space: str = DMN_11, head: str = "",
) -> bytes:  # fmt: skip
    """A decision `profile` of Camunda 7: `asks` is its input, `cell` and `gives` are its first rule; `facts` are theirs."""
    return (
        f'<definitions xmlns="{space}" xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="d" name="D" namespace="n"{head}>'
        '<decision id="profile" name="Profile" camunda:historyTimeToLive="P180D"><decisionTable id="t" hitPolicy="FIRST">'
        f'<input id="i" label="Speed" camunda:inputVariable="mbps"><inputExpression id="ie" typeRef="integer"{facts[0]}>'
        f'<text>{asks}</text></inputExpression></input><output id="o" name="name" typeRef="string" />'
        f'<rule id="r"><inputEntry id="c"{facts[1]}><text>{cell}</text></inputEntry>'
        f'<outputEntry id="g"{facts[2]}><text>{gives}</text></outputEntry></rule>'
        '<rule id="r2"><inputEntry id="c2"><text></text></inputEntry><outputEntry id="g2"><text>"slow"</text></outputEntry></rule>'
        "</decisionTable></decision></definitions>"
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
