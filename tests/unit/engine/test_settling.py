"""Settling incidents where it is hard: inside sub-processes, after restarts, on events, in conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine import sweeps, watchdog
from app.engine.spiff import live
from app.engine.tables import incident, process_instance, token, variable
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


@pytest.fixture(autouse=True)
def _incidents_are_counted_right(bench: Bench) -> Iterator[None]:
    """Whatever a test does: what an instance counts as open are the incidents that are open."""
    yield
    open_ = sa.select(sa.func.count()).where(
        incident.c.instance_id == process_instance.c.id, incident.c.state == "open"
    )
    query = sa.select(process_instance.c.incidents, open_.correlate(process_instance).scalar_subquery())
    with bench.database.reading() as connection:
        assert all(counted == found for counted, found in connection.execute(query))


def inside(diagram: Diagram, *middle: str, **sub: Any) -> Diagram:
    """The diagram's elements in a row, in a sub-process in a sub-process, each with a variable of its own."""
    innermost = diagram.start("s3").end("e3").chain("s3", *middle, "e3")
    middle_ = Diagram("m").sub("sub2", innermost, inputs={"two": "=one + 1"}, **sub).start("s2").end("e2")
    outer = Diagram("p").sub("sub1", middle_.chain("s2", "sub2", "e2"), inputs={"one": "=zero + 1"})
    return outer.start("s").end("e").chain("s", "sub1", "e")


def test_a_step_inside_sub_processes_is_retried_after_a_restart(bench: Bench) -> None:
    diagram = inside(Diagram("i").service("a", "t.flaky", inputs={"failures": "=two"}, outputs={"r": "=two"}), "a")
    instance_id = bench.start(diagram, zero=1)
    for _ in range(3):
        bench.run(instance_id, between=bench.restart)
        bench.clock.advance(timedelta(minutes=10))
    assert bench.standing(instance_id)["a"] == "incident"
    bench.restart()
    bench.act("retry", instance_id)
    bench.restart()
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert [step.attempt for step in bench.calls] == [1, 2, 3, 4]
    assert len({step.key for step in bench.calls}) == 1
    assert bench.variables(instance_id) == {"zero": 1, "r": 3}


def test_a_step_inside_sub_processes_is_corrected_or_skipped_after_a_restart(bench: Bench) -> None:
    diagram = inside(Diagram("i").service("a", "t.refuse").service("b", "t.echo", {"x": "=two"}), "a", "b")
    process_id = bench.deploy(diagram)
    for action, given in (("skip", {"two": 9}), ("retry_with_inputs", {"code": "other"})):
        bench.calls.clear()
        instance_id = bench.start(process_id, zero=1)
        bench.run(instance_id, between=bench.restart)
        bench.restart()
        bench.act(action, instance_id, given)
        bench.restart()
        bench.run(instance_id, between=bench.restart)
        if action == "skip":
            assert bench.variables(instance_id) == {"zero": 1, "r": 9}
        else:
            assert bench.calls[1].key == f"{bench.calls[0].key}~1"
            assert bench.calls[1].inputs == {"code": "other"}


