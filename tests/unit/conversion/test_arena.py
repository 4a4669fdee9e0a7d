"""SpiffArena's diagrams: what each element becomes, and what is said of what it cannot become."""

from __future__ import annotations

import json

import pytest

from tests.factories.dialects import Outcome, arena

MESSAGES = (
    '<bpmn:message id="m" name="request" />'
    '<bpmn:correlationProperty id="no"><bpmn:correlationPropertyRetrievalExpression messageRef="m">'
    "<bpmn:messagePath>order_no</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
)


def task(name: str, extensions: str = "", inner: str = "", attributes: str = "") -> Outcome:
    held = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
    return Outcome(arena(f'<bpmn:{name} id="x" {attributes}>{held}{inner}</bpmn:{name}>'))


def test_a_connector_is_a_handler_to_be_written_and_its_parameters_are_inputs() -> None:
    operator = (
        '<spiffworkflow:serviceTaskOperator id="http/GetRequest" resultVariable="r"><spiffworkflow:parameters>'
        '<spiffworkflow:parameter id="url" type="str" value="\'http://a/\' + name" />'
        '<spiffworkflow:parameter id="kind" type="str" value="\'json\'" /></spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>'
    )
    found = task("serviceTask", operator)
    assert found.attributes("zeebe:taskDefinition") == {"type": "http.get_request"}
    assert found.mappings() == [("input", '="http://a/" + name', "url"), ("input", "json", "kind")]
    assert found.lost == ["spiffworkflow:serviceTaskOperator http/GetRequest", "resultVariable r"]
    assert b"spiffworkflow" not in found.converted.document


def test_a_script_of_one_assignment_is_an_expression_and_of_several_an_object() -> None:
    one = task("scriptTask", "", "<bpmn:script>x = a + 1</bpmn:script>", 'scriptFormat="python"')
    assert one.attributes("zeebe:script") == {"expression": "=a + 1", "resultVariable": "x"}
    several = task("scriptTask", "", "<bpmn:script>x = a + 1\nx = x * 2\ny = x</bpmn:script>")
    assert several.attributes("zeebe:script")["expression"] == "={x: a + 1, x_v2: x * 2, y: x_v2}"
    assert several.mappings() == [("output", "=made.x_v2", "x"), ("output", "=made.y", "y")]
    code = task("scriptTask", "", "<bpmn:script>import os</bpmn:script>")
    assert (code.lost, code.text("bpmn:scriptTask/bpmn:documentation")) == (
        ["script import os"],
        "The script was (Python):\nimport os",
    )


def test_what_runs_before_a_task_is_its_inputs_and_what_runs_after_it_is_lost() -> None:
    found = task(
        "callActivity", "<spiffworkflow:preScript>a = b + 1</spiffworkflow:preScript>", "", 'calledElement="q"'
    )
    assert found.mappings() == [("input", "=b + 1", "a")]
    assert found.to_check == ["spiffworkflow:preScript a = b + 1"]
    after = task("callActivity", "<spiffworkflow:postScript>a = 1</spiffworkflow:postScript>", "", 'calledElement="q"')
    assert after.lost == ["spiffworkflow:postScript a = 1"]
    assert after.text("bpmn:callActivity/bpmn:documentation") == "The script after it was (Python):\na = 1"
    assert after.attributes("zeebe:calledElement")["processId"] == "q"


def test_a_manual_task_waits_for_a_person_who_reads_what_to_do() -> None:
    found = task("manualTask", "<spiffworkflow:instructionsForEndUser>Look</spiffworkflow:instructionsForEndUser>")
    assert found.attributes("bpmn:userTask") == {"id": "x"}
    assert json.loads(found.text("zeebe:userTaskForm"))["components"] == [{"type": "text", "text": "Look"}]
    assert found.to_check == ["manualTask"]


def test_a_user_task_is_for_the_group_that_its_lane_is_called_after() -> None:
    lanes = '<bpmn:laneSet id="l"><bpmn:lane id="l1" name="Planning"><bpmn:flowNodeRef>x</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
    form = '<spiffworkflow:properties><spiffworkflow:property name="formJsonSchemaFilename" value="a.json" /></spiffworkflow:properties>'
    found = Outcome(
        arena(f'{lanes}<bpmn:userTask id="x"><bpmn:extensionElements>{form}</bpmn:extensionElements></bpmn:userTask>')
    )
    assert found.attributes("zeebe:assignmentDefinition") == {"candidateGroups": "Planning"}
    assert (found.lost, found.to_check) == (["formJsonSchemaFilename a.json"], ["lane Planning"])


