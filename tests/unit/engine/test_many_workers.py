"""What the engine does for installations of many workers: steps left to others, and each due look asked for once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine import sweeps, workers
from app.engine.doors import Engine
from app.engine.starts import StartRequest
from app.engine.tables import worker
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.sites import line

PATIENCE = timedelta(seconds=5)


def test_without_claims_steps_are_left_ready_for_whoever_looks_next(bench: Bench) -> None:
    instance_id = bench.start(line("a", diagram=Diagram("p").service("a", "t.name")))
    with bench.database.transaction() as tx:
        advanced = bench.engine.advance(tx, instance_id, "busy", claims=False)
    assert (advanced.claimed, advanced.unclaimed) == ([], True)
    assert bench.standing(instance_id) == {"a": "job"}
    again = bench.advance(instance_id, owner="free")
    assert ([step.attempt for step in again.claimed], again.unclaimed) == ([1], False)


def test_a_step_whose_handler_is_unknown_is_left_to_others_for_a_while(bench: Bench, clock: FixedClock) -> None:
    instance_id = bench.start(line("a", diagram=Diagram("p").service("a", "t.name")))
    stranger = Engine(Registry([]), clock, bench.wakeups, patience_s=60)

    def look(engine: Engine) -> int:
        with bench.database.transaction() as tx:
            return len(engine.advance(tx, instance_id, "w").claimed)

    assert look(stranger) == 0
    clock.advance(timedelta(seconds=59))
    assert look(stranger) == 0
    assert bench.standing(instance_id) == {"a": "job"}
    assert look(bench.engine) == 1


def test_a_step_that_nobody_knows_falls_out_in_the_end(bench: Bench, clock: FixedClock) -> None:
    instance_id = bench.start(line("a", diagram=Diagram("p").service("a", "t.name")))
    stranger = Engine(Registry([]), clock, bench.wakeups, patience_s=60)
    for passing_s in (0, 60):
        clock.advance(timedelta(seconds=passing_s))
        with bench.database.transaction() as tx:
            stranger.advance(tx, instance_id, "w")
    assert [incident.code for incident in bench.incidents(instance_id)] == ["UnknownHandler"]


@pytest.fixture
def due(bench: Bench) -> str:
    """An instance whose timer is due."""
    instance_id = bench.start(Diagram("p").timer("t", "PT1M").start("s").end("e").chain("s", "t", "e"))
    bench.advance(instance_id)
    bench.clock.advance(timedelta(seconds=61))
    return instance_id


def see(bench: Bench) -> dict[str, int]:
    with bench.database.reading() as connection:
        found = sweeps.due_instances(connection, bench.clock.now())
        return sweeps.unasked(connection, found, bench.clock.now(), PATIENCE)


def ask(bench: Bench, seen: dict[str, int]) -> list[str]:
    with bench.database.transaction() as tx:
        return sweeps.ask(tx, seen, bench.clock.now())


def test_sweeps_that_see_the_same_ask_once(bench: Bench, due: str) -> None:
    one, other = see(bench), see(bench)
    assert list(one) == [due]
    assert (ask(bench, one), ask(bench, other)) == ([due], [])
    assert see(bench) == {}


def test_a_look_that_nobody_took_is_asked_for_again(bench: Bench, due: str) -> None:
    assert ask(bench, see(bench)) == [due]
    bench.clock.advance(PATIENCE)
    assert ask(bench, see(bench)) == [due]
    bench.advance(due)
    assert bench.state(due) == "completed"
    bench.clock.advance(PATIENCE)
    assert see(bench) == {}


def test_what_a_sweep_saw_before_the_look_is_not_asked_for(bench: Bench, due: str) -> None:
    seen = see(bench)
    bench.advance(due)
    assert ask(bench, seen) == []


def test_one_kind_of_what_is_due_keeps_no_other_from_being_found(bench: Bench, due: str) -> None:
    """A wave of fresh instances must not keep timers waiting."""
    diagram = Diagram("q").start("s").end("e").chain("s", "e")
    process_id = bench.deploy(diagram)
    for _ in range(3):
        bench.start(process_id)
    with bench.database.reading() as connection:
        found = sweeps.due_instances(connection, bench.clock.now(), limit=2)
    assert due in found
    assert len(found) == 3


def urgent(bench: Bench, process_id: str) -> str:
    with bench.database.transaction() as tx:
        return bench.engine.start(tx, StartRequest(process_id, {}, priority=0)).instance_id


def find(bench: Bench, limit: int) -> list[str]:
    with bench.database.reading() as connection:
        return list(sweeps.due_instances(connection, bench.clock.now(), limit=limit))


def test_what_is_urgent_is_found_behind_any_number_of_fresh_instances(bench: Bench) -> None:
    process_id = bench.deploy(Diagram("p").start("s").end("e").chain("s", "e"))
    before = [bench.start(process_id) for _ in range(5)]
    bench.clock.advance(timedelta(seconds=1))
    last = urgent(bench, process_id)
    assert find(bench, limit=2)[0] == last
    assert set(find(bench, limit=10)) == {last, *before}


def test_what_is_urgent_is_found_behind_any_number_of_timers(bench: Bench) -> None:
    process_id = bench.deploy(Diagram("p").timer("t", "PT1M").start("s").end("e").chain("s", "t", "e"))
    for _ in range(5):
        bench.advance(bench.start(process_id))
    bench.clock.advance(timedelta(seconds=1))
    last = urgent(bench, process_id)
    bench.advance(last)
    bench.clock.advance(timedelta(minutes=2))
    assert find(bench, limit=2)[0] == last


def test_what_is_urgent_is_found_behind_any_number_of_steps(bench: Bench) -> None:
    process_id = bench.deploy(Diagram("p").service("a", "t.name").start("s").end("e").chain("s", "a", "e"))
    for instance_id in [*(bench.start(process_id) for _ in range(5)), last := urgent(bench, process_id)]:
        with bench.database.transaction() as tx:
            bench.engine.advance(tx, instance_id, "busy", claims=False)
        bench.clock.advance(timedelta(seconds=1))
    assert find(bench, limit=2)[0] == last


def test_workers_long_dead_are_forgotten(database: Database, clock: FixedClock) -> None:
    with database.transaction() as tx:
        workers.enlist(tx, "dead", "h", 1, clock.now(), 30)
    clock.advance(timedelta(hours=1))
    with database.transaction() as tx:
        workers.enlist(tx, "good", "h", 2, clock.now(), 30)
        assert workers.forget_dead(tx, clock.now() - timedelta(hours=1)) == 0
    clock.advance(timedelta(minutes=1))
    with database.transaction() as tx:
        assert workers.forget_dead(tx, clock.now() - timedelta(hours=1)) == 1
        assert list(tx.connection.execute(worker.select().with_only_columns(worker.c.id)).scalars()) == ["good"]
