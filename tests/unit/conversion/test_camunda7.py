"""Camunda 7 diagrams: what each element becomes, and what is said of what it cannot become."""

from __future__ import annotations

import json

import pytest

from app.engine.lint.schema import read_schema
from tests.factories.dialects import Outcome, camunda7

IO = "<camunda:inputOutput>{}</camunda:inputOutput>"


def task(name: str, attributes: str = "", extensions: str = "", inner: str = "") -> Outcome:
    held = f"<bpmn:extensionElements>{extensions}</bpmn:extensionElements>" if extensions else ""
    return Outcome(camunda7(f'<bpmn:{name} id="x" name="X" {attributes}>{held}{inner}</bpmn:{name}>'))


def test_an_external_tasks_topic_is_its_handler() -> None:
    found = task("serviceTask", 'camunda:type="external" camunda:topic="net.activate" camunda:asyncBefore="true"')
    assert found.attributes("zeebe:taskDefinition") == {"type": "net.activate"}
    assert (found.lost, found.to_check) == ([], [])


def test_the_outcome_is_for_camunda_8_and_has_nothing_left_of_camunda_7() -> None:
    found = task("serviceTask", 'camunda:topic="t" camunda:jobPriority="7" camunda:unheardOf="1"')
    assert b"camunda.org/schema/1.0" not in found.converted.document
    assert b'executionPlatform="Camunda Cloud"' in found.converted.document
    assert found.lost == ['camunda:jobPriority="7"', 'camunda:unheardOf="1"']
    (note, _) = found.converted.notes
    assert (note.element_id, note.element_name) == ("x", "X")


@pytest.mark.parametrize(
    ("attributes", "handler"),
    [
        ('camunda:class="com.example.ActivateLineDelegate"', "activate_line"),
        ('camunda:delegateExpression="${notifyCustomer}"', "notify_customer"),
        ('camunda:expression="${crmService.notify(customer, 1)}"', "crm_service.notify"),
        ('camunda:expression="${a} and ${b}"', "a_and_b"),
    ],
)
def test_java_code_leaves_a_handler_of_its_name_to_be_written(attributes: str, handler: str) -> None:
    found = task("serviceTask", f'{attributes} camunda:resultVariable="r"')
    assert found.attributes("zeebe:taskDefinition") == {"type": handler}
    assert [what.split("=")[0].split()[0] for what in found.lost] == [
        attributes.split("=", maxsplit=1)[0],
        "camunda:resultVariable",
    ]


def test_a_kind_of_task_that_is_not_known_is_lost() -> None:
    assert task("serviceTask", 'camunda:type="mail"').lost == ["camunda:type mail"]


def test_a_topic_that_is_an_expression_and_a_connector_are_lost() -> None:
    assert task("serviceTask", 'camunda:type="external" camunda:topic="${t}"').lost == ["camunda:topic ${t}"]
    connector = task(
        "serviceTask", "", "<camunda:connector><camunda:connectorId>http</camunda:connectorId></camunda:connector>"
    )
    assert connector.lost == ["camunda:connector http"]
    assert connector.attributes("zeebe:taskDefinition") == {"type": "http"}


def test_parameters_are_mappings_and_what_is_a_script_is_kept_in_the_documentation() -> None:
    given = (
        '<camunda:inputParameter name="a">${x}</camunda:inputParameter>'
        '<camunda:inputParameter name="b">plain</camunda:inputParameter>'
        '<camunda:inputParameter name="c"><camunda:list><camunda:value>${x}</camunda:value><camunda:value>t</camunda:value>'
        "<camunda:list><camunda:value>1</camunda:value></camunda:list></camunda:list></camunda:inputParameter>"
        '<camunda:inputParameter name="d"><camunda:map><camunda:entry key="k-1">${y}</camunda:entry></camunda:map></camunda:inputParameter>'
        '<camunda:inputParameter name="e"><camunda:script scriptFormat="groovy">1 + 1</camunda:script></camunda:inputParameter>'
        '<camunda:outputParameter name="o">${ont_id}</camunda:outputParameter>'
        '<camunda:inputParameter name="late">${z}</camunda:inputParameter>'
    )
    found = task("serviceTask", 'camunda:topic="t"', IO.format(given))
    assert found.mappings() == [
        ("input", "=x", "a"),
        ("input", "plain", "b"),
        ("input", '=[x, "t", ["1"]]', "c"),
        ("input", '={"k-1": y}', "d"),
        ("input", "=z", "late"),
        ("output", "=ont_id", "o"),
    ]
    assert found.lost == ["camunda:inputParameter e 1 + 1"]
    assert found.to_check == ["camunda:outputParameter o"]
    assert found.text("bpmn:documentation") == "camunda:inputParameter e was (groovy):\n1 + 1"


