"""Open instances move to another version: for each kind of token, with new ids and steps put in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.engine import watchdog
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Move, Mover, play_move
from tests.factories.pushes import Push, later, line, message, task_done


def act(name: str, *arguments: Any) -> Push:
    return lambda bench, instance_id: bench.act(name, instance_id, *arguments)


def service_retrying() -> Move:
    old = line(Diagram("p").service("a", "t.flaky", inputs={"failures": "=1"}), "a")
    new = Diagram("p").service("a2", "t.flaky", inputs={"failures": "=9"}).service("b", "t.name", outputs={"b": "=r"})
    expected = {"r": "at last", "b": "b"}
    return Move(old, line(new, "a2", "b"), {"a": "a2"}, {"a2": "retry"}, expected, ("a", "a2", "b"), (), (later(10),))


def service_called_back() -> Move:
    old = line(Diagram("p").service("a", "t.call_back"), "a")
    new = line(
        Diagram("p").service("a2", "t.call_back", inputs={"order": '="other"'}).service("b", "t.name"), "a2", "b"
    )
    came = (message("accepted", "1", port=7),)
    return Move(old, new, {"a": "a2"}, {"a2": "callback"}, {"port": 7, "r": "b"}, ("a", "b"), (), came)


def user_task() -> Move:
    old = line(Diagram("p").user("u"), "u")
    new = line(Diagram("p").user("u2", outputs={"y": "=level"}).service("b", "t.echo", {"x": "=y + 1"}), "u2", "b")
    return Move(old, new, {"u": "u2"}, {"u2": "user_task"}, {"y": 3, "r": 4}, ("b",), (), (task_done(level=3),))


def message_catch() -> Move:
    """The wait keeps its name and its key, and does what the new version says when it comes."""
    old = line(Diagram("p").message("w", "ready", "=order"), "w")
    new = Diagram("p").message("w2", "other", '="none"', outputs={"port": "=n"}).service("b", "t.name")
    came = (message("ready", "o-1", n=7),)
    expected = {"order": "o-1", "port": 7, "r": "b"}
    stands = {"w2": "message"}
    return Move(old, line(new, "w2", "b"), {"w": "w2"}, stands, expected, ("b",), (), came, {"order": "o-1"})


def timer() -> Move:
    """It falls due when it was to, not when the new version would have it."""
    old = line(Diagram("p").timer("w", "PT1H"), "w")
    new = line(Diagram("p").timer("w2", "P9D").service("b", "t.name"), "w2", "b")
    return Move(old, new, {"w": "w2"}, {"w2": "timer"}, {"r": "b"}, ("b",), (later(1800),), (later(1800),))


def sub_process() -> Move:
    inner = Diagram("i").start("s2").service("i1", "t.echo", {"x": "=loc"}, {"loc": "=r * 10"}).user("i2").end("e2")
    old = Diagram("p").sub("sub", inner.chain("s2", "i1", "i2", "e2"), inputs={"loc": "=n"})
    inner = Diagram("i").start("s3").user("i3").service("i4", "t.echo", {"x": "=loc + 1"}, {"loc": "=r"}).end("e3")
    new = (
        Diagram("p").sub("prove", inner.chain("s3", "i3", "i4", "e3"), outputs={"back": "=loc"}).service("b", "t.name")
    )
    return Move(
        line(old, "sub"),
        line(new, "prove", "b"),
        {"sub": "prove", "i2": "i3"},
        {"prove": "child", "i3": "user_task"},
        {"n": 2, "ok": True, "back": 21, "r": "b"},
        ("i1", "i4", "b"),
        after=(task_done(ok=True),),
        variables={"n": 2},
    )


def nested_sub_processes() -> Move:
    """A step with a scope of its own, in sub-processes with variables of theirs."""

    def nested(step: str, outer: str, middle: str, then: str) -> Diagram:
        innermost = Diagram("i").start("s3").end("e3").user(step, inputs={"three": "=two + 1"}, outputs={"r": "=three"})
        second = (
            Diagram("m")
            .start("s2")
            .end("e2")
            .sub(middle, innermost.chain("s3", step, "e3"), inputs={"two": "=one + 1"})
        )
        first = Diagram("p").sub(outer, second.chain("s2", middle, "e2"), inputs={"one": "=zero + 1"})
        return line(first.service("b", "t.echo", {"x": then}), outer, "b")

    mapping: dict[str, str | None] = {"a": "A", "x": "X", "y": "Y"}
    stands = {"A": "user_task", "X": "child", "Y": "child"}
    old, new = nested("a", "x", "y", "=0"), nested("A", "X", "Y", "=r * 2")
    return Move(old, new, mapping, stands, {"zero": 0, "r": 6}, ("b",), (), (task_done(),), {"zero": 0})


def join_with_an_arrival() -> Move:
    """A step is put in after the one that has arrived: it is not done, as all that comes before it."""
    old = Diagram("p").parallel("f").parallel("j").service("a", "t.name", outputs={"a": "=r"}).user("u")
    old = line(old.chain("f", "a", "j").chain("f", "u", "j"), "f").chain("j", "e")
    new = Diagram("p").parallel("f2").parallel("j2").service("a", "t.name").service("c", "t.name").user("u2")
    new.service("b", "t.name", outputs={"b": "=r"}).chain("f2", "a", "c", "j2").chain("f2", "u2", "j2")
    new = line(new, "f2").chain("j2", "b", "e")
    mapping: dict[str, str | None] = {"f": "f2", "j": "j2", "u": "u2", "a_j": "c_j2"}
    stands = {"j2": "join", "u2": "user_task"}
    return Move(old, new, mapping, stands, {"a": "a", "b": "b", "ok": 1}, ("a", "b"), (), (task_done(ok=1),))


def branches_that_write() -> Move:
    """What the branches have written, and may not write over, is known by the new names too."""
    old = Diagram("p").parallel("f").parallel("j").service("a", "t.name", outputs={"port": "=r"}).user("u")
    old = line(old.chain("f", "a", "j").chain("f", "u", "j"), "f").chain("j", "e")
    new = Diagram("p").parallel("f2").parallel("j2").service("a2", "t.name", outputs={"port": "=r"}).user("u2")
    new.service("c", "t.name", outputs={"port": "=r"}).chain("f2", "a2", "j2").chain("f2", "u2", "c", "j2")
    new = line(new, "f2").chain("j2", "e")
    mapping: dict[str, str | None] = {"f": "f2", "j": "j2", "u": "u2", "a": "a2"}
    stands = {"j2": "join", "u2": "user_task"}
    after = (task_done(), act("choose", "new"))
    return Move(old, new, mapping, stands, {"port": "c"}, ("a", "c"), (), after)


def a_branch_that_writes_twice() -> Move:
    """It is no rival of its own."""

    def flow(f: str, j: str, u: str) -> Diagram:
        diagram = (
            Diagram("p").parallel(f).parallel(j).script("x", "=1", "n").user(u).script("y", "=n + 1", "n").user("v")
        )
        return line(diagram.chain(f, "x", u, "y", j).chain(f, "v", j), f).chain(j, "e")

    mapping: dict[str, str | None] = {"f": "F", "j": "J", "u": "U"}
    stands = {"U": "user_task", "v": "user_task"}
    after = (task_done("U"), task_done("v"))
    return Move(flow("f", "j", "u"), flow("F", "J", "U"), mapping, stands, {"n": 2}, (), (), after)


def boundary_timer_kept() -> Move:
    old = line(Diagram("p").user("u").boundary_timer("late", "u", "PT1H").end("e2"), "u").chain("late", "e2")
    new = Diagram("p").user("u2").boundary_timer("late2", "u2", "P9D").service("b", "t.name").end("e2")
    new = line(new, "u2").chain("late2", "b", "e2")
    stands = {"u2": "user_task", "late2": "timer"}
    mapping: dict[str, str | None] = {"u": "u2", "late": "late2"}
    return Move(old, new, mapping, stands, {"r": "b"}, ("b",), (later(1800),), (later(1800),))


def boundary_timer_set_anew() -> Move:
    """Given no counterpart, it stops; the new version's begins now."""
    old = line(Diagram("p").user("u").boundary_timer("late", "u", "PT1H").end("e2"), "u").chain("late", "e2")
    new = Diagram("p").user("u").boundary_timer("late", "u", "PT2H").service("b", "t.name").end("e2")
    new = line(new, "u").chain("late", "b", "e2")
    stands = {"u": "user_task", "late": "timer"}
    after = (later(3600), later(3600))
    return Move(old, new, {"late": None}, stands, {"r": "b"}, ("b",), (later(1800),), after)


