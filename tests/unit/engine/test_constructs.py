"""Every construct of the dialect runs to its end, and a crash after any commit changes nothing."""

from __future__ import annotations

import random

import pytest

from app.engine.spiff.dialect.table import constructs
from tests.factories.engines import Bench
from tests.factories.flows import CASES, FLOWS, play


def test_every_construct_of_the_allow_list_has_a_flow() -> None:
    assert set(CASES) == set(constructs())


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_flow_runs_to_its_end(bench: Bench, name: str) -> None:
    flow = FLOWS[name]()
    instance_id = flow.begin(bench)
    play(bench, flow, instance_id)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert bench.variables(instance_id) == flow.ends_with
    assert sorted(step.element_id for step in bench.calls) == sorted(flow.visited)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_crash_after_every_commit_gives_the_same_end(bench: Bench, name: str) -> None:
    flow = FLOWS[name]()
    instance_id = flow.begin(bench)
    play(bench, flow, instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert bench.variables(instance_id) == flow.ends_with
    assert sorted(step.element_id for step in bench.calls) == sorted(flow.visited)


@pytest.mark.parametrize("name", sorted(name for name in FLOWS if FLOWS[name]().begins is None))
def test_steps_keep_their_keys_whatever_the_order(bench: Bench, name: str) -> None:
    flow = FLOWS[name]()
    flow.prepare(bench)
    process_id = bench.deploy(flow.diagram)
    seen: list[list[str]] = []
    for seed in range(3):
        draw = random.Random(seed)
        instance_id = bench.start(process_id, **flow.variables)
        bench.calls.clear()
        play(bench, flow, instance_id, pick=lambda waiting, draw=draw: draw.randrange(len(waiting)))
        seen.append(sorted(step.key.removeprefix(instance_id) for step in bench.calls))
    assert seen[0] == seen[1] == seen[2]