def test_what_java_would_have_been_injected_is_an_input() -> None:
    fields = (
        '<camunda:field name="to"><camunda:expression>${mail}</camunda:expression></camunda:field>'
        '<camunda:field name="kind" stringValue="sms" />'
    )
    found = task("serviceTask", 'camunda:class="a.B"', fields)
    assert found.mappings() == [("input", "=mail", "to"), ("input", "sms", "kind")]


def test_tries_come_along_and_their_times_are_the_handlers() -> None:
    cycle = "<camunda:failedJobRetryTimeCycle>R5/PT10M</camunda:failedJobRetryTimeCycle>"
    found = task("serviceTask", 'camunda:topic="t"', cycle)
    assert found.attributes("zeebe:taskDefinition")["retries"] == "5"
    assert found.to_check == ["camunda:failedJobRetryTimeCycle R5/PT10M"]


def test_a_person_gets_the_task_by_then_with_its_form() -> None:
    form = (
        '<camunda:formData><camunda:formField id="speed" label="Speed" type="long" defaultValue="100"><camunda:validation>'
        '<camunda:constraint name="required" /><camunda:constraint name="min" config="10" /></camunda:validation></camunda:formField>'
        '<camunda:formField id="kind" type="enum"><camunda:value id="a" name="A" /></camunda:formField>'
        '<camunda:formField id="on" type="date" /><camunda:formField id="not-a-name" type="string" /></camunda:formData>'
    )
    attributes = 'camunda:assignee="${who}" camunda:candidateUsers="u" camunda:candidateGroups="a, b" camunda:dueDate="${now().plusDays(2)}"'
    found = task("userTask", attributes, form)
    assert found.attributes("zeebe:assignmentDefinition") == {"assignee": "=who", "candidateGroups": "a, b"}
    assert found.attributes("zeebe:taskSchedule") == {"dueDate": '=now() + duration("P2D")'}
    assert found.attributes("zeebe:formDefinition") == {"formKey": "camunda-forms:bpmn:form_x"}
    assert json.loads(found.text("zeebe:userTaskForm"))["components"] == [
        {
            "type": "number",
            "key": "speed",
            "label": "Speed",
            "defaultValue": 100,
            "validate": {"min": 10, "required": True},
        },
        {"type": "select", "key": "kind", "label": "kind", "values": [{"label": "A", "value": "a"}]},
        {"type": "datetime", "key": "on", "label": "on", "subtype": "date"},
    ]
    assert found.lost == ["camunda:candidateUsers u", "camunda:formField not-a-name"]
    linked = task("userTask", 'camunda:formRef="visit" camunda:formRefBinding="deployment"')
    assert linked.attributes("zeebe:formDefinition") == {"formId": "visit", "bindingType": "deployment"}
    assert linked.lost == []
    of_version = task("userTask", 'camunda:formRef="visit" camunda:formRefBinding="version" camunda:formRefVersion="2"')
    assert of_version.attributes("zeebe:formDefinition") == {"formId": "visit"}
    assert of_version.lost == ["camunda:formRefVersion 2"]
    in_file = task("userTask", 'camunda:formKey="camunda-forms:deployment:visit.form"')
    assert in_file.attributes("zeebe:formDefinition") == {"formId": "visit", "bindingType": "deployment"}
    assert (in_file.lost, in_file.to_check) == ([], ["camunda:formKey camunda-forms:deployment:visit.form"])
    assert task("userTask", 'camunda:formKey="embedded:app:a.html"').lost == ["camunda:formKey embedded:app:a.html"]


def test_a_start_form_declares_the_variables_of_the_process() -> None:
    fields = (
        '<camunda:formData><camunda:formField id="n" type="long" label="N"><camunda:validation><camunda:constraint name="required" />'
        "</camunda:validation></camunda:formField></camunda:formData>"
    )
    found = task("startEvent", 'camunda:initiator="who"', fields)
    schema, problem = read_schema(found.attributes("zeebe:property")["value"])
    assert problem is None
    assert schema == {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "title": "N"}}}
    assert found.lost == ['camunda:initiator="who"']


