"""Starting instances and reading where they are."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine.tables import process_instance
from tests.api.conftest import Caller, application
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

SCHEMA = {
    "type": "object",
    "required": ["serial"],
    "properties": {"serial": {"type": "string"}, "speed_mbps": {"type": "integer", "minimum": 1}},
}


def line(*, schema: bool = False) -> Diagram:
    diagram = Diagram("p").start().service("a", "t.name").end().chain("s", "a", "e")
    return diagram.variables(SCHEMA) if schema else diagram


def asking() -> Diagram:
    return Diagram("p").start().user("u", name="Call the customer").end().chain("s", "u", "e")


def broken() -> Diagram:
    return Diagram("p").start().service("a", "t.refuse").end().chain("s", "a", "e")


def test_a_start_is_accepted_with_the_place_where_the_instance_is_seen(api: Caller, bench: Bench) -> None:
    api.deploy(line())
    answer = api.start("p", businessKey="ORD-1", variables={"speed_mbps": 500})
    assert answer.status_code == 202
    body = answer.json
    assert (body["processId"], body["version"], body["businessKey"]) == ("p", 1, "ORD-1")
    assert (body["state"], body["created"]) == ("active", True)
    assert answer.headers["Location"] == body["href"] == f"/api/v1/process-instances/{body['id']}"
    assert bench.wakeups.woken == [body["id"]]
    seen = api.client.get(body["href"], headers=api.headers).json
    assert (seen["id"], seen["variables"]) == (body["id"], {"speed_mbps": 500})


def test_the_same_idempotency_key_is_the_same_instance(api: Caller, bench: Bench) -> None:
    api.deploy(line())
    first = api.start(key="k-1", businessKey="ORD-1", variables={"a": 1, "b": 2})
    again = api.start(key="k-1", businessKey="ORD-1", variables={"b": 2, "a": 1})
    assert (again.status_code, again.json["created"], again.json["id"]) == (202, False, first.json["id"])
    assert bench.count(process_instance) == 1
    assert api.start(key="k-2").json["id"] != first.json["id"]


def test_an_idempotency_key_is_refused_for_another_body(api: Caller, bench: Bench) -> None:
    api.deploy(line())
    first = api.start(key="k-1", variables={"a": 1})
    other = api.start(key="k-1", variables={"a": 2})
    assert (other.status_code, other.json["code"]) == (409, "IdempotencyKeyReused")
    assert other.json["facts"] == {"instance_id": first.json["id"]}
    assert bench.count(process_instance) == 1


def test_a_priority_is_kept_and_shown(api: Caller) -> None:
    api.deploy(line())
    urgent = api.start(priority=0, businessKey="ORD-1").json
    assert (urgent["priority"], api.start().json["priority"]) == (0, 2)
    assert api.client.get(urgent["href"], headers=api.headers).json["priority"] == 0
    assert [each["priority"] for each in api.get("/process-instances").json] == [2, 0]


@pytest.mark.parametrize("priority", [-1, 5, "0", 1.5, None])
def test_a_priority_outside_its_range_is_refused_with_its_path(api: Caller, bench: Bench, priority: object) -> None:
    api.deploy(line())
    answer = api.start(priority=priority)
    assert (answer.status_code, answer.json["path"]) == (400, "$.priority")
    assert bench.count(process_instance) == 0


def test_a_version_is_started_when_it_is_named(api: Caller) -> None:
    api.deploy(line())
    api.deploy(asking())
    assert (api.start().json["version"], api.start(version=1).json["version"]) == (2, 1)
    answer = api.start(version=3)
    assert (answer.status_code, answer.json["code"], answer.json["path"]) == (404, "UnknownProcess", "$.version")


def test_variables_that_the_process_refuses_are_each_told_with_their_path(api: Caller, bench: Bench) -> None:
    api.deploy(line(schema=True))
    answer = api.start(variables={"speed_mbps": "fast"})
    assert (answer.status_code, answer.json["code"]) == (400, "VariablesRefused")
    assert [each["path"] for each in answer.json["errors"]] == ["$.variables.serial", "$.variables.speed_mbps"]
    assert bench.count(process_instance) == 0
    assert api.start(variables={"serial": "A1", "speed_mbps": 5}).status_code == 202


def test_an_instance_shows_what_it_waits_for(api: Caller, bench: Bench) -> None:
    api.deploy(asking())
    instance_id = api.start(variables={"order": {"id": 7}}).json["id"]
    bench.run(instance_id)
    seen = api.get(f"/process-instances/{instance_id}").json
    (wait,) = seen["waits"]
    assert (wait["kind"], wait["elementId"], wait["since"]) == ("user_task", "u", "2026-03-02T12:00:00Z")
    assert (seen["state"], seen["waitingFor"], seen["incidents"]) == ("active", "task u", [])
    assert api.get(f"/process-instances/{instance_id}/variables").json == {"variables": {"order": {"id": 7}}, "scopes": []}


def test_an_instance_that_fell_out_shows_its_incident(api: Caller, bench: Bench) -> None:
    api.deploy(broken())
    instance_id = api.start(businessKey="ORD-1").json["id"]
    bench.run(instance_id)
    seen = api.get(f"/process-instances/{instance_id}").json
    assert (seen["state"], seen["incidentCount"], seen["waitingFor"]) == ("fallen_out", 1, "incident at a")
    (incident,) = seen["incidents"]
    assert (incident["code"], incident["elementId"], incident["businessKey"]) == ("port_taken", "a", "ORD-1")


def test_an_ended_instance_tells_its_history_newest_first(api: Caller, bench: Bench) -> None:
    api.deploy(line())
    instance_id = api.start().json["id"]
    bench.run(instance_id)
    assert api.get(f"/process-instances/{instance_id}").json["endedAt"] == "2026-03-02T12:00:00Z"
    answer = api.get(f"/process-instances/{instance_id}/history")
    told = [(each["kind"], each["elementId"]) for each in answer.json]
    assert told[0] == ("completed", "e")
    assert told.index(("completed", "a")) < told.index(("entered", "a"))
    assert answer.headers["X-Total-Count"] == str(len(told))
    assert api.get(f"/process-instances/{instance_id}/history", limit=1, offset=1).json == answer.json[1:2]


def test_instances_are_listed_by_state_process_key_and_search(api: Caller, bench: Bench) -> None:
    api.deploy(line())
    ids = [api.start(businessKey=f"ORD-{number}").json["id"] for number in (1, 11, 2)]
    bench.run(ids[0])

    def listed(**query: object) -> list[str]:
        return [each["businessKey"] for each in api.get("/process-instances", **query).json]

    assert listed(state="completed") == ["ORD-1"]
    assert listed(businessKey="ORD-1") == ["ORD-1"]
    assert sorted(listed(search="ord-1")) == ["ORD-1", "ORD-11"]
    assert listed(search=ids[2]) == ["ORD-2"]
    assert listed(processId="q") == []
    answer = api.get("/process-instances", limit=2)
    assert (len(answer.json), answer.headers["X-Total-Count"]) == (2, "3")


@pytest.mark.parametrize("path", ["", "/history", "/variables"])
def test_an_instance_that_is_not_there_is_not_found(api: Caller, path: str) -> None:
    answer = api.get(f"/process-instances/gone{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "UnknownInstance")


def test_on_either_store_an_instance_is_started_run_and_read(database: Database, clock: FixedClock) -> None:
    bench = Bench(database, clock, HANDLERS)
    client: FlaskClient = application(bench).test_client()
    api = Caller(client)
    assert api.deploy(line()).status_code == 201
    started = api.start(key="k-1", variables={"n": 1})
    assert api.start(key="k-1", variables={"n": 1}).json["id"] == started.json["id"]
    bench.run(started.json["id"])
    (listed,) = api.get("/process-instances", state="completed").json
    assert listed["id"] == started.json["id"]
