"""Migrations: seen beforehand, ordered, and done by a job that can be held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.jobs import JobRunner, Kinds
from app.core.log import get_logger
from app.engine.migration.doors import KIND, Migrations
from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

PLAN: dict[str, Any] = {"processId": "p", "fromVersion": 1, "toVersion": 2, "mapping": {"u": "U"}}
WHY = {"reason": "v1 asks for the wrong port"}


def flow(*users: str) -> Diagram:
    diagram = Diagram("p").start().end().chain("s", *users, "e")
    for user in users:
        diagram.user(user)
    return diagram


@pytest.fixture
def instances(api: Caller, bench: Bench) -> list[str]:
    """At u, at v, at u, and ended; a second version knows u as U, and no v."""
    api.deploy(flow("u", "v"))
    made = [api.start().json["id"] for _ in range(4)]
    for number, instance_id in enumerate(made):
        bench.run(instance_id)
        for _ in range((0, 1, 0, 2)[number]):
            bench.complete(instance_id)
    api.deploy(flow("U"))
    return made


@pytest.fixture
def work(bench: Bench) -> Callable[[int], None]:
    """As the scheduler does it, for that many seconds."""
    kinds = Kinds({KIND: Migrations(bench.engine).work})
    runner = JobRunner(bench.database, kinds, bench.clock, get_logger("tests"))

    def go(seconds: int) -> None:
        for _ in range(seconds):
            runner.tick(budget_s=5)
            bench.clock.advance(timedelta(seconds=1))

    return go


def test_a_plan_tells_what_would_become_of_each_and_changes_nothing(
    api: Caller, instances: list[str], stored: Callable[[], dict[str, int]]
) -> None:
    before = stored()
    answer = api.post("/migrations/plan", PLAN)
    assert answer.status_code == 200
    plan = answer.json
    assert plan["elements"] == {"u": "U", "s": "s", "e": "e"}
    assert plan["counts"] == {"unaffected": 0, "canMove": 2, "blocked": 1}
    found = {each["instanceId"]: each for each in plan["instances"]}
    assert found.keys() == set(instances[:3])
    (obstacle,) = found[instances[1]]["obstacles"]
    assert (obstacle["code"], obstacle["elementId"]) == ("no_counterpart", "v")
    assert "Map it" in obstacle["message"]
    named = api.post("/migrations/plan", {**PLAN, "instanceIds": instances[2:]}).json
    assert named["counts"] == {"unaffected": 1, "canMove": 1, "blocked": 0}
    assert stored() == before


def test_instances_move_by_a_job_with_an_outcome_for_each(
    api: Caller, olga: Caller, bench: Bench, instances: list[str], work: Callable[[int], None]
) -> None:
    answer = olga.post("/migrations", {**PLAN, **WHY, "instanceIds": instances, "ratePerSecond": 2})
    assert answer.status_code == 202
    job = answer.json
    assert answer.headers["Location"] == job["href"] == f"/api/v1/jobs/{job['id']}"
    assert (job["kind"], job["state"], job["by"], job["total"], job["pending"]) == ("migrate", "running", "olga", 4, 4)
    assert job["ratePerSecond"] == 2
    work(4)
    job = api.get(f"/jobs/{job['id']}").json
    assert (job["state"], job["done"], job["failed"], job["skipped"], job["pending"]) == ("completed", 2, 1, 1, 0)
    items = api.get(f"/jobs/{job['id']}/items").json
    assert [(each["target"], each["state"]) for each in items] == list(
        zip(instances, ("done", "failed", "done", "skipped"), strict=True)
    )
    (failed,) = api.get(f"/jobs/{job['id']}/items", state="failed").json
    assert failed["outcome"]["code"] == "MigrationBlocked"
    assert "'v', which has no counterpart" in failed["outcome"]["message"]
    assert api.get(f"/process-instances/{instances[0]}").json["version"] == 2
    (moved,) = [row for row in api.get(f"/process-instances/{instances[0]}/history").json if row["kind"] == "migrated"]
    assert (moved["actor"], moved["detail"]["reason"]) == ("olga", WHY["reason"])
    bench.complete(instances[0])
    assert bench.state(instances[0]) == "completed"


def test_a_job_is_paused_resumed_and_stopped(api: Caller, olga: Caller, instances: list[str], work: Callable[[int], None]) -> None:
    job = api.post("/migrations", {**PLAN, **WHY, "instanceIds": instances, "ratePerSecond": 1}).json
    assert [each["id"] for each in api.get("/jobs", state="running", kind="migrate").json] == [job["id"]]
    work(1)
    paused = olga.post(f"/jobs/{job['id']}/pause", {"reason": "lunch"})
    assert paused.status_code == 200
    assert (paused.json["state"], paused.json["changedBy"], paused.json["changedReason"]) == ("paused", "olga", "lunch")
    work(3)
    assert api.get(f"/jobs/{job['id']}").json["pending"] == 3
    assert api.post(f"/jobs/{job['id']}/resume", {"reason": "back"}).json["state"] == "running"
    work(1)
    stopped = api.post(f"/jobs/{job['id']}/stop", {"reason": "enough"}).json
    assert (stopped["state"], stopped["pending"]) == ("stopped", 1 if stopped["done"] + stopped["failed"] == 3 else 2)
    again = api.post(f"/jobs/{job['id']}/resume", {"reason": "more"})
    assert (again.status_code, again.json["code"]) == (409, "IllegalMove")
    assert api.get("/jobs", state="running").json == []


def test_a_migration_stops_after_so_many_failures(
    api: Caller, instances: list[str], work: Callable[[int], None]
) -> None:
    order = {**PLAN, **WHY, "mapping": {"u": None}, "instanceIds": instances, "stopAfterFailures": 2}
    job = api.post("/migrations", order).json
    work(3)
    job = api.get(f"/jobs/{job['id']}").json
    assert (job["state"], job["failed"], job["pending"], job["changedReason"]) == ("stopped", 2, 2, "2 failures")


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "an element that is not there": ({"mapping": {"x": "U"}}, 400, "$.mapping.x"),
    "a number for an element": ({"mapping": {"u": 7}}, 400, "$.mapping.u"),
    "a list for a mapping": ({"mapping": ["u"]}, 400, "$.mapping"),
    "a version in words": ({"fromVersion": "1"}, 400, "$.fromVersion"),
    "a version that is not there": ({"toVersion": 9}, 404, "$.toVersion"),
    "a version beyond the store's": ({"toVersion": 10**12}, 400, "$.toVersion"),
    "the same version": ({"toVersion": 1}, 400, "$.toVersion"),
    "a process that is not there": ({"processId": "q"}, 404, "$.processId"),
    "no instance": ({"instanceIds": []}, 400, "$.instanceIds"),
    "a NUL": ({"instanceIds": ["a\0b"]}, 400, "$.instanceIds[0]"),
    "a field too many": ({"instances": []}, 400, "$.instances"),
}


@pytest.mark.parametrize("path", ["/migrations/plan", "/migrations"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_plan_is_refused_with_the_path(
    api: Caller, instances: list[str], stored: Callable[[], dict[str, int]], path: str, name: str
) -> None:
    wrong, status, where = BAD[name]
    before = stored()
    body = {**PLAN, "instanceIds": instances, **(WHY if path == "/migrations" else {}), **wrong}
    answer = api.post(path, body)
    assert (answer.status_code, answer.json["path"]) == (status, where)
    assert answer.json["message"]
    assert stored() == before


@pytest.mark.parametrize(
    ("wrong", "status", "where"),
    [
        ({"reason": ""}, 400, "$.reason"),
        ({"reason": "  "}, 400, "$.reason"),
        ({"ratePerSecond": 0}, 400, "$.ratePerSecond"),
        ({"ratePerSecond": 1e9}, 400, "$.ratePerSecond"),
        ({"stopAfterFailures": 0}, 400, "$.stopAfterFailures"),
        ({"instanceIds": None}, 400, "$.instanceIds"),
        ({"instanceIds": ["gone"]}, 404, "$.instanceIds[0]"),
    ],
)
def test_a_bad_order_is_refused_with_the_path(
    api: Caller,
    instances: list[str],
    stored: Callable[[], dict[str, int]],
    wrong: dict[str, Any],
    status: int,
    where: str,
) -> None:
    before = stored()
    answer = api.post("/migrations", {**PLAN, **WHY, "instanceIds": instances, **wrong})
    assert (answer.status_code, answer.json["path"]) == (status, where)
    assert stored() == before


def test_an_instance_that_is_named_twice_is_refused(api: Caller, instances: list[str]) -> None:
    answer = api.post("/migrations", {**PLAN, **WHY, "instanceIds": [*instances, instances[0]]})
    assert (answer.status_code, answer.json["path"]) == (400, "$.instanceIds[4]")


def test_everything_that_is_wrong_with_a_mapping_is_told_at_once(api: Caller, instances: list[str]) -> None:
    answer = api.post("/migrations/plan", {**PLAN, "mapping": {"x": "U", "u": "y", "v": "s"}})
    assert (answer.status_code, answer.json["code"]) == (400, "MappingRefused")
    assert [each["path"] for each in answer.json["errors"]] == ["$.mapping.x", "$.mapping.u", "$.mapping.v"]


@pytest.mark.parametrize("action", ["", "/items", "/pause", "/resume", "/stop"])
def test_a_job_that_is_not_there_is_not_found(api: Caller, action: str) -> None:
    path = f"/jobs/gone{action}"
    answer = api.get(path) if action in ("", "/items") else api.post(path, WHY)
    assert (answer.status_code, answer.json["code"]) == (404, "UnknownJob")


@pytest.mark.parametrize("query", [{"state": "stuck"}, {"limit": 0}, {"kindd": "x"}])
def test_a_bad_query_of_jobs_is_refused(api: Caller, query: dict[str, Any]) -> None:
    assert api.get("/jobs", **query).status_code == 400