def test_a_second_start_form_and_one_inside_a_sub_process_are_lost() -> None:
    form = "<bpmn:extensionElements><camunda:formData><camunda:formField id='{}' /></camunda:formData></bpmn:extensionElements>"
    starts = "".join(f'<bpmn:startEvent id="s{n}">{form.format(f"a{n}")}</bpmn:startEvent>' for n in (1, 2))
    inner = f'<bpmn:subProcess id="sp"><bpmn:startEvent id="s3">{form.format("a3")}</bpmn:startEvent></bpmn:subProcess>'
    assert Outcome(camunda7(starts + inner)).lost == ["camunda:formData a2", "camunda:formData a3"]


def test_a_script_in_feel_or_juel_is_an_expression_and_code_is_kept_for_its_author() -> None:
    feel = task("scriptTask", 'scriptFormat="feel" camunda:resultVariable="r"', "", "<bpmn:script>a + 1</bpmn:script>")
    assert feel.attributes("zeebe:script") == {"expression": "=a + 1", "resultVariable": "r"}
    juel = task("scriptTask", 'scriptFormat="juel" camunda:resultVariable="r"', "", "<bpmn:script>${a}</bpmn:script>")
    assert juel.attributes("zeebe:script")["expression"] == "=a"
    code = task("scriptTask", 'scriptFormat="groovy"', "", "<bpmn:script>x = 1</bpmn:script>")
    assert (code.lost, code.all("bpmn:script")) == (["script (groovy) x = 1"], [])
    assert code.text("bpmn:documentation").endswith("x = 1")


def test_a_decision_is_called_and_other_rules_are_a_handlers() -> None:
    found = task(
        "businessRuleTask", 'camunda:decisionRef="d" camunda:resultVariable="r" camunda:mapDecisionResult="singleEntry"'
    )
    assert found.attributes("zeebe:calledDecision") == {"decisionId": "d", "resultVariable": "r"}
    assert found.to_check == []
    assert task("businessRuleTask", 'camunda:decisionRef="d"').to_check == ["camunda:mapDecisionResult"]
    rules = task("businessRuleTask", 'camunda:type="external" camunda:topic="rules.price"')
    assert rules.attributes("zeebe:taskDefinition") == {"type": "rules.price"}
    assert [each.get("id") for each in rules.all("bpmn:serviceTask")] == ["x"]


def test_a_call_passes_what_it_passed_and_nothing_else() -> None:
    passing = (
        '<camunda:in source="a" target="b" /><camunda:in sourceExpression="${x + 1}" target="c" />'
        '<camunda:in businessKey="#{execution.processBusinessKey}" /><camunda:out variables="all" />'
    )
    found = task("callActivity", 'calledElement="${which}"', passing)
    assert found.attributes("zeebe:calledElement") == {
        "processId": "=which",
        "bindingType": "latest",
        "propagateAllParentVariables": "false",
        "propagateAllChildVariables": "true",
    }
    assert found.mappings() == [("input", "=a", "b"), ("input", "=x + 1", "c")]
    assert "calledElement" not in found.one("bpmn:callActivity").attrib
    tagged = task(
        "callActivity",
        'calledElement="q" camunda:calledElementBinding="versionTag" camunda:calledElementVersionTag="1"',
    )
    assert tagged.attributes("zeebe:calledElement")["versionTag"] == "1"
    pinned = task(
        "callActivity", 'calledElement="q" camunda:calledElementBinding="version" camunda:calledElementVersion="3"'
    )
    assert pinned.lost == ["camunda:calledElementVersion 3"]


@pytest.mark.parametrize(
    ("attributes", "inner", "collection", "element"),
    [
        ('camunda:collection="items" camunda:elementVariable="i"', "", "=items", "i"),
        ('camunda:collection="${order.items}"', "", "=order.items", None),
        ("", "<bpmn:loopCardinality>3</bpmn:loopCardinality>", "=for i in 1..3 return i", "round"),
        (
            "",
            "<bpmn:loopCardinality>${n}</bpmn:loopCardinality>",
            "=if (n) < 1 then [] else for i in 1..(n) return i",
            "round",
        ),
    ],
)
def test_a_loop_goes_through_a_list(attributes: str, inner: str, collection: str, element: str | None) -> None:
    done = "<bpmn:completionCondition>${nrOfCompletedInstances > 2}</bpmn:completionCondition>".replace(" > ", " &gt; ")
    loop = f"<bpmn:multiInstanceLoopCharacteristics {attributes}>{inner}{done}</bpmn:multiInstanceLoopCharacteristics>"
    found = task("userTask", "", "", loop)
    said = found.attributes("zeebe:loopCharacteristics")
    assert (said["inputCollection"], said.get("inputElement")) == (collection, element)
    assert found.text("bpmn:completionCondition") == "=numberOfCompletedInstances > 2"
    assert found.all("bpmn:loopCardinality") == []