def boundary_timer_added() -> Move:
    """Beside a branch of the same split: it ends its own activity and nothing else."""
    old = Diagram("p").parallel("f").parallel("j").user("u").user("v").chain("f", "u", "j").chain("f", "v", "j")
    old = line(old, "f").chain("j", "e")
    new = Diagram("p").parallel("f").parallel("j").user("u").user("v").boundary_timer("late", "u", "PT1H").xor("m")
    new.service("b", "t.name").chain("f", "u", "m", "j").chain("f", "v", "j").chain("late", "b", "m")
    new = line(new, "f").chain("j", "e")
    stands = {"u": "user_task", "v": "user_task", "late": "timer"}
    return Move(old, new, {}, stands, {"r": "b", "ok": 1}, ("b",), (), (later(3600), task_done(ok=1)))


def boundary_timer_removed() -> Move:
    old = line(Diagram("p").user("u").boundary_timer("late", "u", "PT1H").end("e2"), "u").chain("late", "e2")
    new = line(Diagram("p").user("u").service("b", "t.name"), "u", "b")
    return Move(old, new, {}, {"u": "user_task"}, {"r": "b"}, ("b",), (), (later(7200), task_done()))


def boundary_timer_beside_has_fired() -> Move:
    """A reminder that has come does not come again; the step it led to goes on beside."""

    def flow(late: str, reminder: str) -> Diagram:
        diagram = Diagram("p").user("u").boundary_timer(late, "u", "PT1H", interrupting=False).end("e2")
        diagram.user(reminder).service("b", "t.name", outputs={"b": "=r"})
        return line(diagram, "u", "b").chain(late, reminder, "e2")

    def reminded(bench: Bench, instance_id: str) -> None:
        (task,) = [each for each in bench.tokens(instance_id) if each.element_id == "R"]
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{task.number}", {"seen": 1}, "ann")

    mapping: dict[str, str | None] = {"late": "LATE", "r": "R"}
    after = (later(7200), reminded, task_done(ok=1))
    stands = {"u": "user_task", "R": "user_task"}
    expected = {"seen": 1, "ok": 1, "b": "b"}
    return Move(flow("late", "r"), flow("LATE", "R"), mapping, stands, expected, ("b",), (later(3600),), after)


