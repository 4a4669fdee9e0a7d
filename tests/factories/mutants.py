"""The shipped flows with one thing missing: a boundary event, or a rule of a decision that they call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from app.factory import PROCESSES

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
LINKS = (f"{BPMN}incoming", f"{BPMN}outgoing", f"{BPMN}flowNodeRef")


@dataclass(frozen=True)
class Mutant:
    """`processes` are those whose tests are to see that `missing` is not there."""

    file: Path
    missing: str
    processes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file.stem}-{self.missing}"

    def document(self) -> bytes:
        root = etree.parse(self.file).getroot()
        (gone,) = root.xpath("//*[@id=$id]", id=self.missing)
        _remove(root, gone)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def mutants() -> list[Mutant]:
    return [*_without_a_boundary_event(), *_without_a_rule()]


def _without_a_boundary_event() -> Iterator[Mutant]:
    for file in sorted(PROCESSES.rglob("*.bpmn")):
        for event in etree.parse(file).iter(f"{BPMN}boundaryEvent"):
            yield Mutant(file, str(event.get("id")), (file.stem,))


def _without_a_rule() -> Iterator[Mutant]:
    """Of decisions that some flow calls."""
    callers: dict[str, list[str]] = {}
    for file in sorted(PROCESSES.rglob("*.bpmn")):
        for called in etree.parse(file).iter(f"{ZEEBE}calledDecision"):
            callers.setdefault(str(called.get("decisionId")), []).append(file.stem)
    for file in sorted(PROCESSES.rglob("*.dmn")):
        root = etree.parse(file).getroot()
        decisions = {str(each.get("id")) for each in root.iter("{*}decision")}
        called_by = sorted({process for name in decisions for process in callers.get(name, ())})
        if called_by:
            yield from (Mutant(file, str(rule.get("id")), tuple(called_by)) for rule in root.iter("{*}rule"))


def _remove(root: etree._Element, gone: etree._Element) -> None:
    """With the flows that leave it, and with what nothing leads to any more."""
    name = str(gone.get("id"))
    after = [flow for flow in root.iter(f"{BPMN}sequenceFlow") if flow.get("sourceRef") == name]
    targets = [str(flow.get("targetRef")) for flow in after]
    for each in (gone, *after):
        each_name = str(each.get("id"))
        for drawn in root.xpath("//*[@bpmnElement=$id]", id=each_name):
            drawn.getparent().remove(drawn)
        for link in [link for link in root.iter(*LINKS) if link.text == each_name]:
            _parent(link).remove(link)
        _parent(each).remove(each)
    for target in targets:
        for node in root.xpath("//*[@id=$id]", id=target):
            if node.find(f"{BPMN}incoming") is None:
                _remove(root, node)


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None
    return parent
