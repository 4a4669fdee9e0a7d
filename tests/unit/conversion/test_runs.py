"""A diagram that was converted without anything lost does here what it did there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.conversion import convert
from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.dialects import arena, camunda7
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

IO = "<bpmn:extensionElements><camunda:inputOutput>{}</camunda:inputOutput></bpmn:extensionElements>"
CAMUNDA_7 = f"""
<bpmn:startEvent id="begin" /><bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="ask" />
<bpmn:serviceTask id="ask" camunda:type="external" camunda:topic="t.blocked">
  {IO.format('<camunda:inputParameter name="customer">${order.who} of ${town}</camunda:inputParameter>')}</bpmn:serviceTask>
<bpmn:boundaryEvent id="no" attachedToRef="ask">
  <bpmn:errorEventDefinition id="ed" errorRef="err" camunda:errorCodeVariable="code" camunda:errorMessageVariable="why" /></bpmn:boundaryEvent>
<bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="over" /><bpmn:sequenceFlow id="f3" sourceRef="no" targetRef="which" />
<bpmn:exclusiveGateway id="which" default="f5" />
<bpmn:sequenceFlow id="f4" sourceRef="which" targetRef="each">
  <bpmn:conditionExpression>${{code == 'account_blocked' &amp;&amp; !empty items &amp;&amp; !vip}}</bpmn:conditionExpression></bpmn:sequenceFlow>
<bpmn:sequenceFlow id="f5" sourceRef="which" targetRef="over" />
<bpmn:serviceTask id="each" camunda:type="external" camunda:topic="t.echo">
  {IO.format('<camunda:inputParameter name="x">${item * 2 + loopCounter}</camunda:inputParameter>')}
  <bpmn:multiInstanceLoopCharacteristics isSequential="true" camunda:collection="items" camunda:elementVariable="item">
    <bpmn:completionCondition>${{nrOfCompletedInstances == 2}}</bpmn:completionCondition></bpmn:multiInstanceLoopCharacteristics></bpmn:serviceTask>
<bpmn:sequenceFlow id="f6" sourceRef="each" targetRef="sum" />
<bpmn:scriptTask id="sum" scriptFormat="juel" camunda:resultVariable="left"><bpmn:script>${{items.size() - 2}}</bpmn:script></bpmn:scriptTask>
<bpmn:sequenceFlow id="f7" sourceRef="sum" targetRef="wait" />
<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition id="t"><bpmn:timeDuration>${{pause}}</bpmn:timeDuration>
  </bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
<bpmn:sequenceFlow id="f8" sourceRef="wait" targetRef="look" />
<bpmn:userTask id="look" camunda:candidateGroups="ops"><bpmn:extensionElements><camunda:formData>
  <camunda:formField id="ok" type="boolean" /></camunda:formData></bpmn:extensionElements></bpmn:userTask>
<bpmn:sequenceFlow id="f9" sourceRef="look" targetRef="over" /><bpmn:endEvent id="over" />
"""
ARENA = """
<bpmn:startEvent id="begin" /><bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="set" />
<bpmn:scriptTask id="set"><bpmn:script>total = sum(prices)
if total > 10:
    kind = "big"
else:
    kind = "small"
total = total + 1
order["kind"] = kind</bpmn:script></bpmn:scriptTask>
<bpmn:sequenceFlow id="f2" sourceRef="set" targetRef="which" /><bpmn:exclusiveGateway id="which" default="f4" />
<bpmn:sequenceFlow id="f3" sourceRef="which" targetRef="do"><bpmn:conditionExpression>kind in ["big"] and order.get("vip", 0) == 0
  </bpmn:conditionExpression></bpmn:sequenceFlow>
<bpmn:sequenceFlow id="f4" sourceRef="which" targetRef="over" />
<bpmn:manualTask id="do"><bpmn:extensionElements><spiffworkflow:instructionsForEndUser>Do it</spiffworkflow:instructionsForEndUser>
  </bpmn:extensionElements></bpmn:manualTask>
<bpmn:sequenceFlow id="f5" sourceRef="do" targetRef="tell" />
<bpmn:sendTask id="tell" messageRef="m"><bpmn:extensionElements>
  <spiffworkflow:messagePayload>{"number": number, "answer": total * 2}</spiffworkflow:messagePayload></bpmn:extensionElements></bpmn:sendTask>
<bpmn:sequenceFlow id="f6" sourceRef="tell" targetRef="hear" /><bpmn:receiveTask id="hear" messageRef="m" />
<bpmn:sequenceFlow id="f7" sourceRef="hear" targetRef="over" /><bpmn:endEvent id="over" />
"""
KEYED = (
    '<bpmn:message id="m" name="told" /><bpmn:correlationProperty id="n"><bpmn:correlationPropertyRetrievalExpression'
    ' messageRef="m"><bpmn:messagePath>number</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression>'
    "</bpmn:correlationProperty>"
)


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, HANDLERS)


def deployed(bench: Bench, document: bytes) -> None:
    converted = convert(document)
    assert [note for note in converted.notes if note.grade == "lost"] == []
    bench.deploy(converted.document)


def test_camunda_7s_errors_loops_conditions_times_and_people(bench: Bench, clock: FixedClock) -> None:
    deployed(bench, camunda7(CAMUNDA_7, '<bpmn:error id="err" name="Blocked" errorCode="account_blocked" />'))
    given = {"order": {"who": "Ada"}, "town": "Bath", "items": [10, 20, 30], "pause": "PT1H"}
    instance = bench.start("p", **given)
    bench.run(instance)
    assert bench.standing(instance) == {"wait": "timer"}
    variables = bench.variables(instance)
    assert {name: variables[name] for name in ("code", "why", "left")} == {
        "code": "account_blocked",
        "why": "The account of Ada of Bath is blocked",
        "left": 1,
    }
    assert [step.inputs["x"] for step in bench.calls if step.element_id == "each"] == [
        20,
        41,
    ]  # two, and it counts from 0
    clock.advance(timedelta(hours=1))
    bench.run(instance)
    bench.complete(instance, ok=True)
    bench.run(instance)
    assert (bench.state(instance), bench.variables(instance)["ok"]) == ("completed", True)


def test_spiffarenas_scripts_conditions_people_and_messages(bench: Bench) -> None:
    deployed(bench, arena(ARENA, KEYED))
    instance = bench.start("p", prices=[5, 6], order={}, number="7")
    bench.run(instance)
    assert bench.standing(instance) == {"do": "user_task"}
    bench.complete(instance)
    bench.run(instance)
    variables = bench.variables(instance)
    assert (bench.state(instance), variables["total"], variables["order"]) == ("completed", 12, {"kind": "big"})
    assert variables["answer"] == 24  # which the message has brought back
