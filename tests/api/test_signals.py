"""Signals from outside."""

from __future__ import annotations

import pytest

from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import signal


def test_a_signal_names_whom_it_reached_and_what_it_started(api: Caller, bench: Bench) -> None:
    api.deploy(Diagram("p").start().catch("w", signal("storm")).end().chain("s", "w", "e"))
    api.deploy(Diagram("q").start("s", signal("storm")).user("u").end().chain("s", "u", "e"))
    instance_id = api.start().json["id"]
    bench.run(instance_id)
    answer = api.post("/signals", {"name": "storm", "variables": {"region": "north"}})
    assert (answer.status_code, answer.json["recipients"]) == (202, [instance_id])
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"region": "north"}
    (started,) = answer.json["started"]
    bench.run(started)
    assert bench.variables(started) == {"region": "north"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.name"),
        ({"name": ""}, "$.name"),
        ({"name": "x", "variables": 7}, "$.variables"),
        ({"name": "x", "variables": {"a b": 1}}, "$.variables['a b']"),
        ({"name": "x", "correlationKey": "k"}, "$.correlationKey"),
    ],
)
def test_a_signal_of_another_shape_is_refused_with_the_path(api: Caller, body: dict[str, object], path: str) -> None:
    answer = api.post("/signals", body)
    assert (answer.status_code, answer.json["path"]) == (400, path)
