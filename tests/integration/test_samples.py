"""The sample start requests: each is valid, and says where its order ends. The shipped diagrams: drawn and handled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from lxml import etree

from app.core.clock import SystemClock
from app.factory import PROCESSES
from app.handling import SystemFailed, SystemSilent
from app.handling.faults import BadParameter
from app.handling.registry import Registry
from app.lab.settings import LabSettings
from app.lab.web import Lab

SAMPLES = {file.stem: json.loads(file.read_text()) for file in sorted((PROCESSES / "samples").glob("*.json"))}
DIAGRAMS = {file.stem: etree.parse(file) for file in sorted(PROCESSES.rglob("*.bpmn"))}
NAMESPACES = {"zeebe": "http://camunda.org/schema/zeebe/1.0", "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL"}
FAULT_CODES = {fault.__name__ for fault in (SystemSilent, SystemFailed, BadParameter)}

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
each_diagram = pytest.mark.parametrize("process_id", DIAGRAMS)


def found(process_id: str, path: str, **names: str) -> Any:
    return DIAGRAMS[process_id].xpath(path, namespaces=NAMESPACES, **names)


def with_called(process_id: str) -> list[str]:
    """The process and those that it calls, by their ids."""
    called = [name for name in found(process_id, "//zeebe:calledElement/@processId") if name in DIAGRAMS]
    return [process_id, *(inner for name in called for inner in with_called(name))]


def variables_of(sample: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = sample["request"]["variables"]
    return variables


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts_in(inner)
    elif isinstance(value, str):
        yield value


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    lab = Lab(LabSettings(tmp_path / "lab.sqlite"), SystemClock())
    yield lab.app.test_client()
    lab.close()


def test_there_are_samples_of_every_end() -> None:
    assert set(Counter(sample["expect"]["state"] for sample in SAMPLES.values())) == {
        "completed",
        "waiting",
        "fallen_out",
    }


@pytest.mark.parametrize("names", [("order_id",), ("serial",), ("olt", "port"), ("number",), ("account",)])
def test_no_two_samples_share_an_identity(names: tuple[str, ...]) -> None:
    identities = [tuple(map(variables_of(sample).get, names)) for sample in SAMPLES.values()]
    assert [each for each, count in Counter(identities).items() if count > 1 and None not in each] == []


@each_sample
def test_a_samples_variables_fit_the_schema_that_its_process_declares(sample: dict[str, Any]) -> None:
    process_id = sample["request"]["process_id"]
    schema = json.loads(found(process_id, "string(//zeebe:property[@name='turnup:variables']/@value)"))
    Draft202012Validator(schema).validate(variables_of(sample))
    assert sample["request"]["business_key"] == variables_of(sample)["order_id"]


@each_sample
def test_the_lab_takes_what_a_sample_asks_of_it(sample: dict[str, Any], client: FlaskClient) -> None:
    variables = variables_of(sample)
    if "port" in variables:
        assert client.get(f"/access/ports/{variables['olt']}/{variables['port']}").status_code == 200
    for call in sample.get("before", []):
        answer = client.post(call["path"], json=call["body"])
        assert answer.status_code < 300, answer.text
    own = set(texts_in(variables))
    for fault in sample["lab"]:
        assert client.post("/lab/faults", json=fault).status_code == 201
        values = fault["match"].values()
        assert any(value == each or f"{value}".startswith(f"{each}@") for value in values for each in own), (
            "it would meet other orders"
        )


@each_sample
def test_where_a_sample_stops_is_in_the_diagram_and_why_is_known_to_its_handler(sample: dict[str, Any]) -> None:
    expect = sample["expect"]
    if expect["state"] == "completed":
        assert set(expect) == {"state"}
        return
    processes = with_called(sample["request"]["process_id"])
    (process_id, *_) = [each for each in processes if found(each, "boolean(//*[@id=$id])", id=expect["element"])]
    if expect["state"] == "fallen_out":
        type_ = found(process_id, "string(//*[@id=$id]//zeebe:taskDefinition/@type)", id=expect["element"])
        handler = Registry.scan("handlers", "none").get(type_)
        assert handler is not None
        assert expect["incident_code"] in FAULT_CODES | set(handler.about.refusals)


@each_diagram
def test_every_service_task_of_a_diagram_has_its_handler(process_id: str) -> None:
    types = set(found(process_id, "//zeebe:taskDefinition/@type"))
    assert types <= set(Registry.scan("handlers", "none").types())


@each_diagram
def test_a_file_is_named_as_its_process_and_what_it_calls_is_shipped(process_id: str) -> None:
    assert found(process_id, "//bpmn:process/@id") == [process_id]
    assert set(found(process_id, "//zeebe:calledElement/@processId")) <= set(DIAGRAMS)
    models = [etree.parse(file) for file in PROCESSES.rglob("*.dmn")]
    decisions = {name for model in models for name in model.xpath("//*[local-name()='decision']/@id")}
    assert set(found(process_id, "//zeebe:calledDecision/@decisionId")) <= decisions


@each_diagram
def test_every_user_task_says_what_to_do_on_a_form(process_id: str) -> None:
    forms = {form.get("id"): json.loads(form.text) for form in found(process_id, "//zeebe:userTaskForm")}
    for task in found(process_id, "//bpmn:userTask"):
        (key,) = task.xpath(".//zeebe:formDefinition/@formKey", namespaces=NAMESPACES)
        assert any(each["type"] == "text" for each in forms.pop(key.rpartition(":")[2])["components"]), task.get("id")
    assert forms == {}


@each_diagram
def test_every_element_and_flow_of_a_diagram_is_drawn_once(process_id: str) -> None:
    drawn = Counter(DIAGRAMS[process_id].xpath("//@bpmnElement"))
    ids = found(process_id, "//bpmn:process//*[self::bpmn:sequenceFlow or bpmn:incoming or bpmn:outgoing]/@id")
    assert len(ids) > 10
    assert {name: drawn[name] for name in ids} == dict.fromkeys(ids, 1)
