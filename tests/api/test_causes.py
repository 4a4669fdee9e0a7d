"""Causes over the API: listed, read, and tried again together."""

from __future__ import annotations

from typing import Any

import pytest

from app.identity.permissions import Permission
from app.web.callers import Callers
from app.web.rates import Rate
from tests.api.conftest import Caller, application, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.people import an_identity

WHY = {"reason": "the OLT is back"}


@pytest.fixture
def fallen(api: Caller, bench: Bench) -> list[str]:
    """Instances of two processes, each with the same step that fell out."""
    ids = []
    for process_id in ("p", "q"):
        api.deploy(Diagram(process_id).start().service("a", "t.refuse").end().chain("s", "a", "e"))
        for number in range(2):
            ids.append(api.start(process_id, businessKey=f"ORD-{process_id}{number}").json["id"])
            bench.run(ids[-1])
    return ids


def a_cause(api: Caller, process_id: str = "p") -> dict[str, Any]:
    return dict(api.get("/causes", processId=process_id).json[0])


def test_a_cause_tells_what_its_incidents_have_in_common(api: Caller, fallen: list[str]) -> None:
    answer = api.get("/causes")
    assert (len(answer.json), answer.headers["X-Total-Count"]) == (2, "2")
    cause = a_cause(api)
    assert (cause["code"], cause["elementId"], cause["handler"]) == ("port_taken", "a", "t.refuse")
    assert (cause["count"], cause["underWay"], cause["message"]) == (2, 0, "no free port near *")
    assert cause["processes"] == [{"processId": "p", "count": 2}]
    assert (cause["oldest"]["instanceId"], cause["oldest"]["businessKey"]) == (fallen[0], "ORD-p0")
    assert api.get(cause["href"].removeprefix("/api/v1")).json == cause
    assert api.get("/causes", handler="t.other").json == []
    found = api.get("/incidents", cause=cause["id"]).json
    assert {each["instanceId"] for each in found} == set(fallen[:2])
    assert api.get("/causes/none").json["code"] == "UnknownCause"


def test_a_retry_is_planned_started_and_followed(api: Caller, olga: Caller, bench: Bench, fallen: list[str]) -> None:
    cause = a_cause(api)
    answer = olga.post(f"/causes/{cause['id']}/retry", {**WHY, "ratePerSecond": 100, "oneFirst": False})
    job = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (201, job["href"])
    assert (job["state"], job["total"], job["processId"], job["oneFirst"]) == ("planned", 2, "p", False)
    path = f"/jobs/{job['id']}"
    frozen = [each["target"] for each in api.get(f"{path}/items").json]
    assert frozen == [each["id"] for each in reversed(api.get("/incidents", cause=cause["id"]).json)]
    started = olga.post(f"{path}/start")
    assert (started.status_code, started.json["state"], started.json["by"]) == (200, "running", "olga")
    assert olga.post(f"{path}/start").status_code == 409
    assert olga.post(f"{path}/resume", WHY).status_code == 409


def test_nothing_is_planned_of_a_cause_that_is_none_or_over(api: Caller, bench: Bench, fallen: list[str]) -> None:
    assert api.post("/causes/none/retry", WHY).status_code == 404
    cause = a_cause(api)
    for incident in api.get("/incidents", cause=cause["id"]).json:
        api.post(f"/incidents/{incident['id']}/skip", {**WHY, "outputs": {}})
    assert api.post(f"/causes/{cause['id']}/retry", WHY).json["code"] == "Conflict"
    assert api.get(f"/causes/{cause['id']}").json["count"] == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.reason"),
        ({**WHY, "most": 0}, "$.most"),
        ({**WHY, "ratePerSecond": 0}, "$.ratePerSecond"),
        ({**WHY, "stopAfterFailures": 0}, "$.stopAfterFailures"),
        ({**WHY, "instances": ["x"]}, "$.instances"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_its_path(
    api: Caller, fallen: list[str], body: dict[str, Any], path: str
) -> None:
    answer = api.post(f"/causes/{a_cause(api)['id']}/retry", body)
    assert (answer.status_code, answer.json["path"]) == (400, path)


def test_a_grant_for_one_process_plans_starts_and_lists_there_alone(
    api: Caller, bench: Bench, fallen: list[str]
) -> None:
    otto = somebody(bench, api, "otto", "operator@q")
    assert [each["count"] for each in otto.get("/causes").json] == [2]
    assert otto.post(f"/causes/{a_cause(api)['id']}/retry", WHY).status_code == 404
    job = otto.post(f"/causes/{a_cause(api, 'q')['id']}/retry", WHY).json
    other = api.post(f"/causes/{a_cause(api)['id']}/retry", WHY).json
    assert otto.post(f"/jobs/{job['id']}/start").status_code == 200
    assert otto.post(f"/jobs/{other['id']}/start").status_code == 403
    assert [each["id"] for each in otto.get("/jobs").json] == [job["id"]]
    assert otto.post(f"/jobs/{job['id']}/pause", WHY).json["state"] == "paused"
    viewer = somebody(bench, api, "vera", "viewer")
    assert viewer.post(f"/causes/{a_cause(api)['id']}/retry", WHY).status_code == 403


def test_a_second_person_seconds_the_start_of_exactly_that_list(bench: Bench) -> None:
    identity = an_identity(bench.database, bench.clock, four_eyes=frozenset({Permission.RETRY_INCIDENT}))
    api = Caller(application(bench, callers=Callers(identity, Rate(100_000))).test_client())
    api.deploy(Diagram("p").start().service("a", "t.refuse").end().chain("s", "a", "e"))
    bench.run(api.start().json["id"])
    olga, otto = (somebody(bench, api, name, "operator") for name in ("olga", "otto"))
    planned = olga.post(f"/causes/{a_cause(api)['id']}/retry", WHY)
    assert planned.status_code == 201, "what only plans needs nobody"
    start = f"/jobs/{planned.json['id']}/start"
    asked = olga.post(start)
    assert (asked.status_code, asked.json["code"]) == (409, "NeedsSecondPerson")
    (waiting,) = otto.get("/approvals").json
    assert (waiting["target"], waiting["action"]) == (planned.json["id"], "incident.retry")
    otto.post(f"/approvals/{waiting['id']}/second")
    assert olga.post(start).json["state"] == "running"
    done = [(each["door"], each["second"]) for each in api.get("/audit", action="incident.retry").json]
    assert done == [("jobs.start_job", "otto"), ("causes.plan_retry", None)]
