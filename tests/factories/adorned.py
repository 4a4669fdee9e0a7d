"""Hangs on a diagram, by lot, whatever else the dialect's table allows: names, notes, lanes, pools, headers, people, forms.

    adorned(document, random.Random(7))

What an attribute may say comes from the table, so one that is allowed some day is hung on from that day.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator

from lxml import etree

from app.engine.spiff.dialect import table
from tests.factories.task_forms import VISIT

BPMN, ZEEBE = f"{{{table.BPMN}}}", f"{{{table.ZEEBE}}}"
CHANCE = 0.8
LIKE_NONE = {"isForCompensation": "false", "triggeredByEvent": "false", "isInterrupting": "true", "cancelActivity": "true"}
WORDS = {"textFormat": "text/plain", "exporter": "Turnup", "exporterVersion": "1", "retries": "3", "messageId": "=order"}
UNSAID = {"isExecutable", "isSequential"}  # they say what else is there
FEEL = '=if order = null then "none" else order'


class Adorner:
    def __init__(self, root: etree._Element, draw: random.Random) -> None:
        self.root, self.draw = root, draw
        self._numbers = itertools.count(1)
        self._bindings = random.Random(sum(1 for _ in root.iter()))  # of its own: all else is drawn as without it

    def adorn(self) -> None:
        process = self.root.find(f"{BPMN}process")
        assert process is not None
        for node in list(self.root.iter(etree.Element)):
            name = etree.QName(node)
            rows = {table.BPMN: table.ELEMENTS, table.ZEEBE: table.EXTENSIONS}.get(name.namespace or "", {})
            if name.localname in rows:
                self._attributes(node, rows[name.localname])
        for node in list(process.iter(f"{BPMN}*")):
            self._extensions(node)
        for flow in list(process.iter(f"{BPMN}sequenceFlow")):
            self._ends(flow)
        self._pools(process)
        self._lanes(process)
        self._notes(process)
        for node in list(self.root.iter(f"{BPMN}*")):
            if "documentation" in table.ELEMENTS[etree.QName(node).localname].children and self.may(0.2):
                self.child(node, "documentation", 'Why, "so" & <thus>', 0, id=self.new("note"), textFormat="text/plain")

    def may(self, chance: float = CHANCE) -> bool:
        return self.draw.random() < chance

    def new(self, kind: str) -> str:
        return f"{kind}_of_{next(self._numbers)}"

    def child(self, node: etree._Element, kind: str, /, text: str = "", at: int | None = None, **facts: str) -> etree._Element:
        made = etree.Element(f"{BPMN}{kind}", facts)
        made.text = text or None
        node.insert(len(node) if at is None else at, made)
        return made

    def _attributes(self, node: etree._Element, row: table.Row) -> None:
        for name, pattern in row.attributes.items():
            value = self._value(node, name, pattern)
            if name not in node.attrib and value is not None and self.may():
                node.set(name, value)

    def _value(self, node: etree._Element, name: str, pattern: str) -> str | None:
        if name == "id":
            return self.new("x")
        if name in LIKE_NONE or name in WORDS:
            return LIKE_NONE.get(name) or WORDS[name]
        if name == "name":
            known = node.get("errorCode") or node.get("escalationCode")
            is_label = etree.QName(node).localname not in ("message", "signal", "linkEventDefinition", "property")
            return f"{known or 'Step'} “{next(self._numbers)}”" if is_label else None
        return None if pattern == table.ANY or name in UNSAID or "versionTag" in pattern else self.draw.choice(pattern.split("|"))

    def _extensions(self, node: etree._Element) -> None:
        name = etree.QName(node).localname
        row = table.ELEMENTS[name]
        allowed = row.extensions if "extensionElements" in row.children else ()
        made = dict(self._made(name))
        for extension, parts in made.items():
            if extension in allowed and self.may() and node.find(f"{BPMN}extensionElements/{ZEEBE}{extension}") is None:
                self._extend(node, extension, parts)

    def _made(self, name: str) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
        """What may be added, with its attributes first and those of its children after."""
        pairs = {"name": "team", "value": "fibre"}
        yield "properties", [("", {}), ("property", pairs), ("property", {"name": "note", "value": ""})]
        if name == "serviceTask":
            header = {"key": "channel", "value": "=1 < 2"}
            yield "taskHeaders", [("", {}), ("header", header)]
        if name == "userTask":
            kind = self.draw.choice(["formId", "externalReference", "formKey"])
            bindings = [{"bindingType": "latest"}, {"bindingType": "deployment"}]
            tagged = {"bindingType": "versionTag", "versionTag": "v1"}
            bound = self._bindings.choice([*bindings, tagged]) if kind == "formId" else {}
            yield "formDefinition", [("", {kind: "visit", **bound})]
            yield "assignmentDefinition", [("", {"assignee": FEEL, "candidateGroups": '=["field"]'})]
            yield "taskSchedule", [("", {"dueDate": "=now()", "followUpDate": "2026-11-30T08:00:00Z"})]
        if name == "process":
            yield "versionTag", [("", {"value": "1.2"})]
            yield "userTaskForm", [("", {"id": "visit_form"})]

    def _extend(self, node: etree._Element, name: str, parts: list[tuple[str, dict[str, str]]]) -> None:
        holder = node.find(f"{BPMN}extensionElements")
        if holder is None:
            holder = self.child(node, "extensionElements", at=0)
        (_, facts), *inner = parts
        made = etree.SubElement(holder, f"{ZEEBE}{name}", facts)
        if name == "userTaskForm":
            made.text = json.dumps(VISIT)
        for child, values in inner:
            etree.SubElement(made, f"{ZEEBE}{child}", values)

    def _ends(self, flow: etree._Element) -> None:
        """What modelers write at both ends of a flow; and a gateway may go on by it when nothing else holds."""
        for end, name in (("sourceRef", "outgoing"), ("targetRef", "incoming")):
            node = self.root.find(f".//*[@id='{flow.get(end)}']")
            assert node is not None
            first = len(node.findall(f"{BPMN}extensionElements"))
            self.child(node, name, flow.get("id", ""), first)
            if name == "outgoing" and node.tag == f"{BPMN}inclusiveGateway" and self.may(0.3):
                node.set("default", flow.get("id", ""))

    def _pools(self, process: etree._Element) -> None:
        if not self.may():
            return
        pools = self.child(self.root, "collaboration", at=0, id=self.new("pools"), name="Who", isClosed="false")
        ours, theirs = self.new("pool"), self.new("pool")
        self.child(pools, "participant", id=ours, name="We", processRef=process.get("id", ""))
        self.child(pools, "participant", id=theirs, name="They")
        self.child(pools, "messageFlow", id=self.new("told"), name="order", sourceRef=theirs, targetRef=ours)

    def _lanes(self, process: etree._Element) -> None:
        nodes = [each.get("id", "") for each in process if etree.QName(each).localname in table.FLOW_NODES.split()]
        if not self.may():
            return
        at = len(process.findall(f"{BPMN}documentation")) + len(process.findall(f"{BPMN}extensionElements"))
        lanes = self.child(process, "laneSet", at=at, id=self.new("lanes"), name="Who does it")
        lane = self.child(lanes, "lane", id=self.new("lane"), name="Systems")
        for id in nodes:
            self.child(lane, "flowNodeRef", id)
        inner = self.child(lane, "childLaneSet", id=self.new("lanes"), name="Which")
        self.child(inner, "lane", id=self.new("lane"), name="OLT")

    def _notes(self, process: etree._Element) -> None:
        if not self.may():
            return
        note = self.child(process, "textAnnotation", id=self.new("note"), textFormat="text/plain")
        self.child(note, "text", "For the reader:\n  1 < 2 & “3”")
        start = process.find(f"{BPMN}startEvent")
        assert start is not None
        ends = {"sourceRef": start.get("id", ""), "targetRef": note.get("id", "")}
        self.child(process, "association", id=self.new("line"), associationDirection="None", **ends)
        value, category = self.new("value"), self.child(self.root, "category", id=self.new("category"), name="Area")
        self.child(category, "categoryValue", id=value, value="Access")
        self.child(process, "group", id=self.new("group"), categoryValueRef=value)


def adorned(document: bytes, draw: random.Random) -> bytes:
    root = etree.fromstring(document)
    Adorner(root, draw).adorn()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
