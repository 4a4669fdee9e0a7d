"""A grant for one process opens that process, and nothing of another's."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.api.conftest import Caller, application, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

WHY = {"reason": "because"}


@pytest.fixture
def ids(api: Caller, bench: Bench) -> dict[str, dict[str, str]]:
    """Of each process an instance at a task, and one that fell out."""
    found: dict[str, dict[str, str]] = {}
    for process in ("mine", "theirs"):
        api.deploy(Diagram(process).start().user("u").service("a", "t.typed").end().chain("s", "u", "a", "e"))
        waiting, fallen = (str(api.start(process, variables={"serial": "A", "speed_mbps": "fast"}).json["id"]) for _ in "12")
        for instance_id in (waiting, fallen):
            bench.run(instance_id)
        bench.complete(fallen)
        bench.run(fallen)
        incident = api.get("/incidents", processId=process).json[0]["id"]
        job = api.post(f"/processes/{process}/suspend", WHY).json["job"]["id"]
        api.post(f"/processes/{process}/resume", WHY)
        found[process] = {"instance": waiting, "incident": incident, "task": bench.task(waiting), "job": job}
    return found


@pytest.fixture
def lead(bench: Bench, api: Caller) -> Caller:
    return somebody(bench, api, "lead", "lead@mine")


READS = [
    "/process-instances/{instance}",
    "/process-instances/{instance}/history",
    "/process-instances/{instance}/variables",
    "/process-instances/{instance}/rewind-plan?elementId=u",
    "/incidents/{incident}",
    "/user-tasks/{task}",
    "/jobs/{job}",
    "/jobs/{job}/items",
    "/process-definitions/{process}",
    "/process-definitions/{process}/start-triggers",
    "/process-definitions/{process}/1/diagram",
    "/processes/{process}",
]
ACTS: dict[str, dict[str, Any]] = {
    "/process-instances/{instance}/suspend": WHY,
    "/process-instances/{instance}/resume": WHY,
    "/process-instances/{instance}/rewind": {**WHY, "elementId": "u"},
    "/process-instances/{instance}/move": {**WHY, "token": 1, "elementId": "a"},
    "/process-instances/{instance}/tokens/1/complete": WHY,
    "/process-instances/{instance}/cancel": WHY,
    "/incidents/{incident}/retry": WHY,
    "/incidents/{incident}/skip": WHY,
    "/incidents/{incident}/choose": {**WHY, "take": "new"},
    "/user-tasks/{task}/claim": {},
    "/user-tasks/{task}/unclaim": {},
    "/user-tasks/{task}/complete": {},
    "/jobs/{job}/pause": WHY,
    "/processes/{process}/suspend": WHY,
    "/processes/{process}/resume": WHY,
    "/process-instances": {"processId": "{process}"},
    "/migrations/plan": {"processId": "{process}", "fromVersion": 1, "toVersion": 2},
    "/migrations": {"processId": "{process}", "fromVersion": 1, "toVersion": 2, "instanceIds": ["{instance}"], **WHY},
}


def filled(value: Any, ids: dict[str, dict[str, str]], process: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(inner, ids, process) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids, process) for inner in value]
    return value.format(process=process, **ids[process]) if isinstance(value, str) else value


@pytest.mark.parametrize("path", READS)
def test_what_is_anothers_is_not_read(lead: Caller, ids: dict[str, dict[str, str]], path: str) -> None:
    refused = lead.get(filled(path, ids, "theirs"))
    assert (refused.status_code, refused.json["code"]) == (403, "MissingPermission")
    assert refused.json["facts"]["process_id"] == "theirs"
    assert lead.get(filled(path, ids, "mine")).status_code == 200


@pytest.mark.parametrize("path", ACTS)
def test_what_is_anothers_is_not_changed(lead: Caller, ids: dict[str, dict[str, str]], path: str) -> None:
    def post(process: str) -> Any:
        return lead.post(filled(path, ids, process), filled(ACTS[path], ids, process))

    refused = post("theirs")
    assert (refused.status_code, refused.json["code"]) == (403, "MissingPermission")
    assert "for process 'theirs'" in refused.json["message"]
    assert post("mine").status_code != 403


@pytest.mark.parametrize("path", ["/process-instances", "/incidents", "/user-tasks", "/process-definitions"])
def test_a_list_shows_what_one_may_see_and_counts_no_more(
    api: Caller, lead: Caller, ids: dict[str, dict[str, str]], path: str
) -> None:
    every, some = api.get(path), lead.get(path)
    assert {each["processId"] for each in every.json} == {"mine", "theirs"}
    assert {each["processId"] for each in some.json} == {"mine"}
    assert int(some.headers["X-Total-Count"]) * 2 == int(every.headers["X-Total-Count"])
    assert lead.get(path, processId="theirs").status_code in (200, 400)


@pytest.mark.parametrize("path", ["/process-instances", "/incidents", "/user-tasks"])
def test_a_filter_is_no_way_round(lead: Caller, ids: dict[str, dict[str, str]], path: str) -> None:
    assert lead.get(path, processId="theirs").json == []


def test_a_diagram_is_deployed_by_whoever_may_for_its_process(bench: Bench, api: Caller) -> None:
    author = somebody(bench, api, "author", "author@mine")
    mine, theirs = (Diagram(each).start().end().chain("s", "e") for each in ("mine", "theirs"))
    assert author.deploy(mine).status_code == 201
    assert author.deploy(theirs).status_code == 403
    assert [each["processId"] for each in api.get("/process-definitions").json] == ["mine"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/messages", {"name": "n", "correlationKey": "k"}),
        ("/signals", {"name": "n"}),
        ("/decisions/d/evaluate", {"variables": {}}),
        ("/process-instances/{instance}/messages", {**WHY, "name": "n", "correlationKey": "k"}),
    ],
)
def test_what_concerns_every_process_takes_a_grant_for_all(
    lead: Caller, ids: dict[str, dict[str, str]], path: str, body: dict[str, Any]
) -> None:
    assert lead.post(filled(path, ids, "mine"), body).json["code"] == "MissingPermission"


def test_bulk_work_is_listed_for_those_who_see_its_process(
    api: Caller, lead: Caller, ids: dict[str, dict[str, str]]
) -> None:
    assert {each["id"] for each in api.get("/jobs").json} == {ids["mine"]["job"], ids["theirs"]["job"]}
    assert [each["id"] for each in lead.get("/jobs").json] == [ids["mine"]["job"]]


def test_correcting_takes_more_than_retrying(bench: Bench, api: Caller, ids: dict[str, dict[str, str]]) -> None:
    retrier = somebody(bench, api, "retrier", "incident.retry", "incident.correct@theirs")
    for process, status in (("mine", 403), ("theirs", 202)):
        path = f"/incidents/{ids[process]['incident']}/retry"
        assert retrier.post(path, {**WHY, "inputs": {"speed_mbps": 100}}).status_code == status
    assert retrier.post(f"/incidents/{ids['mine']['incident']}/retry", WHY).status_code == 202


def test_what_is_not_there_is_not_found_rather_than_refused(lead: Caller) -> None:
    assert lead.get("/process-instances/gone").status_code == 404
    assert lead.post("/incidents/gone/retry", WHY).status_code == 404


@pytest.mark.parametrize("path", ["/process-instances/%00", "/incidents/a%00", "/user-tasks/%00:1", "/jobs/%00", "/processes/%00"])
def test_an_id_that_no_database_takes_is_not_found(database: Database, clock: FixedClock, path: str) -> None:
    bench = Bench(database, clock, HANDLERS)
    lead = somebody(bench, Caller(application(bench).test_client()), "lead", "lead@mine")
    assert lead.get(path).status_code == 404
