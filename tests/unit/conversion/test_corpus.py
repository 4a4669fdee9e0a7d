"""Whole flows as they are drawn for Camunda 7 and SpiffArena, with what such flows are full of: each is converted with
nothing lost, deployed as it comes out, and goes the way that it went there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine import queries
from tests.factories.diagrams import Diagram
from tests.factories.dialects import Outcome, arena, camunda7
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS


def chain(*names: str) -> str:
    flow = '<bpmn:sequenceFlow id="{0}_{1}" sourceRef="{0}" targetRef="{1}" />'
    return "".join(flow.format(*pair) for pair in pairwise(names))


def when(source: str, target: str, condition: str) -> str:
    written = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    return f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{written}</bpmn:sequenceFlow>'


def worker(name: str, topic: str = "t.quiet", extensions: str = "", inner: str = "") -> str:
    held = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
    facts = f'camunda:type="external" camunda:topic="{topic}" camunda:asyncBefore="true" camunda:exclusive="false"'
    return f'<bpmn:serviceTask id="{name}" {facts}>{held}{inner}</bpmn:serviceTask>'


def given(**parameters: str) -> str:
    rows = "".join(
        f'<camunda:inputParameter name="{name}">{text}</camunda:inputParameter>' for name, text in parameters.items()
    )
    return f"<camunda:inputOutput>{rows}</camunda:inputOutput>"


@dataclass
class Corpus:
    """`then` acts on the instance where it stands, as people and time do."""

    document: bytes
    path: list[str]
    steps: list[str]  # what handlers were called for, in order
    variables: dict[str, Any]
    start: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Bench, str], None] = lambda bench, instance: None
    called: tuple[Diagram, ...] = ()


START, END = '<bpmn:startEvent id="s" />', '<bpmn:endEvent id="e" />'


def an_hour_later(bench: Bench, instance: str) -> None:
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance)


def late_and_completed_by_ann(bench: Bench, instance: str) -> None:
    an_hour_later(bench, instance)
    bench.complete(instance, user="ann", approved=True)
    bench.run(instance)


def completed(bench: Bench, instance: str) -> None:
    bench.complete(instance, approved=True)
    bench.run(instance)


# A sub-process with an escalation by time that does not interrupt, and an error that does
ESCALATED = camunda7(
    START
    + '<bpmn:subProcess id="prepare"><bpmn:startEvent id="ps" /><bpmn:userTask id="survey" camunda:assignee="${surveyor}" />'
    + worker("book", "t.refuse", given(code="${wanted == null ? 'none' : wanted}"))
    + f'<bpmn:endEvent id="pe" />{chain("ps", "survey", "book", "pe")}</bpmn:subProcess>'
    '<bpmn:boundaryEvent id="late" attachedToRef="prepare" cancelActivity="false"><bpmn:timerEventDefinition id="t1">'
    '<bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT${hours}H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>'
    '<bpmn:boundaryEvent id="full" attachedToRef="prepare"><bpmn:errorEventDefinition id="ed" errorRef="no_port" camunda:errorMessageVariable="why" /></bpmn:boundaryEvent>'
    + worker("remind", "t.set", given(target="reminded", value="${true}"))
    + worker("tell")
    + '<bpmn:endEvent id="re" />'
    + END
    + chain("s", "prepare", "e")
    + chain("late", "remind", "re")
    + chain("full", "tell")
    + '<bpmn:endEvent id="te" />'
    + chain("tell", "te"),
    '<bpmn:error id="no_port" name="No port" errorCode="port_taken" />',
)

# Inclusive branches, a default, a loop back, a terminate end
BRANCHED = camunda7(
    START
    + '<bpmn:inclusiveGateway id="g" default="g_always" />'
    + worker("voice") + worker("tv") + worker("always")
    + '<bpmn:inclusiveGateway id="j" /><bpmn:scriptTask id="count" scriptFormat="JUEL" camunda:resultVariable="rounds">'
    "<bpmn:script>${rounds + 1}</bpmn:script></bpmn:scriptTask>"
    '<bpmn:exclusiveGateway id="again" default="again_done" /><bpmn:endEvent id="done"><bpmn:terminateEventDefinition id="td" /></bpmn:endEvent>'
    + chain("s", "g", "always", "j")
    + when("g", "voice", "#{services.contains('voice')}")
    + when("g", "tv", "${not empty channels and channels.size() ge 2}")
    + chain("voice", "j") + chain("tv", "j") + chain("j", "count", "again", "done")
    + when("again", "count", "${rounds lt 3}")
)  # fmt: skip

# A call for each line of an order, in lanes, with links over the page
CALLED = camunda7(
    '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="Field"><bpmn:flowNodeRef>s</bpmn:flowNodeRef><bpmn:flowNodeRef>each</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
    + START
    + '<bpmn:intermediateThrowEvent id="to"><bpmn:linkEventDefinition id="k1" name="over" /></bpmn:intermediateThrowEvent>'
    '<bpmn:intermediateCatchEvent id="from"><bpmn:linkEventDefinition id="k2" name="over" /></bpmn:intermediateCatchEvent>'
    '<bpmn:callActivity id="each" calledElement="line" camunda:calledElementBinding="deployment"><bpmn:extensionElements>'
    '<camunda:in businessKey="#{execution.processBusinessKey}" /><camunda:in sourceExpression="${line.serial}" target="serial" />'
    '<camunda:in source="town" target="town" /></bpmn:extensionElements>'
    '<bpmn:multiInstanceLoopCharacteristics isSequential="true" camunda:collection="${order.lines}" camunda:elementVariable="line" /></bpmn:callActivity>'
    '<bpmn:userTask id="approve" camunda:candidateGroups="noc,field" camunda:dueDate="${dateTime().plusDays(2)}" />'
    '<bpmn:textAnnotation id="ta"><bpmn:text>For each line</bpmn:text></bpmn:textAnnotation><bpmn:association id="as" sourceRef="each" targetRef="ta" />'
    + END + chain("s", "to") + chain("from", "each", "approve", "e"),
)  # fmt: skip
LINE = Diagram("line").start().service("do", "t.echo", inputs={"x": "=serial"}).end().chain("s", "do", "e")

# SpiffArena: list comprehensions, a loop that gathers, a gateway in Python, an hour by timedelta
GATHERED = arena(
    '<bpmn:startEvent id="s" /><bpmn:scriptTask id="prepare"><bpmn:script>lines = [line["speed"] for line in order["lines"] if line["speed"] &gt; 0]\ntop = max(lines)</bpmn:script></bpmn:scriptTask>'
    '<bpmn:scriptTask id="double"><bpmn:script>twice = speed * 2</bpmn:script><bpmn:multiInstanceLoopCharacteristics isSequential="false">'
    "<bpmn:loopDataInputRef>lines</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>doubled</bpmn:loopDataOutputRef>"
    '<bpmn:inputDataItem id="speed" name="speed" /><bpmn:outputDataItem id="twice" name="twice" /></bpmn:multiInstanceLoopCharacteristics></bpmn:scriptTask>'
    '<bpmn:exclusiveGateway id="g" default="g_e" /><bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition id="t">'
    "<bpmn:timeDuration>timedelta(hours=1)</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    '<bpmn:endEvent id="e" />'
    + chain("s", "prepare", "double", "g", "e")
    + when("g", "wait", 'top &gt;= 500 and "vip" not in order["marks"]')
    + '<bpmn:sequenceFlow id="wait_e" sourceRef="wait" targetRef="e" />'
)

CORPUS = {
    "escalated": Corpus(
        ESCALATED,
        ["s", "ps", "survey", "late", "remind", "re", "full", "tell", "te"],
        ["remind", "book", "tell"],
        {"reminded": True, "approved": True, "why": "no free port near 'book'"},
        {"surveyor": "ann", "hours": 1, "wanted": "port_taken"},
        late_and_completed_by_ann,
    ),
    "branched": Corpus(
        BRANCHED,
        ["s", "g", "voice", "tv", "j", "count", "again", "done"],
        ["voice", "tv"],
        {"rounds": 3},
        {"services": ["voice"], "channels": [1, 2], "rounds": 0},
    ),
    "called": Corpus(
        CALLED,
        ["s", "to", "from", "each", "approve", "e"],
        ["do", "do"],
        {"approved": True},
        {"order": {"lines": [{"serial": "A"}, {"serial": "B"}]}, "town": "Bath"},
        completed,
        (LINE,),
    ),
    "gathered": Corpus(
        GATHERED,
        ["s", "prepare", "double", "g", "wait", "e"],
        [],
        {"lines": [100, 500], "top": 500, "doubled": [200, 1000]},
        {"order": {"lines": [{"speed": 100}, {"speed": 0}, {"speed": 500}], "marks": ["new"]}},
        an_hour_later,
    ),
}


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, HANDLERS)


@pytest.mark.parametrize("name", CORPUS)
def test_a_flow_of_another_dialect_goes_the_way_that_it_went_there(bench: Bench, name: str) -> None:
    flow = CORPUS[name]
    found = Outcome(flow.document)
    assert found.lost == []
    for each in flow.called:
        bench.deploy(each)
    bench.deploy(found.converted.document)
    instance = bench.start("p", **flow.start)
    bench.run(instance)
    flow.then(bench, instance)
    assert bench.state(instance) == "completed", bench.standing(instance)
    variables = bench.variables(instance)
    assert {key: variables.get(key) for key in flow.variables} == flow.variables
    with bench.database.reading() as connection:
        passages = queries.passages(connection, instance)
    assert {each.element_id for each in passages if each.state == "completed" and each.call == 0} == set(flow.path)
    assert [step.element_id for step in bench.calls] == flow.steps
