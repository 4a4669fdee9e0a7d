"""Back to an element that was passed: what the plan says, what the rewind does, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.core.errors import Conflict, InvalidInput
from app.engine.operators import Operators
from app.engine.rewind import DoneStep, RewindPlan
from app.engine.spiff.live import Live
from app.engine.steps import StepResult
from app.handling.contract import Done
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Mover


def line(diagram: Diagram, *middle: str) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")


def plan(bench: Bench, instance_id: str, element_id: str, number: int | None = None) -> RewindPlan:
    with bench.database.reading() as connection:
        return bench.operators.rewind_plan(connection, instance_id, element_id, number)


def keys(bench: Bench) -> list[str]:
    """Of every attempt, without what they have in common."""
    return [step.key.partition(":")[2] for step in bench.calls]


def done(found: RewindPlan) -> list[str]:
    return [step.element_id for step in found.done]


def provisioning() -> Diagram:
    """Three steps, of which the second can be undone, and a task; the third is in a sub-process."""
    inner = Diagram("i").start("s2").service("c", "t.echo", {"x": "=1"}).end("e2").chain("s2", "c", "e2")
    diagram = Diagram("p").service("a", "t.name").service("b", "t.undoable").sub("sub", inner).user("u")
    return line(diagram, "a", "b", "sub", "u")


def test_a_plan_lists_what_was_done_since_and_what_would_be_ended_and_changes_nothing(bench: Bench) -> None:
    instance_id = bench.start(provisioning(), serial="X")
    bench.run(instance_id)
    before = (bench.standing(instance_id), len(bench.history(instance_id)))
    found = plan(bench, instance_id, "b")
    assert [(each.element_id, each.kind) for each in found.ends] == [("u", "user_task")]
    assert done(found) == ["b", "c"]
    undoable, plain = found.done
    assert (undoable.name, undoable.undo, undoable.key) == ("t.undoable", "t.undoable", f"{instance_id}:/b#1")
    assert (undoable.arguments, undoable.outputs) == ({"serial": "X"}, {"ont_id": "ont-X"})
    assert (plain.name, plain.undo, plain.arguments, plain.outputs) == ("t.echo", None, {"x": 1}, None)
    assert undoable.ended_at == bench.clock.now()
    assert found.refusals == []
    assert (bench.standing(instance_id), len(bench.history(instance_id))) == before


@pytest.mark.parametrize("restarts", [False, True])
def test_a_rewound_instance_does_its_steps_again_under_new_keys_with_its_variables_as_they_are(
    bench: Bench, restarts: bool
) -> None:
    between = bench.restart if restarts else None
    instance_id = bench.start(provisioning(), serial="X")
    bench.run(instance_id, between)
    bench.operate("rewind", instance_id, "b", reason="the wrong ONT")
    assert bench.variables(instance_id) == {"serial": "X", "ont_id": "ont-X", "r": 1}
    bench.run(instance_id, between)
    assert keys(bench) == ["/a#1", "/b#1", "/sub#1/c#1", "/b#1~r1", "/sub#1/c#1~r1"]
    assert bench.standing(instance_id) == {"u": "user_task"}
    bench.operate("rewind", instance_id, "a")
    bench.run(instance_id, between)
    assert keys(bench)[5:] == ["/a#1~r2", "/b#1~r2", "/sub#1/c#1~r2"]
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"
    told = [(each["action"], each["to"], each["reason"], each["by"]) for each in bench.actions(instance_id)]
    assert told == [("rewind", "b", "the wrong ONT", "olga"), ("rewind", "a", "because", "olga")]


def test_a_step_that_crashes_after_a_rewind_is_repeated_under_the_key_it_got_there(bench: Bench) -> None:
    instance_id = bench.start(provisioning(), serial="X")
    bench.run(instance_id)
    bench.operate("rewind", instance_id, "b")
    (lost,) = bench.advance(instance_id, owner="dead").claimed
    bench.restart()
    (again,) = bench.advance(instance_id, owner="alive").claimed
    assert (again.key, again.repeat) == (lost.key, True)
    assert lost.key.endswith("/b#1~r1")


def test_a_rewind_to_the_start_begins_all_anew(bench: Bench) -> None:
    instance_id = bench.start(provisioning(), serial="X")
    bench.run(instance_id)
    assert done(plan(bench, instance_id, "s")) == ["a", "b", "c"]
    bench.operate("rewind", instance_id, "s")
    bench.run(instance_id)
    assert len(bench.calls) == 6


def test_a_step_that_fell_out_is_left_for_an_earlier_one_and_its_incident_says_so(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name").service("b", "t.refuse"), "a", "b"))
    bench.run(instance_id)
    bench.operate("rewind", instance_id, "a", reason="the port was wrong")
    (found,) = bench.incidents(instance_id, state=None)
    assert (found.state, found.outcome, found.action, found.action_reason) == (
        "resolved",
        "cancelled",
        "rewind",
        "the port was wrong",
    )
    bench.run(instance_id)
    assert [step.element_id for step in bench.calls] == ["a", "b", "a", "b"]
    assert len(bench.incidents(instance_id)) == 1


def test_a_token_waits_again_for_what_it_had_got(bench: Bench) -> None:
    diagram = line(Diagram("p").message("w", "ready", '="1"').timer("t", "PT1H").user("u"), "w", "t", "u")
    instance_id = bench.start(diagram)
    for _ in range(2):
        bench.run(instance_id)
        assert bench.standing(instance_id) == {"w": "message"}
        bench.publish("ready", "1")
        bench.run(instance_id)
        assert bench.standing(instance_id) == {"t": "timer"}
        bench.clock.advance(timedelta(hours=1))
        bench.run(instance_id)
        assert bench.standing(instance_id) == {"u": "user_task"}
        found = plan(bench, instance_id, "w")
        assert [(step.name, step.key) for step in found.done[-1:]] == [("ready", None)]
        bench.operate("rewind", instance_id, "w")
        bench.restart()


# branches


def branched() -> Diagram:
    """Two branches of two steps each; `u` and `v` are tasks."""
    diagram = Diagram("p").service("before", "t.name").service("a", "t.quiet").user("u").service("b", "t.quiet")
    diagram.user("v").parallel("f").parallel("j").user("after")
    return line(diagram, "before", "f", "a", "u", "j", "after").chain("f", "b", "v", "j")


def test_one_branch_is_rewound_and_the_other_stands_as_it_stood(bench: Bench) -> None:
    instance_id = bench.start(branched())
    bench.run(instance_id)
    found = plan(bench, instance_id, "a")
    assert ([each.element_id for each in found.ends], done(found)) == (["u"], ["a"])
    untouched = bench.number(instance_id, "v")
    bench.operate("rewind", instance_id, "a")
    bench.restart()
    bench.run(instance_id, between=bench.restart)
    assert bench.number(instance_id, "v") == untouched
    assert keys(bench)[-1] == "/f#1.0>|a#1~r1"
    for element_id in ("u", "v", "after"):
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{bench.number(instance_id, element_id)}", {}, "ann")
    assert bench.state(instance_id) == "completed"


def test_a_branch_that_waits_at_the_join_is_rewound_and_joins_again(bench: Bench) -> None:
    instance_id = bench.start(branched())
    bench.run(instance_id)
    with bench.database.transaction() as tx:
        bench.engine.complete_task(tx, f"{instance_id}:{bench.number(instance_id, 'u')}", {}, "ann")
    assert bench.standing(instance_id) == {"j": "join", "v": "user_task"}
    found = plan(bench, instance_id, "a")
    assert [(each.element_id, each.kind) for each in found.ends] == [("j", "join")]
    assert [(step.element_id, step.key is None) for step in found.done] == [("a", False), ("u", True)]
    bench.operate("rewind", instance_id, "a")
    bench.restart()
    bench.run(instance_id)
    for element_id in ("v", "u", "after"):
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{bench.number(instance_id, element_id)}", {}, "ann")
    assert bench.state(instance_id) == "completed"


def test_a_branch_whose_sibling_went_past_the_join_is_refused_and_before_the_split_is_not(bench: Bench) -> None:
    instance_id = bench.start(branched())
    bench.run(instance_id)
    for element_id in ("u", "v"):
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{bench.number(instance_id, element_id)}", {}, "ann")
    assert bench.standing(instance_id) == {"after": "user_task"}
    (refusal,) = plan(bench, instance_id, "a").refusals
    assert "Rewind to before its split" in refusal
    with pytest.raises(Conflict, match="before its split"):
        bench.operate("rewind", instance_id, "a")
    bench.operate("rewind", instance_id, "before")
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"u": "user_task", "v": "user_task"}
    assert sorted(keys(bench)[3:]) == ["/before#1~r1", "/f#1.0>|a#1~r1", "/f#1.1>|b#1~r1"]


def test_a_rewind_to_before_a_split_ends_every_branch_of_it(bench: Bench) -> None:
    instance_id = bench.start(branched())
    bench.run(instance_id)
    found = plan(bench, instance_id, "f")
    assert (sorted(each.element_id for each in found.ends), sorted(done(found))) == (["u", "v"], ["a", "b"])
    bench.operate("rewind", instance_id, "f")
    bench.restart()
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "v": "user_task"}
    assert len(bench.calls) == 5


def test_variables_that_ended_branches_wrote_are_no_rivals_of_what_is_done_again(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.name", outputs={"port": "=r"}).service("z", "t.name").user("u").user("u2")
    diagram.boundary_timer("late", "u", "PT1H", interrupting=False).service("b", "t.name", outputs={"port": "=r"})
    instance_id = bench.start(line(diagram, "a", "u", "z").user("v").end("e2").chain("late", "b", "v", "e2"))
    bench.run(instance_id)
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id)
    assert bench.variables(instance_id)["port"] == "b"
    assert [each.element_id for each in plan(bench, instance_id, "a").ends] == ["u", "v"]
    bench.operate("rewind", instance_id, "a")
    bench.restart()
    bench.run(instance_id)
    assert bench.incidents(instance_id) == []
    assert bench.variables(instance_id)["port"] == "a"


def test_what_went_off_beside_an_earlier_activity_goes_on(bench: Bench) -> None:
    diagram = Diagram("p").user("first").boundary_timer("late", "first", "PT1H", interrupting=False).user("beside")
    diagram = line(diagram.service("a", "t.name").user("u").end("e2"), "first", "a", "u").chain("late", "beside", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id)
    with bench.database.transaction() as tx:
        bench.engine.complete_task(tx, f"{instance_id}:{bench.number(instance_id, 'first')}", {}, "ann")
    bench.run(instance_id)
    assert [each.element_id for each in plan(bench, instance_id, "a").ends] == ["u"]
    assert sorted(each.element_id for each in plan(bench, instance_id, "first").ends) == ["beside", "u"]
    bench.operate("rewind", instance_id, "a")
    bench.restart()
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"beside": "user_task", "u": "user_task"}


# loops


def looping() -> Diagram:
    diagram = Diagram("p").script("init", "=0", "i").xor("m").service("a", "t.name").script("inc", "=i + 1", "i")
    diagram.user("u").xor("g", default="out").chain("s", "init", "m", "a", "u", "inc", "g")
    return diagram.start("s").end("e").flow("g", "m", "=i < 3").flow("g", "e", id="out")


def test_the_last_visit_is_the_one_that_is_repeated_unless_told_and_visits_go_on_counting(bench: Bench) -> None:
    instance_id = bench.start(looping())
    bench.run(instance_id)
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id)["i"] == 1
    last = plan(bench, instance_id, "a")
    assert [step.key for step in last.done] == [bench.calls[1].key]
    first = plan(bench, instance_id, "a", bench.calls[0].number)
    assert [step.key for step in first.done if step.name == "t.name"] == [step.key for step in bench.calls]
    bench.operate("rewind", instance_id, "a", number=bench.calls[0].number)
    bench.run(instance_id)
    assert keys(bench) == ["/a#1", "/a#2", "/a#3~r1"]


# sub-processes


def nested() -> Diagram:
    inner = Diagram("i").start("s2").service("a", "t.echo", {"x": "=x"}).user("u").service("d", "t.echo", {"x": "=x"})
    inner.end("e2").chain("s2", "a", "u", "d", "e2")
    diagram = Diagram("p").service("before", "t.name").sub("sub", inner, inputs={"x": "=5"}, outputs={"got": "=r"})
    return line(diagram.user("after"), "before", "sub", "after")


def test_inside_a_running_sub_process_only_its_own_tokens_are_rewound(bench: Bench) -> None:
    instance_id = bench.start(nested())
    bench.run(instance_id)
    holder = bench.number(instance_id, "sub")
    bench.operate("rewind", instance_id, "a")
    bench.restart()
    bench.run(instance_id, between=bench.restart)
    assert bench.number(instance_id, "sub") == holder
    assert keys(bench) == ["/before#1", "/sub#1/a#1", "/sub#1/a#1~r1"]


def test_a_sub_process_that_is_over_is_rewound_as_a_whole(bench: Bench) -> None:
    instance_id = bench.start(nested())
    bench.run(instance_id)
    bench.complete(instance_id)
    bench.run(instance_id)
    with pytest.raises(Conflict, match="Rewind to the sub-process as a whole"):
        bench.operate("rewind", instance_id, "a")
    found = plan(bench, instance_id, "sub")
    assert done(found) == ["a", "u", "d"]
    bench.operate("rewind", instance_id, "sub")
    bench.restart()
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"sub": "child", "u": "user_task"}
    bench.complete(instance_id)
    bench.run(instance_id)
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id)["got"] == 5


def test_a_sub_process_that_runs_is_begun_again_from_outside(bench: Bench) -> None:
    instance_id = bench.start(nested())
    bench.run(instance_id)
    for element_id in ("sub", "before"):
        bench.operate("rewind", instance_id, element_id)
        bench.run(instance_id, between=bench.restart)
        assert bench.standing(instance_id) == {"sub": "child", "u": "user_task"}
    assert keys(bench)[2:] == ["/sub#1/a#1~r1", "/before#1~r2", "/sub#1/a#1~r2"]
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.calls[-1].inputs == {"x": 5}, "what the sub-process began with again is stored"


def test_an_activity_has_its_boundary_events_again_after_a_rewind(bench: Bench) -> None:
    diagram = Diagram("p").user("u").boundary_timer("late", "u", "PT1H").user("v").user("w").end("e2")
    instance_id = bench.start(line(diagram, "u", "v").chain("late", "w", "e2"))
    bench.run(instance_id)
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": "user_task"}
    bench.operate("rewind", instance_id, "u")
    assert bench.standing(instance_id) == {"u": "user_task", "late": "timer"}
    bench.restart()
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": "user_task"}


# refusals


def test_nothing_is_rewound_over_a_handler_that_runs_and_its_late_result_could_not_be_lost(bench: Bench) -> None:
    instance_id = bench.start(nested())
    (step,) = bench.advance(instance_id).claimed
    (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
    found = plan(bench, instance_id, "before")
    assert found.refusals == [
        f"A handler runs: 'a' (token {step.number}). Wait for its result, or complete it by hand first."
    ]
    assert [each.element_id for each in found.ends] == ["sub"]
    with pytest.raises(Conflict, match="A handler runs"):
        bench.operate("rewind", instance_id, "before")
    bench.operate("complete", instance_id, step.number, {"r": 1})
    bench.operate("rewind", instance_id, "before")
    bench.advance(instance_id, [StepResult(step.number, step.attempt, Done(r="late"))])
    assert "late_result" in [row.kind for row in bench.history(instance_id)]


def test_elements_that_cannot_be_rewound_to_say_why(bench: Bench) -> None:
    diagram = branched().boundary_timer("late", "u", "P1D").end("e2").chain("late", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    for element_id, why in (
        ("late", "Name that one"),
        ("after", "was not passed"),
        ("nowhere", "was not passed in this instance"),
    ):
        (refusal,) = plan(bench, instance_id, element_id).refusals
        assert why in refusal
    assert plan(bench, instance_id, "a", number=1).refusals == ["'a' was not passed by token 1."]
    for element_id in ("u", "v"):
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{bench.number(instance_id, element_id)}", {}, "ann")
    assert "joins branches" in plan(bench, instance_id, "j").refusals[0]
    bench.complete(instance_id)
    assert plan(bench, instance_id, "a").refusals == [
        "The instance is completed: it cannot be rewound any more. Start another."
    ]
    with pytest.raises(Conflict, match="is completed"):
        bench.operate("rewind", instance_id, "a")


def test_what_was_passed_in_another_version_is_rewound_to_only_if_this_one_has_it(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name").service("b", "t.name").user("u"), "a", "b", "u"))
    bench.run(instance_id)
    bench.deploy(line(Diagram("p").service("a", "t.name").user("u"), "a", "u"))
    Mover(bench).move(instance_id)
    assert "in another version" in plan(bench, instance_id, "b").refusals[0]
    bench.operate("rewind", instance_id, "a")
    bench.run(instance_id)
    assert keys(bench) == ["/a#1", "/b#1", "/a#1~r2"], "a migration and a rewind: each gives new keys"


def test_steps_are_taken_back_by_whoever_can_and_only_when_asked(bench: Bench) -> None:
    instance_id = bench.start(provisioning(), serial="X")
    bench.run(instance_id)
    with pytest.raises(Conflict, match="Undo by hand what the plan lists"):
        bench.operate("rewind", instance_id, "a", undo=True)
    assert bench.standing(instance_id) == {"u": "user_task"}
    taken_back: list[str] = []

    def undo(live: Live, steps: Sequence[DoneStep]) -> None:
        taken_back.extend(f"{step.undo} {step.outputs}" for step in steps)

    bench.operators = Operators(bench.engine, undo)
    bench.operate("rewind", instance_id, "a")
    assert taken_back == []
    bench.run(instance_id)
    bench.operate("rewind", instance_id, "a", undo=True)
    assert taken_back == ["t.undoable {'ont_id': 'ont-X'}"]


def test_a_rewind_without_a_reason_is_refused_and_changes_nothing(bench: Bench) -> None:
    instance_id = bench.start(provisioning(), serial="X")
    bench.run(instance_id)
    with pytest.raises(InvalidInput, match="Say why"):
        bench.operate("rewind", instance_id, "a", reason=" ")
    assert bench.standing(instance_id) == {"u": "user_task"}