def boundary_error() -> Move:
    """The new version says which errors are caught."""
    old = line(Diagram("p").service("a", "t.flaky", {"failures": "=1"}).boundary_error("err", "a", "x").end("e2"), "a")
    new = Diagram("p").service("a2", "t.flaky").boundary_error("err2", "a2", "port_taken").boundary_error("any", "a2")
    new.service("b", "t.name").end("e2").end("e3").service("c", "t.refuse").boundary_error("err3", "c").xor("m")
    new = line(new, "a2", "c").chain("err2", "e2").chain("any", "e3").chain("err3", "b", "m", "e2")
    mapping: dict[str, str | None] = {"a": "a2", "err": "err2"}
    stands = {"a2": "retry", "err2": "attached", "any": "attached"}
    expected = {"r": "b", "port": "1/1/7"}
    return Move(old.chain("err", "e2"), new, mapping, stands, expected, ("a", "a2", "c", "b"), (), (later(10),))


def incident_of_a_refused_step() -> Move:
    """It stays open and is retried under its key; the new version catches what the old one did not."""
    old = line(Diagram("p").service("a", "t.refuse"), "a")
    new = Diagram("p").service("a2", "t.refuse").boundary_error("err", "a2").service("b", "t.name").end("e2")
    new = line(new, "a2").chain("err", "b", "e2")
    stands = {"a2": "incident", "err": "attached"}
    expected = {"port": "1/1/7", "r": "b"}
    return Move(old, new, {"a": "a2"}, stands, expected, ("a", "a2", "b"), (), (act("retry"),))


