"""Moves and rewinds where tokens stand in loops, calls, event sub-processes, and behind gateways of every kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import Conflict
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import line
from tests.factories.triggers import compensate, conditional, message, signal, timer
from tests.unit.engine.test_rewind import done, keys, plan


def complete(bench: Bench, instance_id: str, element_id: str) -> None:
    bench.complete(instance_id, element=element_id)
    bench.run(instance_id)


# events


@pytest.mark.parametrize(
    ("kind", "draw"),
    [
        ("signal", lambda d: d.catch("w", signal("go"), outputs={"got": "=x"})),
        ("condition", lambda d: d.catch("w", conditional("=false"), outputs={"got": "=x"})),
        ("message", lambda d: d.receive("w", "ready", '="1"', outputs={"got": "=x"})),
    ],
)
def test_an_event_that_has_not_come_is_taken_as_if_it_had(
    bench: Bench, kind: str, draw: Callable[[Diagram], Diagram]
) -> None:
    instance_id = bench.start(line(draw(Diagram("p")).user("u"), "w", "u"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": kind}
    bench.restart()
    bench.operate("complete", instance_id, bench.number(instance_id, "w"), {"x": 7})
    assert (bench.standing(instance_id), bench.variables(instance_id)) == ({"u": "user_task"}, {"got": 7})


def behind_an_event_gateway() -> Diagram:
    diagram = (
        Diagram("p").start("s").end("e").event_gateway("g").catch("m1", message("ready", '="1"')).timer("t1", "PT1H")
    )
    diagram.user("after").user("late").end("e2")
    return diagram.chain("s", "g", "m1", "after", "e").chain("g", "t1", "late", "e2")


def test_the_events_of_a_gateway_are_one_wait_to_complete_to_move_and_to_come_back_to(bench: Bench) -> None:
    instance_id = bench.start(behind_an_event_gateway())
    bench.run(instance_id)
    bench.operate("complete", instance_id, bench.number(instance_id, "t1"), {})
    assert bench.standing(instance_id) == {"late": "user_task"}
    for refused in ("m1", "t1"):
        with pytest.raises(Conflict, match="Name the gateway before it"):
            bench.operate("move", instance_id, bench.number(instance_id, "late"), refused)
        with pytest.raises(Conflict):
            bench.operate("rewind", instance_id, refused)
    bench.operate("move", instance_id, bench.number(instance_id, "late"), "g")
    assert bench.standing(instance_id) == {"m1": "message", "t1": "timer"}
    bench.restart()
    bench.operate("move", instance_id, bench.number(instance_id, "m1"), "late")
    assert bench.standing(instance_id) == {"late": "user_task"}
    bench.operate("rewind", instance_id, "g")
    bench.restart()
    bench.publish("ready", "1")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"after": "user_task"}


def with_an_event_sub(interrupting: bool) -> Diagram:
    inner = Diagram("i").start("s2", message("halt", '="1"'), interrupting=interrupting).user("halted").end("e2")
    diagram = Diagram("p").service("a", "t.quiet").user("u")
    return line(diagram.event_sub("es", inner.chain("s2", "halted", "e2")), "a", "u")


def test_a_rewind_out_of_an_event_sub_process_that_interrupted_lets_it_be_interrupted_again(bench: Bench) -> None:
    instance_id = bench.start(with_an_event_sub(interrupting=True))
    for _ in range(2):
        bench.run(instance_id)
        assert bench.standing(instance_id) == {"u": "user_task", "s2": "message"}
        bench.publish("halt", "1")
        bench.run(instance_id)
        assert bench.standing(instance_id) == {"es": "child", "halted": "user_task"}
        bench.restart()
        assert [each.element_id for each in plan(bench, instance_id, "a").ends] == ["es"]
        bench.operate("rewind", instance_id, "a")
        bench.restart()
    bench.run(instance_id)
    complete(bench, instance_id, "u")
    assert bench.state(instance_id) == "completed"


def test_an_event_sub_process_beside_the_flow_runs_on_when_the_flow_is_rewound(bench: Bench) -> None:
    instance_id = bench.start(with_an_event_sub(interrupting=False))
    bench.run(instance_id)
    bench.publish("halt", "1")
    bench.run(instance_id)
    assert [each.element_id for each in plan(bench, instance_id, "a").ends] == ["u"]
    bench.operate("rewind", instance_id, "a")
    bench.restart()
    bench.run(instance_id)
    standing = {"u": "user_task", "s2": "message", "es": "child", "halted": "user_task"}
    assert bench.standing(instance_id) == standing
    complete(bench, instance_id, "u")
    complete(bench, instance_id, "halted")
    assert bench.state(instance_id) == "completed"


def test_inside_an_event_sub_process_a_token_moves_and_is_rewound_to_what_it_began_with(bench: Bench) -> None:
    inner = Diagram("i").start("s2", message("halt", '="1"')).service("x", "t.echo", {"x": "=port"}).user("halted")
    diagram = line(Diagram("p").user("u").event_sub("es", inner.end("e2").chain("s2", "x", "halted", "e2")), "u")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    bench.publish("halt", "1", port=7)
    bench.run(instance_id)
    bench.operate("rewind", instance_id, "s2")
    bench.restart()
    bench.run(instance_id)
    assert [step.inputs for step in bench.calls] == [{"x": 7}, {"x": 7}]
    for element_id, why in (("u", "leave its scope"), ("es", "leave its scope"), ("s2", "start event")):
        with pytest.raises(Conflict, match=why):
            bench.operate("move", instance_id, bench.number(instance_id, "halted"), element_id)
    assert "begins with its own event" in plan(bench, instance_id, "es").refusals[0]
    with pytest.raises(Conflict, match="beside the flow"):
        bench.operate("move", instance_id, bench.number(instance_id, "es"), "u")


# gateways


def inclusive() -> Diagram:
    diagram = Diagram("p").start("s").end("e").inclusive("g", default="none").inclusive("j").user("after")
    diagram.user("a1").user("a2").user("b1").user("c1")
    diagram.flow("s", "g").flow("g", "a1", "=a").flow("g", "b1", "=b").flow("g", "c1", id="none")
    return diagram.chain("a1", "a2", "j", "after", "e").chain("b1", "j").chain("c1", "j")


def test_branches_of_an_inclusive_gateway_are_kept_apart_and_its_join_waits_for_what_was_rewound(bench: Bench) -> None:
    instance_id = bench.start(inclusive(), a=True, b=True)
    bench.run(instance_id)
    complete(bench, instance_id, "a1")
    for element_id in ("b1", "c1", "after", "g"):
        with pytest.raises(Conflict, match="a join would wait for ever"):
            bench.operate("move", instance_id, bench.number(instance_id, "a2"), element_id)
    complete(bench, instance_id, "a2")
    assert bench.standing(instance_id) == {"b1": "user_task", "j": "join"}
    bench.operate("rewind", instance_id, "a1")
    bench.restart()
    complete(bench, instance_id, "b1")
    assert bench.standing(instance_id) == {"a1": "user_task", "j": "join"}
    bench.operate("move", instance_id, bench.number(instance_id, "a1"), "a2")
    complete(bench, instance_id, "a2")
    assert bench.standing(instance_id) == {"after": "user_task"}
    complete(bench, instance_id, "after")
    assert bench.state(instance_id) == "completed"


def test_an_inclusive_gateway_that_took_one_way_has_no_branch_to_keep_to(bench: Bench) -> None:
    instance_id = bench.start(inclusive(), a=True, b=False)
    bench.run(instance_id)
    bench.operate("move", instance_id, bench.number(instance_id, "a1"), "b1")
    complete(bench, instance_id, "b1")
    assert bench.standing(instance_id) == {"after": "user_task"}
    bench.operate("rewind", instance_id, "g")
    assert bench.standing(instance_id) == {"a1": "user_task"}


# loops and calls


def looping(sequential: bool) -> Diagram:
    inner = (
        Diagram("i").start("s2").service("a", "t.echo", {"x": "=item"}).user("u").end("e2").chain("s2", "a", "u", "e2")
    )
    diagram = Diagram("p").service("before", "t.quiet").sub("each", inner, inputs={"r": "=null"})
    diagram.each("=[1, 2]", "item", collect=("results", "=r"), sequential=sequential)
    return line(diagram.user("after"), "before", "each", "after")


def test_an_iteration_is_rewound_within_itself_and_the_loop_as_a_whole(bench: Bench) -> None:
    instance_id = bench.start(looping(sequential=False))
    bench.run(instance_id)
    assert "Name the token of one of them" in plan(bench, instance_id, "a").refusals[0]
    first = next(step.number for step in bench.calls if step.inputs == {"x": 1})
    bench.operate("rewind", instance_id, "a", number=first)
    bench.restart()
    bench.run(instance_id)
    assert keys(bench)[-1] == "/each#1/[1]/a#1~r1"
    found = plan(bench, instance_id, "each")
    assert sorted(done(found)) == ["a", "a", "a"]
    bench.operate("rewind", instance_id, "each")
    bench.restart()
    bench.run(instance_id)
    assert sorted(keys(bench)[-2:]) == ["/each#1/[1]/a#1~r2", "/each#1/[2]/a#1~r2"]
    for token in [each for each in bench.tokens(instance_id) if each.kind == "user_task"]:
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{token.number}", {}, "ann")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"after": "user_task"}
    assert bench.variables(instance_id) == {"results": [1, 2]}
    assert "is over" in plan(bench, instance_id, "a").refusals[0]


def test_a_loop_that_was_rewound_in_the_middle_begins_with_its_first_item(bench: Bench) -> None:
    instance_id = bench.start(looping(sequential=True))
    bench.run(instance_id)
    complete(bench, instance_id, "u")
    bench.operate("rewind", instance_id, "before")
    bench.restart()
    bench.run(instance_id)
    for _ in range(2):
        complete(bench, instance_id, "u")
    assert bench.variables(instance_id) == {"results": [1, 2]}
    assert [step.inputs.get("x") for step in bench.calls] == [None, 1, 2, None, 1, 2]


def test_one_iteration_is_not_moved_but_completed_or_the_loop_moved_on(bench: Bench) -> None:
    diagram = Diagram("p").user("u").each("=[1, 2, 3]", "item", collect=("results", "=r")).user("after")
    instance_id = bench.start(line(diagram, "u", "after"))
    bench.run(instance_id)
    iterations = [token.number for token in bench.tokens(instance_id) if token.kind == "user_task"]
    with pytest.raises(Conflict, match="one iteration of 'u'"):
        bench.operate("move", instance_id, iterations[0], "after")
    bench.operate("complete", instance_id, iterations[1], {"r": 5})
    (body,) = [token.number for token in bench.tokens(instance_id) if token.kind == "child"]
    with pytest.raises(Conflict, match="inside it"):
        bench.operate("complete", instance_id, body, {})
    bench.restart()
    bench.operate("move", instance_id, body, "after")
    assert (bench.standing(instance_id), bench.variables(instance_id)) == ({"after": "user_task"}, {})


@pytest.fixture
def calling(bench: Bench) -> str:
    """Within a call, after a step of the called process."""
    called = Diagram("called").start("cs").service("a", "t.echo", {"x": "=n"}).user("u").end("ce").user("v")
    bench.deploy(called.chain("cs", "a", "u", "v", "ce"))
    diagram = Diagram("p").service("a", "t.quiet").call("c", "called").user("after")
    instance_id = bench.start(line(diagram, "a", "c", "after"), n=4)
    bench.run(instance_id)
    return instance_id


def test_inside_a_called_process_its_own_elements_count(bench: Bench, calling: str) -> None:
    number = bench.number(calling, "u")
    bench.operate("move", calling, number, "v")
    with pytest.raises(Conflict, match="leave its scope"):
        bench.operate("move", calling, bench.number(calling, "v"), "after")
    bench.operate("rewind", calling, "u")
    bench.restart()
    assert bench.standing(calling) == {"c": "child", "u": "user_task"}
    assert "Name the token" in plan(bench, calling, "a").refusals[0], "an 'a' of the caller, and one of the called"
    bench.operate("rewind", calling, "a", number=bench.calls[-1].number)
    bench.run(calling)
    assert keys(bench) == ["/a#1", "/!c#1/a#1", "/!c#1/a#1~r3"]


def test_a_call_is_rewound_and_moved_as_a_whole(bench: Bench, calling: str) -> None:
    found = plan(bench, calling, "c")
    assert (done(found), [each.element_id for each in found.ends]) == (["a"], ["c"])
    bench.operate("rewind", calling, "c")
    bench.restart()
    bench.run(calling)
    assert bench.standing(calling) == {"c": "child", "u": "user_task"}
    bench.operate("move", calling, bench.number(calling, "c"), "after")
    bench.restart()
    complete(bench, calling, "after")
    assert (bench.state(calling), bench.variables(calling)) == ("completed", {"n": 4})


# compensation


def test_what_was_done_twice_is_taken_back_twice(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.undoable").user("u").throw("undo", compensate()).service("back", "t.quiet")
    instance_id = bench.start(line(diagram, "a", "u", "undo", "back"), serial="X")
    bench.run(instance_id)
    bench.operate("rewind", instance_id, "a")
    bench.run(instance_id)
    complete(bench, instance_id, "u")
    assert [key for key in keys(bench) if key.endswith("!undo")] == ["/a#1~r1!undo", "/a#1!undo"]
    assert bench.state(instance_id) == "completed"


def test_a_step_that_takes_work_back_is_completed_by_hand_and_not_moved(bench: Bench) -> None:
    diagram = Diagram("p").user("u").throw("undo", compensate()).user("after").user("back").undoes("u")
    instance_id = bench.start(line(diagram, "u", "undo", "after"))
    bench.run(instance_id)
    complete(bench, instance_id, "u")
    assert bench.standing(instance_id) == {"undo": "child", "back": "user_task"}
    number = bench.number(instance_id, "back")
    for element_id in ("after", "back"):
        with pytest.raises(Conflict):
            bench.operate("move", instance_id, number, element_id)
    with pytest.raises(Conflict, match="takes work back"):
        bench.operate("move", instance_id, bench.number(instance_id, "undo"), "back")
    bench.restart()
    bench.operate("complete", instance_id, number, {})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"after": "user_task"}


@pytest.mark.parametrize("then", ["rewind", "move"])
def test_an_activity_that_a_token_comes_back_to_has_its_repeating_timer_again(bench: Bench, then: str) -> None:
    diagram = Diagram("p").user("u").boundary("tick", "u", timer("R/PT1H", "timeCycle"), interrupting=False)
    diagram.user("ticked").end("e2").user("v")
    instance_id = bench.start(line(diagram, "u", "v").chain("tick", "ticked", "e2"))
    bench.run(instance_id)
    complete(bench, instance_id, "u")
    arguments: tuple[Any, ...] = ("u",) if then == "rewind" else (bench.number(instance_id, "v"), "u")
    bench.operate(then, instance_id, *arguments)
    bench.restart()
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "tick": "timer", "ticked": "user_task"}