def test_what_catches_an_error_gives_its_code_by_the_same_names() -> None:
    definition = '<bpmn:errorEventDefinition camunda:errorCodeVariable="code" camunda:errorMessageVariable="why" />'
    found = task("boundaryEvent", 'attachedToRef="y"', "", definition)
    assert found.mappings() == [("output", "=errorCode", "code"), ("output", "=errorMessage", "why")]


def test_times_are_iso_or_feel_and_cron_is_lost() -> None:
    def timer(kind: str, text: str) -> Outcome:
        return task(
            "intermediateCatchEvent",
            "",
            "",
            f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>",
        )

    assert timer("timeDuration", "PT1H").text("bpmn:timeDuration") == "PT1H"
    assert timer("timeDuration", "${wait}").text("bpmn:timeDuration") == "=wait"
    assert timer("timeCycle", "R3/PT1H").lost == []
    assert timer("timeCycle", "0 0/5 * * * ?").lost == ["timeCycle 0 0/5 * * * ?"]


def test_a_message_is_sent_by_a_handler_and_waited_for_with_a_key_to_be_given() -> None:
    sent = task("endEvent", "", "", '<bpmn:messageEventDefinition camunda:type="external" camunda:topic="mq.send" />')
    assert sent.attributes("zeebe:taskDefinition") == {"type": "mq.send"}
    assert sent.one("bpmn:endEvent").find("{*}extensionElements/{*}taskDefinition") is not None
    declared = '<bpmn:message id="m" name="paid" />'
    waits = Outcome(camunda7('<bpmn:receiveTask id="x" messageRef="m" />', declared))
    assert waits.lost == ["message paid"]
    starts = Outcome(
        camunda7('<bpmn:startEvent id="x"><bpmn:messageEventDefinition messageRef="m" /></bpmn:startEvent>', declared)
    )
    assert starts.lost == []


def test_conditions_are_feel_and_code_is_taken_out_of_them() -> None:
    def flow(condition: str) -> Outcome:
        return Outcome(
            camunda7(f'<bpmn:sequenceFlow id="f" sourceRef="a" targetRef="b">{condition}</bpmn:sequenceFlow>')
        )

    assert flow("<bpmn:conditionExpression>${ok}</bpmn:conditionExpression>").text("bpmn:conditionExpression") == "=ok"
    left = flow("<bpmn:conditionExpression>${bean.ok(1)}</bpmn:conditionExpression>")
    assert left.text("bpmn:conditionExpression") == "${bean.ok(1)}"  # where a deployment's check finds it
    assert left.lost == ["condition ${bean.ok(1)}"]
    code = flow('<bpmn:conditionExpression language="groovy">x</bpmn:conditionExpression>')
    assert (code.all("bpmn:conditionExpression"), code.lost) == ([], ["condition (groovy) x"])


def test_listeners_rules_of_who_may_start_and_other_tools_marks_are_lost_aloud() -> None:
    listener = '<camunda:executionListener class="a.Log" event="start" /><other:mark xmlns:other="urn:other" />'
    found = task("userTask", "", listener)
    assert found.lost == ["camunda:executionListener class=a.Log event=start", "{urn:other}mark"]
    starters = Outcome(
        camunda7("", "", 'camunda:candidateStarterGroups="g" camunda:versionTag="1.2" camunda:historyTimeToLive="P1D"')
    )
    assert starters.attributes("zeebe:versionTag") == {"value": "1.2"}
    assert (starters.lost, starters.to_check) == (
        ['camunda:candidateStarterGroups="g"'],
        ["camunda:historyTimeToLive P1D"],
    )


def test_data_objects_and_stores_are_notes_in_the_same_place() -> None:
    drawn = (
        '<bpmn:dataObject id="do" /><bpmn:dataObjectReference id="ref" name="Order" dataObjectRef="do" />'
        '<bpmn:task id="x"><bpmn:dataOutputAssociation id="da"><bpmn:targetRef>ref</bpmn:targetRef></bpmn:dataOutputAssociation></bpmn:task>'
    )
    found = Outcome(camunda7(drawn))
    assert found.attributes("bpmn:textAnnotation") == {"id": "ref"}
    assert found.text("bpmn:textAnnotation/bpmn:text") == "Order"
    assert found.attributes("bpmn:association") == {"id": "da", "sourceRef": "x", "targetRef": "ref"}
    assert found.lost == ["dataObjectReference Order"]
