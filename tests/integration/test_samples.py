"""The sample start requests: each is valid, and says where its order ends."""

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
from app.handling import SystemFailed, SystemSilent
from app.handling.faults import BadParameter
from app.handling.registry import Registry
from app.lab.settings import LabSettings
from app.lab.web import Lab

PROCESSES = Path(__file__).parents[2] / "processes"
SAMPLES = {file.stem: json.loads(file.read_text()) for file in sorted((PROCESSES / "samples").glob("*.json"))}
DIAGRAM = etree.parse(PROCESSES / "service" / "ftth_activate.bpmn")
NAMESPACES = {"zeebe": "http://camunda.org/schema/zeebe/1.0", "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL"}
FAULT_CODES = {fault.__name__ for fault in (SystemSilent, SystemFailed, BadParameter)}

each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def handler_of(element_id: str) -> str | None:
    return DIAGRAM.xpath("string(//*[@id=$id]//zeebe:taskDefinition/@type)", namespaces=NAMESPACES, id=element_id)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    lab = Lab(LabSettings(tmp_path / "lab.sqlite"), SystemClock())
    yield lab.app.test_client()
    lab.close()


def test_there_are_samples_of_every_end() -> None:
    assert len(SAMPLES) == 20
    assert Counter(sample["expect"]["state"] for sample in SAMPLES.values()) == {
        "completed": 11,
        "waiting": 4,
        "fallen_out": 5,
    }


@pytest.mark.parametrize("name", ["order_id", "serial"])
def test_no_two_samples_share_an_identity(name: str) -> None:
    assert len({sample["request"]["variables"][name] for sample in SAMPLES.values()}) == 20


def test_no_two_samples_share_a_port() -> None:
    ports = [(variables["olt"], variables["port"]) for variables in map(variables_of, SAMPLES.values())]
    assert len(set(ports)) == 20


def variables_of(sample: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = sample["request"]["variables"]
    return found


@each_sample
def test_a_samples_variables_fit_the_schema_that_the_process_declares(sample: dict[str, Any]) -> None:
    schema = json.loads(
        DIAGRAM.xpath("string(//zeebe:property[@name='turnup:variables']/@value)", namespaces=NAMESPACES)
    )
    Draft202012Validator(schema).validate(variables_of(sample))
    assert sample["request"]["process_id"] == "ftth_activate"
    assert sample["request"]["business_key"] == variables_of(sample)["order_id"]


@each_sample
def test_the_lab_takes_a_samples_faults_and_knows_its_port(sample: dict[str, Any], client: FlaskClient) -> None:
    variables = variables_of(sample)
    assert client.get(f"/access/ports/{variables['olt']}/{variables['port']}").status_code == 200
    for fault in sample["lab"]:
        assert client.post("/lab/faults", json=fault).status_code == 201
        assert set(fault["match"].values()) & {variables["serial"], variables["order_id"]}, "it would meet other orders"


@each_sample
def test_where_a_sample_stops_is_in_the_diagram_and_why_is_known_to_its_handler(sample: dict[str, Any]) -> None:
    expect = sample["expect"]
    if expect["state"] == "completed":
        assert set(expect) == {"state"}
        return
    assert DIAGRAM.xpath("boolean(//*[@id=$id])", id=expect["element"])
    if expect["state"] == "fallen_out":
        handler = Registry.scan("handlers", "none").get(handler_of(expect["element"]) or "")
        assert handler is not None
        assert expect["incident_code"] in FAULT_CODES | set(handler.about.refusals)


def test_every_service_task_of_the_diagram_has_its_handler() -> None:
    types = set(DIAGRAM.xpath("//zeebe:taskDefinition/@type", namespaces=NAMESPACES))
    assert types <= set(Registry.scan("handlers", "none").types())


def test_every_element_and_flow_of_the_diagram_is_drawn_once() -> None:
    drawn = Counter(DIAGRAM.xpath("//@bpmnElement"))
    ids = DIAGRAM.xpath(
        "//bpmn:process//*[self::bpmn:sequenceFlow or bpmn:incoming or bpmn:outgoing]/@id", namespaces=NAMESPACES
    )
    assert len(ids) > 40
    assert {name: drawn[name] for name in ids} == dict.fromkeys(ids, 1)
