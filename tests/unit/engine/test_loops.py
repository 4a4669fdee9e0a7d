"""Multi-instance: once for each item, at once or in order; what came of each is collected in the items' order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.engine.steps import StepResult
from app.engine.tables import token, variable
from app.handling.contract import Done
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS
from tests.factories.triggers import compensate, message, publish, terminate

BOTH = pytest.mark.parametrize("sequential", [False, True])


def looped(*, sequential: bool = False, until: str | None = None, of: str = "=item * 10 + loopCounter") -> Diagram:
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.echo", inputs={"x": of})
    return diagram.each("=items", "item", collect=("results", "=r"), until=until, sequential=sequential)


def rows_left(bench: Bench) -> list[str]:
    """Scopes that have rows, and elements where tokens stand."""
    with bench.database.reading() as connection:
        scopes = connection.execute(sa.select(variable.c.scope).where(variable.c.scope != "")).scalars()
        standing = connection.execute(sa.select(token.c.element_id).where(token.c.open == 1)).scalars()
        return [*scopes, *standing]


# what it does


@BOTH
def test_an_activity_is_done_for_each_item_and_gives_what_came_of_each(bench: Bench, sequential: bool) -> None:
    instance_id = bench.start(looped(sequential=sequential), items=[5, 3, 4])
    bench.run(instance_id, pick=lambda waiting: len(waiting) - 1)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"items": [5, 3, 4], "results": [51, 32, 43]}


@BOTH
def test_each_iteration_has_its_own_key_which_a_crash_does_not_change(bench: Bench, sequential: bool) -> None:
    keys = [":/a#1/[1]", ":/a#1/[2]", ":/a#1/[3]"]
    for between in (None, bench.restart):
        bench.calls.clear()
        instance_id = bench.start(looped(sequential=sequential), items=[1, 2, 3])
        bench.run(instance_id, between)
        assert sorted(step.key.removeprefix(instance_id) for step in bench.calls) == keys


def test_parallel_iterations_are_there_at_once_and_sequential_ones_when_the_one_before_is_done(bench: Bench) -> None:
    at_once = bench.start(looped(), items=[1, 2, 3])
    assert [step.inputs["x"] for step in bench.advance(at_once).claimed] == [11, 22, 33]
    in_order = bench.start(looped(sequential=True), items=[1, 2, 3])
    (first,) = bench.advance(in_order).claimed
    (second,) = bench.advance(in_order, [bench.call(first)]).claimed
    assert (first.inputs["x"], second.inputs["x"]) == (11, 22)


@BOTH
def test_no_items_is_done_at_once_with_nothing_collected(bench: Bench, sequential: bool) -> None:
    instance_id = bench.start(looped(sequential=sequential), items=[])
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"items": [], "results": []}
    assert bench.calls == []


def test_the_items_are_those_of_the_beginning_whatever_becomes_of_the_variable(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.echo", {"x": "=item"}, {"items": "=[]"})
    instance_id = bench.start(diagram.each("=items", "item", sequential=True), items=[1, 2, 3])
    bench.run(instance_id, bench.restart)
    assert [step.inputs["x"] for step in bench.calls] == [1, 2, 3]


def test_what_is_no_list_is_an_incident_that_a_correction_settles(bench: Bench) -> None:
    instance_id = bench.start(looped(), items="a text")
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id) == ("ExpressionFailed", "a")
    assert "the input collection of 'a': expected a list, found 'a text'" in incident.message
    bench.act("retry_with_inputs", instance_id, {"items": [7]})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"items": [7], "results": [71]}


def test_more_iterations_at_once_than_an_instance_may_have_tokens_are_an_incident(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").user("a").each("=for i in 1..count return i")
    instance_id = bench.start(diagram, count=20_000)
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.detail["items"]) == ("TooManyTokens", 20_000)
    bench.act("retry_with_inputs", instance_id, {"count": 2})
    bench.run(instance_id)
    assert [each.kind for each in bench.tokens(instance_id)] == ["child", "user_task", "user_task"]


def test_iterations_in_order_that_wait_for_nothing_come_to_an_incident_that_goes_on(bench: Bench) -> None:
    """Loops in loops would hold the store for ever otherwise."""
    inner = Diagram("i").start("s2").end("e2").script("b", "=n + 1", "n").chain("s2", "b", "e2")
    inner.each("=for i in 1..300 return i", sequential=True)
    diagram = Diagram("p").start().end().chain("s", "a", "e").sub("a", inner)
    instance_id = bench.start(diagram.each("=for i in 1..80 return i", sequential=True), n=0)
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id) == ("EndlessLoop", "b")
    bench.restart()
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"n": 24_000}


# what an iteration knows and gives


def test_item_and_counter_are_known_to_the_iteration_alone(bench: Bench) -> None:
    inner = Diagram("i").start("s2").script("x", "=item + loopCounter", "sum").end("e2").chain("s2", "x", "e2")
    diagram = Diagram("p").start().end().chain("s", "a", "e").sub("a", inner, inputs={"sum": "=0"})
    instance_id = bench.start(diagram.each("=[10, 20]", "item", collect=("sums", "=sum")), item="mine")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"item": "mine", "sums": [11, 22]}


def test_an_iteration_sees_what_has_been_collected_before_it(bench: Bench) -> None:
    so_far = "=item + sum(for each in results return if each = null then 0 else each)"
    instance_id = bench.start(looped(sequential=True, of=so_far), items=[1, 2, 3], results=[99])
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id)["results"] == [1, 3, 7]


def test_a_result_named_by_the_output_element_stays_in_its_iteration(bench: Bench) -> None:
    """Also where the element is a property of it; nothing else is said about `r`, which would leave without."""
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.echo", inputs={"x": "={n: item}"})
    instance_id = bench.start(diagram.each("=[1, 2]", "item", collect=("results", "=r.n")), r="untouched")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"r": "untouched", "results": [1, 2]}


def test_an_output_mapping_can_fill_what_the_output_element_reads(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e")
    diagram.service("a", "t.echo", inputs={"x": "=item"}, outputs={"got.twice": "=r * 2"})
    instance_id = bench.start(diagram.each("=[1, 2]", "item", collect=("results", "=got.twice")), got="mine")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"got": "mine", "results": [2, 4]}


def test_the_output_element_sees_results_that_the_mappings_leave_behind(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.echo", {"x": "=item"}, {"last": "=r"})
    instance_id = bench.start(diagram.each("=[1, 2]", "item", collect=("results", "=r + 1"), sequential=True))
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"last": 2, "results": [2, 3]}


def test_an_output_that_cannot_be_evaluated_holds_its_iteration_alone(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.echo", {"x": "=item"}, {"item": "=r"})
    diagram.each("=[1, 2]", "item", collect=("results", "=for i in 1..(if item = limit then 9999999 else 1) return i"))
    instance_id = bench.start(diagram, limit=1)
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert "the output element of 'a'" in incident.message
    assert [each.kind for each in bench.tokens(instance_id)] == ["child", "incident"]
    bench.restart()
    bench.act("retry_with_inputs", instance_id, {"limit": 3})
    bench.run(instance_id)
    assert bench.variables(instance_id)["results"] == [[1], [1]]
    assert [i.outcome_detail for i in bench.incidents(instance_id, None)] == ["the other iterations"]


def test_parallel_iterations_that_write_one_variable_are_rivals(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.echo", {"x": "=item"}, {"n": "=r"})
    instance_id = bench.start(diagram.each("=[1, 2]", "item"))
    bench.run(instance_id, bench.restart)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.detail["stored"], incident.detail["new"]) == ("VariableConflict", 1, 2)
    bench.act("choose", instance_id, "new")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"n": 2}


def test_sequential_iterations_see_what_the_ones_before_wrote(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").script("a", "=n * 2", "n")
    instance_id = bench.start(diagram.each("=[1, 2, 3]", sequential=True), n=1)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"n": 8}


def test_what_follows_may_write_what_the_iterations_wrote(bench: Bench) -> None:
    diagram = Diagram("p").parallel("f").parallel("j").service("b", "t.quiet").start().end()
    diagram.service("a", "t.set", {"target": '=if item = 1 then "n1" else "n2"', "value": "=item"})
    diagram.each("=[1, 2]", "item").script("z", "=n1 + n2", "n1")
    diagram.chain("s", "f", "a", "z", "j", "e").chain("f", "b", "j")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"n1": 3, "n2": 2}


# when it is enough


def test_a_condition_stops_sequential_iterations(bench: Bench) -> None:
    instance_id = bench.start(looped(sequential=True, until="=r > 30"), items=[1, 5, 9])
    bench.run(instance_id)
    assert bench.variables(instance_id)["results"] == [11, 52, None]


def test_a_condition_cancels_the_parallel_iterations_that_are_left(bench: Bench) -> None:
    until = "=numberOfCompletedInstances = 2 and numberOfActiveInstances = 1"
    instance_id = bench.start(looped(until=until), items=[1, 2, 3])
    first, late, third = bench.advance(instance_id).claimed
    bench.advance(instance_id, [bench.call(first)])
    bench.restart()
    bench.advance(instance_id, [bench.call(third)])
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id)["results"] == [11, None, 33]
    bench.advance(instance_id, [bench.call(late)])
    assert [each.kind for each in bench.history(instance_id)].count("late_result") == 1
    assert rows_left(bench) == []


def test_the_numbers_in_a_condition_are_those_of_its_own_loop(bench: Bench) -> None:
    """Variables of those names are hidden; instances count from when they are created, so in order one by one."""
    numbers = ("Instances", "ActiveInstances", "CompletedInstances", "TerminatedInstances")
    seen = ", ".join(f"numberOf{number}" for number in numbers)
    for sequential, expected in ((False, [3, 1, 2, 0]), (True, [2, 0, 2, 0])):
        instance_id = bench.start(
            looped(sequential=sequential, until=f"=[{seen}] = {expected}"),
            items=[1, 2, 3],
            numberOfInstances=99,
        )
        bench.run(instance_id, bench.restart)
        assert bench.variables(instance_id)["results"] == [11, 22, None]


def test_a_condition_reads_what_has_been_collected_so_far(bench: Bench) -> None:
    diagram = looped(until="=sum(for each in results return if each = null then 0 else each) > 40")
    instance_id = bench.start(diagram, items=[1, 2, 3], results="of another time")
    bench.run(instance_id, bench.restart, pick=lambda waiting: len(waiting) - 1)
    assert bench.variables(instance_id)["results"] == [None, 22, 33]


# boundary events, failures, incidents


@BOTH
def test_an_interrupting_event_ends_all_iterations_and_nothing_is_collected(bench: Bench, sequential: bool) -> None:
    """Trap 24: SpiffWorkflow drops the tasks of a cancelled loop and keeps their sub-processes."""
    inner = Diagram("i").start("s2").user("u").service("b", "t.name").parallel("f").parallel("j").end("e2")
    inner.chain("s2", "f", "u", "j", "e2").chain("f", "b", "j")
    diagram = Diagram("p").start().end().sub("a", inner, inputs={"x": "=item"})
    diagram.each("=[1, 2]", "item", collect=("results", "=x"), sequential=sequential)
    diagram.boundary_timer("late", "a", "PT1H").end("e3").chain("s", "a", "e").chain("late", "e3")
    instance_id = bench.start(diagram)
    running = bench.advance(instance_id).claimed
    bench.restart()
    bench.clock.advance(timedelta(hours=1))
    bench.advance(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {}
    assert rows_left(bench) == []
    bench.advance(instance_id, [StepResult(step.number, step.attempt, Done(r=1)) for step in running])
    assert bench.variables(instance_id) == {}


def test_an_event_that_interrupts_nothing_leaves_the_iterations_alone(bench: Bench) -> None:
    diagram = looped().boundary_timer("late", "a", "PT1H", interrupting=False).service("b", "t.name").end("e2")
    instance_id = bench.start(diagram.chain("late", "b", "e2"), items=[1, 2])
    claimed = bench.advance(instance_id).claimed
    bench.clock.advance(timedelta(hours=1))
    bench.restart()
    (b,) = bench.advance(instance_id).claimed
    for step in (b, *claimed):
        bench.advance(instance_id, [bench.call(step)])
    assert bench.variables(instance_id) == {"items": [1, 2], "r": "b", "results": [11, 22]}


def test_an_event_beside_a_loop_stays_a_rival_of_what_follows_the_loop(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "z", "e").user("a").each("=[1]").script("z", "=1", "n")
    diagram.boundary_timer("late", "a", "PT1H", interrupting=False).script("w", "=2", "n").user("u").end("e2")
    instance_id = bench.start(diagram.chain("late", "w", "u", "e2"))
    bench.run(instance_id)
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id, bench.restart)
    bench.complete(instance_id, element="a")
    bench.run(instance_id)
    assert [(each.code, each.element_id) for each in bench.incidents(instance_id)] == [("VariableConflict", "z")]


def test_a_refusal_in_an_iteration_goes_to_the_boundary_event_of_the_loop(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e").service("a", "t.refuse").each("=[1, 2]")
    diagram.boundary_error("err", "a", "port_taken").service("b", "t.name").end("e2").chain("err", "b", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.calls[0].element_id == "a"
    assert bench.variables(instance_id) == {"port": "1/1/7", "r": "b"}
    assert bench.state(instance_id) == "completed"


def test_iterations_fall_out_and_are_settled_one_by_one(bench: Bench) -> None:
    diagram = Diagram("p").start().end().chain("s", "a", "e")
    diagram.service("a", "t.typed", inputs={"serial": "=item", "speed_mbps": "=5"})
    diagram.each('=["A", 2, "C", 4]', "item", collect=("results", "=r"))
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    fallen = {i.detail["inputs"]["serial"]: i.id for i in bench.incidents(instance_id)}
    assert fallen.keys() == {2, 4}
    with bench.database.transaction() as tx:
        bench.operators.retry_with_inputs(tx, fallen[2], {"serial": "B"}, by="olga", reason="typo")
    bench.run(instance_id, bench.restart)
    with bench.database.transaction() as tx:
        bench.operators.skip(tx, fallen[4], {"r": "by hand"}, by="olga", reason="done by hand")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"results": ["A@5", "B@5", "C@5", "by hand"]}
    assert bench.calls[-1].key.endswith(":/a#1/[2]~1")


def test_what_the_loop_as_a_whole_writes_can_be_in_conflict_and_is_chosen(bench: Bench) -> None:
    diagram = Diagram("p").start().end().parallel("f").parallel("j")
    diagram.service("b", "t.echo", {"x": '="other"'}, {"results": "=r"}).service("a", "t.echo", {"x": "=item"})
    diagram.each("=[1, 2]", "item", collect=("results", "=r")).chain("s", "f", "b", "j", "e").chain("f", "a", "j")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.detail["new"]) == ("VariableConflict", [1, 2])
    bench.act("choose", instance_id, "new")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"results": [1, 2]}
    assert rows_left(bench) == []


# every kind of activity


KINDS: dict[str, Callable[[Diagram], Diagram]] = {
    "service": lambda d: d.service("a", "t.echo", inputs={"x": "=item"}),
    "call_back": lambda d: d.service("a", "t.call_back", inputs={"order": "=string(item)"}),
    "user": lambda d: d.user("a"),
    "script": lambda d: d.script("a", "=item", "r"),
    "decision": lambda d: d.decision("a", "profile", "r", inputs={"speed": "=item * 100"}),
    "receive": lambda d: d.receive("a", "ready", "=string(item)"),
    "send": lambda d: d.send("a", publish("sent", "=string(item)"), inputs={"r": "=item"}),
    "send by a handler": lambda d: d.send("a", handler="t.echo", inputs={"x": "=item"}),
    "manual": lambda d: d.manual("a"),
    "task": lambda d: d.task("a"),
    "sub": lambda d: d.sub("a", within("=item", "r"), inputs={"r": "=0"}),
    "transaction": lambda d: d.transaction("a", within("=item", "r"), inputs={"r": "=0"}),
}


def within(text: str, name: str) -> Diagram:
    return Diagram("i").start("s2").script("x", text, name).end("e2").chain("s2", "x", "e2")


@BOTH
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_activity_can_be_done_in_a_loop(bench: Bench, kind: str, sequential: bool) -> None:
    bench.deploy_decisions(DECISIONS)
    diagram = KINDS[kind](Diagram("p").start().end().chain("s", "a", "e"))
    instance_id = bench.start(diagram.each("=[1, 3]", "item", collect=("results", "=r"), sequential=sequential))
    bench.run(instance_id, bench.restart)
    for _ in range(2):
        for each in bench.tokens(instance_id):
            if each.kind in ("message", "callback"):
                bench.publish(each.name, each.correlation, r=int(each.correlation))
            elif each.kind == "user_task":
                with bench.database.transaction() as tx:
                    task = f"{instance_id}:{each.number}"
                    bench.engine.complete_task(tx, task, {"r": each.number}, "ann")
        bench.run(instance_id, bench.restart)
    assert bench.state(instance_id) == "completed", bench.standing(instance_id)
    expected = {"decision": ["basic", "fast"], "manual": [None, None], "task": [None, None], "send": [1, 3]}
    found = bench.variables(instance_id)["results"]
    assert found == ([3, 4] if kind == "user" else expected.get(kind, [1, 3]))


# loops in loops, and in other things


@BOTH
def test_loops_in_loops_keep_their_keys_and_their_outputs(bench: Bench, sequential: bool) -> None:
    inner = Diagram("i").start("s2").end("e2").service("b", "t.echo", inputs={"x": "=row * col"}).chain("s2", "b", "e2")
    inner.each("=[1, 2, 3]", "col", collect=("cells", "=r"), sequential=not sequential)
    diagram = Diagram("p").start().end().chain("s", "a", "e").sub("a", inner, inputs={"cells": "=null"})
    diagram.each("=[10, 20]", "row", collect=("rows", "=cells"), sequential=sequential)
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart, pick=lambda waiting: len(waiting) // 2)
    assert bench.variables(instance_id) == {"rows": [[10, 20, 30], [20, 40, 60]]}
    assert len({step.key for step in bench.calls}) == 6
    assert f"{instance_id}:/a#1/[2]/b#1/[3]" in {step.key for step in bench.calls}


def test_a_loop_that_the_flow_comes_back_to_begins_again(bench: Bench) -> None:
    diagram = Diagram("p").start().script("init", "=[]", "all").xor("m").xor("g", "g_e").end()
    diagram.service("a", "t.echo", inputs={"x": "=item"}).each("=[1, 2]", "item", collect=("results", "=r"))
    diagram.script("add", "=concatenate(all, results)", "all").chain("s", "init", "m", "a", "add", "g")
    diagram.flow("g", "m", "=count(all) < 4").flow("g", "e", id="g_e")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"all": [1, 2, 1, 2], "results": [1, 2]}
    assert sorted(step.key.removeprefix(instance_id) for step in bench.calls) == [
        ":/a#1/[1]",
        ":/a#1/[2]",
        ":/a#2/[1]",
        ":/a#2/[2]",
    ]


# taken back


@BOTH
def test_the_handlers_work_of_each_iteration_is_taken_back(bench: Bench, sequential: bool) -> None:
    diagram = Diagram("p").service("a", "t.undoable", inputs={"serial": "=item"})
    diagram.each('=["A", "B"]', "item", collect=("onts", "=ont_id"), sequential=sequential).throw("t", compensate())
    instance_id = bench.start(diagram.start().end().chain("s", "a", "t", "e"))
    bench.run(instance_id, bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"onts": ["ont-A", "ont-B"]}
    assert [step.key.removeprefix(f"{instance_id}:/a#1/") for step in bench.calls] == [
        "[1]",
        "[2]",
        "[2]!undo",
        "[1]!undo",
    ]


def test_what_is_drawn_takes_a_loop_back_as_a_whole(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.undoable", inputs={"serial": "=item"})
    diagram.each('=["A", "B"]', "item", collect=("onts", "=ont_id"))
    diagram.service("back", "t.echo", inputs={"x": "=item"}).each("=onts", "item", collect=("gone", "=r"))
    diagram.undoes("a").throw("t", compensate())
    instance_id = bench.start(diagram.start().end().chain("s", "a", "t", "e"))
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"onts": ["ont-A", "ont-B"], "gone": ["ont-A", "ont-B"]}
    assert [step.element_id for step in bench.calls] == ["a", "a", "back", "back"]


@BOTH
def test_what_is_drawn_inside_takes_each_iteration_back_with_the_variables_it_had(
    bench: Bench, sequential: bool
) -> None:
    inner = Diagram("i").start("s2").service("a", "t.echo", inputs={"x": "=item"}, outputs={"mine": "=r"}).end("e2")
    inner.service("back", "t.echo", inputs={"x": "=mine"}, outputs={"gone": "=r"}).undoes("a").chain("s2", "a", "e2")
    diagram = Diagram("p").start().end().sub("sub", inner, inputs={"mine": "=0", "gone": "=null"})
    diagram.each("=[1, 2]", "item", sequential=sequential).throw("t", compensate()).chain("s", "sub", "t", "e")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert bench.state(instance_id) == "completed"
    assert [(step.element_id, step.inputs["x"]) for step in bench.calls] == [
        ("a", 1),
        ("a", 2),
        ("back", 2),
        ("back", 1),
    ]
    assert rows_left(bench) == []


# what ends inside an iteration


def test_an_end_that_terminates_ends_its_own_iteration(bench: Bench) -> None:
    inner = Diagram("i").start("s2").parallel("f").user("u").end("e2").xor("x", "x_e3").end("e3").end("t", terminate())
    inner.chain("s2", "f", "u", "e2").chain("f", "x").flow("x", "t", "=item = 1").flow("x", "e3", id="x_e3")
    diagram = Diagram("p").start().end().chain("s", "a", "e").sub("a", inner).each("=[1, 2]", "item")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert [(each.element_id, each.kind) for each in bench.tokens(instance_id)] == [
        ("a", "child"),
        ("a", "child"),
        ("u", "user_task"),
    ]
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


@BOTH
def test_an_event_sub_process_stands_by_in_each_iteration(bench: Bench, sequential: bool) -> None:
    handling = Diagram("h").start("hs", message("halt", "=string(item)")).script("w", "=item", "halted").end("he")
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")
    inner.event_sub("es", handling.chain("hs", "w", "he"))
    diagram = Diagram("p").start().end().chain("s", "a", "e").sub("a", inner, inputs={"halted": "=null"})
    diagram.each("=[1, 2]", "item", collect=("results", "=halted"), sequential=sequential)
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    for key in ("1", "2"):
        bench.restart()
        bench.publish("halt", key)
        bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"results": [1, 2]}
    assert rows_left(bench) == []