def incident_of_a_gateway() -> Move:
    """The condition that could not be right is corrected in the new version."""
    old = Diagram("p").xor("g").service("b", "t.name").start("s").end("e").chain("s", "g").flow("g", "b", "=n > 5")
    new = Diagram("p").xor("g2", default="no").service("b", "t.name").service("c", "t.name").start("s").end("e")
    new.chain("s", "g2").flow("g2", "b", "=n > 5").flow("g2", "c", id="no").chain("b", "e").chain("c", "e")
    stands = {"g2": "incident"}
    return Move(
        old.chain("b", "e"), new, {"g": "g2"}, stands, {"n": 1, "r": "c"}, ("c",), (), (act("retry"),), {"n": 1}
    )


def incident_of_an_input() -> Move:
    old = line(Diagram("p").service("a", "t.echo", {"x": "=for i in 1..10000000 return i"}), "a")
    new = line(Diagram("p").service("a2", "t.echo", {"x": "=7"}), "a2")
    return Move(old, new, {"a": "a2"}, {"a2": "incident"}, {"r": 7}, ("a2",), (), (act("retry"),))


def a_loop_put_around() -> Move:
    """Visits that the old version did not count are counted from where the token stands."""
    old = line(Diagram("p").script("init", "=0", "i").user("u", inputs={"n": "=i"}), "init", "u")
    new = Diagram("p").script("init", "=0", "i").xor("m").user("u", inputs={"n": "=i"}).script("inc", "=i + 1", "i")
    new.start("s").end("e").xor("g", default="out").service("a", "t.name").chain("s", "init", "m", "u", "a", "inc", "g")
    new.flow("g", "m", "=i < 3").flow("g", "e", id="out")
    after = (task_done(), task_done(), task_done())
    return Move(old, new, {}, {"u": "user_task"}, {"i": 3, "r": "a"}, ("a", "a", "a"), (), after)


def a_loop_gone_on_with() -> Move:
    def flow(u: str, a: str, rounds: int) -> Diagram:
        diagram = (
            Diagram("p").script("init", "=0", "i").xor("m").user(u).service(a, "t.name").script("inc", "=i + 1", "i")
        )
        diagram.start("s").end("e").xor("g", default="out").chain("s", "init", "m", u, a, "inc", "g")
        return diagram.flow("g", "m", f"=i < {rounds}").flow("g", "e", id="out")

    mapping: dict[str, str | None] = {"u": "U", "a": "A"}
    after = (task_done(), task_done())
    before = (task_done(), task_done())
    expected = {"i": 4, "r": "A"}
    visited = ("a", "a", "A", "A")
    return Move(flow("u", "a", 9), flow("U", "A", 4), mapping, {"U": "user_task"}, expected, visited, before, after)


def what_was_done_comes_again() -> Move:
    """The new version has a step later that the old one had before: it is work of its own, under a key of its own."""
    old = line(Diagram("p").service("a", "t.name").user("u"), "a", "u")
    new = line(Diagram("p").service("a", "t.name").user("u"), "u", "a")
    return Move(old, new, {}, {"u": "user_task"}, {"r": "a"}, ("a", "a"), (), (task_done(),))