def test_a_corrected_retry_keeps_its_key_and_its_inputs_over_restarts(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").service("a", "t.flaky", inputs={"failures": "=failures"})
    instance_id = bench.start(diagram.chain("s", "a", "e"), failures="many")
    bench.run(instance_id, between=bench.restart)
    for _ in range(2):
        bench.clock.advance(timedelta(minutes=10))
        bench.run(instance_id, between=bench.restart)
    first = len(bench.calls)
    bench.act("retry_with_inputs", instance_id, {"failures": first + 1})
    for _ in range(3):
        bench.restart()
        bench.run(instance_id, between=bench.restart)
        bench.clock.advance(timedelta(minutes=10))
    again = bench.calls[first:]
    assert bench.state(instance_id) == "completed"
    assert {step.key for step in again} == {f"{bench.calls[0].key}~1"}
    assert [(step.attempt, step.repeat) for step in again] == [(first + 1, False), (first + 2, True)]


def test_outputs_that_were_held_survive_a_restart_and_a_choice_calls_nobody(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f", "a", "j", "e")
    diagram.service("a", "t.name", outputs={"port": "=r"}).service("b", "t.undoable", outputs={"port": "=ont_id"})
    instance_id = bench.start(diagram.chain("f", "b", "j"), serial="X")
    bench.run(instance_id, between=bench.restart)
    bench.restart()
    bench.act("choose", instance_id, "new")
    bench.restart()
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"serial": "X", "port": "ont-X"}
    assert len(bench.calls) == 2
    with bench.database.reading() as connection:
        assert list(connection.execute(sa.select(token.c.element_id).where(token.c.undo.is_not(None))).scalars()) == [
            "b"
        ]


def test_skipping_with_what_a_concurrent_branch_wrote_asks_for_a_choice(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f", "a", "j", "e")
    diagram.service("a", "t.name", outputs={"port": "=r"}).service("b", "t.refuse")
    instance_id = bench.start(diagram.chain("f", "b", "j"))
    bench.run(instance_id)
    bench.act("skip", instance_id, {"port": "1/1/7"})
    (found,) = bench.incidents(instance_id)
    assert found.code == "VariableConflict"
    bench.act("choose", instance_id, "new")
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"port": "1/1/7"}


def test_a_conflict_at_a_boundary_event_is_settled_by_a_choice(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f", "a", "j", "e")
    diagram.service("a", "t.name", outputs={"port": "=r"}).service("b", "t.refuse").boundary_error("err", "b").xor("m")
    diagram.chain("f", "b", "m", "j").chain("err", "m")
    process_id = bench.deploy(diagram)
    for take, expected in (("stored", "a"), ("new", "1/1/7")):
        instance_id = bench.start(process_id)
        bench.run(instance_id)
        assert [each.code for each in bench.incidents(instance_id)] == ["VariableConflict"]
        bench.act("choose", instance_id, take)
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed"
        assert bench.variables(instance_id) == {"port": expected}


def test_a_sub_process_whose_outputs_cannot_be_written_is_settled_after_a_restart(bench: Bench) -> None:
    inner = Diagram("i").start("s2").end("e2").service("b", "t.echo", {"x": "=loc"}, {"loc": "=r"})
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f", "a", "j", "e")
    diagram.service("a", "t.name", outputs={"port": "=r"})
    diagram.sub("sub", inner.chain("s2", "b", "e2"), inputs={"loc": "=7"}, outputs={"port": "=loc"})
    process_id = bench.deploy(diagram.chain("f", "sub", "j"))
    for action, given, expected in (("choose", "new", 7), ("choose", "stored", "a"), ("skip", {}, "a")):
        instance_id = bench.start(process_id)
        bench.run(instance_id, between=bench.restart)
        assert bench.standing(instance_id) == {"sub": "incident", "j": "join"}
        bench.restart()
        if action == "skip":
            bench.act("skip", instance_id, given)
            bench.restart()
            bench.act("choose", instance_id, "stored")
        else:
            bench.act(action, instance_id, given)
        bench.restart()
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed"
        assert bench.variables(instance_id) == {"port": expected}


@pytest.mark.parametrize("kind", ["sub", "message", "timer", "user", "script"])
def test_what_cannot_be_entered_is_skipped_or_corrected(bench: Bench, kind: str) -> None:
    diagram = Diagram("p").start("s").end("e").service("b", "t.name").chain("s", "x", "b", "e")
    match kind:
        case "sub":
            inner = Diagram("i").start("s2").end("e2").service("c", "t.echo", {"x": "=1"}).chain("s2", "c", "e2")
            diagram.sub("x", inner, inputs={"v": "=for i in 1..10000000 return i"})
        case "message":
            diagram.message("x", "ready", "=d.key")
        case "timer":
            diagram.timer("x", "=d")
        case "user":
            diagram.user("x", inputs={"v": "=for i in 1..10000000 return i"})
        case _:
            diagram.script("x", "=for i in 1..10000000 return i", "y")
    process_id = bench.deploy(diagram)
    for restart in (lambda: None, bench.restart):
        instance_id = bench.start(process_id)
        bench.run(instance_id, between=restart)
        assert bench.standing(instance_id) == {"x": "incident"}
        restart()
        bench.act("skip", instance_id, {"extra": 1})
        restart()
        bench.run(instance_id, between=restart)
        assert bench.state(instance_id) == "completed"
        assert bench.variables(instance_id) == {"extra": 1, "r": "b"}


@pytest.mark.parametrize("kind", ["service", "script", "sub"])
def test_an_input_that_cannot_be_read_is_corrected(bench: Bench, kind: str) -> None:
    diagram = Diagram("p").start("s").end("e").chain("s", "a", "e")
    bad = {"x": "=for i in 1..10000000 return i"}
    if kind == "sub":
        inner = Diagram("i").start("s2").end("e2").service("b", "t.echo").chain("s2", "b", "e2")
        diagram.sub("a", inner, inputs=bad)
    elif kind == "script":
        diagram.script("a", "=x", "r", inputs=bad)
    else:
        diagram.service("a", "t.echo", inputs=bad)
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"a": "incident"}
    bench.restart()
    bench.act("retry_with_inputs", instance_id, {"x": 5})
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"r": 5}


