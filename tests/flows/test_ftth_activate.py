"""processes/service/ftth_activate.bpmn with its own handlers against the laboratory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.log import get_logger
from app.dispatch.attempt import Attempts, Outside
from app.engine.steps import ClaimedStep, StepResult
from app.handling.registry import Registry
from handlers.clients.http import close_clients
from tests.factories.engines import Bench
from tests.factories.labs import RunningLab, a_lab

PROCESSES = Path(__file__).parents[2] / "processes"
SAMPLES = {
    file.stem: sample
    for file in sorted((PROCESSES / "samples").glob("*.json"))
    if (sample := json.loads(file.read_text()))["request"]["process_id"] == "ftth_activate"
}
SERIAL = "ALCL0000A001"
ORDER: dict[str, Any] = {
    "order_id": "ORD-1",
    "customer": {"name": "Ada Byron"},
    "olt": "lon-3",
    "port": "1/1/1",
    "serial": SERIAL,
    "speed_mbps": 500,
}


class Field(Bench):
    """The engine with the house's handlers and a laboratory for them to talk to."""

    lab: RunningLab

    def call(self, step: ClaimedStep) -> StepResult:
        self.calls.append(step)
        attempts = Attempts(self.clock, Outside({"lab_url": self.lab.url}), get_logger("tests"))
        handler = self.registry.get(step.handler)
        assert handler is not None
        return StepResult(step.number, step.attempt, attempts.make(step, handler, self.clock.now()))

    def deploy_shipped(self) -> None:
        self.deploy_decisions((PROCESSES / "decisions" / "choose_profile.dmn").read_bytes())
        self.deploy((PROCESSES / "service" / "ftth_activate.bpmn").read_bytes())

    def begin(self, **changes: Any) -> str:
        self.deploy_shipped()
        instance_id = self.start("ftth_activate", key="ORD-1", **{**ORDER, **changes})
        self.run(instance_id)
        return instance_id

    def come_online(self, instance_id: str, serial: str = SERIAL) -> None:
        self.publish("ont_online", serial, online_at_s=1)
        self.run(instance_id)
        self.later(instance_id, seconds=1)

    def later(self, instance_id: str, **time: float) -> None:
        self.clock.advance(timedelta(**time))
        self.run(instance_id)

    def steps(self) -> list[str]:
        return [call.element_id for call in self.calls]


@pytest.fixture
def field(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Field]:
    with a_lab(tmp_path, clock) as lab:
        made = Field(database, clock, list(Registry.scan("handlers", "none")))
        made.lab = lab
        yield made
    close_clients()


def test_an_order_is_activated_configured_proven_and_billed(field: Field) -> None:
    instance_id = field.begin()
    assert field.standing(instance_id)["wait_online"] == "message"
    field.come_online(instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id) == {
        **ORDER,
        "profile": "fast",
        "port_state": "free",
        "ont_id": f"lon-3:1/1/1:{SERIAL}",
        "push_id": 1,
        "online_at_s": 1,
        "level_dbm": -19.4,
        "subscription_id": "sub-ORD-1",
    }
    assert field.lab.client.get("/billing/subscriptions/ORD-1").json()["customer"] == "Ada Byron"


@pytest.mark.parametrize(("speed_mbps", "profile"), [(100, "basic"), (300, "fast"), (899, "fast"), (900, "gigabit")])
def test_the_router_gets_the_profile_of_the_speed(field: Field, speed_mbps: int, profile: str) -> None:
    field.begin(speed_mbps=speed_mbps)
    assert field.lab.client.get(f"/acs/devices/{SERIAL}").json()["profile"] == profile


def test_a_report_that_comes_before_anybody_waits_for_it_is_not_lost(field: Field) -> None:
    field.publish("ont_online", SERIAL)
    instance_id = field.begin()
    field.later(instance_id, seconds=1)
    assert field.state(instance_id) == "completed"


