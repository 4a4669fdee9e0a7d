"""What a diagram may hold, and what an author reads when it holds something else."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.engine.diagram import Diagram as CheckedDiagram
from app.engine.diagram import DiagramRefused, Finding
from app.engine.spiff.dialect import check, constructs_of
from app.engine.spiff.dialect.remedies import (
    REFUSED_ATTRIBUTES,
    REFUSED_ELEMENTS,
    REFUSED_EXTENSIONS,
    REFUSED_EXTENSIONS_WITHIN,
    REFUSED_TIMES,
    REFUSED_TRIGGERS,
    REFUSED_WITHIN,
)
from app.engine.spiff.dialect.table import ANY, ELEMENTS, EXTENSIONS, REFERENCES, constructs
from app.engine.spiff.dialect.triggers import PLACES, TIMES
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


def called(attributes: str) -> bytes:
    return node("callActivity", extensions(f"<zeebe:calledElement {attributes}/>"))


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
    "a multi-instance by number": (
        node(
            "userTask",
            "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>"
            "</bpmn:multiInstanceLoopCharacteristics>",
        ),
        "a",
        "unknown_element",
        "input collection",
    ),
    "a multi-instance that throws events": (
        node("userTask", '<bpmn:multiInstanceLoopCharacteristics behavior="One"/>'),
        "a",
        "attribute_value",
        "Delete behavior",
    ),
    "the collections of a list in the wrong place": (
        service("<zeebe:loopCharacteristics/>"),
        "a",
        "unknown_extension",
        "multi-instance marker",
    ),
    "a call as Camunda 7 writes it": (
        node("callActivity", calledElement="x"),
        "a",
        "unknown_attribute",
        "zeebe:called",
    ),
    "a process computed in the older way": (
        called('processIdExpression="x"'),
        "a",
        "unknown_attribute",
        "with '=' before it",
    ),
    "an unknown binding of a call": (
        called('processId="x" bindingType="newest"'),
        "a",
        "attribute_value",
        "version tag",
    ),
    "a binding of a decision": (
        node("businessRuleTask", extensions('<zeebe:calledDecision decisionId="d" bindingType="deployment"/>')),
        "a",
        "attribute_value",
        "'latest'",
    ),
    "a handler of a receive task": (
        node("receiveTask", extensions('<zeebe:taskDefinition type="net.ping"/>')),
        "a",
        "unknown_extension",
        "service task",
    ),
    "mappings of a manual task": (
        node("manualTask", extensions(mappings({"x": "=y"}, None))),
        "a",
        "unknown_extension",
        "script task",
    ),
    "a receive task that starts": (
        node("receiveTask", instantiate="true"),
        "a",
        "attribute_value",
        "message start event",
    ),
    "a gateway that starts": (node("eventBasedGateway", instantiate="true"), "a", "attribute_value", "start events"),
    "a gateway that waits for all": (
        node("eventBasedGateway", eventGatewayType="Parallel"),
        "a",
        "attribute_value",
        "parallel gateway",
    ),
    "compensation that nobody waits for": (
        catch('<bpmn:compensateEventDefinition waitForCompletion="false"/>', "intermediateThrowEvent"),
        "a",
        "attribute_value",
        "parallel branch",
    ),
    "a transaction of another method": (
        node("transaction", method="##Store"),
        "a",
        "attribute_value",
        "Delete its method",
    ),
    "a transaction that an event starts": (
        node("transaction", triggeredByEvent="true"),
        "a",
        "attribute_value",
        "token",
    ),
    "a filter of a condition": (
        catch(
            f"<bpmn:conditionalEventDefinition>{extensions('<zeebe:conditionalFilter/>')}</bpmn:conditionalEventDefinition>"
        ),
        "a",
        "unknown_extension",
        "after every change",
    ),
    "a link with a target": (
        catch('<bpmn:linkEventDefinition name="x"><bpmn:target>y</bpmn:target></bpmn:linkEventDefinition>'),
        "a",
        "unknown_element",
        "same name",
    ),
    "an event with several triggers in one": (
        catch("<bpmn:multipleEventDefinition/>"),
        "a",
        "unknown_element",
        "event-based gateway",
    ),
    "a handler of a signal": (
        catch(
            extensions('<zeebe:taskDefinition type="net.ping"/>') + "<bpmn:signalEventDefinition/>",
            "intermediateThrowEvent",
        ),
        "a",
        "no_sender",
        "service task before",
    ),
    "headers of an end": (end_with(extensions("<zeebe:taskHeaders/>")), "e", "no_sender", "Delete it"),
    "a published message that is waited for": (
        catch(f"<bpmn:messageEventDefinition>{extensions('<zeebe:publishMessage/>')}</bpmn:messageEventDefinition>"),
        "a",
        "no_sender",
        "throw event",
    ),
    "a published message on the event itself": (
        end_with(extensions("<zeebe:publishMessage/>") + "<bpmn:messageEventDefinition/>"),
        "e",
        "unknown_extension",
        "messageEventDefinition",
    ),
    "inputs of an error": (
        end_with(extensions(mappings({"x": "=y"}, None)) + "<bpmn:errorEventDefinition/>"),
        "e",
        "event_mapping",
        "inputs would be ignored",
    ),
    "outputs of a terminate end": (
        end_with(extensions(mappings(None, {"x": "=y"})) + "<bpmn:terminateEventDefinition/>"),
        "e",
        "event_mapping",
        "outputs would be ignored",
    ),
    "outputs of a link": (
        catch(extensions(mappings(None, {"x": "=y"})) + '<bpmn:linkEventDefinition name="x"/>'),
        "a",
        "event_mapping",
        "outputs would be ignored",
    ),
    "two times": (
        catch(
            "<bpmn:timerEventDefinition><bpmn:timeDate>=a</bpmn:timeDate><bpmn:timeDuration>=b</bpmn:timeDuration>"
            "</bpmn:timerEventDefinition>"
        ),
        "a",
        "several_times",
        "Keep one",
    ),
    "a cycle that interrupts": (
        around(lambda d: d.boundary_timer("b", "a", "R/PT1H", kind="timeCycle")),
        "b",
        "wrong_time",
        "do not interrupt",
    ),
    "a signal that is not there": (
        catch('<bpmn:signalEventDefinition signalRef="gone"/>'),
        "a",
        "dangling_reference",
        "gone",
    ),
    "an escalation that is not there": (
        end_with('<bpmn:escalationEventDefinition escalationRef="gone"/>'),
        "e",
        "dangling_reference",
        "gone",
    ),
    "a message of a task that is not there": (
        node("receiveTask", messageRef="gone"),
        "a",
        "dangling_reference",
        "gone",
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
    "a due date that is no FEEL": (
        node("userTask", extensions('<zeebe:taskSchedule dueDate="=a +"/>')),
        "a",
        "bad_expression",
        "due date",
    ),
    "a form inside that is none": (
        process(extensions('<zeebe:userTaskForm id="form">{}</zeebe:userTaskForm>') + PLAIN),
        "p",
        "form",
        "list of components",
    ),
    "a form that nobody has drawn": (
        node("userTask", extensions('<zeebe:formDefinition formKey="camunda-forms:bpmn:gone"/>')),
        "a",
        "no_form",
        "no form 'gone'",
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
    d = (
        Diagram("p")
        .start()
        .raw('<bpmn:adHocSubProcess id="c"/>')
        .service("a", "net.pong")
        .end()
        .chain("s", "c", "a", "e")
    )
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


def test_what_the_remedies_call_refused_is_refused() -> None:
    assert REFUSED_ELEMENTS.keys().isdisjoint(ELEMENTS)
    for (holder, child), _ in REFUSED_WITHIN.items():
        assert child not in ELEMENTS[holder].children
    for (holder, name), _ in REFUSED_EXTENSIONS_WITHIN.items():
        assert name not in ELEMENTS[holder].extensions
    for name in REFUSED_EXTENSIONS.keys() & EXTENSIONS.keys():
        assert any(name not in row.extensions for row in ELEMENTS.values())
    for (holder, attribute), _ in REFUSED_ATTRIBUTES.items():
        rows = [table[holder] for table in (ELEMENTS, EXTENSIONS) if holder in table]
        assert any(row.attributes.get(attribute) != ANY for row in rows) or (holder, attribute) == ("property", "name")
    for (place, kind), _ in REFUSED_TRIGGERS.items():
        assert kind not in PLACES[place].kinds


def test_every_time_that_a_place_does_not_take_has_a_remedy() -> None:
    timed = {name: place for name, place in PLACES.items() if "timer" in place.kinds}
    missing = {(name, time) for name, place in timed.items() for time in TIMES if time not in place.times}
    assert missing == REFUSED_TIMES.keys()
