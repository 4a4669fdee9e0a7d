"""Incidents: seen, and settled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

WHY = {"reason": "the port is free again"}


@pytest.fixture
def incident(api: Caller, bench: Bench) -> dict[str, Any]:
    """Of a step that wants a whole number for `speed_mbps` and was given a word."""
    api.deploy(Diagram("p").start().service("a", "t.typed").service("b", "t.name").end().chain("s", "a", "b", "e"))
    instance_id = api.start(businessKey="ORD-1", variables={"serial": "A1", "speed_mbps": "fast"}).json["id"]
    bench.run(instance_id)
    (found,) = api.get("/incidents").json
    return dict(found)


def test_an_open_incident_tells_where_and_why(api: Caller, incident: dict[str, Any]) -> None:
    assert (incident["elementId"], incident["handler"], incident["state"]) == ("a", "t.typed", "open")
    assert (incident["processId"], incident["businessKey"], incident["attempt"]) == ("p", "ORD-1", 1)
    assert "speed_mbps" in incident["message"]
    assert api.get(f"/incidents/{incident['id']}").json == incident
    assert api.get("/incidents", instanceId="other").json == []
    assert api.get("/incidents", state="resolved").json == []


def test_corrected_inputs_let_the_step_pass_and_the_incident_says_so(
    api: Caller, olga: Caller, bench: Bench, incident: dict[str, Any]
) -> None:
    answer = olga.post(f"/incidents/{incident['id']}/retry", {**WHY, "inputs": {"speed_mbps": 100}})
    assert (answer.status_code, answer.headers["Location"]) == (202, incident["href"])
    acted = answer.json
    assert (acted["state"], acted["action"], acted["actionBy"]) == ("acted_on", "retry_with_inputs", "olga")
    assert acted["outcome"] is None
    bench.run(incident["instanceId"])
    settled = api.get(f"/incidents/{incident['id']}").json
    assert (settled["state"], settled["outcome"]) == ("resolved", "passed")
    assert bench.state(incident["instanceId"]) == "completed"


def test_a_retry_as_it_was_fails_alike_and_raises_the_next_incident(
    api: Caller, bench: Bench, incident: dict[str, Any]
) -> None:
    assert api.post(f"/incidents/{incident['id']}/retry", WHY).json["actionBy"] == "api"
    bench.run(incident["instanceId"])
    assert api.get(f"/incidents/{incident['id']}").json["outcome"] == "failed_alike"
    (following,) = api.get("/incidents").json
    assert following["id"] != incident["id"]
    assert {each["id"] for each in api.get("/incidents", state="all").json} == {incident["id"], following["id"]}


def test_a_skipped_step_leaves_the_outputs_that_were_given(api: Caller, bench: Bench, incident: dict[str, Any]) -> None:
    answer = api.post(f"/incidents/{incident['id']}/skip", {**WHY, "outputs": {"ont_id": "ONT-7"}})
    assert answer.status_code == 202
    bench.run(incident["instanceId"])
    assert bench.variables(incident["instanceId"])["ont_id"] == "ONT-7"


def test_inputs_that_do_not_fit_the_handler_are_refused_with_their_path(
    api: Caller, incident: dict[str, Any]
) -> None:
    answer = api.post(f"/incidents/{incident['id']}/retry", {**WHY, "inputs": {"speed_mbps": "faster"}})
    assert answer.status_code == 400
    assert answer.json["path"] == "$.inputs.speed_mbps"
    assert api.get(f"/incidents/{incident['id']}").json["state"] == "open"


def test_an_incident_is_acted_on_once(api: Caller, incident: dict[str, Any]) -> None:
    assert api.post(f"/incidents/{incident['id']}/retry", WHY).status_code == 202
    again = api.post(f"/incidents/{incident['id']}/skip", WHY)
    assert (again.status_code, again.json["code"]) == (409, "Conflict")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": 7}, {**WHY, "inputs": [1]}])
def test_an_action_needs_its_reason(api: Caller, incident: dict[str, Any], body: dict[str, object]) -> None:
    answer = api.post(f"/incidents/{incident['id']}/retry", body)
    assert answer.status_code == 400
    assert answer.json["path"] in ("$.reason", "$.inputs")
    assert api.get(f"/incidents/{incident['id']}").json["state"] == "open"


def test_only_a_conflict_between_branches_is_settled_by_a_choice(api: Caller, incident: dict[str, Any]) -> None:
    path = f"/incidents/{incident['id']}/choose"
    assert api.post(path, {**WHY, "take": "stored"}).status_code == 409
    assert api.post(path, {**WHY, "take": "both"}).json["path"] == "$.take"


@pytest.mark.parametrize("action", ["", "/retry", "/skip", "/choose"])
def test_an_incident_that_is_not_there_is_not_found(api: Caller, action: str) -> None:
    answer = api.post(f"/incidents/gone{action}", {**WHY, "take": "new"} if action == "/choose" else WHY) if action else None
    answer = answer or api.get("/incidents/gone")
    assert answer.status_code == 404
