"""Gives a diagram without a drawing one: every element in a row, each scope a box round its own, as modelers need to open it.

    laid_out(diagram.xml())
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from tests.factories.diagrams import NAMESPACES

BPMN, DI = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("bpmn", "bpmndi"))
DC, POINTS = f"{{{NAMESPACES['dc']}}}", f"{{{NAMESPACES['di']}}}"
SCOPES = {"subProcess", "transaction"}
LINES = {"sequenceFlow", "association"}
DRAWN = {"textAnnotation", "group"}
GAP, STEP = 60, 80


@dataclass
class Box:
    x: float
    y: float
    width: float = 100
    height: float = STEP


class Layout:
    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.boxes: dict[str, Box] = {}
        self.lines: list[etree._Element] = []

    def scope(self, scope: etree._Element, x: float, y: float) -> tuple[float, float]:
        """Lays out what is in it from there on; how wide and high that is."""
        width, height = GAP, 2.0 * STEP
        hosts: dict[str, int] = {}
        for node in scope.iterchildren(etree.Element):
            name, id = etree.QName(node).localname, node.get("id")
            if name in LINES:
                self.lines.append(node)
            if id is None or not (name in DRAWN | SCOPES or name.endswith(("Event", "Task", "task", "Gateway", "Activity"))):
                continue
            if name == "boundaryEvent":
                continue
            box = Box(x + width, y + STEP)
            if name in SCOPES:
                box.width, box.height = self.scope(node, box.x, box.y)
            elif name.endswith("Event"):
                box.width = box.height = 36
            elif name.endswith("Gateway"):
                box.width = box.height = 50
            self.boxes[id] = box
            width += box.width + GAP
            height = max(height, box.height + 3 * STEP)
        for node in scope.findall(f"{BPMN}boundaryEvent"):
            host = node.get("attachedToRef", "")
            at = self.boxes[host]
            place = hosts[host] = hosts.get(host, -1) + 1
            self.boxes[node.get("id", "")] = Box(at.x + 40 * place, at.y + at.height - 18, 36, 36)
        return width, height

    def all(self) -> etree._Element:
        """Every process below the last one, and the pools round them. What the plane is of."""
        rooms: dict[str, Box] = {}
        y = 0.0
        processes = self.root.findall(f"{BPMN}process")
        for process in processes:
            width, height = self.scope(process, 0, y)
            rooms[process.get("id", "")] = Box(-GAP, y, width + 2 * GAP, height)
            y += height + STEP
        pools = self.root.find(f"{BPMN}collaboration")
        if pools is None:
            return processes[0]
        for pool in pools.findall(f"{BPMN}participant"):
            self.boxes[pool.get("id", "")] = rooms.get(pool.get("processRef", ""), Box(0, y, 600, 100))
            y += STEP * 2
        self.lines += pools.findall(f"{BPMN}messageFlow")
        _, _ = self.scope(pools, 0, y)
        return pools

    def write(self, plane: etree._Element) -> None:
        for id, box in self.boxes.items():
            shape = etree.SubElement(plane, f"{DI}BPMNShape", id=f"{id}_di", bpmnElement=id)
            node = self.root.find(f".//*[@id='{id}']")
            if node is not None and etree.QName(node).localname in SCOPES:
                shape.set("isExpanded", "true")
            facts = {name: str(value) for name, value in vars(box).items()}
            etree.SubElement(shape, f"{DC}Bounds", facts)
        for line in self.lines:
            edge = etree.SubElement(plane, f"{DI}BPMNEdge", id=f"{line.get('id')}_di", bpmnElement=line.get("id", ""))
            source, target = self.boxes[line.get("sourceRef", "")], self.boxes[line.get("targetRef", "")]
            for x, box in ((source.x + source.width, source), (target.x, target)):
                etree.SubElement(edge, f"{POINTS}waypoint", x=str(x), y=str(box.y + box.height / 2))


def laid_out(document: bytes) -> bytes:
    """The same with a drawing in it, in the place of one that it has."""
    root = etree.fromstring(document)
    for drawing in root.findall(f"{DI}BPMNDiagram"):
        root.remove(drawing)
    layout = Layout(root)
    shown = layout.all()
    diagram = etree.SubElement(root, f"{DI}BPMNDiagram", id="diagram_of_all")
    layout.write(etree.SubElement(diagram, f"{DI}BPMNPlane", id="plane_of_all", bpmnElement=shown.get("id", "")))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
