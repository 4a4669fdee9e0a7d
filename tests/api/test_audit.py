"""Who did what, over the API: every change is on record, and so is what was not permitted."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from app.identity.audit import seal
from tests.api.conftest import Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def asks() -> Diagram:
    return Diagram("p").start().user("u").end().chain("s", "u", "e")


def on_record(api: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = api.get("/audit", **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json)


def test_what_is_changed_is_on_record_with_who_what_to_and_why(api: Caller, bench: Bench, olga: Caller) -> None:
    api.deploy(asks())
    instance_id = olga.start(variables={"speed": 500}).json["id"]
    olga.post(f"/process-instances/{instance_id}/cancel", {"reason": "the customer left"})
    cancelled, started, deployed = on_record(api)
    assert {name: cancelled[name] for name in ("by", "via", "action", "kind", "target", "reason", "result")} == {
        "by": "olga",
        "via": "token",
        "action": "instance.cancel",
        "kind": "instance",
        "target": instance_id,
        "reason": "the customer left",
        "result": "done",
    }
    assert (started["target"], started["processId"]) == (instance_id, "p")
    assert started["after"] == {"processId": "p", "variables": {"speed": 500}}
    assert (deployed["by"], deployed["action"], deployed["after"]["body"]["type"]) == (
        "api",
        "definition.deploy",
        "application/xml",
    )
    assert cancelled["position"] is None


def test_why_something_was_deployed_is_on_record_beside_it(api: Caller) -> None:
    why = {"query_string": {"reason": "Speeds over 1 Gbit/s"}, "content_type": "application/xml"}
    assert api.post("/process-definitions", data=asks().xml(), **why).status_code == 201
    files = {"file": (BytesIO(asks().user("v").xml()), "p.bpmn"), "reason": "Nightly"}
    assert api.post("/deployments", data=files).status_code == 201
    assert [each["reason"] for each in on_record(api)] == ["Nightly", "Speeds over 1 Gbit/s"]


def test_a_message_and_a_signal_are_on_record_by_what_they_are_called(api: Caller) -> None:
    api.post("/messages", {"name": "ont_online", "correlationKey": "HWTC1"})
    api.post("/signals", {"name": "storm"})
    assert [(each["kind"], each["target"]) for each in on_record(api)] == [
        ("signal", "storm"),
        ("message", "ont_online HWTC1"),
    ]


def test_what_was_set_before_is_on_record_too(api: Caller) -> None:
    for concurrent in (4, 2):
        api.post("/systems/limit", {"key": "acs", "concurrent": concurrent, "reason": "vendor"})
    last = on_record(api)[0]
    assert (last["kind"], last["target"]) == ("system", "acs")
    assert (last["before"]["concurrent"], last["after"]["concurrent"]) == (4, 2)


def test_what_is_read_or_refused_for_what_it_asks_is_not_on_record(api: Caller) -> None:
    api.get("/process-instances")
    api.start("nothing-like-it")
    api.post("/systems/limit", {"key": "acs", "concurrent": 0, "reason": "vendor"})
    assert on_record(api) == []


def test_what_somebody_is_not_permitted_to_do_is_on_record(api: Caller, bench: Bench) -> None:
    api.deploy(asks())
    viewer, elsewhere = somebody(bench, api, "vera", "viewer"), somebody(bench, api, "otto", "operator@q")
    instance_id = api.start().json["id"]
    for caller in (viewer, elsewhere):
        assert caller.post(f"/process-instances/{instance_id}/cancel", {"reason": "x"}).status_code == 403
        assert caller.start().status_code == 403
    found = on_record(api, result="refused")
    assert [(each["by"], each["action"], each["code"]) for each in found] == [
        ("otto", "instance.start", "MissingPermission"),
        ("otto", "instance.cancel", "MissingPermission"),
        ("vera", "instance.start", "MissingPermission"),
        ("vera", "instance.cancel", "MissingPermission"),
    ]
    assert viewer.get("/audit").status_code == 403
    assert len(on_record(api, result="refused")) == 4, "who only looks leaves no record"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"by": "olga"}, 2),
        ({"via": "token"}, 4),
        ({"via": "user"}, 0),
        ({"by": "ol"}, 0),
        ({"action": "instance.start"}, 2),
        ({"processId": "p", "by": "olga"}, 2),
        ({"since": "2026-03-02T12:30:00Z"}, 1),
        ({"until": "2026-03-02T12:30:00Z"}, 3),
        ({"limit": 1, "offset": 3}, 1),
    ],
)
def test_it_is_searched(api: Caller, bench: Bench, olga: Caller, query: dict[str, Any], expected: int) -> None:
    api.deploy(asks())
    api.start()
    instance_id = olga.start().json["id"]
    bench.clock.advance(timedelta(hours=1))
    olga.post(f"/process-instances/{instance_id}/cancel", {"reason": "x"})
    assert len(on_record(api, **query)) == expected


def test_it_is_exported_whole_with_its_chain(api: Caller, bench: Bench) -> None:
    api.deploy(asks())
    for _ in range(3):
        api.start()
    with bench.database.transaction() as tx:
        assert seal.seal(tx) == 4
    answer = api.get("/audit/export", action="instance.start")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["position"] for line in lines] == [2, 3, 4]
    assert all(len(line["chain"]) == 64 for line in lines)
    with bench.database.reading() as connection:
        assert list(seal.verify(connection, bench.clock.now())) == []


def test_a_query_that_makes_no_sense_is_refused_with_the_path(api: Caller) -> None:
    answer = api.get("/audit", since="yesterday")
    assert (answer.status_code, answer.json["path"]) == (400, "query.since")
