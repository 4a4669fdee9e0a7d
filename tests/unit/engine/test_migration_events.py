"""Events that listen while their instance moves: kept, ended, begun; and what can be taken back afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine import watchdog
from app.engine.tables import token
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Move, Mover, play_move
from tests.factories.pushes import later, line, message, task_done
from tests.factories.triggers import cancel, compensate, conditional, error, escalation, signal, timer
from tests.factories.triggers import message as on_message

Given = dict[str, str | None]


def reaction(name: str, start: str, trigger: Any, *, interrupting: bool = True, step: str = "b") -> Diagram:
    """The inside of an event sub-process with one step."""
    inside = Diagram("i").start(start, trigger, interrupting=interrupting).end(f"{name}_end")
    return inside.service(step, "t.name", outputs={"b": "=r"}).chain(start, step, f"{name}_end")


def event_gateway() -> Move:
    """One event is kept with its time, one is no longer waited for, one is new."""
    old = Diagram("p").event_gateway("g").timer("t", "PT1H").message("w", "gone", '="1"').start("s").end("e")
    old.chain("s", "g", "t", "e").chain("g", "w", "e")
    new = Diagram("p").event_gateway("G").timer("T", "P9D").message("x", "new", '="1"').start("s").end("e").end("e2")
    new.service("b", "t.name").chain("s", "G", "T", "b", "e").chain("G", "x", "e2")
    mapping: Given = {"g": "G", "t": "T"}
    stands = {"T": "timer", "x": "message"}
    return Move(old, new, mapping, stands, {"r": "b"}, ("b",), (later(1800),), (message("gone", "1"), later(1800)))


def event_gateway_all_anew() -> Move:
    """Inside a sub-process of which nothing else stands."""

    def flow(name: str, g: str) -> Diagram:
        inner = Diagram("i").start("s2").end("e2").event_gateway(g).message("w", name, '="1"').timer("t", "PT1H")
        inner.chain("s2", g, "w", "e2").chain(g, "t", "e2")
        return line(Diagram("p").sub("sub", inner), "sub")

    after = (message("one", "1"), message("two", "1"))
    mapping: Given = {"g": "G", "w": None, "t": None}
    stands = {"sub": "child", "w": "message", "t": "timer"}
    return Move(flow("one", "g"), flow("two", "G"), mapping, stands, {}, (), (), after)


def event_sub_processes() -> Move:
    """Kept with its name and key, no longer there, new."""
    old = Diagram("p").user("u").event_sub("h", reaction("h", "m", on_message("halt", "=order")))
    old = line(old.event_sub("gone", reaction("gone", "g", timer("PT1H"), step="c")), "u")
    new = Diagram("p").user("u").event_sub("H", reaction("H", "M", on_message("other", "=0"), step="B"))
    new = line(new.event_sub("new", reaction("new", "n", timer("PT3H"), step="d")), "u")
    stands = {"u": "user_task", "M": "message", "n": "timer"}
    after = (later(7200), message("halt", "o-1"))
    return Move(old, new, {"h": "H", "m": "M"}, stands, {"order": "o-1", "b": "B"}, ("B",), (), after, {"order": "o-1"})


def event_sub_process_new() -> Move:
    old = line(Diagram("p").user("u"), "u")
    new = line(Diagram("p").user("u").event_sub("n", reaction("n", "ns", timer("PT1H"))), "u")
    return Move(old, new, {}, {"u": "user_task", "ns": "timer"}, {"b": "b"}, ("b",), (), (later(3600),))


def event_sub_process_over_branches() -> Move:
    def flow(start: str) -> Diagram:
        diagram = Diagram("p").parallel("f").parallel("j").user("u").user("v").chain("f", "u", "j").chain("f", "v", "j")
        diagram.event_sub("h", reaction("h", start, on_message("halt", '="1"')))
        return line(diagram, "f").chain("j", "e")

    stands = {"u": "user_task", "v": "user_task", "M": "message"}
    return Move(flow("m"), flow("M"), {"m": "M"}, stands, {"b": "b"}, ("b",), (), (message("halt", "1"),))


def event_sub_process_that_runs() -> Move:
    """It has interrupted its surroundings: nothing stands by for them any more."""

    def flow(h: str, start: str, step: str, *more: tuple[str, str]) -> Diagram:
        inside = Diagram("i").start(start, on_message("halt", '="1"')).user(step).end(f"{h}_end")
        diagram = Diagram("p").user("u").event_sub(h, inside.chain(start, step, f"{h}_end"))
        for name, its_start in more:
            diagram.event_sub(name, reaction(name, its_start, timer("PT1H")))
        return line(diagram, "u")

    mapping: Given = {"h": "H", "m": "M", "v": "V"}
    stands = {"H": "child", "V": "user_task"}
    old, new = flow("h", "m", "v"), flow("H", "M", "V", ("n", "ns"))
    return Move(old, new, mapping, stands, {"ok": 1}, (), (message("halt", "1"),), (later(7200), task_done(ok=1)))


def event_sub_process_beside() -> Move:
    """It has happened once and happens again, each time on a branch of its own."""

    def flow(h: str, start: str, step: str) -> Diagram:
        inside = Diagram("i").start(start, on_message("note", '="1"'), interrupting=False).user(step).end(f"{h}_end")
        return line(Diagram("p").user("u").event_sub(h, inside.chain(start, step, f"{h}_end")), "u")

    mapping: Given = {"h": "H", "m": "M", "v": "V"}
    stands = {"u": "user_task", "M": "message", "H": "child", "V": "user_task"}
    after = (message("note", "1"), all_of("V"), task_done("u", ok=1))
    return Move(
        flow("h", "m", "v"), flow("H", "M", "V"), mapping, stands, {"ok": 1}, (), (message("note", "1"),), after
    )


def all_of(element: str) -> Any:
    def complete(bench: Bench, instance_id: str) -> None:
        for each in bench.tokens(instance_id):
            if each.element_id == element:
                with bench.database.transaction() as tx:
                    bench.engine.complete_task(tx, f"{instance_id}:{each.number}", {}, "ann")

    return complete


def boundary_that_comes_to_interrupt() -> Move:
    def flow(border: str, interrupting: bool) -> Diagram:
        diagram = Diagram("p").user("u").boundary(border, "u", on_message("note", '="1"'), interrupting=interrupting)
        return line(diagram.service("b", "t.quiet").end("e2"), "u").chain(border, "b", "e2")

    stands = {"u": "user_task", "N": "message"}
    old, new = flow("n", False), flow("N", True)
    before, after = (message("note", "1"),), (message("note", "1"),)
    return Move(old, new, {"n": "N"}, stands, {}, ("b", "b"), before, after)


def boundary_message_beside() -> Move:
    """Its visits go on to be counted: the branch of the second has a name of its own."""

    def flow(border: str, step: str) -> Diagram:
        diagram = Diagram("p").user("u").boundary(border, "u", on_message("note", '="1"'), interrupting=False)
        return line(diagram.user(step).end("e2"), "u").chain(border, step, "e2")

    mapping: Given = {"n": "N", "v": "V"}
    stands = {"u": "user_task", "N": "message", "V": "user_task"}
    after = (message("note", "1"), all_of("V"), task_done("u", ok=1))
    return Move(flow("n", "v"), flow("N", "V"), mapping, stands, {"ok": 1}, (), (message("note", "1"),), after)


def boundary_escalation() -> Move:
    """The new version says which escalations are caught."""

    def flow(u: str, caught: str) -> Diagram:
        inner = Diagram("i").start("s2").user(u).throw("up", escalation("late")).end("e2").chain("s2", u, "up", "e2")
        diagram = Diagram("p").sub("sub", inner).boundary("esc", "sub", escalation(caught)).end("e3")
        return line(diagram.service("b", "t.name"), "sub").chain("esc", "b", "e3")

    stands = {"sub": "child", "U": "user_task", "esc": "attached"}
    return Move(flow("u", "other"), flow("U", "late"), {"u": "U"}, stands, {"r": "b"}, ("b",), (), (task_done(),))


def event_sub_process_for_errors() -> Move:
    old = line(Diagram("p").user("u").service("a", "t.refuse"), "u", "a")
    new = line(Diagram("p").user("u").service("a", "t.refuse").event_sub("h", reaction("h", "hs", error())), "u", "a")
    stands = {"u": "user_task", "hs": "attached"}
    return Move(old, new, {}, stands, {"port": "1/1/7", "b": "b"}, ("a", "b"), (), (task_done(),))


def condition() -> Move:
    """It is what the new version says, and it is looked at when it has moved."""
    old = line(Diagram("p").catch("w", conditional("=n > 9")), "w")
    new = line(Diagram("p").catch("W", conditional("=n > 3")).user("u"), "W", "u")
    stands = {"u": "user_task"}
    return Move(old, new, {"w": "W"}, stands, {"n": 5, "ok": 1}, (), (), (task_done(ok=1),), {"n": 5})


def receive_task() -> Move:
    old = line(Diagram("p").receive("r", "ready", '="1"'), "r")
    new = Diagram("p").receive("R", "other", '="1"', outputs={"port": "=n"}).boundary_timer("late", "R", "PT1H")
    new = line(new.end("e2"), "R").chain("late", "e2")
    stands = {"R": "message", "late": "timer"}
    return Move(old, new, {"r": "R"}, stands, {"port": 7}, (), (), (message("ready", "1", n=7),))


def inclusive_join() -> Move:
    """Two of three were taken, and one has come to the join."""

    def flow(g: str, j: str, u: str, *between: str) -> Diagram:
        diagram = Diagram("p").inclusive(g, default=f"{g}_c").inclusive(j).service("a", "t.quiet").user(u)
        diagram.service("c", "t.quiet").start("s").end("e").chain("s", g).chain(j, "e").flow(g, "a", "=n > 1")
        diagram.flow(g, u, "=n > 2").flow(g, "c").chain("a", j).chain("c", j).chain(u, *between, j)
        for each in between:
            diagram.service(each, "t.name")
        return diagram

    mapping: Given = {"g": "G", "j": "J", "u": "U"}
    stands = {"J": "join", "U": "user_task"}
    old, new = flow("g", "j", "u"), flow("G", "J", "U", "b")
    return Move(old, new, mapping, stands, {"n": 3, "r": "b"}, ("a", "b"), (), (task_done(),), {"n": 3})


# what is taken back


def undoable(name: str, step: str, out: str) -> Diagram:
    return Diagram(name).service(step, "t.undoable", {"serial": f'="{out}"'}, {out: "=ont_id"})


def handlers_undo() -> Move:
    """What was done under an old name, before a move, is taken back by the handler that did it, under its key."""
    old = line(undoable("p", "a", "x").user("u"), "a", "u")
    new = line(undoable("p", "A", "x").user("u").service("b", "t.name").throw("t", compensate("A")), "A", "u", "b", "t")
    expected = {"x": "ont-x", "r": "b"}
    visited = ("a", "b", "A")
    return Move(old, new, {"a": "A"}, {"u": "user_task"}, expected, visited, (), (task_done(),))


def drawn_undo() -> Move:
    def flow(a: str, back: str, *more: str) -> Diagram:
        diagram = Diagram("p").service(a, "t.quiet").service(back, "t.name", outputs={"back": "=r"}).undoes(a)
        diagram.user("u").throw("t", compensate())
        return line(diagram, a, "u", "t")

    mapping: Given = {"a": "A", "back": "BACK", "undo_a": "undo_A"}
    stands = {"u": "user_task"}
    return Move(
        flow("a", "back"), flow("A", "BACK"), mapping, stands, {"back": "BACK"}, ("a", "BACK"), (), (task_done(),)
    )


def undo_that_is_gone() -> Move:
    """What the new version does not know is not taken back."""
    old = Diagram("p").service("a", "t.quiet").service("back", "t.quiet").undoes("a")
    old.service("c", "t.undoable", {"serial": '="c"'}, {"c": "=ont_id"}).user("u")
    new = line(Diagram("p").service("a", "t.quiet").user("u").throw("t", compensate()), "a", "u", "t")
    return Move(line(old, "a", "c", "u"), new, {}, {"u": "user_task"}, {"c": "ont-c"}, ("a", "c"), (), (task_done(),))


def undo_inside() -> Move:
    """A sub-process that is done, under an old name, with what was done in it."""

    def flow(sub: str, a: str) -> Diagram:
        inner = undoable("i", a, "x").start("s2").end("e2").chain("s2", a, "e2")
        diagram = Diagram("p").sub(sub, inner).user("u").throw("t", compensate(sub))
        return line(diagram, sub, "u", "t")

    mapping: Given = {"sub": "SUB", "a": "A"}
    stands = {"u": "user_task"}
    old, new = flow("sub", "a"), flow("SUB", "A")
    return Move(old, new, mapping, stands, {"x": "ont-x"}, ("a", "A"), (), (task_done(),))


def transaction() -> Move:
    def flow(tx: str, a: str, u: str, over: str) -> Diagram:
        inside = undoable("x", a, "x").start("s2").user(u).end("e2", cancel()).chain("s2", a, u, "e2")
        diagram = Diagram("p").transaction(tx, inside).boundary(over, tx, cancel()).service("b", "t.name").end("e3")
        return line(diagram, tx).chain(over, "b", "e3")

    mapping: Given = {"tx": "TX", "a": "A", "u": "U", "over": "OVER"}
    stands = {"TX": "child", "U": "user_task", "OVER": "attached"}
    old, new = flow("tx", "a", "u", "over"), flow("TX", "A", "U", "OVER")
    expected = {"x": "ont-x", "r": "b"}
    return Move(old, new, mapping, stands, expected, ("a", "A", "b"), (), (task_done(),))


MOVES = {
    make.__name__: make
    for make in (
        event_gateway,
        event_gateway_all_anew,
        event_sub_processes,
        event_sub_process_new,
        event_sub_process_over_branches,
        event_sub_process_that_runs,
        event_sub_process_beside,
        boundary_that_comes_to_interrupt,
        boundary_message_beside,
        boundary_escalation,
        event_sub_process_for_errors,
        condition,
        receive_task,
        inclusive_join,
        handlers_undo,
        drawn_undo,
        undo_that_is_gone,
        undo_inside,
        transaction,
    )
}


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_an_instance_with_events_goes_on_in_the_new_version(bench: Bench, name: str, crashes: bool) -> None:
    play_move(bench, MOVES[name](), bench.restart if crashes else None)


def test_work_is_taken_back_after_two_moves(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        diagram = line(undoable("p", name, "x").user("u").throw("t", compensate(name)), name, "u", "t")
        if name == "a":
            bench.deploy(diagram)
            instance_id = bench.start("p")
            bench.run(instance_id)
        else:
            bench.deploy(diagram)
            mapping: Given = {"a": "b"} if name == "b" else {"b": "c"}
            Mover(bench).move(instance_id, mapping)
    bench.complete(instance_id)
    bench.run(instance_id)
    assert [(step.element_id, step.undoes is not None) for step in bench.calls] == [("a", False), ("c", True)]
    assert bench.calls[1].key == f"{bench.calls[0].key}!undo"
    with bench.database.reading() as connection:
        names = set(connection.execute(sa.select(token.c.element_id).where(token.c.open == 0)).scalars())
    assert {"a", "c"} <= names, "what is done keeps its name"


def test_what_listens_for_errors_says_for_which(bench: Bench) -> None:
    for caught in ("one", "other"):
        diagram = Diagram("p").user("u").boundary_error("err", "u", caught).end("e2").chain("err", "e2")
        bench.deploy(line(diagram, "u"))
        if caught == "one":
            instance_id = bench.start("p")
            bench.run(instance_id)
    Mover(bench).move(instance_id)
    assert {token.name for token in bench.tokens(instance_id) if token.kind == "attached"} == {"other"}


def test_a_listener_that_is_kept_is_no_stall(bench: Bench) -> None:
    move = event_sub_processes()
    bench.deploy(move.old)
    instance_id = bench.start("p", order="o-1")
    bench.run(instance_id)
    bench.deploy(move.new)
    Mover(bench).move(instance_id, move.mapping)
    bench.advance(instance_id)
    with bench.database.reading() as connection:
        assert watchdog.find_stalled(connection, bench.clock.now()) == []


def test_a_message_that_has_come_is_taken_before_the_move(bench: Bench) -> None:
    """By the event that it came for, which the new version does not have."""
    old = Diagram("p").user("u").boundary("n", "u", on_message("note", '="1"'), interrupting=False).end("e2")
    bench.deploy(line(old.user("v").chain("n", "v", "e2"), "u"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.publish("note", "1", seen=7)
    bench.deploy(line(Diagram("p").user("u").user("v"), "u", "v"))
    Mover(bench).move(instance_id, {})
    tokens = [(token.element_id, token.kind) for token in bench.tokens(instance_id)]
    assert tokens == [("u", "user_task"), ("v", "user_task")]
    bench.complete(instance_id, element="u")
    assert bench.variables(instance_id) == {"seen": 7}


def test_an_event_that_is_new_finds_what_lies_in_the_inbox(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u"), "u"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.publish("early", "1", port=7)
    new = Diagram("p").user("u").boundary("n", "u", on_message("early", '="1"')).service("b", "t.name").end("e2")
    bench.deploy(line(new, "u").chain("n", "b", "e2"))
    Mover(bench).move(instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"port": 7, "r": "b"}


def test_a_message_published_after_the_move_reaches_the_event_under_its_new_name(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").message("w", "ready", '="1"'), "w"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").message("W", "ready", '="1"').user("u"), "W", "u"))
    Mover(bench).move(instance_id, {"w": "W"})
    assert bench.publish("ready", "1", port=7).recipients == [instance_id]
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    assert bench.variables(instance_id) == {"port": 7}


def started_by(name: str, element: str, *, none: bool = False) -> Diagram:
    diagram = Diagram("p").start(element, on_message(name)).user("u").end("e").chain(element, "u", "e")
    return diagram.start("s").flow("s", "u") if none else diagram


def test_an_instance_that_a_message_started_begins_under_the_new_name(bench: Bench) -> None:
    bench.deploy(started_by("order", "m"))
    (instance_id,) = bench.publish("order", "o-1", n=1).started
    bench.deploy(started_by("order", "M"))
    mover = Mover(bench)
    assert mover.blocked(instance_id) == [("no_counterpart", "m")]
    mover.move(instance_id, {"m": "M"})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    assert bench.variables(instance_id) == {"n": 1}


def test_an_instance_whose_time_has_come_begins_under_the_new_name(bench: Bench) -> None:
    for name in ("t", "T"):
        diagram = Diagram("p").start(name, timer("2026-03-02T13:00:00Z", "timeDate")).user(f"u_{name}").end("e")
        bench.deploy(diagram.chain(name, f"u_{name}", "e"))
        if name == "t":
            bench.clock.advance(timedelta(hours=1))
            with bench.database.transaction() as tx:
                (instance_id,) = bench.engine.start_due(tx)
    mover = Mover(bench)
    assert mover.blocked(instance_id) == [("no_counterpart", "t")]
    mover.move(instance_id, {"t": "T"})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u_T": "user_task"}


def test_an_instance_that_waits_to_begin_needs_a_start_event_without_a_trigger(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u"), "u"))
    instance_id = bench.start("p")
    bench.deploy(started_by("order", "m"))
    assert Mover(bench).blocked(instance_id) == [("no_counterpart", "s")]
    bench.run(instance_id)
    Mover(bench).move(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}


def test_a_migration_that_brings_an_instance_to_its_end_tells_whoever_waits_for_that(bench: Bench) -> None:
    """The next message of its key may start the next instance."""

    def flow(condition: str) -> Diagram:
        diagram = Diagram("p").start("m", on_message("order")).catch("w", conditional(condition)).end("e")
        return diagram.chain("m", "w", "e")

    bench.deploy(flow("=n > 9"))
    (first,) = bench.publish("order", "o-1", n=5).started
    bench.run(first)
    assert bench.publish("order", "o-1", n=6).started == []
    bench.deploy(flow("=n > 3"))
    bench.wakeups.woken.clear()
    Mover(bench).move(first)
    assert bench.state(first) == "completed"
    (second,) = set(bench.wakeups.woken) - {first}
    bench.run(second)
    assert bench.variables(second) == {"n": 6}


# operators' other moves


def test_a_suspended_instance_moves_and_stays_suspended(bench: Bench) -> None:
    """What is on its way to it finds its event under the new name, once it is resumed; new times begin then."""
    bench.deploy(line(Diagram("p").user("u").boundary("n", "u", on_message("note", '="1"'), interrupting=False)
                      .user("v").end("e2").chain("n", "v", "e2"), "u"))  # fmt: skip
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    bench.publish("note", "1", seen=7)
    new = Diagram("p").user("u").boundary("N", "u", on_message("note", '="1"'), interrupting=False).user("V").end("e2")
    new = line(new.boundary_timer("late", "u", "PT1H").end("e3").service("b", "t.name"), "u")
    bench.deploy(new.chain("N", "V", "e2").chain("late", "b", "e3"))
    Mover(bench).move(instance_id, {"n": "N", "v": "V"})
    assert bench.state(instance_id) == "suspended"
    bench.clock.advance(timedelta(hours=2))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "N": "message", "late": "timer"}
    bench.operate("resume", instance_id)
    bench.restart()
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"V": "user_task"}
    assert bench.variables(instance_id) == {"seen": 7, "r": "b"}


def test_after_a_move_a_token_is_rewound_within_the_new_version(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.name").user("u"), "a", "u"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").service("a", "t.name").user("U").user("v"), "a", "U", "v"))
    Mover(bench).move(instance_id, {"u": "U"})
    bench.complete(instance_id)
    bench.operate("rewind", instance_id, "U")
    assert bench.standing(instance_id) == {"U": "user_task"}
    bench.operate("rewind", instance_id, "a")
    bench.run(instance_id)
    assert [step.element_id for step in bench.calls] == ["a", "a"]
    assert len({step.key for step in bench.calls}) == 2
    with bench.database.reading() as connection:
        (why,) = bench.operators.rewind_plan(connection, instance_id, "u").refusals
    assert "'u'" in why, "the new version does not know it"


def test_what_has_come_to_a_suspended_instance_finds_a_renamed_event_in_each_round_of_its_loop(bench: Bench) -> None:
    def flow(caught: str) -> Diagram:
        diagram = Diagram("p").start("s").end("e").xor("m").xor("g", default="out").catch(caught, signal("go"))
        diagram.chain("s", "m", caught, "g").flow("g", "m", "=n < 2")
        return diagram.flow("g", "e", id="out")

    instance_id = bench.start(flow("w"), n=0)
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    for n in (1, 2):
        bench.broadcast("go", n=n)
    bench.deploy(flow("W"))
    Mover(bench).move(instance_id, {"w": "W"})
    bench.operate("resume", instance_id)
    bench.run(instance_id)
    assert (bench.state(instance_id), bench.variables(instance_id)) == ("completed", {"n": 2})