def ids_that_change_places() -> Move:
    inner = Diagram("i").start("s2").end("e2").user("u", inputs={"one": "=1"}).chain("s2", "u", "e2")
    old = Diagram("p").parallel("f").parallel("j").sub("x", inner, inputs={"v": '="of x"'})
    other = Diagram("i").start("s3").end("e3").user("w", inputs={"two": "=2"}).chain("s3", "w", "e3")
    old.sub("y", other, inputs={"v": '="of y"'}).chain("f", "x", "j").chain("f", "y", "j")
    old = line(old, "f").chain("j", "e")
    inner = Diagram("i").start("s2").end("e2").user("w").chain("s2", "w", "e2")
    new = Diagram("p").parallel("f").parallel("j").sub("x", inner, outputs={"x": "=v"})
    other = Diagram("i").start("s3").end("e3").user("u").chain("s3", "u", "e3")
    new.sub("y", other, outputs={"y": "=v"}).chain("f", "x", "j").chain("f", "y", "j")
    new = line(new, "f").chain("j", "e")

    def both(bench: Bench, instance_id: str) -> None:
        for task in [each for each in bench.tokens(instance_id) if each.kind == "user_task"]:
            with bench.database.transaction() as tx:
                bench.engine.complete_task(tx, f"{instance_id}:{task.number}", {}, "ann")

    mapping: dict[str, str | None] = {"x": "y", "y": "x", "u": "u", "w": "w"}
    stands = {"x": "child", "y": "child", "u": "user_task", "w": "user_task"}
    return Move(old, new, mapping, stands, {"y": "of x", "x": "of y"}, (), (), (both,))


MOVES = {
    make.__name__: make
    for make in (
        service_retrying,
        service_called_back,
        user_task,
        message_catch,
        timer,
        sub_process,
        nested_sub_processes,
        join_with_an_arrival,
        branches_that_write,
        a_branch_that_writes_twice,
        boundary_timer_kept,
        boundary_timer_set_anew,
        boundary_timer_added,
        boundary_timer_removed,
        boundary_timer_beside_has_fired,
        boundary_error,
        incident_of_a_refused_step,
        incident_of_a_gateway,
        incident_of_an_input,
        a_loop_put_around,
        a_loop_gone_on_with,
        what_was_done_comes_again,
        ids_that_change_places,
    )
}


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_an_instance_that_moved_goes_on_in_the_new_version(bench: Bench, name: str, crashes: bool) -> None:
    play_move(bench, MOVES[name](), bench.restart if crashes else None)


def test_the_history_says_who_moved_it_why_and_how(bench: Bench) -> None:
    move = user_task()
    bench.deploy(move.old)
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(move.new)
    Mover(bench).move(instance_id, move.mapping)
    (moved,) = [row for row in bench.history(instance_id) if row.kind == "migrated"]
    assert moved.actor == "olga"
    assert moved.detail == {"from_version": 1, "to_version": 2, "reason": "v1 is wrong", "mapping": {"u": "u2"}}
    assert instance_id in bench.wakeups.woken


def test_a_task_that_somebody_took_stays_theirs_and_what_is_done_keeps_its_name(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.name").user("u"), "a", "u"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    with bench.database.transaction() as tx:
        bench.engine.claim_task(tx, bench.task(instance_id), "ann")
    bench.deploy(line(Diagram("p").user("u2"), "u2"))
    Mover(bench).move(instance_id, {"u": "u2"})
    (task,) = bench.tokens(instance_id)
    assert (task.element_id, task.claimed_by) == ("u2", "ann")
    ended = {row.element_id for row in bench.history(instance_id) if row.kind == "completed"}
    assert ended == {"s", "a"}


def test_an_open_incident_moves_with_its_token_and_knows_the_same_failure_again(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.refuse"), "a"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").service("a2", "t.refuse", name="The same"), "a2"))
    Mover(bench).move(instance_id, {"a": "a2"})
    (incident,) = bench.incidents(instance_id)
    assert (incident.element_id, incident.state) == ("a2", "open")
    bench.act("retry", instance_id)
    bench.run(instance_id)
    (settled,) = bench.incidents(instance_id, state="resolved")
    assert settled.outcome == "failed_alike"
    assert len(bench.incidents(instance_id)) == 1
    assert bench.state(instance_id) == "fallen_out"


def test_an_incident_of_an_event_that_is_gone_is_settled_with_it(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u").boundary_timer("late", "u", "=limit").end("e2"), "u").chain("late", "e2"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "late": "incident"}
    bench.deploy(line(Diagram("p").user("u"), "u"))
    Mover(bench).move(instance_id)
    assert bench.state(instance_id) == "active"
    (settled,) = bench.incidents(instance_id, state="resolved")
    assert settled.outcome == "cancelled"


def test_a_new_event_that_cannot_be_begun_falls_out_beside_its_activity(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u"), "u"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").user("u").boundary_timer("late", "u", "=limit").end("e2"), "u").chain("late", "e2"))
    Mover(bench).move(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "late": "incident"}
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"


