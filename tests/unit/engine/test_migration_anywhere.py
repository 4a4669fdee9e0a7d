"""Any flow, moved to and fro at any moment between two versions that differ in all names, ends as if it had stayed."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.errors import Conflict
from app.engine import queries, watchdog
from app.engine.definitions import Programs
from app.engine.migration.doors import MigrationBlocked
from app.engine.tables import token, variable
from tests.factories.engines import Bench
from tests.factories.flows import FLOWS, play
from tests.factories.migrations import ByOldNames, Mover, back, renamed, to_renamed, without
from tests.unit.engine.test_random_flows import Player, draw_flow

pytestmark = pytest.mark.by_turns

RENAMED, DRAWN = 1, 2  # the versions; what is started is as it was drawn
PASSING = {"running", "compensation"}  # what stands in the way and goes by itself


class Shuttle:
    """Moves instances of a process to the other version, as often as it is asked to and nothing stands in the way."""

    def __init__(self, bench: Bench, process_id: str) -> None:
        self.bench, self.mover, self.moved = bench, Mover(bench, process_id), 0
        with bench.database.reading() as connection:
            definition = queries.get_definition(connection, process_id, DRAWN)
            self.there = to_renamed(Programs().program(connection, definition.id).diagram)

    def move(self, instance_id: str) -> None:
        with self.bench.database.reading() as connection:
            instance = queries.get_instance(connection, instance_id)
        if instance.ended_at is not None:
            return
        there = instance.version == DRAWN
        mapping, to = (self.there, RENAMED) if there else (back(self.there), DRAWN)
        verdict = self.mover.check(instance_id, mapping, to)
        if verdict.finding == "blocked":
            assert {each.code for each in verdict.obstacles} <= PASSING
            return
        try:
            self.mover.move(instance_id, mapping, to)
            self.moved += 1
        except MigrationBlocked:
            raise
        except Conflict:  # a message that has come for it brings it to its end, before it moves
            return


@pytest.mark.parametrize("name", sorted(FLOWS))
@pytest.mark.parametrize("crashes", [False, True])
def test_a_flow_ends_alike_wherever_it_moves(bench: Bench, name: str, crashes: bool) -> None:
    flow = FLOWS[name]()
    bench = ByOldNames(bench.database, bench.clock, bench.handlers)
    bench.deploy(renamed(flow.diagram))
    instance_id = flow.begin(bench)
    shuttle = Shuttle(bench, "p")

    def between() -> None:
        shuttle.move(instance_id)
        if crashes:
            bench.forget()

    between()
    play(bench, flow, instance_id, between)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert without("_v2", bench.variables(instance_id)) == flow.ends_with
    assert sorted(without("_v2", step.element_id) for step in bench.calls) == sorted(flow.visited)
    assert_no_attempt_looks_like_another(bench)
    assert_nothing_is_left(bench)
    assert shuttle.moved >= 1 + len(flow.pushes) // 3


class MovingPlayer(Player):
    """Moves the instance before each look at it."""

    shuttle: Any = None

    def look(self, instance_id: str) -> None:
        if self.shuttle is not None:
            self.shuttle.move(instance_id)
        super().look(instance_id)


@pytest.mark.parametrize("group", range(4))
def test_a_random_flow_ends_alike_wherever_it_moves(bench: Bench, group: int) -> None:
    moved = 0
    for seed in range(group * 3, group * 3 + 3):
        diagram, called = draw_flow(seed)
        for each in called:
            bench.deploy(each)
        bench.deploy(renamed(diagram))
        process_id = bench.deploy(diagram)
        shuttle = Shuttle(bench, process_id)
        expected, _ = MovingPlayer(bench, random.Random(0), crashes=False).play(process_id)
        for order, crashes in ((1, True), (2, False)):
            player = MovingPlayer(bench, random.Random(order), crashes)
            player.shuttle = shuttle
            found, _ = player.play(process_id)
            assert without("_v2", found) == expected, seed
            assert_no_attempt_looks_like_another(bench)
        moved += shuttle.moved
    assert moved > 10
    assert_nothing_is_left(bench)


def assert_no_attempt_looks_like_another(bench: Bench) -> None:
    tried = [(step.key, step.attempt) for step in bench.calls]
    assert len(set(tried)) == len(tried)


def assert_nothing_is_left(bench: Bench) -> None:
    with bench.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).where(token.c.open == 1)).scalar_one() == 0
        assert set(connection.execute(sa.select(variable.c.scope).distinct()).scalars()) <= {""}
        assert watchdog.find_stalled(connection, bench.clock.now()) == []
