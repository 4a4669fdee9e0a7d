"""Messages from outside."""

from __future__ import annotations

import pytest

from app.engine.tables import message
from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import message as trigger

NOBODY: dict[str, list[str]] = {"recipients": [], "started": []}


def waiting() -> Diagram:
    return Diagram("p").start().message("w", "ont_online", "=serial").end().chain("s", "w", "e")


def test_a_message_names_who_waits_for_it_and_moves_them_on(api: Caller, bench: Bench) -> None:
    api.deploy(waiting())
    instance_id = api.start(variables={"serial": "A1"}).json["id"]
    bench.run(instance_id)
    answer = api.post("/messages", {"name": "ont_online", "correlationKey": "A1", "variables": {"dbm": -18.5}})
    assert (answer.status_code, answer.json["recipients"], answer.json["duplicate"]) == (202, [instance_id], False)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"serial": "A1", "dbm": -18.5}


def test_a_message_that_comes_early_is_kept_for_its_time_to_live(api: Caller, bench: Bench) -> None:
    api.deploy(waiting())
    sent = {"name": "ont_online", "correlationKey": "A1", "timeToLiveSeconds": 60}
    assert api.post("/messages", sent).json["recipients"] == []
    instance_id = api.start(variables={"serial": "A1"}).json["id"]
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_the_same_message_id_twice_is_one_message(api: Caller, bench: Bench) -> None:
    sent = {"name": "ont_online", "correlationKey": "A1", "messageId": "m-1"}
    assert api.post("/messages", sent).json == {"messageId": "m-1", "duplicate": False, **NOBODY}
    assert api.post("/messages", sent).json == {"messageId": "m-1", "duplicate": True, **NOBODY}
    assert bench.count(message) == 1


def test_a_message_starts_an_instance_of_the_process_that_begins_with_it(api: Caller, bench: Bench) -> None:
    api.deploy(Diagram("p").start("s", trigger("order placed")).user("u").end().chain("s", "u", "e"))
    sent = {"name": "order placed", "correlationKey": "o-1", "timeToLiveSeconds": 0}
    (started,) = api.post("/messages", sent).json["started"]
    assert api.get(f"/process-instances/{started}").json["processId"] == "p"
    assert api.post("/messages", sent).json["started"] == [], "one is open with this key"
    assert len(api.post("/messages", {"name": "order placed"}).json["started"]) == 1, "without a key there may be many"
    assert bench.count(message) == 1, "only the last has a time to live"


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"name": ""}, "$.name"),
        ({"name": "a\x00b"}, "$.name"),
        ({"correlationKey": 7}, "$.correlationKey"),
        ({"timeToLiveSeconds": -1}, "$.timeToLiveSeconds"),
        ({"timeToLiveSeconds": 10**9}, "$.timeToLiveSeconds"),
        ({"timeToLiveSeconds": "60"}, "$.timeToLiveSeconds"),
        ({"variables": []}, "$.variables"),
        ({"messageId": "x" * 256}, "$.messageId"),
        ({"variables": {"a b": 1}}, "$.variables['a b']"),
    ],
)
def test_a_message_of_another_shape_is_refused_with_the_path(
    api: Caller, bench: Bench, changed: dict[str, object], path: str
) -> None:
    answer = api.post("/messages", {"name": "n", "correlationKey": "k", **changed})
    assert (answer.status_code, answer.json["path"]) == (400, path)
    assert bench.count(message) == 0
