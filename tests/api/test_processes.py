"""Whole processes over the API: suspended, resumed, looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.jobs import JobRunner, Kinds
from app.core.log import get_logger
from app.engine.processes import Processes
from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

WHY = {"reason": "the OLT is down"}


@pytest.fixture
def instances(api: Caller, bench: Bench) -> list[str]:
    api.deploy(Diagram("p").start().user("u").end().chain("s", "u", "e"))
    made = [str(api.start().json["id"]) for _ in range(3)]
    for instance_id in made:
        bench.run(instance_id)
    return made


def work(bench: Bench) -> None:
    """As the scheduler does it."""
    runner = JobRunner(bench.database, Kinds(Processes(bench.engine).kinds()), bench.clock, get_logger("tests"))
    for _ in range(5):
        runner.tick(budget_s=5)
        bench.clock.advance(timedelta(seconds=1))


def states(api: Caller, instances: list[str]) -> set[str]:
    return {api.get(f"/process-instances/{each}").json["state"] for each in instances}


def test_a_process_stands_still_with_all_its_instances_and_goes_on(
    api: Caller, olga: Caller, bench: Bench, instances: list[str]
) -> None:
    answer = olga.post("/processes/p/suspend", WHY)
    assert answer.status_code == 202
    assert (answer.json["suspendedBy"], answer.json["reason"]) == ("olga", "the OLT is down")
    job = answer.json["job"]
    assert (answer.headers["Location"], job["total"]) == (job["href"], 1)
    begun = api.start().json
    assert begun["state"] == "suspended"
    work(bench)
    assert api.get(f"/jobs/{job['id']}").json["state"] == "completed"
    assert states(api, [*instances, begun["id"]]) == {"suspended"}
    seen = api.get("/processes/p").json
    assert (seen["suspendedBy"], seen["instances"]["suspended"]) == ("olga", 4)
    resumed = api.post("/processes/p/resume", {"reason": "it is up"})
    assert (resumed.json["suspendedAt"], resumed.json["job"]["by"]) == (None, "api")
    work(bench)
    assert states(api, [*instances, begun["id"]]) == {"active"}


def test_a_process_without_open_instances_needs_no_job(api: Caller) -> None:
    api.deploy(Diagram("p").start().end().chain("s", "e"))
    answer = api.post("/processes/p/suspend", WHY)
    assert (answer.status_code, answer.json["job"]) == (202, None)
    assert "Location" not in answer.headers


@pytest.mark.parametrize("name", ["suspend", "resume"])
@pytest.mark.parametrize(
    ("process_id", "body", "status"),
    [("q", WHY, 404), ("p", {}, 400), ("p", {"reason": " "}, 400), ("p", {**WHY, "force": True}, 400)],
)
def test_a_process_that_there_is_none_of_and_a_bad_body_are_refused(
    api: Caller,
    stored: Callable[[], dict[str, int]],
    instances: list[str],
    name: str,
    process_id: str,
    body: dict[str, Any],
    status: int,
) -> None:
    before = stored()
    assert api.post(f"/processes/{process_id}/{name}", body).status_code == status
    assert stored() == before
    assert states(api, instances) == {"active"}


def test_a_process_that_nobody_deployed_is_not_found(api: Caller) -> None:
    assert api.get("/processes/q").status_code == 404
