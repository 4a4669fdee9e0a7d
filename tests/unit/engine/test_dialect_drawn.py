"""Documents as the modelers write them, and as a person does: they are read as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.engine.diagram import Diagram, Finding
from app.engine.spiff.build import build
from app.engine.spiff.dialect import check, constructs_of
from tests.factories.handlers import few_handlers

DRAWN = Path(__file__).parents[2] / "factories" / "drawn" / "modelers"
HANDLERS = few_handlers()

# document -> (warnings, some of what it holds)
DOCUMENTS: dict[str, tuple[set[tuple[str, str]], set[str]]] = {
    "camunda_modeler": (
        {("Process_customer", "not_executable")},
        {
            "startEvent:message",
            "multiInstance:parallel",
            "multiInstance:completionCondition",
            "boundaryEvent:compensate",
            "boundaryEvent:escalation:non-interrupting",
            "endEvent:escalation",
            "inclusiveGateway",
            "sendTask:handler",
            "eventBasedGateway",
            "intermediateCatchEvent:signal",
            "intermediateThrowEvent:link",
            "intermediateThrowEvent:compensate",
            "endEvent:error",
            "endEvent:terminate",
            "endEvent:compensate",
            "callActivity:versionTag",
            "eventSubProcess:message",
            "eventSubProcess:conditional:non-interrupting",
        },
    ),
    "web_modeler": (
        {("Activity_todo", "does_nothing")},
        {
            "transaction",
            "endEvent:cancel",
            "boundaryEvent:cancel",
            "businessRuleTask",
            "receiveTask",
            "boundaryEvent:timer:timeCycle:non-interrupting",
            "endEvent:message:handler",
            "endEvent:signal",
            "task",
        },
    ),
    "bpmn_js": (
        set(),
        {
            "multiInstance:sequential",
            "manualTask",
            "intermediateThrowEvent",
            "eventSubProcess:error",
            "parallelGateway",
        },
    ),
    "by_hand": (
        set(),
        {
            "intermediateCatchEvent:timer:timeDate",
            "intermediateThrowEvent:message",
            "boundaryEvent:error",
            "endEvent:error",
        },
    ),
}


def read(name: str) -> tuple[Diagram, list[Finding]]:
    diagram, _, findings = check((DRAWN / f"{name}.bpmn").read_bytes(), HANDLERS.get, HANDLERS.types())
    assert diagram is not None, findings
    return diagram, findings


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_read_as_its_modeler_writes_it(name: str) -> None:
    warnings, constructs = DOCUMENTS[name]
    diagram, findings = read(name)
    assert {(finding.element_id, finding.code) for finding in findings} == warnings
    assert constructs <= constructs_of(diagram)
    build(diagram)


def test_no_document_is_without_a_test() -> None:
    assert {path.stem for path in DRAWN.glob("*.bpmn")} == set(DOCUMENTS)


def test_of_two_pools_the_executable_one_is_read() -> None:
    diagram, _ = read("camunda_modeler")
    assert (diagram.process_id, diagram.name, diagram.version_tag) == ("line_activate", "Activate a line", "2.1")
    assert "Activity_order" not in diagram.elements
    assert diagram.elements["Event_undo"].compensated_by == "Activity_free"


def test_prefixes_quotes_and_ids_of_a_document_written_by_hand_are_read() -> None:
    diagram, _ = read("by_hand")
    checked = diagram.elements["Überprüfen"]
    assert (checked.name, checked.incoming, checked.outgoing) == ('Check "the line" & more', ("f1",), ("f2",))
    assert checked.inputs == (("=serial", "serial"), ("= 100 ", "speed_mbps"))
    assert diagram.flows["f4"].condition == "=count(lines) < 3"
    published = diagram.elements["say"].publishes
    assert published is not None
    assert (published.name, published.key, published.time_to_live) == ("order", "=id", "PT1H")
