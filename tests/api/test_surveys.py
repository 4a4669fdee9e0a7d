"""Every open instance is tested by a job, moved by a job, and what is blocked is counted and listed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.jobs import JobRunner, Kinds
from app.core.log import get_logger
from app.engine.migration.doors import KIND, Migrations
from app.engine.migration.surveys import Surveys
from tests.api.conftest import XML, Caller, somebody
from tests.api.test_migrations import PLAN, WHY, flow
from tests.factories.engines import Bench


@pytest.fixture
def work(bench: Bench) -> Callable[[], None]:
    """As the scheduler does it, for three seconds."""
    kinds = Kinds({KIND: Migrations(bench.engine).work, **Surveys(bench.engine).kinds()})
    runner = JobRunner(bench.database, kinds, bench.clock, get_logger("tests"))

    def go() -> None:
        for _ in range(3):
            runner.tick(budget_s=5)
            bench.clock.advance(timedelta(seconds=1))

    return go


@pytest.fixture
def instances(api: Caller, bench: Bench) -> list[str]:
    """At u, at v, at v."""
    api.deploy(flow("u", "v"))
    made = [api.start().json["id"] for _ in range(3)]
    for instance_id in made:
        bench.run(instance_id)
    for instance_id in made[1:]:
        bench.complete(instance_id)
        bench.run(instance_id)
    return made


def test_a_diagram_is_tested_on_everything_that_is_open_by_a_job(
    olga: Caller, api: Caller, instances: list[str], work: Callable[[], None]
) -> None:
    answer = olga.post("/surveys", data=flow("u").xml(), content_type=XML)
    job = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/jobs/{job['id']}")
    assert (job["kind"], job["by"], job["processId"]) == ("survey", "olga", "p")
    assert api.get(f"/surveys/{job['id']}").json["tested"] == 0
    work()
    found = api.get(f"/surveys/{job['id']}").json
    assert (found["job"]["state"], found["version"], found["deployed"]) == ("completed", 2, False)
    assert (found["open"], found["tested"]) == (3, 3)
    assert found["counts"] == {"unaffected": 0, "canMove": 1, "blocked": 2}
    assert found["versions"] == [{"version": 1, "open": 3, "tested": 3, "counts": found["counts"]}]
    (reason,) = found["reasons"]
    assert (reason["code"], reason["elementId"], reason["instances"]) == ("no_counterpart", "v", 2)
    listed = api.get(f"/surveys/{job['id']}/blocked", limit=1, offset=1, reason=reason["number"])
    assert (listed.headers["X-Total-Count"], [each["instanceId"] for each in listed.json]) == ("2", instances[2:])
    assert listed.json[0]["reason"] == reason
    assert len(api.get("/process-definitions", allVersions=True).json) == 1


def test_what_cannot_be_tested_says_why(api: Caller, bench: Bench, instances: list[str]) -> None:
    refused = api.post("/surveys", data=b"<no/>", content_type=XML)
    assert (refused.status_code, refused.json["code"]) == (422, "DiagramRefused")
    new = api.post("/surveys", data=flow("u").xml().replace(b'"p"', b'"q"'), content_type=XML)
    assert (new.status_code, "a new process" in new.json["message"]) == (409, True)
    assert api.get("/surveys/nothing").status_code == 404
    other = somebody(bench, api, "otto", "author@q")
    assert other.post("/surveys", data=flow("v").xml(), content_type=XML).status_code == 403


def test_a_migration_is_tested_on_all_and_moves_all_that_are_open(
    api: Caller, instances: list[str], work: Callable[[], None]
) -> None:
    api.deploy(flow("U"))
    job = api.post("/migrations/survey", PLAN).json
    work()
    found = api.get(f"/surveys/{job['id']}").json
    assert (found["deployed"], found["counts"]) == (True, {"unaffected": 0, "canMove": 1, "blocked": 2})
    moved = api.post("/migrations", {**PLAN, **WHY, "allOpen": True, "ratePerSecond": 100}).json
    assert moved["total"] == 3
    work()
    done = api.get(f"/jobs/{moved['id']}").json
    assert (done["state"], done["done"], done["failed"]) == ("completed", 1, 2)
    failed = api.get(f"/jobs/{moved['id']}/items", state="failed")
    assert ([each["target"] for each in failed.json], failed.headers["X-Total-Count"]) == (instances[1:], "2")
    assert api.get(f"/process-instances/{instances[0]}").json["version"] == 2


@pytest.mark.parametrize("which", [{}, {"allOpen": True, "instanceIds": ["one"]}], ids=["none", "both"])
def test_it_is_said_which_are_to_move(api: Caller, instances: list[str], which: dict[str, Any]) -> None:
    api.deploy(flow("U"))
    refused = api.post("/migrations", {**PLAN, **WHY, **which})
    assert (refused.status_code, refused.json["path"]) == (400, "$.instanceIds")
