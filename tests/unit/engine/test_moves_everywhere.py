"""Operators' moves against every construct, and against flows drawn by lot: refused, or the instance goes on rightly."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.errors import Conflict, NotFound
from app.engine import queries, sweeps, watchdog
from app.engine.tables import arrival, incident, token, variable
from tests.factories.engines import Bench
from tests.factories.flows import FLOWS, play
from tests.factories.pushes import Flow
from tests.unit.engine.test_random_flows import Player, draw_flow

pytestmark = pytest.mark.by_turns


def begun(bench: Bench, name: str) -> tuple[Flow, str]:
    flow = FLOWS[name]()
    return flow, flow.begin(bench)


def nothing_is_left(bench: Bench, instance_id: str) -> None:
    """Of an instance that has ended: no token, no variable of an inner scope, nothing to do and nothing wrong."""
    of_it = {table.name: table.c.instance_id == instance_id for table in (token, variable, arrival, incident)}
    with bench.database.reading() as connection:

        def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
            query = sa.select(sa.func.count()).select_from(table).where(of_it[table.name], *where)
            return connection.execute(query).scalar_one()

        assert count(token, token.c.open == 1) == 0
        assert count(variable, variable.c.scope != "") == 0
        assert count(arrival) == 0
        assert count(incident, incident.c.state != "resolved") == 0
        assert instance_id not in sweeps.due_instances(connection, bench.clock.now() + timedelta(days=900))
        assert watchdog.find_stalled(connection, bench.clock.now() + timedelta(days=900)) == []


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_flow_that_is_suspended_and_resumed_after_every_commit_ends_alike(bench: Bench, name: str) -> None:
    flow, instance_id = begun(bench, name)

    def stand_still() -> None:
        if bench.state(instance_id) in ("active", "fallen_out"):
            bench.operate("suspend", instance_id)
            assert bench.advance(instance_id).claimed == []
            bench.forget()
            bench.operate("resume", instance_id)

    play(bench, flow, instance_id, between=stand_still)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert bench.variables(instance_id) == flow.ends_with
    assert sorted(step.element_id for step in bench.calls) == sorted(flow.visited)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_flow_is_cancelled_wherever_it_stands(bench: Bench, name: str) -> None:
    """After each of its commits in turn, with a restart before every other."""
    commits = 0
    while True:
        flow, instance_id = begun(bench, name)
        with suppress(Stopped):
            play(bench, flow, instance_id, between=Countdown(commits))
        if bench.state(instance_id) == "completed":
            return
        if commits % 2:
            bench.restart()
        bench.operate("cancel", instance_id)
        assert bench.state(instance_id) == "cancelled"
        assert bench.advance(instance_id).claimed == []
        nothing_is_left(bench, instance_id)
        if flow.begins is not None:  # a date that starts an instance does so once
            return
        commits += 1


class Stopped(Exception):
    """The test wants to act now."""


class Countdown:
    def __init__(self, commits: int) -> None:
        self.left = commits

    def __call__(self) -> None:
        if self.left == 0:
            raise Stopped
        self.left -= 1


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_flow_that_is_rewound_to_its_start_wherever_it_waits_comes_to_its_end(bench: Bench, name: str) -> None:
    flow, instance_id = begun(bench, name)
    bench.run(instance_id)
    for _ in range(2):
        if bench.state(instance_id) == "active":
            bench.operate("rewind", instance_id, "s")
            bench.restart()
            bench.run(instance_id)
    for push in flow.pushes:
        push(bench, instance_id)
        bench.run(instance_id)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    nothing_is_left(bench, instance_id)
    keys = [(step.key, step.attempt) for step in bench.calls]
    assert len(keys) == len(set(keys)), "no key is used twice for new work"


class Meddler(Player):
    """Between any two moves of a flow an operator may do something to it, drawn by lot."""

    elements: list[str]
    times = 12

    def meddle(self, instance_id: str, waiting: list[Any]) -> None:
        if self.done_times >= self.times or self.draw.random() > 0.4:
            return
        for _ in range(8):  # until one is not refused
            if self.is_done(instance_id):
                self.done_times += 1
                break
            self.refused += 1
        if self.crashes:
            self.bench.forget()
        waiting.extend(self.bench.advance(instance_id).claimed)

    def is_done(self, instance_id: str) -> bool:
        standing = self.bench.tokens(instance_id)
        number, element_id = self.draw.choice(standing).number, self.draw.choice(self.elements)
        moves: tuple[Callable[[], Any], ...] = (
            lambda: self.bench.operate("move", instance_id, number, element_id),
            lambda: self.bench.operate("rewind", instance_id, element_id),
            lambda: self.bench.operate("complete", instance_id, number, {}),
        )
        try:
            self.draw.choices(moves, (6, 3, 1))[0]()
        except (Conflict, NotFound):
            assert self.bench.tokens(instance_id) == standing
            return False
        return True

    done_times = refused = 0

    def outside(self, instance_id: str, waiting: list[Any]) -> list[Callable[[], None]]:
        self.meddle(instance_id, waiting)
        return super().outside(instance_id, waiting) or [lambda: None]  # what is claimed now comes to turn next


@pytest.mark.parametrize("group", range(6))
def test_a_random_flow_that_operators_meddle_with_comes_to_its_end_and_uses_no_key_twice(
    bench: Bench, group: int
) -> None:
    done = refused = 0
    for seed in range(group * 4, group * 4 + 4):
        diagram, called = draw_flow(seed)
        processes = [bench.deploy(each) for each in (*called, diagram)]
        bench.calls.clear()
        player = Meddler(bench, random.Random(seed), crashes=bool(seed % 2))
        player.elements = elements_of(bench, processes)
        player.play(processes[-1])
        attempts: dict[str, list[int]] = {}
        for step in bench.calls:
            attempts.setdefault(step.key, []).append(step.attempt)
        assert all(made == list(range(1, len(made) + 1)) for made in attempts.values()), seed
        done, refused = done + player.done_times, refused + player.refused
    assert done > 10
    assert refused > 0
    with bench.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).where(token.c.open == 1)).scalar_one() == 0
        assert set(connection.execute(sa.select(variable.c.scope).distinct()).scalars()) <= {""}
        assert watchdog.find_stalled(connection, bench.clock.now() + timedelta(days=1)) == []


def elements_of(bench: Bench, processes: list[str]) -> list[str]:
    with bench.database.reading() as connection:
        deployed = [d.id for d in queries.list_definitions(connection, latest_only=True) if d.process_id in processes]
        programs = [bench.engine._programs.program(connection, definition_id) for definition_id in deployed]
    return sorted(element for program in programs for element in program.diagram.elements)
