"""Activities done for each item, and called processes, while their instance moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.engine import queries
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Move, Mover, play_move
from tests.factories.pushes import later, line, task_done
from tests.factories.triggers import compensate

Given = dict[str, str | None]


def answer(**variables: Any) -> Any:
    """Completes the user task that has waited longest."""

    def complete(bench: Bench, instance_id: str) -> None:
        first = min((each for each in bench.tokens(instance_id) if each.kind == "user_task"), key=lambda t: t.number)
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{first.number}", variables, "ann")

    return complete


def tasks_at_once() -> Move:
    """One of three is done; the new version adds a time to all of them together."""

    def flow(u: str) -> Diagram:
        return Diagram("p").user(u, outputs={"out": "=ok"}).each("=list", "item", collect=("got", "=out"))

    old = line(flow("u"), "u")
    new = line(flow("U").boundary_timer("late", "U", "PT1H").end("e2").service("b", "t.name"), "U", "b")
    after = (answer(ok=2), answer(ok=3))
    expected = {"list": [1, 2, 3], "got": [1, 2, 3], "r": "b"}
    stands = {"U": "user_task", "late": "timer"}
    return Move(
        old, new.chain("late", "e2"), {"u": "U"}, stands, expected, ("b",), (answer(ok=1),), after, {"list": [1, 2, 3]}
    )


def tasks_at_once_out_of_time() -> Move:
    def flow(u: str) -> Diagram:
        return Diagram("p").user(u).each("=list", "item")

    new = line(flow("U").boundary_timer("late", "U", "PT1H").end("e2").service("b", "t.name"), "U")
    new.chain("late", "b", "e2")
    stands = {"U": "user_task", "late": "timer"}
    expected = {"list": [1, 2], "r": "b"}
    variables = {"list": [1, 2]}
    return Move(line(flow("u"), "u"), new, {"u": "U"}, stands, expected, ("b",), (), (later(3600),), variables)


def sub_process_in_turn() -> Move:
    """The second of three is at work; it and the third go on by the new version."""

    def flow(sub: str, u: str, *more: str) -> Diagram:
        inner = Diagram("i").start("s2").user(u).end("e2").chain("s2", u, *more, "e2")
        for each in more:
            inner.service(each, "t.echo", {"x": "=item * 10"}, {"out": "=r"})
        diagram = Diagram("p").sub(sub, inner, inputs={"out": "=item"})
        return line(diagram.each("=list", "item", collect=("got", "=out"), sequential=True), sub)

    mapping: Given = {"sub": "SUB", "u": "U"}
    stands = {"SUB": "child", "U": "user_task"}
    expected = {"list": [1, 2, 3], "got": [1, 20, 30]}
    old, new = flow("sub", "u"), flow("SUB", "U", "b")
    visited, after = ("b", "b"), (answer(), answer())
    return Move(old, new, mapping, stands, expected, visited, (answer(),), after, {"list": [1, 2, 3]})


def steps_that_are_tried_again() -> Move:
    def flow(a: str) -> Diagram:
        diagram = Diagram("p").service(a, "t.flaky", {"failures": "=item"}, {"out": "=r"})
        return line(diagram.each("=list", "item", collect=("got", "=out")), a)

    expected = {"list": [1, 1], "got": ["at last", "at last"]}
    visited = ("a", "a", "A", "A")
    return Move(flow("a"), flow("A"), {"a": "A"}, {"A": "retry"}, expected, visited, (), (later(10),), {"list": [1, 1]})


MOVES = {
    make.__name__: make
    for make in (tasks_at_once, tasks_at_once_out_of_time, sub_process_in_turn, steps_that_are_tried_again)
}


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_an_instance_with_loops_goes_on_in_the_new_version(bench: Bench, name: str, crashes: bool) -> None:
    play_move(bench, MOVES[name](), bench.restart if crashes else None)


def called(step: str = "u") -> Diagram:
    """It calls its elements as its caller calls some of its own, splits into branches, and loops."""
    inside = Diagram("called").script("init", "=0", "i").xor("m").parallel("f").parallel("j").user(step).user("v")
    inside.script("inc", "=i + 1", "i").xor("g", default="out").start("s").end("e").service("a", "t.name")
    inside.chain("s", "init", "m", "f", step, "j", "a", "inc", "g").chain("f", "v", "j").flow("g", "m", "=i < 2")
    return inside.flow("g", "e", id="out")


def caller(c: str, u: str, f: str, j: str) -> Diagram:
    diagram = Diagram("p").parallel(f).parallel(j).call(c, "called", inputs={"x": "=1"}, outputs={"i": "=i"}).user(u)
    return line(diagram.chain(f, c, j).chain(f, u, j), f).chain(j, "e")


@pytest.mark.parametrize("crashes", [False, True])
def test_a_called_process_stays_on_its_version_and_keeps_its_names(bench: Bench, crashes: bool) -> None:
    between = bench.restart if crashes else None
    bench.deploy(called())
    bench.deploy(caller("c", "u", "f", "j"))
    instance_id = bench.start("p")
    bench.run(instance_id, between)
    bench.deploy(called("other"))
    bench.deploy(caller("C", "U", "F", "J"))
    mover = Mover(bench)
    mapping: Given = {"c": "C", "u": "U", "f": "F", "j": "J", "f_c": "F_C"}
    mover.move(instance_id, mapping)
    assert bench.standing(instance_id) == {"C": "child", "U": "user_task", "u": "user_task", "v": "user_task"}
    for element in ("u", "v", "U", "u", "v"):
        task_done(element)(bench, instance_id)
        bench.run(instance_id, between)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    assert bench.variables(instance_id) == {"i": 2}
    keys = [step.key for step in bench.calls]
    assert [step.element_id for step in bench.calls] == ["a", "a"]
    assert len(set(keys)) == 2


def test_a_handler_that_runs_in_a_called_process_stands_in_the_way(bench: Bench) -> None:
    bench.deploy(line(Diagram("called").service("a", "t.name"), "a"))
    bench.deploy(line(Diagram("p").call("c", "called"), "c"))
    instance_id = bench.start("p")
    bench.advance(instance_id)
    bench.deploy(line(Diagram("p").call("c", "called").user("u"), "c", "u"))
    assert Mover(bench).blocked(instance_id) == [("running", "a")]


def test_a_scope_of_a_called_process_keeps_the_names_of_that_process(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("v").end("e2").chain("s2", "v", "e2")
    bench.deploy(line(Diagram("called").sub("x", inner, inputs={"n": "=1"}), "x"))
    bench.deploy(line(Diagram("p").service("x", "t.quiet").call("c", "called"), "x", "c"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").service("X", "t.quiet").call("C", "called"), "X", "C"))
    Mover(bench).move(instance_id, {"x": "X", "c": "C"})
    with bench.database.reading() as connection:
        assert [(row.scope, row.name) for row in queries.variables(connection, instance_id)] == [("/!C#1/x#1", "n")]
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"


def test_what_a_called_process_has_done_is_taken_back_under_its_own_names(bench: Bench) -> None:
    inside = Diagram("called").service("a", "t.undoable", {"serial": '="X"'}).user("u").throw("t", compensate("a"))
    bench.deploy(line(inside, "a", "u", "t"))
    bench.deploy(line(Diagram("p").service("a", "t.quiet").call("c", "called"), "a", "c"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").service("A", "t.quiet").call("c", "called"), "A", "c"))
    Mover(bench).move(instance_id, {"a": "A"})
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert [(step.element_id, step.undoes is not None) for step in bench.calls] == [
        ("a", False),
        ("a", False),
        ("a", True),
    ]


@pytest.mark.parametrize("inside", ["user_task", "incident"])
def test_a_call_made_for_each_item_moves_with_what_it_has_called(bench: Bench, inside: str) -> None:
    step = Diagram("called").user("u") if inside == "user_task" else Diagram("called").service("u", "t.refuse")
    bench.deploy(line(step, "u"))
    for c in ("c", "C"):
        diagram = (
            Diagram("p").call(c, "called", outputs={"out": "=item"}).each("=list", "item", collect=("got", "=out"))
        )
        bench.deploy(line(diagram, c))
        if c == "c":
            instance_id = bench.start("p", list=[1, 2])
            bench.run(instance_id)
    Mover(bench).move(instance_id, {"c": "C"})
    bench.restart()
    assert bench.standing(instance_id) == {"C": "child", "u": inside}
    for incident in bench.incidents(instance_id):
        with bench.database.transaction() as tx:
            bench.operators.skip(tx, incident.id, {}, "olga", "because")
    while inside == "user_task" and bench.tokens(instance_id):
        answer()(bench, instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"list": [1, 2], "got": [1, 2]}


def test_a_call_whose_outputs_could_not_be_written_moves_with_what_it_brought(bench: Bench) -> None:
    """The called process is over; its variables wait for an operator."""
    bench.deploy(line(Diagram("called").service("a", "t.name"), "a"))

    def flow(c: str) -> Diagram:
        diagram = Diagram("p").parallel("f").parallel("j").service("x", "t.name", outputs={"r": "=r"})
        diagram.call(c, "called", outputs={"r": "=r"}).user("u").chain("f", "x", "j").chain("f", c, "j")
        return line(diagram.chain("j", "u", "e"), "f")

    bench.deploy(flow("c"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"c": "incident", "j": "join"}
    bench.deploy(flow("C"))
    Mover(bench).move(instance_id, {"c": "C", "c_j": "C_j"})
    bench.restart()
    bench.act("choose", instance_id, "new")
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"r": "a"}


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (lambda diagram: diagram, "for each item of a list in only one"),
        (lambda diagram: diagram.each("=list", sequential=True), "in turn in one version, at once in the other"),
    ],
)
def test_a_loop_of_another_kind_is_no_counterpart(bench: Bench, new: Callable[[Diagram], Diagram], why: str) -> None:
    bench.deploy(line(Diagram("p").user("u").each("=list"), "u"))
    instance_id = bench.start("p", list=[1])
    bench.run(instance_id)
    bench.deploy(line(new(Diagram("p").user("u")), "u"))
    verdict = Mover(bench).check(instance_id)
    assert {each.code for each in verdict.obstacles} == {"no_counterpart"}
    assert why in verdict.obstacles[0].message
