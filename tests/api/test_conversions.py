"""Converting diagrams over HTTP."""

from __future__ import annotations

from tests.api.conftest import Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.dialects import camunda7, model
from tests.factories.engines import Bench

FLOW = (
    '<bpmn:startEvent id="s" /><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="x" />'
    '<bpmn:serviceTask id="x" name="Name it" camunda:class="a.NameIt" />'
    '<bpmn:sequenceFlow id="g" sourceRef="x" targetRef="e" /><bpmn:endEvent id="e" />'
)


def test_a_diagram_is_converted_with_its_notes_and_what_a_deployment_would_say(api: Caller) -> None:
    answer = api.post("/conversions", data=camunda7(FLOW), content_type="application/xml")
    assert answer.status_code == 200
    assert (answer.json["dialect"], answer.json["hasLayout"]) == ("camunda7", False)
    (note,) = answer.json["notes"]
    assert (note["grade"], note["elementId"], note["elementName"], note["what"]) == (
        "lost",
        "x",
        "Name it",
        'camunda:class="a.NameIt"',
    )
    assert [finding["code"] for finding in answer.json["findings"]] == ["unknown_handler"]
    deployed = api.post(
        "/process-definitions/check", data=answer.json["document"].encode(), content_type="application/xml"
    )
    assert deployed.json["findings"] == answer.json["findings"]


def test_a_decision_model_is_converted_for_whoever_deploys_decisions(bench: Bench, api: Caller) -> None:
    pam = somebody(bench, api, "pam", "product_manager")
    answer = pam.post("/conversions", data=model(gives="${bean.name(speed)}"), content_type="application/xml")
    assert (answer.status_code, answer.json["dialect"], answer.json["hasLayout"]) == (200, "camunda7", True)
    assert [(note["elementId"], note["grade"]) for note in answer.json["notes"]][-1] == ("profile", "lost")
    assert [finding["code"] for finding in answer.json["findings"]] == ["other_language"]


def test_our_own_diagram_comes_back_as_it_was(api: Caller) -> None:
    document = Diagram("p").start("s").end("e").chain("s", "e").xml()
    answer = api.post("/conversions", data=document, content_type="application/xml")
    assert (answer.json["dialect"], answer.json["document"].encode(), answer.json["notes"]) == (
        "camunda8",
        document,
        [],
    )


def test_what_is_no_diagram_is_refused(api: Caller) -> None:
    answer = api.post("/conversions", data=b"<note/>", content_type="application/xml")
    assert (answer.status_code, answer.json["code"]) == (422, "NoDiagram")
    bomb = api.post("/conversions", data=b"<!DOCTYPE a><a/>", content_type="application/xml")
    assert (bomb.status_code, bomb.json["code"]) == (422, "XmlRefused")