def test_skipping_a_broken_boundary_timer_leaves_its_activity_alone(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").user("u").boundary_timer("late", "u", "=limit").end("e2")
    instance_id = bench.start(diagram.chain("s", "u", "e").chain("late", "e2"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "late": "incident"}
    bench.restart()
    bench.act("skip", instance_id, {})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    assert bench.incidents(instance_id) == []
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"


def test_timers_that_fell_due_while_nobody_looked_fire_in_the_order_of_their_times(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").user("u").chain("s", "u", "e")
    diagram.boundary_timer("last", "u", "PT2H").boundary_timer("first", "u", "PT1H")
    diagram.service("b", "t.name").service("c", "t.name").end("e1").end("e2")
    instance_id = bench.start(diagram.chain("last", "c", "e2").chain("first", "b", "e1"))
    bench.run(instance_id)
    bench.clock.advance(timedelta(hours=3))
    bench.restart()
    bench.run(instance_id)
    assert [step.element_id for step in bench.calls] == ["b"]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_reminder_beside_a_task_in_a_loop_comes_in_every_round(bench: Bench, restarts: bool) -> None:
    diagram = Diagram("p").start("s").end("e").end("e2").script("init", "=0", "i").xor("m").user("u")
    diagram.boundary_timer("late", "u", "PT1H", interrupting=False).service("b", "t.quiet").script("inc", "=i + 1", "i")
    diagram.xor("g", default="out").chain("s", "init", "m", "u", "inc", "g").chain("late", "b", "e2")
    instance_id = bench.start(diagram.flow("g", "m", "=i < 4").flow("g", "e", id="out"))
    between = bench.restart if restarts else None
    bench.run(instance_id, between)
    for _ in range(4):
        bench.clock.advance(timedelta(hours=1))
        bench.run(instance_id, between)
        bench.complete(instance_id)
        bench.run(instance_id, between)
    assert bench.state(instance_id) == "completed"
    assert len(bench.calls) == len({step.key for step in bench.calls}) == 4
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(variable.c.scope, variable.c.name).where(variable.c.kind == "n")).all()
    assert not [row for row in rows if "late#" in row.name], "counters of branches that ended are gone"


def test_a_loop_that_never_waits_falls_out_instead_of_holding_the_store(bench: Bench, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "LONGEST_RUN", 100)
    diagram = Diagram("p").start("s").end("e").script("init", "=0", "i").xor("m").script("inc", "=i + 1", "i")
    diagram.xor("g", default="out").chain("s", "init", "m", "inc", "g").flow("g", "m", "=i < n").flow(
        "g", "e", id="out"
    )
    instance_id = bench.start(diagram, n=80)
    bench.run(instance_id)
    (found,) = bench.incidents(instance_id)
    assert found.code == "EndlessLoop"
    bench.restart()
    while bench.incidents(instance_id):
        bench.act("retry", instance_id)
        bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id)["i"] == 80


def test_a_token_without_a_reason_is_found_beside_others_that_move(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").user("u").timer("t", "P30D")
    instance_id = bench.start(diagram.chain("s", "f", "u", "j", "e").chain("f", "t", "j"))
    bench.run(instance_id)
    with bench.database.transaction() as tx:
        tx.connection.execute(sa.update(token).where(token.c.kind == "user_task").values(kind=None))
    bench.clock.advance(timedelta(minutes=1))
    with bench.database.reading() as connection:
        (stall,) = watchdog.find_stalled(connection, bench.clock.now())
    assert stall.elements == ("u",)
    with bench.database.transaction() as tx:
        assert watchdog.report(tx, stall, bench.clock.now())
    (found,) = bench.incidents(instance_id)
    assert (found.code, found.element_id) == ("Stalled", "u")
    with bench.database.reading() as connection:
        assert watchdog.find_stalled(connection, bench.clock.now() + timedelta(days=1)) == []


def test_what_is_due_next_is_told_by_the_advance_and_by_the_database_alike(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").timer("t", "PT3H").service("a", "t.flaky")
    instance_id = bench.start(diagram.chain("s", "f", "t", "j", "e").chain("f", "a", "j"), failures=9)
    while not bench.incidents(instance_id):
        advanced = bench.run(instance_id)
        with bench.database.reading() as connection:
            assert sweeps.next_due(connection) == advanced.next_due
        assert advanced.next_due is not None
        bench.clock.advance(advanced.next_due - bench.clock.now())
    bench.run(instance_id)
    with bench.database.reading() as connection:
        assert sweeps.next_due(connection) is None


@pytest.mark.parametrize("restarts", [False, True])
def test_a_corrected_step_whose_refusal_the_diagram_catches_has_passed_to_there(bench: Bench, restarts: bool) -> None:
    diagram = Diagram("p").start().end().end("e2").service("a", "t.refuse", inputs={"code": "=code"})
    diagram.boundary_error("taken", "a", "port_taken").chain("s", "a", "e").chain("taken", "e2")
    instance_id = bench.start(diagram, code="no_light")
    bench.run(instance_id)
    if restarts:
        bench.restart()
    bench.act("retry_with_inputs", instance_id, {"code": "port_taken"})
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    with bench.database.reading() as connection:
        (row,) = connection.execute(sa.select(incident.c.outcome, incident.c.outcome_detail))
    assert tuple(row) == ("passed", "taken")