def test_a_new_event_goes_on_on_the_branch_of_its_activity(bench: Bench) -> None:
    move = boundary_timer_added()
    bench.deploy(move.old)
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(move.new)
    Mover(bench).move(instance_id)
    later(3600)(bench, instance_id)
    bench.run(instance_id)
    (step,) = bench.calls
    assert step.key == f"{instance_id}:/f#1.0>|b#1~r1"


def test_a_join_that_has_all_it_waits_for_in_the_new_version_goes_on(bench: Bench) -> None:
    """The branch that hung is no part of it any more, and its token has gone to an end of its own."""
    old = Diagram("p").parallel("f").parallel("j").service("a", "t.quiet").service("c", "t.quiet").end("e2")
    old.xor("x", default="x_j").chain("f", "a", "j").chain("f", "c", "j").chain("f", "x").flow("x", "e2", "=true").flow(
        "x", "j", id="x_j"
    )
    bench.deploy(line(old.chain("j", "e"), "f"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"j": "join"}
    new = (
        Diagram("p").parallel("f").parallel("j").service("a", "t.quiet").service("c", "t.quiet").service("b", "t.name")
    )
    bench.deploy(line(new.chain("f", "a", "j").chain("f", "c", "j").chain("j", "b", "e"), "f"))
    Mover(bench).move(instance_id)
    bench.restart()
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"r": "b"}


