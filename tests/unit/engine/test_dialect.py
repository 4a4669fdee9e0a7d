"""What a diagram may hold, and what an author reads when it holds something else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.engine.diagram import Diagram as CheckedDiagram
from app.engine.diagram import DiagramRefused, Finding
from app.engine.spiff.dialect import check, constructs_of
from app.engine.spiff.dialect_table import ELEMENTS, EXTENSIONS, REFERENCES, constructs
from tests.factories.constructs import SAMPLES, inner, line
from tests.factories.diagrams import Diagram, definitions, mappings
from tests.factories.handlers import few_handlers
from tests.factories.markup import extensions, tag
from tests.factories.triggers import timer_definition

HANDLERS = few_handlers()


def checked(document: bytes) -> tuple[CheckedDiagram | None, list[Finding]]:
    diagram, root, findings = check(document, HANDLERS.get, HANDLERS.types())
    assert (diagram is None) == (root is None)
    return diagram, findings


def accepted(document: bytes) -> CheckedDiagram:
    diagram, findings = checked(document)
    assert findings == []
    assert diagram is not None
    return diagram


def around(boundary: Callable[[Diagram], Diagram]) -> bytes:
    return boundary(line("a").service("a", "net.ping").end("f").flow("b", "f")).xml()


@pytest.mark.parametrize("construct", constructs())
def test_every_construct_of_the_table_is_accepted(construct: str) -> None:
    diagram, findings = checked(SAMPLES[construct].xml())
    assert [finding for finding in findings if construct != "task"] == []
    assert diagram is not None
    assert construct in constructs_of(diagram)


def test_no_sample_is_of_a_construct_that_the_table_does_not_have() -> None:
    assert set(SAMPLES) == set(constructs())


def process(content: str, **attributes: str) -> bytes:
    return definitions([tag("bpmn:process", {"id": "p", "isExecutable": "true", **attributes}, content)])


STRAIGHT = (
    '<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="e"{}>{}'
    "</bpmn:sequenceFlow>"
)
PLAIN = STRAIGHT.format("", "")
DI = "http://www.omg.org/spec/BPMN/20100524/DI"

HARMLESS = {
    "an error boundary event for every error": around(lambda d: d.boundary_error("b", "a")),
    "ids that SpiffWorkflow uses itself": Diagram("p")
    .start("Start")
    .service("Root", "net.ping")
    .end("End")
    .chain("Start", "Root", "End")
    .xml(),
    "layout with colours": line()
    .root(
        '<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="pl" bpmnElement="p"><bpmndi:BPMNShape id="s_di" bpmnElement="s"'
        ' xmlns:bioc="http://bpmn.io/schema/bpmn/biocolor/1.0" bioc:stroke="#000"'
        ' xmlns:color="http://www.omg.org/spec/BPMN/non-normative/color/1.0" color:background-color="#fff">'
        '<dc:Bounds x="1" y="2" width="3" height="4"/><bpmndi:BPMNLabel/></bpmndi:BPMNShape></bpmndi:BPMNPlane>'
        "</bpmndi:BPMNDiagram>"
    )
    .xml(),
    "notes for the reader": process(
        "<bpmn:documentation>Why.</bpmn:documentation>"
        + PLAIN
        + '<bpmn:textAnnotation id="t"><bpmn:text>Note</bpmn:text>'
        '</bpmn:textAnnotation><bpmn:association id="as" sourceRef="s" targetRef="t" associationDirection="None"/>'
        '<bpmn:group id="g"/>'
    ),
    "incoming and outgoing": process(
        '<bpmn:startEvent id="s" name="Go"><bpmn:outgoing>f</bpmn:outgoing></bpmn:startEvent>'
        '<bpmn:endEvent id="e"><bpmn:incoming>f</bpmn:incoming></bpmn:endEvent>'
        '<bpmn:sequenceFlow id="f" name="then" sourceRef="s" targetRef="e"/>'
    ),
    "lanes": process(
        '<bpmn:laneSet id="ls"><bpmn:lane id="l" name="Field"><bpmn:flowNodeRef>s</bpmn:flowNodeRef>'
        '<bpmn:childLaneSet id="cl"><bpmn:lane id="l2"/></bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>' + PLAIN
    ),
    "element templates, properties and a version tag": process(
        extensions(
            '<zeebe:versionTag value="1.2"/>',
            '<zeebe:properties><zeebe:property name="team" value="x"/></zeebe:properties>',
        )
        + PLAIN.replace('id="s"', 'id="s" zeebe:modelerTemplate="t" zeebe:modelerTemplateVersion="1"')
    ),
    "a declaration left behind": line().root('<bpmn:signal id="sig" name="old"/>').xml(),
    "a collapsed pool beside it": definitions(
        [
            tag("bpmn:process", {"id": "p", "isExecutable": "true"}, PLAIN),
            '<bpmn:collaboration id="c"><bpmn:participant id="pa" processRef="p"/><bpmn:participant id="pb" name="CRM"/>'
            '<bpmn:messageFlow id="mf" sourceRef="pb" targetRef="pa"/></bpmn:collaboration>',
        ]
    ),
    "a user task without the zeebe marker": process(
        '<bpmn:startEvent id="s"/><bpmn:userTask id="u"/><bpmn:endEvent id="e"/>'
        '<bpmn:sequenceFlow id="f" sourceRef="s" targetRef="u"/><bpmn:sequenceFlow id="g" sourceRef="u" targetRef="e"/>'
    ),
    "comments": process("<!-- a <b> -->" + PLAIN),
}


@pytest.mark.parametrize("document", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_modelers_write_harmlessly_is_accepted_without_a_word(document: bytes) -> None:
    accepted(document)


def test_a_pool_that_is_not_executable_is_told_and_not_looked_into() -> None:
    partner = tag("bpmn:process", {"id": "partner", "isExecutable": "false"}, '<bpmn:callActivity id="c"/>')
    diagram, findings = checked(definitions([partner, tag("bpmn:process", {"id": "p", "isExecutable": "true"}, PLAIN)]))
    assert [(finding.severity, finding.code, finding.element_id) for finding in findings] == [
        ("warning", "not_executable", "partner")
    ]
    assert diagram is not None
    assert set(diagram.elements) == {"s", "e"}


def service(content: str = "", **attributes: str) -> bytes:
    parts = extensions('<zeebe:taskDefinition type="net.ping"/>', content)
    return line("a").raw(tag("bpmn:serviceTask", {"id": "a", **attributes}, parts)).xml()


def catch(content: str, kind: str = "intermediateCatchEvent") -> bytes:
    return line("a").raw(tag(f"bpmn:{kind}", {"id": "a"}, content)).xml()


def start_with(content: str) -> bytes:
    return process(PLAIN.replace('<bpmn:startEvent id="s"/>', f'<bpmn:startEvent id="s">{content}</bpmn:startEvent>'))


def end_with(content: str) -> bytes:
    return process(PLAIN.replace('<bpmn:endEvent id="e"/>', f'<bpmn:endEvent id="e">{content}</bpmn:endEvent>'))


def node(kind: str, content: str = "", **attributes: str) -> bytes:
    return line("a").raw(tag(f"bpmn:{kind}", {"id": "a", **attributes}, content)).xml()


CAMUNDA_7 = 'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
SPIFF = 'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'

# what -> (document, element, code, words in message or remedy)
REFUSED: dict[str, tuple[bytes, str | None, str, str]] = {
    "business rule task that calls nothing": (node("businessRuleTask"), "a", "no_decision", "DMN decision"),
    "business rule task that runs a handler": (
        node("businessRuleTask", extensions('<zeebe:taskDefinition type="net.ping"/>')),
        "a",
        "unknown_extension",
        "DMN decision",
    ),
    "complex gateway": (node("complexGateway"), "a", "unknown_element", "exclusive and parallel"),
    "ad-hoc": (node("adHocSubProcess"), "a", "unknown_element", "embedded sub-process"),
    "an element of no BPMN": (node("teaBreak"), "a", "unknown_element", "authoring"),
    "standard loop": (node("userTask", "<bpmn:standardLoopCharacteristics/>"), "a", "unknown_element", "Draw the loop"),
    "Python in a script": (
        node("scriptTask", "<bpmn:script>import os</bpmn:script>", scriptFormat="python"),
        "a",
        "unknown_element",
        "No code in diagrams",
    ),
    "a script task with a job": (
        node("scriptTask", extensions('<zeebe:taskDefinition type="net.ping"/>')),
        "a",
        "unknown_extension",
        "service task",
    ),
    "data object": (
        process(PLAIN + '<bpmn:dataObject id="do"/>'),
        "do",
        "unknown_element",
        "process variables",
    ),
    "io specification": (node("userTask", '<bpmn:ioSpecification id="io"/>'), "a", "unknown_element", "mappings"),
    "a cycle to be caught": (catch(timer_definition("R3/PT1H", "timeCycle")), "a", "wrong_time", "duration"),
    "an error to be caught": (catch("<bpmn:errorEventDefinition/>"), "a", "wrong_trigger", "error boundary event"),
    "a start after a duration": (start_with(timer_definition("PT1H")), "s", "wrong_time", "R/P1D"),
    "a start by a condition": (start_with("<bpmn:conditionalEventDefinition/>"), "s", "wrong_trigger", "message"),
    "a start by an error": (start_with("<bpmn:errorEventDefinition/>"), "s", "wrong_trigger", "event sub-process"),
    "an end that waits": (end_with(timer_definition("PT1H")), "e", "wrong_trigger", "catch event"),
    "an end that is a link": (end_with("<bpmn:linkEventDefinition/>"), "e", "wrong_trigger", "throw event"),
    "an error in the middle": (
        catch("<bpmn:errorEventDefinition/>", "intermediateThrowEvent"),
        "a",
        "wrong_trigger",
        "error end event",
    ),
    "catch without a trigger": (catch(""), "a", "no_trigger", "message or signal or timer"),
    "catch with two triggers": (
        catch(timer_definition("PT1H") + timer_definition("PT2H")),
        "a",
        "several_triggers",
        "message or signal or timer",
    ),
    "boundary without a trigger": (
        around(lambda d: d.raw('<bpmn:boundaryEvent id="b" attachedToRef="a"/>')),
        "b",
        "no_trigger",
        "error or escalation",
    ),
    "error boundary that does not interrupt": (
        around(
            lambda d: d.raw(
                '<bpmn:boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><bpmn:errorEventDefinition/>'
                "</bpmn:boundaryEvent>"
            )
        ),
        "b",
        "always_interrupting",
        "interrupting",
    ),
    "an activity with a default flow": (service(default="a_e"), "a", "unknown_attribute", "exclusive gateway"),
    "an unknown attribute": (service(startsWhen="later"), "a", "unknown_attribute", "startsWhen"),
    "a condition in another language": (
        process(STRAIGHT.format("", '<bpmn:conditionExpression language="python">1</bpmn:conditionExpression>')),
        "f",
        "unknown_attribute",
        "FEEL",
    ),
    "a Camunda 7 attribute": (
        node("serviceTask").replace(b'id="a"', f'id="a" {CAMUNDA_7} camunda:delegateExpression="${{x}}"'.encode()),
        "a",
        "unknown_attribute",
        "Camunda 8",
    ),
    "a Camunda 7 extension": (service(f"<camunda:properties {CAMUNDA_7}/>"), "a", "unknown_extension", "Camunda 8"),
    "a Camunda 7 platform": (
        definitions([tag("bpmn:process", {"id": "p", "isExecutable": "true"}, PLAIN)]).replace(
            b"Camunda Cloud", b"Camunda Platform"
        ),
        None,
        "attribute_value",
        "Camunda 8",
    ),
    "a SpiffWorkflow pre-script": (
        service(f"<spiffworkflow:preScript {SPIFF}>import os</spiffworkflow:preScript>"),
        "a",
        "unknown_extension",
        "Python",
    ),
    "a stranger's extension": (service('<x:y xmlns:x="urn:x"/>'), "a", "unknown_extension", "urn:x"),
    "a stranger's attribute": (
        node("userTask").replace(b'id="a"', b'id="a" xmlns:x="urn:x" x:y="1"'),
        "a",
        "unknown_attribute",
        "urn:x",
    ),
    "a stranger's element": (process(PLAIN + '<x:y xmlns:x="urn:x"/>'), "p", "unknown_element", "urn:x"),
    "listener": (service("<zeebe:executionListeners/>"), "a", "unknown_extension", "service task"),
    "a script on a service task": (service('<zeebe:script expression="=1"/>'), "a", "unknown_extension", "script task"),
    "a new extension": (service("<zeebe:telepathy/>"), "a", "unknown_extension", "zeebe:telepathy"),
    "a new setting": (service('<zeebe:ioMapping mode="x"/>'), "a", "unknown_attribute", "mode"),
    "a new row": (
        service("<zeebe:ioMapping><zeebe:inout/></zeebe:ioMapping>"),
        "a",
        "unknown_extension",
        "zeebe:inout",
    ),
    "retries as an expression": (
        line("a")
        .raw(tag("bpmn:serviceTask", {"id": "a"}, extensions('<zeebe:taskDefinition type="net.ping" retries="=n"/>')))
        .xml(),
        "a",
        "attribute_value",
        "whole number",
    ),
    "candidate users": (
        node("userTask", extensions('<zeebe:assignmentDefinition candidateUsers="x"/>')),
        "a",
        "unknown_attribute",
        "candidate groups",
    ),
    "a due date": (
        node("userTask", extensions('<zeebe:taskSchedule dueDate="x"/>')),
        "a",
        "unknown_extension",
        "timer",
    ),
    "a form inside": (
        process(extensions('<zeebe:userTaskForm id="form">{}</zeebe:userTaskForm>') + PLAIN),
        "p",
        "unknown_extension",
        "by its id",
    ),
    "an unknown property of ours": (
        process(
            extensions('<zeebe:properties><zeebe:property name="turnup:speed" value="9"/></zeebe:properties>') + PLAIN
        ),
        "p",
        "unknown_property",
        "turnup:variables",
    ),
    "input of an event": (
        line("m")
        .message("m", "done", "=id")
        .xml()
        .replace(b"</bpmn:messageEventDefinition>", b"")
        .replace(
            b'<bpmn:intermediateCatchEvent id="m">',
            b'<bpmn:intermediateCatchEvent id="m">' + extensions(mappings({"x": "=y"}, None)).encode(),
        ),
        "m",
        "event_mapping",
        "script task",
    ),
    "two mappings": (service(mappings({"x": "=1"}, None) * 2), "a", "repeated", "Keep one"),
    "two conditions": (
        process(STRAIGHT.format("", "<bpmn:conditionExpression>=a</bpmn:conditionExpression>" * 2)),
        "f",
        "repeated",
        "Keep one",
    ),
    "loose text": (process("import os" + PLAIN), "p", "loose_text", "import os"),
    "a flow of a typed condition": (
        process(STRAIGHT.format("", '<bpmn:conditionExpression xsi:type="bpmn:tScript">=a</bpmn:conditionExpression>')),
        "f",
        "attribute_value",
        "tScript",
    ),
    "an import": (
        line().root('<bpmn:import importType="x" location="http://x/"/>').xml(),
        None,
        "unknown_element",
        "one file",
    ),
    "a process hidden in the layout": (
        line().root('<bpmndi:BPMNDiagram id="d"><bpmn:process id="q"/></bpmndi:BPMNDiagram>').xml(),
        "q",
        "process_in_layout",
        "layout",
    ),
    "no executable process": (
        Diagram("p", executable=False).start().end().chain("s", "e").xml(),
        None,
        "no_executable_process",
        "Executable",
    ),
    "two executable processes": (
        line().root('<bpmn:process id="q" isExecutable="true"/>').xml(),
        "q",
        "several_executable_processes",
        "one process per file",
    ),
    "wrong root": (b"<html/>", None, "wrong_root", "<html>"),
    "a root of the right name only": (b"<definitions/>", None, "wrong_root", "definitions"),
    "an element without an id": (process(PLAIN + "<bpmn:userTask/>"), "p", "missing_id", "userTask"),
    "a process without an id": (
        definitions([tag("bpmn:process", {"isExecutable": "true"}, PLAIN)]),
        None,
        "missing_id",
        "process",
    ),
    "an id that is no name": (line("a/b").user("a/b").xml(), "a/b", "bad_id", "letters"),
    "an id too long": (line("a" * 201).user("a" * 201).xml(), "a" * 201, "bad_id", "200"),
    "an id twice": (process(PLAIN + '<bpmn:textAnnotation id="s"/>'), "s", "duplicate_id", "startEvent"),
    "a sub-process inside one of the same id": (
        line("a").sub("a", Diagram("x").start("is").sub("a", inner()).end("ie").chain("is", "a", "ie")).xml(),
        "a",
        "duplicate_id",
        "subProcess",
    ),
    "an id used by an extension": (
        process(extensions('<zeebe:userTaskForm id="s"/>') + PLAIN),
        "s",
        "duplicate_id",
        "userTaskForm",
    ),
    "a message that is not there": (
        catch('<bpmn:messageEventDefinition messageRef="gone"/>'),
        "a",
        "dangling_reference",
        "gone",
    ),
    "an error that is not there": (
        around(
            lambda d: d.raw(
                '<bpmn:boundaryEvent id="b" attachedToRef="a"><bpmn:errorEventDefinition errorRef="gone"/></bpmn:boundaryEvent>'
            )
        ),
        "b",
        "dangling_reference",
        "gone",
    ),
    "an error without a code": (
        around(
            lambda d: d.root('<bpmn:error id="er" name="E"/>').raw(
                '<bpmn:boundaryEvent id="b" attachedToRef="a"><bpmn:errorEventDefinition errorRef="er"/></bpmn:boundaryEvent>'
            )
        ),
        "b",
        "error_without_code",
        "catch all",
    ),
    "an error with a computed code": (
        around(lambda d: d.boundary_error("b", "a", "=code")),
        "b",
        "error_code_expression",
        "code itself",
    ),
    "loose text in an extension": (
        service("<zeebe:ioMapping>import os</zeebe:ioMapping>"),
        "a",
        "loose_text",
        "zeebe:ioMapping",
    ),
    "a pool of no process": (
        line()
        .root('<bpmn:collaboration id="c"><bpmn:participant id="pa" processRef="gone"/></bpmn:collaboration>')
        .xml(),
        "pa",
        "dangling_reference",
        "gone",
    ),
}


@pytest.mark.parametrize(("document", "element", "code", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_all_else_is_refused_with_place_reason_and_remedy(
    document: bytes, element: str | None, code: str, words: str
) -> None:
    diagram, findings = checked(document)
    assert diagram is None
    found = [finding for finding in findings if (finding.element_id, finding.code) == (element, code)]
    assert found, findings
    assert found[0].severity == "error"
    assert words in f"{found[0].message} {found[0].remedy}"
    assert found[0].remedy
    assert found[0].line is not None


def test_one_check_tells_what_the_dialect_and_what_the_lint_find() -> None:
    d = Diagram("p").start().raw('<bpmn:adHocSubProcess id="c"/>').service("a", "net.pong").end().chain("s", "c", "a", "e")
    _, findings = checked(d.xml())
    assert {(finding.element_id, finding.code) for finding in findings} == {
        ("c", "unknown_element"),
        ("a", "unknown_handler"),
    }


def test_findings_come_in_the_order_of_the_lines() -> None:
    text = line("a", "b").service("b", "net.pong").raw('\n<bpmn:complexGateway id="a"/>').xml()
    _, findings = checked(text.replace(b"<bpmn:serviceTask", b"\n<bpmn:serviceTask"))
    lines = [finding.line or 0 for finding in findings]
    assert lines == sorted(lines)
    assert len(set(lines)) > 1


def test_more_findings_than_anybody_reads_are_cut_and_still_refused() -> None:
    d = line()
    for number in range(600):
        d.raw(f'<bpmn:complexGateway id="t{number}"/>')
    diagram, findings = checked(d.xml())
    assert diagram is None
    assert len(findings) < 1100
    assert "too_many_findings" in {finding.code for finding in findings}


def test_a_document_that_is_no_xml_raises_before_there_are_findings() -> None:
    with pytest.raises(DiagramRefused) as refused:
        check(b"nonsense", HANDLERS.get)
    assert "not well-formed" in refused.value.message


def test_every_child_and_reference_in_the_table_has_a_row() -> None:
    children = {child for row in ELEMENTS.values() for child in row.children}
    assert children <= set(ELEMENTS)
    assert {extension for row in ELEMENTS.values() for extension in row.extensions} <= set(EXTENSIONS)
    assert {child for row in EXTENSIONS.values() for child in row.children} <= set(EXTENSIONS)
    assert {holder for holder, _ in REFERENCES} <= set(ELEMENTS)


def test_a_process_of_a_thousand_steps_is_checked_in_good_time() -> None:
    ids = [f"t{number}" for number in range(1000)]
    d = line(*ids)
    for name in ids:
        d.service(name, "net.ping", outputs={name: "=1"})
    begun = time.process_time()
    accepted(d.xml())
    assert time.process_time() - begun < 2