def test_a_decision_gives_one_variable() -> None:
    found = task("businessRuleTask", "<spiffworkflow:calledDecisionId>prices-1</spiffworkflow:calledDecisionId>")
    assert found.attributes("zeebe:calledDecision") == {"decisionId": "prices-1", "resultVariable": "prices_1"}
    assert found.to_check == ["calledDecisionId prices-1"]


def test_a_loop_goes_through_its_list_and_gathers_its_results() -> None:
    parts = (
        "<bpmn:loopDataInputRef>items</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>done</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="i" name="it" /><bpmn:outputDataItem id="o" name="out" />'
        "<bpmn:completionCondition>len(done) == 2</bpmn:completionCondition>"
    )
    found = task(
        "userTask", "", f"<bpmn:multiInstanceLoopCharacteristics>{parts}</bpmn:multiInstanceLoopCharacteristics>"
    )
    assert found.attributes("zeebe:loopCharacteristics") == {
        "inputCollection": "=items",
        "inputElement": "it",
        "outputCollection": "done",
        "outputElement": "=out",
    }
    assert found.text("bpmn:completionCondition") == "=count(done) = 2"
    assert [child.tag.rpartition("}")[2] for child in found.one("bpmn:multiInstanceLoopCharacteristics")] == [
        "extensionElements",
        "completionCondition",
    ]


def test_a_message_is_published_with_its_payload_and_its_key() -> None:
    payload = '<spiffworkflow:messagePayload>{"order_no": no, "total": a + 1}</spiffworkflow:messagePayload>'
    sends = f'<bpmn:sendTask id="x" messageRef="m"><bpmn:extensionElements>{payload}</bpmn:extensionElements></bpmn:sendTask>'
    found = Outcome(arena(sends, MESSAGES))
    assert found.attributes("zeebe:publishMessage") == {"correlationKey": "=order_no", "timeToLive": "P30D"}
    assert found.to_check == ["message"]
    assert found.mappings() == [("input", "=no", "order_no"), ("input", "=a + 1", "total")]
    assert found.all("bpmn:correlationProperty") == []


def test_a_message_is_waited_for_by_its_key_or_lacks_one() -> None:
    waits = '<bpmn:receiveTask id="x" messageRef="m" />'
    found = Outcome(arena(waits, MESSAGES))
    assert found.attributes("bpmn:message/bpmn:extensionElements/zeebe:subscription") == {"correlationKey": "=order_no"}
    assert found.to_check == ["correlation of request"]
    assert Outcome(arena(waits, '<bpmn:message id="m" name="request" />')).lost == ["message request"]


@pytest.mark.parametrize(
    ("python", "text"), [('"PT1H"', "PT1H"), ("timedelta(hours=1)", '=duration("PT1H")'), ("wait", "=wait")]
)
def test_times_are_no_python(python: str, text: str) -> None:
    timer = f"<bpmn:timerEventDefinition><bpmn:timeDuration>{python}</bpmn:timeDuration></bpmn:timerEventDefinition>"
    assert task("intermediateCatchEvent", "", timer).text("bpmn:timeDuration") == text


def test_conditions_are_feel_and_what_is_none_stays_where_the_check_finds_it() -> None:
    def flow(python: str) -> Outcome:
        condition = f"<bpmn:conditionExpression>{python}</bpmn:conditionExpression>"
        return Outcome(arena(f'<bpmn:sequenceFlow id="f" sourceRef="a" targetRef="b">{condition}</bpmn:sequenceFlow>'))

    assert flow("a in ['x'] and b is None").text("bpmn:conditionExpression") == '=list contains(["x"], a) and b = null'
    left = flow("check(a)")
    assert (left.text("bpmn:conditionExpression"), left.lost) == ("check(a)", ["condition check(a)"])


def test_what_is_unknown_is_lost_aloud() -> None:
    found = task("task", "<spiffworkflow:unitTests><spiffworkflow:unitTest id='t' /></spiffworkflow:unitTests>")
    assert found.lost == ["spiffworkflow:unitTests"]