def test_a_reminder_in_a_new_loop_is_not_taken_for_the_one_that_is_still_seen_to(bench: Bench) -> None:
    """Each has variables of its own."""

    def flow() -> Diagram:
        diagram = (
            Diagram("p")
            .script("init", "=0", "i")
            .user("u")
            .end("e2")
            .user("r", inputs={"n": "=i"}, outputs={"seen": "=n"})
        )
        return diagram.boundary_timer("late", "u", "PT1H", interrupting=False).chain("late", "r", "e2")

    bench.deploy(line(flow(), "init", "u"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    later(3600)(bench, instance_id)
    bench.run(instance_id)
    new = flow().start("s").end("e").xor("m").xor("g", default="out").script("inc", "=i + 1", "i")
    bench.deploy(new.chain("s", "init", "m", "u", "inc", "g").flow("g", "m", "=i < 2").flow("g", "e", id="out"))
    Mover(bench).move(instance_id)
    for push in (task_done("u"), later(3600)):
        push(bench, instance_id)
        bench.restart()
        bench.run(instance_id)
    first, second = [token.number for token in bench.tokens(instance_id) if token.element_id == "r"]
    for number, expected in ((first, 0), (second, 0)):
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{number}", {}, "ann")
        assert bench.variables(instance_id)["seen"] == expected
    bench.act("choose", instance_id, "new")
    assert bench.variables(instance_id)["seen"] == 1


def test_a_step_that_nobody_tried_and_that_has_no_inputs_now_forgets_those_it_had(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.typed", {"serial": '="old"', "speed_mbps": "=1"}), "a"))
    instance_id = bench.start("p", serial="X")
    bench.handlers = [each for each in bench.handlers if each.type != "t.typed"]
    bench.__post_init__()
    bench.advance(instance_id)
    bench.deploy(line(Diagram("p").service("a", "t.undoable"), "a"))
    Mover(bench).move(instance_id)
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"serial": "X", "ont_id": "ont-X"}


def test_a_retry_that_is_under_way_while_it_moves_knows_the_same_failure_again(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.refuse"), "a"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.act("retry", instance_id)
    assert bench.standing(instance_id) == {"a": "job"}
    bench.deploy(line(Diagram("p").service("A", "t.refuse"), "A"))
    Mover(bench).move(instance_id, {"a": "A"})
    bench.run(instance_id)
    (settled,) = bench.incidents(instance_id, state="resolved")
    assert (settled.element_id, settled.outcome) == ("A", "failed_alike")


@pytest.mark.parametrize("looped", [False, True])
def test_a_step_that_had_not_been_offered_has_another_key_than_its_next_visit(bench: Bench, looped: bool) -> None:
    """Its inputs could not be read, in the third round of a loop or where there was none."""

    def flow(loop: bool, input: str) -> Diagram:
        diagram = Diagram("p").script("init", "=0", "i").service("a", "t.echo", {"x": input}, {"r": "=r"})
        if not loop:
            return line(diagram, "init", "a")
        diagram.start("s").end("e").xor("m").xor("g", default="out").script("inc", "=i + 1", "i")
        diagram.chain("s", "init", "m", "a", "inc", "g").flow("g", "m", "=i < 9").flow("g", "e", id="out")
        return diagram

    bench.deploy(flow(looped, "=for n in 1..(if i = last then 10000000 else 1) return n"))
    instance_id = bench.start("p", last=2 if looped else 0)
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"a": "incident"}
    bench.deploy(flow(True, "=i"))
    Mover(bench).move(instance_id)
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert len({step.key for step in bench.calls}) == len(bench.calls) == 9


def test_what_has_stalled_is_looked_at_anew(bench: Bench) -> None:
    """Two of three branches are there, and the third went to an end of its own."""

    old = Diagram("p").parallel("f").parallel("j").xor("g", default="g_j").user("u").end("e2")
    old.chain("f", "j").flow("f", "j", id="second").chain("f", "g").flow("g", "j").flow("g", "e2", "=true")
    bench.deploy(line(old.chain("j", "u", "e"), "f"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.clock.advance(timedelta(minutes=1))
    with bench.database.transaction() as tx:
        (stall,) = watchdog.find_stalled(tx.connection, bench.clock.now())
        assert watchdog.report(tx, stall, bench.clock.now())
    assert bench.state(instance_id) == "fallen_out"
    new = Diagram("p").parallel("f").parallel("j").user("u").chain("f", "j").flow("f", "j", id="second")
    bench.deploy(line(new.chain("j", "u", "e"), "f"))
    Mover(bench).move(instance_id)
    assert bench.state(instance_id) == "active"
    assert bench.standing(instance_id) == {"u": "user_task"}
    (settled,) = bench.incidents(instance_id, state="resolved")
    assert (settled.outcome, settled.outcome_detail) == ("passed", "migrated to version 2")


def test_a_step_that_nobody_tried_is_the_new_handlers_with_its_inputs(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u").service("a", "t.set", {"target": '="old"', "value": "=1"}), "u", "a"))
    ready, fallen = bench.start("p"), bench.start("p")
    for instance_id in (ready, fallen):
        bench.run(instance_id)
        bench.complete(instance_id)
    bench.handlers = [each for each in bench.handlers if each.type != "t.set"]
    bench.__post_init__()
    bench.advance(fallen)
    assert (bench.standing(ready), bench.standing(fallen)) == ({"a": "job"}, {"a": "incident"})
    bench.deploy(line(Diagram("p").user("u").service("a2", "t.echo", inputs={"x": "=2"}), "u", "a2"))
    for instance_id in (ready, fallen):
        Mover(bench).move(instance_id, {"a": "a2"})
    bench.act("retry", fallen)
    for instance_id in (ready, fallen):
        bench.restart()
        bench.run(instance_id)
        assert bench.variables(instance_id) == {"r": 2}


def test_an_instance_that_no_worker_has_seen_begins_in_the_new_version(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.name"), "a"))
    instance_id = bench.start("p")
    bench.deploy(line(Diagram("p").service("b", "t.name"), "b"))
    Mover(bench).move(instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"r": "b"}


def test_it_moves_back_as_well(bench: Bench) -> None:
    move = sub_process()
    bench.deploy(move.old)
    instance_id = bench.start("p", n=2)
    bench.run(instance_id)
    bench.deploy(move.new)
    mover = Mover(bench)
    mover.move(instance_id, move.mapping)
    mover.move(instance_id, {"prove": "sub", "i3": "i2"}, to=1)
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"n": 2}
