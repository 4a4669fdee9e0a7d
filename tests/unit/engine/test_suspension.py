"""Standing still: what a suspended instance takes, what it keeps waiting, and that nothing is lost over it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import Conflict, InvalidInput, NotFound
from app.engine import queries, sweeps, watchdog, workers
from app.engine.suspension import InstanceSuspended
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Mover
from tests.factories.triggers import conditional, publish, signal


def line(diagram: Diagram, *middle: str) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")


def beside(diagram: Diagram, element_id: str) -> Diagram:
    """The element on one branch, the step `a` and then `b` on the other."""
    diagram.parallel("f").parallel("j").service("a", "t.name").service("b", "t.quiet")
    return line(diagram, "f", element_id, "j").chain("f", "a", "b", "j")


def due(bench: Bench) -> list[str]:
    with bench.database.reading() as connection:
        return list(sweeps.due_instances(connection, bench.clock.now()))


def next_due(bench: Bench) -> Any:
    with bench.database.reading() as connection:
        return sweeps.next_due(connection)


@pytest.mark.parametrize("restarts", [False, True])
def test_the_result_of_a_running_handler_is_taken_and_its_token_stops_at_the_next_wait(
    bench: Bench, restarts: bool
) -> None:
    instance_id = bench.start(beside(Diagram("p").user("u"), "u"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("suspend", instance_id, reason="the exchange is being moved")
    if restarts:
        bench.restart()
    advanced = bench.advance(instance_id, [bench.call(step)])
    assert (advanced.claimed, bench.state(instance_id)) == ([], "suspended")
    assert bench.standing(instance_id) == {"u": "user_task", "b": "job"}
    assert bench.variables(instance_id) == {"r": "a"}
    assert due(bench) == []
    bench.operate("resume", instance_id, reason="it is in its place")
    assert due(bench) == [instance_id]
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "j": "join"}
    assert bench.actions(instance_id) == [
        {"action": "suspend", "reason": "the exchange is being moved", "by": "olga"},
        {"action": "resume", "reason": "it is in its place", "by": "olga"},
    ]


def test_a_failed_attempt_waits_with_its_retry_until_the_instance_goes_on(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.flaky"), "a"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("suspend", instance_id)
    advanced = bench.advance(instance_id, [bench.call(step)])
    assert (bench.standing(instance_id), advanced.next_due, next_due(bench)) == ({"a": "retry"}, None, None)
    bench.clock.advance(timedelta(minutes=5))
    assert (bench.advance(instance_id).claimed, due(bench)) == ([], [])
    bench.operate("resume", instance_id)
    assert bench.run(instance_id).ended


@pytest.mark.parametrize("restarts", [False, True])
def test_times_that_come_meanwhile_happen_on_resume_and_others_at_their_time(bench: Bench, restarts: bool) -> None:
    diagram = line(
        Diagram("p").parallel("f").parallel("j").timer("soon", "PT1H").timer("later", "PT9H"), "f", "soon", "j"
    )
    instance_id = bench.start(diagram.chain("f", "later", "j"))
    bench.run(instance_id)
    at = bench.clock.now() + timedelta(hours=9)
    bench.operate("suspend", instance_id)
    bench.clock.advance(timedelta(hours=2))
    if restarts:
        bench.restart()
    assert (due(bench), next_due(bench), bench.advance(instance_id).next_due) == ([], None, None)
    assert bench.standing(instance_id) == {"soon": "timer", "later": "timer"}
    shown = {each.element_id: each.due_at for each in bench.tokens(instance_id)}
    assert shown["later"] == at, "people still see when it will be due"
    bench.operate("resume", instance_id)
    advanced = bench.advance(instance_id)
    assert bench.standing(instance_id) == {"j": "join", "later": "timer"}
    assert advanced.next_due == next_due(bench) == at


WAITS = {
    "message": lambda: Diagram("p").message("w", "accepted", '="1"'),
    "callback": lambda: Diagram("p").service("w", "t.call_back"),
    "signal": lambda: Diagram("p").catch("w", signal("accepted")),
}


@pytest.mark.parametrize("kind", sorted(WAITS))
def test_what_comes_to_a_suspended_instance_is_kept_for_it_past_any_time_to_live(bench: Bench, kind: str) -> None:
    instance_id = bench.start(line(WAITS[kind](), "w"))
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    come = bench.broadcast("accepted", port=7) if kind == "signal" else bench.publish("accepted", "1", ttl_s=0, port=7)
    assert come.recipients == [instance_id]
    bench.advance(instance_id)
    bench.restart()
    bench.advance(instance_id)
    assert (bench.standing(instance_id), due(bench)) == ({"w": kind}, [])
    bench.clock.advance(timedelta(days=3))
    bench.operate("resume", instance_id)
    assert due(bench) == [instance_id]
    bench.run(instance_id)
    assert (bench.state(instance_id), bench.variables(instance_id)) == ("completed", {"port": 7})


def test_a_message_that_came_to_a_suspended_instance_is_another_s_once_that_one_is_cancelled(bench: Bench) -> None:
    first = bench.start(line(Diagram("p").message("w", "ready", '="1"'), "w"))
    bench.run(first)
    bench.operate("suspend", first)
    assert bench.publish("ready", "1", port=7).recipients == [first]
    second = bench.start("p")
    bench.run(second)
    assert bench.standing(second) == {"w": "message"}
    bench.advance(first)
    bench.operate("cancel", first)
    assert "late_message" in [row.kind for row in bench.history(first)]
    assert bench.wakeups.woken[-1] == second
    assert bench.run(second).ended


def test_a_message_in_the_inbox_is_taken_by_a_token_that_comes_to_wait_only_on_resume(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name").message("w", "ready", '="1"'), "a", "w"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("suspend", instance_id)
    assert bench.publish("ready", "1").recipients == []
    bench.advance(instance_id, [bench.call(step)])
    assert (bench.standing(instance_id), due(bench)) == ({"w": "message"}, [])
    bench.operate("resume", instance_id)
    assert bench.run(instance_id).ended


def test_what_tokens_that_move_on_send_is_sent_and_their_instance_itself_has_what_is_for_it(bench: Bench) -> None:
    other = bench.start(line(Diagram("q").message("w", "done", '="1"'), "w"))
    bench.run(other)
    diagram = Diagram("p").service("a", "t.name").throw("t", publish("done", '="1"')).user("u")
    instance_id = bench.start(line(diagram, "a", "t", "u"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("suspend", instance_id)
    bench.advance(instance_id, [bench.call(step)])
    assert bench.run(other).ended


def test_a_condition_that_becomes_true_meanwhile_fires_on_resume(bench: Bench) -> None:
    instance_id = bench.start(beside(Diagram("p").catch("c", conditional('=r = "a"')), "c"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("suspend", instance_id)
    bench.advance(instance_id, [bench.call(step)])
    assert bench.standing(instance_id) == {"c": "condition", "b": "job"}
    bench.operate("resume", instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_a_message_goes_to_another_instance_of_the_process_that_does_not_stand_still(bench: Bench) -> None:
    first = bench.start(line(Diagram("p").message("w", "ready", '="1"'), "w"))
    bench.run(first)
    bench.clock.advance(timedelta(seconds=1))
    second = bench.start("p")
    bench.run(second)
    bench.operate("suspend", first)
    assert bench.publish("ready", "1").recipients == [second]


def test_tasks_and_incidents_and_steps_are_refused_with_what_to_do(bench: Bench) -> None:
    diagram = beside(Diagram("p").user("u"), "u").service("x", "t.refuse").chain("f", "x", "j")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    task, number = bench.task(instance_id), bench.number(instance_id, "u")
    bench.operate("suspend", instance_id)
    with pytest.raises(InstanceSuspended, match="Resume it first"), bench.database.transaction() as tx:
        bench.engine.claim_task(tx, task, "ann")
    with pytest.raises(InstanceSuspended):
        bench.complete(instance_id)
    for name, arguments in (("retry", ()), ("skip", ({},)), ("retry_with_inputs", ({},))):
        with pytest.raises(InstanceSuspended):
            bench.act(name, instance_id, *arguments)
    with pytest.raises(InstanceSuspended):
        bench.operate("complete", instance_id, number, {})
    assert bench.standing(instance_id) == {"u": "user_task", "x": "incident", "j": "join"}
    bench.operate("resume", instance_id)
    bench.complete(instance_id)
    bench.act("skip", instance_id, {})
    assert bench.state(instance_id) == "completed"


def test_a_suspended_instance_is_rewound_and_moved_and_the_token_stands_still_there(bench: Bench) -> None:
    diagram = line(Diagram("p").service("a", "t.name").timer("t", "PT1H").service("b", "t.quiet"), "a", "t", "b")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    bench.operate("rewind", instance_id, "a")
    assert bench.advance(instance_id).claimed == []
    assert (bench.state(instance_id), bench.standing(instance_id)) == ("suspended", {"a": "job"})
    bench.operate("move", instance_id, bench.number(instance_id, "a"), "t")
    bench.restart()
    bench.clock.advance(timedelta(hours=2))
    assert (due(bench), next_due(bench)) == ([], None)
    bench.operate("resume", instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert [step.element_id for step in bench.calls] == ["a", "b"]


def test_a_suspended_instance_is_cancelled(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").message("w", "ready", '="1"'), "w"))
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    bench.operate("cancel", instance_id)
    assert bench.state(instance_id) == "cancelled"
    with pytest.raises(Conflict, match="is cancelled, not suspended"):
        bench.operate("resume", instance_id)


def test_an_instance_with_nothing_left_to_wait_for_ends_though_it_is_suspended(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name"), "a"))
    (step,) = bench.advance(instance_id).claimed
    bench.operate("suspend", instance_id)
    assert bench.advance(instance_id, [bench.call(step)]).ended
    assert bench.state(instance_id) == "completed"


def test_claims_of_a_dead_worker_are_given_back_once_and_taken_over_on_resume(bench: Bench) -> None:
    with bench.database.transaction() as tx:
        workers.enlist(tx, "dead", "host", 1, bench.clock.now(), 30)
    instance_id = bench.start(line(Diagram("p").service("a", "t.name"), "a"))
    bench.advance(instance_id, owner="dead")
    bench.operate("suspend", instance_id)
    bench.clock.advance(timedelta(minutes=1))
    bench.restart()
    assert due(bench) == [instance_id]
    assert bench.advance(instance_id).claimed == []
    assert (bench.standing(instance_id), due(bench)) == ({"a": "job"}, [])
    bench.operate("resume", instance_id)
    (step,) = bench.advance(instance_id).claimed
    assert (step.attempt, step.repeat) == (2, True)


def test_nobody_complains_of_a_suspended_instance_and_lists_show_it_as_such(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").xor("g", default="no").parallel("j").chain("s", "g").chain("j", "e")
    diagram.service("a", "t.name").service("b", "t.name").flow("g", "a", "=true").flow("g", "b", id="no")
    instance_id = bench.start(diagram.chain("a", "j").chain("b", "j"))
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    bench.clock.advance(timedelta(hours=1))
    with bench.database.reading() as connection:
        assert watchdog.find_stalled(connection, bench.clock.now()) == []
        assert queries.count_by_state(connection)["suspended"] == 1
        (row,) = queries.list_instances(connection, state="suspended").items
        assert queries.list_instances(connection, state="active").items == []
    assert (row.id, row.state, row.waiting_for) == (instance_id, "suspended", "the other branches at j")


def test_a_task_of_a_suspended_instance_is_listed_as_such(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("u"), "u"))
    bench.run(instance_id)
    for name, expected in (("suspend", True), ("resume", False)):
        bench.operate(name, instance_id)
        with bench.database.reading() as connection:
            (found,) = queries.list_user_tasks(connection).items
            assert found.suspended is queries.get_user_task(connection, found.id).suspended is expected


def test_what_stands_still_or_has_ended_is_not_suspended_and_what_goes_is_not_resumed(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("u"), "u"))
    with pytest.raises(Conflict, match="is active, not suspended"):
        bench.operate("resume", instance_id)
    bench.operate("suspend", instance_id)
    with pytest.raises(Conflict, match="suspended already"):
        bench.operate("suspend", instance_id)
    bench.operate("cancel", instance_id)
    with pytest.raises(Conflict, match="nothing in it is left to suspend"):
        bench.operate("suspend", instance_id)
    for name in ("suspend", "resume"):
        with pytest.raises(NotFound):
            bench.operate(name, "nobody")
        with pytest.raises(InvalidInput, match="Say why"):
            bench.operate(name, instance_id, reason="")


def test_an_instance_suspended_under_a_worker_loses_neither_the_result_nor_the_suspension(bench: Bench) -> None:
    """The worker remembers an active instance, and has the result in hand."""
    instance_id = bench.start(line(Diagram("p").service("a", "t.name").service("b", "t.name"), "a", "b"))
    (step,) = bench.advance(instance_id).claimed
    result = bench.call(step)
    bench.operate("suspend", instance_id)
    assert bench.advance(instance_id, [result]).claimed == []
    assert (bench.state(instance_id), bench.standing(instance_id)) == ("suspended", {"b": "job"})


def test_a_suspended_instance_moves_to_another_version_and_stands_still_there_with_what_is_on_its_way(
    bench: Bench,
) -> None:
    old = line(Diagram("p").message("w", "ready", '="1"').user("u"), "w", "u")
    instance_id = bench.start(old)
    bench.run(instance_id)
    bench.operate("suspend", instance_id)
    bench.publish("ready", "1", ttl_s=0, port=7)
    bench.deploy(line(Diagram("p").message("w", "ready", '="1"').user("v"), "w", "v"))
    Mover(bench).move(instance_id)
    bench.advance(instance_id)
    assert (bench.state(instance_id), bench.standing(instance_id)) == ("suspended", {"w": "message"})
    bench.operate("resume", instance_id)
    bench.run(instance_id)
    assert (bench.standing(instance_id), bench.variables(instance_id)) == ({"v": "user_task"}, {"port": 7})