@pytest.mark.parametrize("port", ["1/1/15", "1/1/16"])
def test_a_port_that_cannot_serve_is_replaced_before_activation(field: Field, port: str) -> None:
    instance_id = field.begin(port=port)
    assert field.steps()[:2] == ["check_port", "replace_port"]
    field.come_online(instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["port"] == "1/8/1"


def test_a_port_that_was_taken_meanwhile_is_replaced_by_the_error_boundary(field: Field) -> None:
    field.lab.fault("port_taken", {"serial": SERIAL}, calls=1)
    instance_id = field.begin()
    assert [step for step in field.steps() if "port" in step or "ont" in step] == [
        "check_port",
        "activate_ont",
        "find_other_port",
        "activate_ont",
    ]
    field.come_online(instance_id)
    assert field.state(instance_id) == "completed"
    assert field.variables(instance_id)["ont_id"] == f"lon-3:1/8/1:{SERIAL}"


def test_an_ont_that_stays_dark_for_four_hours_is_visited(field: Field) -> None:
    instance_id = field.begin()
    field.later(instance_id, hours=3.9)
    assert "wait_online" in field.standing(instance_id)
    field.later(instance_id, hours=0.2)
    assert field.standing(instance_id) == {"send_engineer": "user_task"}
    field.complete(instance_id)
    field.run(instance_id)
    assert field.state(instance_id) == "completed"


def test_too_little_light_is_fixed_and_measured_again(field: Field) -> None:
    field.lab.fault("low_light", {"serial": SERIAL})
    instance_id = field.begin()
    field.come_online(instance_id)
    assert field.standing(instance_id) == {"fix_optical_level": "user_task"}
    field.complete(instance_id)
    field.run(instance_id)
    assert field.standing(instance_id) == {"fix_optical_level": "user_task"}, "the light is as weak as before"
    field.lab.lift()
    field.complete(instance_id)
    field.run(instance_id)
    assert field.state(instance_id) == "completed"
    assert field.steps().count("read_optical_level") == 3


def test_a_speed_corrected_by_an_operator_lets_the_order_go_on(field: Field) -> None:
    instance_id = field.begin(speed_mbps=99.5)
    (incident,) = field.incidents(instance_id)
    assert (incident.element_id, incident.code) == ("activate_ont", "BadParameter")
    assert "speed_mbps must be a whole number, found the number 99.5" in incident.message


def test_a_restart_after_every_commit_changes_nothing(field: Field) -> None:
    field.deploy_shipped()
    field.lab.fault("port_taken", {"serial": SERIAL}, calls=1)
    instance_id = field.start("ftth_activate", **ORDER)
    field.run(instance_id, between=field.restart)
    field.publish("ont_online", SERIAL)
    field.run(instance_id, between=field.restart)
    field.clock.advance(timedelta(seconds=1))
    field.run(instance_id, between=field.restart)
    assert field.state(instance_id) == "completed"
    assert {
        name: seen["duplicate_calls"] for name, seen in field.lab.summary().items() if seen["duplicate_calls"]
    } == {}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_sample_ends_where_its_file_says(field: Field, sample: dict[str, Any]) -> None:
    for fault in sample["lab"]:
        # What the laboratory would hold back for seconds it answers at once here, to the same effect.
        field.lab.client.post("/lab/faults", json={**fault, "hold_s": 0}).raise_for_status()
    variables, expect = sample["request"]["variables"], sample["expect"]
    instance_id = field.begin(**variables)
    for _ in range(4):
        field.later(instance_id, seconds=8)
    if "never_online" not in {fault["kind"] for fault in sample["lab"]}:
        field.come_online(instance_id, variables["serial"])
    found = {incident.element_id: incident.code for incident in field.incidents(instance_id)}
    match expect["state"]:
        case "completed":
            assert field.state(instance_id) == "completed"
        case "waiting":
            assert expect["element"] in field.standing(instance_id)
            assert found == {}
        case "fallen_out":
            assert found == {expect["element"]: expect["incident_code"]}


def test_the_profile_is_decided_by_a_rule_that_the_history_names(field: Field) -> None:
    instance_id = field.begin(speed_mbps=1000)
    (row,) = [row for row in field.history(instance_id) if row.kind == "decision"]
    assert (row.detail["decision"], row.detail["value"]) == ("choose_profile", "gigabit")
    assert [matched["rule"] for matched in row.detail["matched"]] == [4]
