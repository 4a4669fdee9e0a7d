"""The converter's door."""

from __future__ import annotations

import time

import pytest

from app.conversion import convert
from app.conversion.convert import NoDiagram
from app.core.xml import XmlRefused
from tests.factories.diagrams import Diagram
from tests.factories.dialects import Outcome, arena, camunda7


def test_a_diagram_of_no_other_dialect_comes_back_as_it_was() -> None:
    document = Diagram("p").start("s").end("e").chain("s", "e").xml()
    converted = convert(document)
    assert (converted.dialect, converted.document, converted.notes) == ("camunda8", document, ())


def test_a_dialect_is_told_by_what_is_used_or_by_the_platform() -> None:
    assert convert(camunda7("")).dialect == "camunda7"
    assert convert(arena("")).dialect == "spiffarena"
    declared = camunda7("").replace(b'modeler:executionPlatform="Camunda Platform"', b"")
    assert convert(declared).dialect == "camunda8"


@pytest.mark.parametrize("document", [b"", b"<a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', b"\xff\xfe<a/>"])
def test_hostile_documents_are_refused(document: bytes) -> None:
    with pytest.raises(XmlRefused):
        convert(document)


def test_xml_that_is_no_diagram_is_refused() -> None:
    with pytest.raises(NoDiagram, match="bpmn:definitions"):
        convert(b"<note/>")


def test_a_big_diagram_is_converted_in_seconds() -> None:
    """As many parameters in one element as a document may have."""
    parameters = "".join(
        f'<camunda:inputParameter name="a{n}">${{x{n}}}</camunda:inputParameter>'
        f'<camunda:outputParameter name="b{n}">t</camunda:outputParameter>'
        for n in range(1500)
    )
    held = f"<bpmn:extensionElements><camunda:inputOutput>{parameters}</camunda:inputOutput></bpmn:extensionElements>"
    started = time.process_time()
    found = Outcome(camunda7(f'<bpmn:serviceTask id="x" camunda:topic="t">{held}</bpmn:serviceTask>'))
    assert len(found.mappings()) == 3000
    assert time.process_time() - started < 4


def test_layout_is_kept_and_its_lack_is_told() -> None:
    shape = (
        b'<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI"><di:BPMNPlane bpmnElement="p">'
        b'<di:BPMNShape bpmnElement="x"/></di:BPMNPlane></di:BPMNDiagram></bpmn:definitions>'
    )
    bare = camunda7('<bpmn:task id="x" />')
    assert not convert(bare).has_layout
    drawn = convert(bare.replace(b"</bpmn:definitions>", shape))
    assert drawn.has_layout
    assert b"BPMNShape" in drawn.document


@pytest.mark.parametrize(
    "text",
    [
        '"\\ud800"',
        "0x" + "f" * 4900,
        "1e999",
        "a" + "+a" * 2400,
        "[" * 300 + "]" * 300,
        "-" * 3000 + "1",
        "timedelta(days=10000000)",
        "${" + "-" * 3000 + "1}",
        "${a[99999999999999999999]}",
        "${'",
    ],
)
def test_hostile_expressions_are_lost_and_nothing_worse(text: str) -> None:
    written = text.replace('"', "&quot;")
    condition = '<bpmn:sequenceFlow id="f" sourceRef="a" targetRef="b"><bpmn:conditionExpression>{}</bpmn:conditionExpression></bpmn:sequenceFlow>'
    dialect = camunda7 if text.startswith("$") else arena
    found = Outcome(dialect(condition.format(written)))
    assert len(found.lost) == 1
