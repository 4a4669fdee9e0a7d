"""From where each token came, and what gateways asked: told to whoever watches, at no cost to anybody else."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine import queries
from app.engine.doors import Engine
from app.engine.spiff.watch import Asked, Begun
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import error


@pytest.fixture
def told(bench: Bench) -> list[Asked | Begun]:
    """What the bench's engine tells."""
    found: list[Asked | Begun] = []
    bench.engine = Engine(bench.registry, bench.clock, bench.wakeups, watch=found.append)
    return found


def passed(bench: Bench, instance_id: str, told: list[Any]) -> list[tuple[str | None, str, str]]:
    begun = {each.number: each.came_from for each in told if isinstance(each, Begun)}
    with bench.database.reading() as connection:
        found = queries.passages(connection, instance_id, begun)
    return [(each.came_from, each.element_id, each.state) for each in found]


def test_each_token_says_from_where_it_came_also_to_an_activity_with_boundary_events(
    bench: Bench, told: list[Any]
) -> None:
    made = Diagram("p").start().parallel("f").service("a", "t.refuse").boundary("b", "a", error("port_taken"))
    made.user("u").parallel("j").end().chain("s", "f", "a", "j", "e").chain("f", "u", "j").chain("b", "j")
    instance_id = bench.start(made)
    bench.run(instance_id)
    assert passed(bench, instance_id, told) == [
        (None, "s", "completed"),
        ("s", "f", "completed"),
        ("f", "u", "open"),
        ("f", "a", "cancelled"),
        ("f", "b", "completed"),
        ("b", "j", "open"),
    ]
    assert (None, "a", "cancelled") in passed(bench, instance_id, [])


def test_a_called_process_and_a_sub_process_begin_from_nowhere_and_go_on_from_their_activity(
    bench: Bench, told: list[Any]
) -> None:
    bench.deploy(Diagram("q").start("qs").end("qe").chain("qs", "qe"))
    inner = Diagram("i").start("is").end("ie").chain("is", "ie")
    made = Diagram("p").start().sub("sub", inner).call("c", "q").end().chain("s", "sub", "c", "e")
    instance_id = bench.start(made)
    bench.run(instance_id)
    found = [(before, element) for before, element, _ in passed(bench, instance_id, told)]
    assert set(found) == {
        (None, "s"),
        ("s", "sub"),
        (None, "is"),
        ("is", "ie"),
        ("sub", "c"),
        (None, "qs"),
        ("qs", "qe"),
        ("c", "e"),
    }


@pytest.mark.parametrize("gateway", ["xor", "inclusive"])
def test_what_a_gateway_asked_is_told_with_what_it_read(bench: Bench, told: list[Any], gateway: str) -> None:
    made = Diagram("p").start()
    getattr(made, gateway)("g", default="other")
    made.end("low").end("high").end("none").chain("s", "g")
    made.flow("g", "low", "=speed < 10").flow("g", "high", "=speed > limit.most").flow("g", "none", id="other")
    instance_id = bench.start(made, speed=50, limit={"most": 20})
    bench.run(instance_id)
    assert [(each.element_id, each.target, each.read, each.value) for each in told if isinstance(each, Asked)] == [
        ("g", "low", {"speed": 50}, False),
        ("g", "high", {"speed": 50, "limit": {"most": 20}}, True),
    ]
    assert {each.instance_id for each in told} == {instance_id}


def test_a_condition_that_fails_tells_why_and_falls_out_as_ever(bench: Bench, told: list[Any]) -> None:
    endless = "=count(for i in 1..1000000, j in 1..1000000 return i) > 0"
    made = Diagram("p").start().xor("g", default="other").end("a").end("b").chain("s", "g")
    instance_id = bench.start(made.flow("g", "a", endless).flow("g", "b", id="other"))
    bench.run(instance_id)
    (asked,) = told
    assert asked.value is None
    assert asked.fault is not None
    assert bench.standing(instance_id) == {"g": "incident"}
