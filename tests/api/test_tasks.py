"""User tasks."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


@pytest.fixture
def ann(bench: Bench, api: Caller) -> Caller:
    return somebody(bench, api, "ann", "operator")


@pytest.fixture
def bob(bench: Bench, api: Caller) -> Caller:
    return somebody(bench, api, "bob", "operator")


@pytest.fixture
def task_id(api: Caller, bench: Bench) -> str:
    api.deploy(Diagram("p").start().user("u", name="Call the customer").end().chain("s", "u", "e"))
    instance_id = api.start(businessKey="ORD-1").json["id"]
    bench.run(instance_id)
    return bench.task(instance_id)


def test_open_tasks_are_listed_with_what_they_are_about(api: Caller, task_id: str) -> None:
    answer = api.get("/user-tasks")
    (task,) = answer.json
    assert (task["id"], task["name"], task["businessKey"]) == (task_id, "Call the customer", "ORD-1")
    assert (task["assignee"], task["elementId"]) == (None, "u")
    assert answer.headers["X-Total-Count"] == "1"
    assert api.get("/user-tasks", processId="other").json == []


def test_a_task_is_taken_by_one_person_until_it_is_given_back(api: Caller, ann: Caller, bob: Caller, task_id: str) -> None:
    assert ann.post(f"/user-tasks/{task_id}/claim").json["assignee"] == "ann"
    assert ann.post(f"/user-tasks/{task_id}/claim").status_code == 200
    refused = bob.post(f"/user-tasks/{task_id}/claim")
    assert (refused.status_code, refused.json["path"]) == (409, None)
    assert "ann" in refused.json["message"]
    assert api.get("/user-tasks", assignee="ann").json[0]["id"] == task_id
    assert ann.post(f"/user-tasks/{task_id}/unclaim").json["assignee"] is None
    assert bob.post(f"/user-tasks/{task_id}/claim").json["assignee"] == "bob"


def test_a_completed_task_moves_its_instance_on_and_is_gone(api: Caller, bench: Bench, task_id: str) -> None:
    answer = api.post(f"/user-tasks/{task_id}/complete", {"variables": {"reached": True}})
    instance_id = answer.json["instanceId"]
    assert (answer.status_code, instance_id) == (200, task_id.rpartition(":")[0])
    bench.run(instance_id)
    assert (bench.state(instance_id), bench.variables(instance_id)) == ("completed", {"reached": True})
    again = api.post(f"/user-tasks/{task_id}/complete")
    assert again.status_code == 404
    assert api.get("/user-tasks").json == []


def test_a_task_that_somebody_has_is_completed_by_nobody_else(
    api: Caller, ann: Caller, bob: Caller, task_id: str
) -> None:
    ann.post(f"/user-tasks/{task_id}/claim")
    for other in (bob, api):
        assert other.post(f"/user-tasks/{task_id}/complete").status_code == 409
    assert api.get(f"/user-tasks/{task_id}").json["assignee"] == "ann"


@pytest.mark.parametrize("body", [{"user": "ann"}, {"by": "ann"}, {"usr": "ann"}])
def test_nobody_takes_a_task_in_anothers_name(api: Caller, task_id: str, body: dict[str, object]) -> None:
    assert api.post(f"/user-tasks/{task_id}/claim", body).status_code == 400
    assert api.get(f"/user-tasks/{task_id}").json["assignee"] is None


@pytest.mark.parametrize("task_id_", ["gone", "gone:1", "gone:x", ":", "gone:99999999999999999999999999"])
def test_a_task_that_is_not_there_is_not_found(api: Caller, task_id_: str) -> None:
    assert api.get(f"/user-tasks/{task_id_}").status_code == 404
    assert api.post(f"/user-tasks/{task_id_}/claim").status_code == 404
