"""Camunda 7's listeners as steps of their own: where they are put, what they do, and what becomes of the lines."""

from __future__ import annotations

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.dialects import Outcome, camunda7
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

DRAWN = """
<bpmn:extensionElements><camunda:executionListener event="start" expression="${execution.setVariable('begun', true)}" /></bpmn:extensionElements>
<bpmn:startEvent id="s"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
<bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="g" />
<bpmn:exclusiveGateway id="g" default="f3"><bpmn:incoming>f1</bpmn:incoming></bpmn:exclusiveGateway>
<bpmn:sequenceFlow id="f2" sourceRef="g" targetRef="a"><bpmn:extensionElements>
  <camunda:executionListener event="take" expression="${execution.setVariable('way', 'fast')}" /></bpmn:extensionElements>
  <bpmn:conditionExpression>${speed > 100}</bpmn:conditionExpression></bpmn:sequenceFlow>
<bpmn:sequenceFlow id="f3" sourceRef="g" targetRef="e" />
<bpmn:userTask id="a"><bpmn:extensionElements>
  <camunda:executionListener event="start" expression="${execution.setVariable('half', speed / 2)}" />
  <camunda:taskListener event="create" expression="${task.setVariable('quarter', half / 2)}" />
  <camunda:taskListener event="complete" expression="${task.setVariable('done', true)}" />
  <camunda:executionListener event="end" expression="${execution.setVariable('all', done &amp;&amp; begun)}" /></bpmn:extensionElements></bpmn:userTask>
<bpmn:sequenceFlow id="f4" sourceRef="a" targetRef="e" /><bpmn:endEvent id="e" />
"""
LAYOUT = """<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="d1"><bpmndi:BPMNPlane id="p1" bpmnElement="p">
  <bpmndi:BPMNShape id="a_di" bpmnElement="a"><dc:Bounds x="300" y="200" width="100" height="80" /></bpmndi:BPMNShape>
  <bpmndi:BPMNEdge id="f2_di" bpmnElement="f2"><di:waypoint x="200" y="240" /><di:waypoint x="300" y="240" /></bpmndi:BPMNEdge>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"""


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, HANDLERS)


def test_what_listeners_set_is_set_when_they_would_have_been_run(bench: Bench) -> None:
    found = Outcome(camunda7(DRAWN))
    assert found.lost == []
    assert len(found.to_check) == 6
    bench.deploy(found.converted.document)
    fast, slow = bench.start("p", speed=500), bench.start("p", speed=10)
    bench.run(fast)
    assert bench.variables(fast) == {"begun": True, "speed": 500, "way": "fast", "half": 250, "quarter": 125}
    bench.complete(fast)
    bench.run(fast)
    assert {name: bench.variables(fast)[name] for name in ("done", "all")} == {"done": True, "all": True}
    assert bench.state(fast) == "completed"
    bench.run(slow)
    assert bench.variables(slow) == {"begun": True, "speed": 10}


def test_code_becomes_a_step_whose_handler_is_to_be_written() -> None:
    inner = DRAWN.replace(
        """expression="${task.setVariable('done', true)}" """, 'class="com.example.crm.NotifyCustomerListener" '
    )
    found = Outcome(camunda7(inner))
    assert found.attributes("zeebe:taskDefinition") == {"type": "notify_customer_listener"}
    assert found.lost == ["camunda:taskListener event=complete class=com.example.crm.NotifyCustomerListener"]
    step = found.one("bpmn:serviceTask").get("id")
    flows = {flow.get("targetRef"): flow.get("sourceRef") for flow in found.all("bpmn:sequenceFlow")}
    assert flows[step] == "a"


def test_lines_lead_through_the_steps_and_each_has_its_place() -> None:
    found = Outcome(camunda7(DRAWN).replace(b"</bpmn:definitions>", LAYOUT.encode() + b"</bpmn:definitions>"))
    di = {"bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI", "dc": "http://www.omg.org/spec/DD/20100524/DC"}
    places = [tuple(each.attrib.values()) for each in found.root.findall(".//dc:Bounds", di)]
    assert len(places) == len(set(places)) == 6  # the task, and each step that is drawn next to it
    ids = {each.get("id") for each in found.root.iter() if each.get("id")}
    drawn = [each.get("bpmnElement") for each in found.root.iterfind(".//bpmndi:BPMNPlane/*", di)]
    assert set(drawn) <= ids
    for node in found.all("bpmn:scriptTask"):
        assert len(node.findall("bpmn:incoming", {"bpmn": node.nsmap["bpmn"]})) == 1
        assert len(node.findall("bpmn:outgoing", {"bpmn": node.nsmap["bpmn"]})) == 1


@pytest.mark.parametrize(
    "inner",
    [
        # in each round
        '<bpmn:userTask id="a"><bpmn:extensionElements>{}</bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics /></bpmn:userTask>',
        # after an event-based gateway only events may stand
        '<bpmn:intermediateCatchEvent id="a"><bpmn:extensionElements>{}</bpmn:extensionElements></bpmn:intermediateCatchEvent>'
        '<bpmn:eventBasedGateway id="g" /><bpmn:sequenceFlow id="f" sourceRef="g" targetRef="a" />',
        # nothing leads there
        '<bpmn:userTask id="a"><bpmn:extensionElements>{}</bpmn:extensionElements></bpmn:userTask>',
    ],
)
def test_where_no_step_can_be_drawn_a_listener_is_lost_aloud(inner: str) -> None:
    listener = """<camunda:executionListener event="start" expression="${execution.setVariable('x', 1)}" />"""
    found = Outcome(camunda7(inner.replace("{}", listener)))
    assert found.lost[0].startswith("camunda:executionListener event=start")
    assert found.all("bpmn:scriptTask") == []


def test_a_script_in_a_listener_stays_in_the_documentation() -> None:
    listener = '<camunda:executionListener event="start"><camunda:script scriptFormat="groovy">x = 1</camunda:script></camunda:executionListener>'
    found = Outcome(
        camunda7(
            DRAWN.replace(
                '<camunda:executionListener event="start" expression="${execution.setVariable(\'half\', speed / 2)}" />',
                listener,
            )
        )
    )
    assert [each.split()[:2] for each in found.lost] == [["camunda:executionListener", "event=start"]]
    assert "x = 1" in found.text("bpmn:documentation")
