"""What operators do by hand to tokens and instances: done, or refused with what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.errors import Conflict, InvalidInput, NotFound
from app.engine import inbox, sweeps, watchdog
from app.engine.messages import MessageIn
from app.engine.spiff import places
from app.engine.steps import StepResult
from app.engine.tables import message, process_definition, token, variable
from app.handling.contract import Done
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

Make = Callable[[Diagram], Diagram]


def line(diagram: Diagram, *middle: str) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")


def forked(diagram: Diagram, one: tuple[str, ...], other: tuple[str, ...]) -> Diagram:
    """Two branches between the gateways `f` and `j`, and the step `z` after them."""
    diagram.parallel("f").parallel("j").service("z", "t.name")
    return line(diagram, "f", *one, "j", "z").chain("f", *other, "j")


def late_results(bench: Bench, instance_id: str) -> list[Any]:
    return [row.detail for row in bench.history(instance_id) if row.kind == "late_result"]


# complete by hand


def test_a_step_whose_handler_runs_is_completed_and_its_late_result_is_kept(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.echo").service("b", "t.name"), "a", "b"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("complete", instance_id, step.number, {"r": "by hand"})
    bench.advance(instance_id, [StepResult(step.number, step.attempt, Done(r="late", other=1))])
    assert late_results(bench, instance_id) == [
        {"number": step.number, "attempt": 1, "outcome": "Done", "outputs": {"r": "late", "other": 1}}
    ]
    assert bench.variables(instance_id) == {"r": "by hand"}
    assert bench.standing(instance_id) == {"b": "claim"}
    (action,) = bench.actions(instance_id)
    assert action == {
        "action": "complete",
        "reason": "because",
        "by": "olga",
        "outputs": {"r": "by hand"},
        "waited_for": "claim",
    }


def test_a_ready_step_that_nobody_claims_is_completed_without_a_call(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("u").service("a", "t.name"), "u", "a"))
    bench.run(instance_id)
    bench.complete(instance_id)
    assert bench.standing(instance_id) == {"a": "job"}
    bench.operate("complete", instance_id, bench.number(instance_id, "a"), {"r": 1})
    assert bench.state(instance_id) == "completed"
    assert (bench.variables(instance_id), bench.calls) == ({"r": 1}, [])


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("retry", lambda d: d.service("w", "t.flaky", outputs={"got": "=x"})),
        ("callback", lambda d: d.service("w", "t.call_back", outputs={"got": "=x"})),
        ("user_task", lambda d: d.user("w", outputs={"got": "=x"})),
        ("message", lambda d: d.message("w", "ready", '="1"', outputs={"got": "=x"})),
    ],
)
@pytest.mark.parametrize("restarts", [False, True])
def test_whatever_waits_is_completed_with_outputs_that_its_mappings_see(
    bench: Bench, kind: str, make: Make, restarts: bool
) -> None:
    instance_id = bench.start(line(make(Diagram("p")).service("b", "t.name"), "w", "b"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": kind}
    if restarts:
        bench.restart()
    bench.operate("complete", instance_id, bench.number(instance_id, "w"), {"x": 7})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"got": 7, "r": "b"}
    assert bench.state(instance_id) == "completed"


def test_a_timer_is_completed_before_its_time(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").timer("w", "P30D"), "w"))
    bench.run(instance_id)
    bench.operate("complete", instance_id, bench.number(instance_id, "w"), {"why": "no need to wait"})
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"why": "no need to wait"}
    with bench.database.reading() as connection:
        assert sweeps.next_due(connection) is None


def test_a_boundary_timer_completed_by_hand_fires_and_ends_its_activity(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.name").boundary_timer("late", "a", "P1D").service("b", "t.name").end("e2")
    instance_id = bench.start(line(diagram, "a").chain("late", "b", "e2"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("complete", instance_id, bench.number(instance_id, "late"), {})
    bench.advance(instance_id, [bench.call(step)])
    assert bench.standing(instance_id) == {"b": "claim"}
    assert len(late_results(bench, instance_id)) == 1


def test_a_callback_completed_by_hand_can_be_undone_and_its_message_stays_for_others(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.asks"), "a"))
    bench.run(instance_id)
    bench.operate("complete", instance_id, bench.number(instance_id, "a"), {"x": 1})
    with bench.database.reading() as connection:
        (undo,) = connection.execute(sa.select(token.c.undo).where(token.c.undo.is_not(None))).scalars()
    assert undo == {"handler": "t.asks", "arguments": {}, "outputs": {"x": 1}}
    assert bench.publish("asked", "1").recipients == []


def test_a_task_that_somebody_has_is_completed_all_the_same_and_both_are_named(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("u"), "u"))
    bench.run(instance_id)
    with bench.database.transaction() as tx:
        bench.engine.claim_task(tx, bench.task(instance_id), "ann")
    bench.operate("complete", instance_id, bench.number(instance_id, "u"), {})
    told = {(row.kind, row.actor) for row in bench.history(instance_id)}
    assert {("task_claimed", "ann"), ("action", "olga"), ("completed", "olga")} <= told


def test_outputs_that_another_branch_has_written_ask_for_a_choice(bench: Bench) -> None:
    diagram = forked(Diagram("p").service("a", "t.name", outputs={"port": "=r"}).user("u"), ("a",), ("u",))
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    bench.operate("complete", instance_id, bench.number(instance_id, "u"), {"port": "1/1/7"})
    assert [each.code for each in bench.incidents(instance_id)] == ["VariableConflict"]
    bench.act("choose", instance_id, "new")
    bench.run(instance_id)
    assert bench.variables(instance_id)["port"] == "1/1/7"


def test_what_only_others_can_move_is_not_completed_by_hand(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")
    diagram = forked(
        Diagram("p").sub("sub", inner).boundary_error("err", "sub").service("a", "t.name"), ("sub",), ("a",)
    )
    instance_id = bench.start(diagram.end("e3").chain("err", "e3"))
    bench.run(instance_id)
    for element_id, instead in (("sub", "inside it"), ("j", "other branches"), ("err", "its activity throws")):
        with pytest.raises(Conflict, match=instead):
            bench.operate("complete", instance_id, bench.number(instance_id, element_id), {})
    assert bench.actions(instance_id) == []


def test_a_step_that_fell_out_is_skipped_not_completed(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.refuse"), "a"))
    bench.run(instance_id)
    with pytest.raises(Conflict, match="skip it"):
        bench.operate("complete", instance_id, bench.number(instance_id, "a"), {})


def test_a_token_that_is_gone_and_an_instance_that_has_ended_are_told_apart(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("u").user("v"), "u", "v"))
    bench.run(instance_id)
    number = bench.number(instance_id, "u")
    bench.complete(instance_id)
    with pytest.raises(NotFound, match="moved on"):
        bench.operate("complete", instance_id, number, {})
    with pytest.raises(NotFound, match="no process instance"):
        bench.operate("complete", "nobody", number, {})
    bench.complete(instance_id)
    for move in (("complete", {}), ("move", "u")):
        with pytest.raises(Conflict, match="is completed"):
            bench.operate(move[0], instance_id, number, move[1])


# move a token


def test_a_token_is_moved_on_and_what_it_stood_on_is_ended(bench: Bench) -> None:
    diagram = line(Diagram("p").service("a", "t.refuse").service("b", "t.name").service("c", "t.name"), "a", "b", "c")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    number = bench.number(instance_id, "a")
    bench.operate("move", instance_id, number, "c", reason="done at the exchange")
    bench.restart()
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert [step.element_id for step in bench.calls] == ["a", "c"]
    (found,) = bench.incidents(instance_id, state=None)
    assert (found.state, found.outcome, found.action, found.action_by) == ("resolved", "cancelled", "move", "olga")
    assert [(a["action"], a["to"], a["reason"]) for a in bench.actions(instance_id)] == [
        ("move", "c", "done at the exchange")
    ]


def test_a_token_moved_back_does_its_steps_again_under_new_keys_also_after_a_crash(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.name").user("u").service("b", "t.name")
    instance_id = bench.start(line(diagram, "a", "u", "b"))
    bench.run(instance_id)
    bench.operate("move", instance_id, bench.number(instance_id, "u"), "a")
    bench.restart()
    bench.run(instance_id, between=bench.restart)
    bench.complete(instance_id)
    bench.restart()
    bench.run(instance_id)
    assert [step.key for step in bench.calls] == [
        f"{instance_id}:/a#1",
        f"{instance_id}:/a#1~r1",
        f"{instance_id}:/b#1~r1",
    ]
    assert [step.repeat for step in bench.calls] == [False, False, False]


def test_a_corrected_retry_before_a_move_and_the_step_after_it_have_different_keys(bench: Bench) -> None:
    diagram = line(Diagram("p").service("a", "t.typed").user("u").service("b", "t.typed"), "a", "u", "b")
    instance_id = bench.start(diagram, serial="A", speed_mbps="fast")
    bench.run(instance_id)
    bench.act("retry_with_inputs", instance_id, {"speed_mbps": 1})
    bench.run(instance_id)
    bench.operate("move", instance_id, bench.number(instance_id, "u"), "a")
    bench.run(instance_id)
    assert [step.key.rpartition("/")[2] for step in bench.calls] == ["a#1", "a#1~1", "a#1~r1"]


def test_a_moved_token_takes_its_boundary_events_along(bench: Bench) -> None:
    diagram = Diagram("p").user("u").boundary_timer("late", "u", "P1D").user("v").boundary_timer("late2", "v", "P1D")
    instance_id = bench.start(line(diagram, "u", "v").end("e2").chain("late", "e2").end("e3").chain("late2", "e3"))
    bench.run(instance_id)
    bench.operate("move", instance_id, bench.number(instance_id, "u"), "v")
    assert bench.standing(instance_id) == {"v": "user_task", "late2": "timer"}
    bench.restart()
    bench.clock.advance(timedelta(days=1))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.standing(instance_id) == {}


def test_a_running_sub_process_is_moved_with_all_that_is_inside(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u").message("m", "ready", '="1"').parallel("f2").end("e2").end("e3")
    inner.chain("s2", "f2", "u", "e2").chain("f2", "m", "e3")
    diagram = line(Diagram("p").sub("sub", inner, inputs={"x": "=1"}).service("b", "t.name"), "sub", "b")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    bench.operate("move", instance_id, bench.number(instance_id, "sub"), "b")
    bench.restart()
    bench.run(instance_id)
    assert (bench.state(instance_id), bench.variables(instance_id)) == ("completed", {"r": "b"})
    assert bench.publish("ready", "1").recipients == []


def test_a_token_inside_a_sub_process_is_moved_there_and_nowhere_else(bench: Bench) -> None:
    inner = (
        Diagram("i").start("s2").user("u").service("i2", "t.echo", {"x": "=x"}).end("e2").chain("s2", "u", "i2", "e2")
    )
    diagram = line(Diagram("p").sub("sub", inner, inputs={"x": "=9"}).service("b", "t.name"), "sub", "b")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    number = bench.number(instance_id, "u")
    with pytest.raises(Conflict, match="leave its scope"):
        bench.operate("move", instance_id, number, "b")
    with pytest.raises(NotFound, match="no element 'nowhere'"):
        bench.operate("move", instance_id, number, "nowhere")
    bench.restart()
    bench.operate("move", instance_id, number, "i2")
    bench.run(instance_id, between=bench.restart)
    assert [step.key.rpartition(":")[2] for step in bench.calls] == ["/sub#1/i2#1~r1", "/b#1~r1"]
    assert bench.state(instance_id) == "completed"


def test_a_token_stays_on_its_parallel_branch(bench: Bench) -> None:
    diagram = Diagram("p").user("a1").user("a2").user("b1").user("before").user("after")
    diagram.parallel("f").parallel("j").chain("f", "b1", "j")
    instance_id = bench.start(line(diagram, "before", "f", "a1", "a2", "j", "after"))
    bench.run(instance_id)
    bench.complete(instance_id)
    number = bench.number(instance_id, "a1")
    for element_id in ("b1", "before", "after", "f"):
        with pytest.raises(Conflict, match="a join would wait for ever"):
            bench.operate("move", instance_id, number, element_id)
    bench.operate("move", instance_id, number, "a2")
    bench.restart()
    for element_id in ("a2", "b1", "after"):
        number = bench.number(instance_id, element_id)
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{number}", {}, "ann")
    assert bench.state(instance_id) == "completed"


def test_a_token_that_waits_at_a_join_is_moved_back_onto_its_branch_and_joins_again(bench: Bench) -> None:
    diagram = forked(Diagram("p").service("a", "t.name").user("b"), ("a",), ("b",))
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"b": "user_task", "j": "join"}
    bench.operate("move", instance_id, bench.number(instance_id, "j"), "a")
    bench.complete(instance_id)
    assert bench.standing(instance_id) == {"a": "job", "j": "join"}, "the other branch waits now"
    bench.restart()
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert [step.element_id for step in bench.calls] == ["a", "a", "z"]


@pytest.mark.parametrize(
    ("element_id", "instead"),
    [
        ("s", "Name the element after it"),
        ("j", "joins branches"),
        ("late", "Name that one"),
        ("b", "a join would wait for ever"),
        ("e3", "a join would wait for ever"),
    ],
)
def test_elements_on_which_no_token_can_be_put_are_named_with_what_to_do(
    bench: Bench, element_id: str, instead: str
) -> None:
    diagram = forked(Diagram("p").user("a").user("b"), ("a",), ("b",)).user("u")
    diagram.boundary_timer("late", "b", "P1D", interrupting=False).end("e3").chain("late", "u", "e3")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    with pytest.raises(Conflict, match=instead):
        bench.operate("move", instance_id, bench.number(instance_id, "a"), element_id)


def test_the_token_of_a_listener_is_not_moved(bench: Bench) -> None:
    diagram = line(Diagram("p").user("u").boundary_timer("late", "u", "P1D").end("e2"), "u").chain("late", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    with pytest.raises(Conflict, match="beside the flow"):
        bench.operate("move", instance_id, bench.number(instance_id, "late"), "e")


@pytest.mark.parametrize("within", [False, True])
def test_a_token_is_not_moved_while_a_handler_runs_there(bench: Bench, within: bool) -> None:
    inner = Diagram("i").start("s2").service("a", "t.name").end("e2").chain("s2", "a", "e2")
    diagram = line(Diagram("p").sub("sub", inner).service("b", "t.name"), "sub", "b")
    instance_id = bench.start(diagram)
    bench.advance(instance_id)
    number, target = (bench.number(instance_id, "a"), "e2") if within else (bench.number(instance_id, "sub"), "b")
    with pytest.raises(Conflict, match="A handler runs: 'a'"):
        bench.operate("move", instance_id, number, target)


def test_a_stalled_instance_is_brought_on_by_a_move_which_settles_its_incident(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").xor("g", default="no").parallel("j").chain("s", "g").chain("j", "e")
    diagram.service("a", "t.name").service("b", "t.name").flow("g", "a", "=true").flow("g", "b", id="no")
    instance_id = bench.start(diagram.chain("a", "j").chain("b", "j"))
    bench.run(instance_id)
    bench.clock.advance(timedelta(minutes=1))
    with bench.database.reading() as connection:
        (stall,) = watchdog.find_stalled(connection, bench.clock.now())
    with bench.database.transaction() as tx:
        watchdog.report(tx, stall, bench.clock.now())
    bench.operate("move", instance_id, bench.number(instance_id, "j"), "e")
    assert bench.state(instance_id) == "completed"
    (found,) = bench.incidents(instance_id, state=None)
    assert (found.code, found.state, found.action, found.outcome) == ("Stalled", "resolved", "move", "passed")


# cancel


def busy() -> Diagram:
    """Tokens of every kind at once, two of them inside a sub-process, and a handler that runs."""
    inner = Diagram("i").start("s2").parallel("f2").parallel("j2").end("e2").message("m", "ready", '="1"')
    inner.service("a", "t.name").chain("s2", "f2", "m", "j2", "e2").chain("f2", "a", "j2")
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f").chain("j", "e")
    diagram.user("u").timer("t", "PT1H").service("r", "t.refuse").service("c", "t.call_back").service("fl", "t.flaky")
    diagram.sub("sub", inner, inputs={"x": "=1"}).boundary_error("err", "sub").boundary_timer("late", "sub", "P1D")
    for element_id in ("u", "t", "r", "c", "fl", "sub"):
        diagram.chain("f", element_id, "j")
    return diagram.end("e3").chain("err", "e3").end("e4").chain("late", "e4")


def run_but(bench: Bench, instance_id: str, element_id: str) -> Any:
    """Make every attempt but that of one element; its claimed step."""
    waiting, kept = list(bench.advance(instance_id).claimed), None
    while waiting:
        step = waiting.pop()
        if step.element_id == element_id:
            kept = step
        else:
            waiting += bench.advance(instance_id, [bench.call(step)]).claimed
    return kept


@pytest.mark.parametrize("restarts", [False, True])
def test_a_cancelled_instance_leaves_nothing_open_and_takes_nothing_more(bench: Bench, restarts: bool) -> None:
    instance_id = bench.start(busy())
    running = run_but(bench, instance_id, "a")
    kinds = {"incident", "retry", "claim", "message", "callback", "user_task", "timer", "child", "attached"}
    assert set(bench.standing(instance_id).values()) == kinds
    if restarts:
        bench.restart()
    bench.operate("cancel", instance_id, reason="the customer withdrew")
    assert (bench.state(instance_id), bench.standing(instance_id)) == ("cancelled", {})
    (found,) = bench.incidents(instance_id, state=None)
    assert (found.state, found.outcome, found.action) == ("resolved", "cancelled", "cancel")
    assert bench.publish("ready", "1").recipients == bench.publish("accepted", "1").recipients == []
    bench.clock.advance(timedelta(days=2))
    advanced = bench.advance(instance_id, [bench.call(running)])
    assert (advanced.claimed, advanced.ended, advanced.next_due) == ([], True, None)
    assert bench.advance(instance_id).claimed == []
    assert [late["number"] for late in late_results(bench, instance_id)] == [running.number]
    assert bench.state(instance_id) == "cancelled"
    assert bench.actions(instance_id) == [{"action": "cancel", "reason": "the customer withdrew", "by": "olga"}]
    with bench.database.reading() as connection:
        assert sweeps.due_instances(connection, bench.clock.now()) == {}
        assert watchdog.find_stalled(connection, bench.clock.now()) == []
        assert set(connection.execute(sa.select(variable.c.scope)).scalars()) <= {""}


def test_an_instance_that_no_worker_has_begun_is_cancelled_and_never_begins(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name"), "a"), n=1)
    bench.operate("cancel", instance_id)
    bench.restart()
    assert bench.advance(instance_id).claimed == []
    assert (bench.state(instance_id), bench.variables(instance_id)) == ("cancelled", {"n": 1})


def test_what_has_ended_is_not_cancelled(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p")))
    bench.run(instance_id)
    with pytest.raises(Conflict, match="is completed: there is nothing to cancel"):
        bench.operate("cancel", instance_id)
    other = bench.start(line(Diagram("q").user("u"), "u"))
    bench.operate("cancel", other)
    with pytest.raises(Conflict, match="is cancelled"):
        bench.operate("cancel", other)
    with pytest.raises(NotFound):
        bench.operate("cancel", "nobody")


# messages


def test_a_message_is_sent_again_under_a_new_id_and_reaches_who_waits(bench: Bench) -> None:
    diagram = line(Diagram("p").message("w", "ready", "=order").user("u"), "w", "u")
    first = bench.start(diagram, order="1")
    bench.run(first)
    bench.publish("ready", "1", "m-1", port=7)
    bench.run(first)
    second = bench.start("p", order="1")
    bench.run(second)
    assert bench.standing(second) == {"w": "message"}, "one recipient per process"
    published = bench.operate("resend", first, "m-1", reason="it was for the second order")
    assert (published.recipients, published.duplicate) == ([second], False)
    assert published.message_id != "m-1"
    bench.run(second)
    assert bench.variables(second) == {"order": "1", "port": 7}
    (action,) = bench.actions(first)
    assert (action["action"], action["again"], action["message_id"]) == ("send", "m-1", published.message_id)


def test_a_message_is_sent_again_long_after_the_inbox_has_forgotten_it(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").message("w", "ready", "=order").user("u"), "w", "u"), order="1")
    bench.run(instance_id)
    bench.publish("ready", "1", "m-1", port=7)
    bench.run(instance_id)
    bench.clock.advance(timedelta(days=40))
    with bench.database.transaction() as tx:
        assert inbox.drop_expired(tx, bench.clock) == 1
    bench.operate("move", instance_id, bench.number(instance_id, "u"), "w")
    bench.run(instance_id)
    assert bench.operate("resend", instance_id, "m-1").recipients == [instance_id]
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    assert bench.variables(instance_id) == {"order": "1", "port": 7}


def test_a_message_that_nobody_had_is_not_sent_again(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("u"), "u"))
    with pytest.raises(NotFound, match="Send it as a new one"):
        bench.operate("resend", instance_id, "m-1")
    with pytest.raises(NotFound, match="no process instance"):
        bench.operate("send", "nobody", MessageIn("ready", "1", {}))
    assert bench.count(message) == 0


def test_a_message_sent_by_an_operator_stands_in_the_history_of_the_instance(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").message("w", "ready", '="1"'), "w"))
    bench.run(instance_id)
    published = bench.operate("send", instance_id, MessageIn("ready", "1", {"port": 7}), reason="told by phone")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"port": 7}
    sent = {"action": "send", "reason": "told by phone", "by": "olga", "name": "ready", "key": "1"}
    assert bench.actions(instance_id) == [{**sent, "message_id": published.message_id}]


# all of them


@pytest.mark.parametrize(
    "move",
    [
        ("complete", 1, {}),
        ("move", 1, "e"),
        ("rewind", "s"),
        ("cancel",),
        ("suspend",),
        ("resume",),
        ("send", MessageIn("m", "1", {})),
    ],
)
def test_a_move_without_a_reason_is_refused_and_changes_nothing(bench: Bench, move: tuple[Any, ...]) -> None:
    instance_id = bench.start(line(Diagram("p").user("u"), "u"))
    bench.run(instance_id)
    name, *arguments = move
    with pytest.raises(InvalidInput, match="Say why"):
        bench.operate(
            name, instance_id, *(bench.number(instance_id, "u") if a == 1 else a for a in arguments), reason=" "
        )
    assert (bench.state(instance_id), bench.actions(instance_id)) == ("active", [])
    assert bench.standing(instance_id) == {"u": "user_task"}


def test_the_branches_that_lead_to_an_element_are_found_in_any_diagram(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").end("x").parallel("f").parallel("j").parallel("g").parallel("k").xor("m")
    diagram.user("a").boundary_timer("late", "a", "P1D", interrupting=False).user("b").user("c").user("d").user("l")
    diagram.chain("s", "m", "f", "a", "j").chain("f", "g", "b", "k", "j").chain("g", "c", "k").chain("j", "d")
    diagram.xor("again", default="out").chain("d", "again").flow("again", "m", "=x").flow("again", "e", id="out")
    bench.start(diagram.chain("late", "l", "x"))
    with bench.database.reading() as connection:
        definition = bench.engine._programs.program(connection, _only_definition(connection))
    found = places.branches_at(definition.process)
    assert {name: sorted(found[name]) for name in ("d", "a", "g", "b", "c", "l", "m")} == {
        "d": [""],
        "a": ["f#1.0>"],
        "g": ["f#1.1>"],
        "b": ["f#1.1>g#1.0>"],
        "c": ["f#1.1>g#1.1>"],
        "l": ["f#1.0>late#1.!>"],
        "m": [""],
    }


def _only_definition(connection: sa.Connection) -> str:
    (definition_id,) = connection.execute(sa.select(process_definition.c.id)).scalars()
    return str(definition_id)
