"""Call activities: another process inside the same instance, which sees nothing of its caller but what it is given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.tables import process_definition, token, variable
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import compensate, error, escalation, signal


def caller(called: str = "other", **call: Any) -> Diagram:
    """Calls, and goes on to a step that does nothing."""
    diagram = Diagram("p").start().end().chain("s", "c", "z", "e").service("z", "t.quiet")
    return diagram.call("c", called, **call)


def callee(process_id: str = "other", tag: str | None = None, **step: Any) -> Diagram:
    diagram = Diagram(process_id).start("cs").end("ce").chain("cs", "a", "ce")
    if tag is not None:
        diagram.version_tag(tag)
    return diagram.service("a", "t.echo", **(step or {"inputs": {"x": "=x"}}))


def scopes_left(bench: Bench) -> list[str]:
    with bench.database.reading() as connection:
        return list(connection.execute(sa.select(variable.c.scope).where(variable.c.scope != "")).scalars())


def test_a_called_process_runs_inside_and_its_steps_have_keys_of_their_own(bench: Bench) -> None:
    bench.deploy(callee())
    for between in (None, bench.restart):
        bench.calls.clear()
        instance_id = bench.start(caller(), x=7)
        bench.run(instance_id, between)
        assert bench.state(instance_id) == "completed"
        assert bench.variables(instance_id) == {"x": 7, "r": 7}
        assert [step.key.removeprefix(instance_id) for step in bench.calls] == [":/!c#1/a#1", ":/z#1"]
    assert scopes_left(bench) == []


# what goes in


def test_everything_that_is_visible_goes_in_and_so_do_the_input_mappings(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": '=string(x) + ", " + string(y) + ", " + string(z)'}))
    inner = Diagram("i").start("s2").call("c", "other", inputs={"y": "=x + 1"}).end("e2").chain("s2", "c", "e2")
    diagram = Diagram("p").start().end().chain("s", "sub", "e").sub("sub", inner, inputs={"z": "=x + 2"})
    instance_id = bench.start(diagram, x=1)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"x": 1, "r": "1, 2, 3"}


def test_only_the_input_mappings_go_in_when_the_call_says_so(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": "=[x, y]"}))
    instance_id = bench.start(caller(inputs={"y": "=x + 1"}, all_in=False), x=1)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"x": 1, "r": [None, 2]}


def test_a_called_process_changes_nothing_of_its_caller_while_it_runs(bench: Bench) -> None:
    inside = Diagram("other").start("cs").script("a", "=x + 1", "x").user("u").end("ce").chain("cs", "a", "u", "ce")
    bench.deploy(inside)
    instance_id = bench.start(caller(all_out=False), x=1)
    bench.run(instance_id)
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(variable.c.scope, variable.c.value).where(variable.c.kind == "v")).all()
    assert sorted(tuple(row) for row in rows) == [("", "1"), ("/!c#1", "2")]
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"x": 1}


def test_variables_that_do_not_fit_what_the_called_process_declares_are_an_incident_with_the_path(bench: Bench) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    bench.deploy(callee().variables(schema))
    instance_id = bench.start(caller(), x="seven")
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id, incident.detail["path"]) == ("CallFailed", "c", "$.variables.x")
    bench.act("retry_with_inputs", instance_id, {"x": 7})
    bench.run(instance_id)
    assert bench.variables(instance_id)["r"] == 7


# what comes out


def test_output_mappings_say_what_comes_out(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": "=x"}, outputs={"made.a": "=r", "more": "=r + 1"}))
    instance_id = bench.start(caller(outputs={"got": "=made.a + more + x"}), x=1)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"x": 1, "got": 4}


def test_without_mappings_everything_comes_out_unless_the_call_says_no(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": "=x"}, outputs={"made.a": "=r", "x": "=0"}))
    for all_out, expected in ((None, {"x": 0, "made": {"a": 1}}), (False, {"x": 1})):
        instance_id = bench.start(caller(all_out=all_out), x=1)
        bench.run(instance_id, bench.restart)
        assert bench.variables(instance_id) == expected


def test_what_a_mapping_made_for_the_call_stays_with_it(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": "=x"}, outputs={"x": "=r + 1"}))
    instance_id = bench.start(caller(inputs={"x": "=10"}), x=1)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"x": 1}


def test_what_was_only_passed_in_does_not_come_back_over_what_a_rival_wrote(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": "=x"}))
    diagram = Diagram("p").start().parallel("f").call("c", "other").script("b", "=y + 1", "y").parallel("j").end()
    diagram.chain("s", "f", "c", "j", "e").chain("f", "b", "j")
    instance_id = bench.start(diagram, x=1, y=1)
    bench.run(instance_id, bench.restart)
    assert bench.incidents(instance_id) == []
    assert bench.variables(instance_id) == {"x": 1, "y": 2, "r": 1}


def test_what_both_a_called_process_and_a_rival_wrote_is_a_conflict(bench: Bench) -> None:
    bench.deploy(callee(inputs={"x": "=5"}, outputs={"y": "=r"}))
    diagram = Diagram("p").start().parallel("f").call("c", "other").script("b", "=y + 1", "y").parallel("j").end()
    diagram.chain("s", "f", "c", "j", "e").chain("f", "b", "j")
    instance_id = bench.start(diagram, y=1)
    bench.run(instance_id, bench.restart)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id, incident.detail["new"]) == ("VariableConflict", "c", 5)
    bench.act("choose", instance_id, "stored")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"y": 2}
    assert scopes_left(bench) == []


# which version


def test_each_binding_finds_its_version(bench: Bench) -> None:
    def deploy(version: int, tag: str | None = None) -> None:
        bench.deploy(callee(tag=tag, inputs={"x": f'="v{version}"'}))
        bench.clock.advance(timedelta(minutes=1))

    deploy(1, "stable")
    deploy(2, "stable")
    bench.clock.advance(timedelta(minutes=1))
    calls = {
        "latest": {"binding": "latest"},
        "deployment": {"binding": "deployment"},
        "versionTag": {"binding": "versionTag", "version_tag": "stable"},
    }
    for name, call in calls.items():
        diagram = Diagram(name).start().call("c", "other", **call).end().chain("s", "c", "e")
        bench.deploy(diagram)
    bench.clock.advance(timedelta(minutes=1))
    deploy(3)
    found = {}
    for name in calls:
        instance_id = bench.start(name)
        bench.run(instance_id)
        found[name] = bench.variables(instance_id)["r"]
    assert found == {"latest": "v3", "deployment": "v2", "versionTag": "v2"}


def test_a_caller_older_than_all_versions_calls_the_oldest(bench: Bench) -> None:
    bench.deploy(caller(binding="deployment"))
    for version in (1, 2):
        bench.clock.advance(timedelta(minutes=1))
        bench.deploy(callee(inputs={"x": f'="v{version}"'}))
    instance_id = bench.start("p")
    bench.run(instance_id)
    assert bench.variables(instance_id)["r"] == "v1"


def test_a_call_stays_on_the_version_that_it_began_with(bench: Bench) -> None:
    bench.deploy(Diagram("other").start("cs").user("u").service("a", "t.name").end("ce").chain("cs", "u", "a", "ce"))
    instance_id = bench.start(caller())
    bench.run(instance_id)
    bench.deploy(callee())
    bench.restart()
    bench.complete(instance_id)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"r": "a"}


def test_what_is_called_within_a_called_process_is_bound_to_that_one(bench: Bench) -> None:
    bench.deploy(callee("leaf", inputs={"x": '="old"'}))
    bench.deploy(Diagram("other").start().call("c2", "leaf", binding="deployment").end().chain("s", "c2", "e"))
    bench.clock.advance(timedelta(minutes=1))
    bench.deploy(callee("leaf", inputs={"x": '="new"'}))
    instance_id = bench.start(caller())
    bench.run(instance_id)
    assert bench.variables(instance_id)["r"] == "old"
    assert [step.key.removeprefix(instance_id) for step in bench.calls] == [":/!c#1/!c2#1/a#1", ":/z#1"]


# what cannot be called


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ({"called": "nobody"}, "No process 'nobody' is deployed"),
        ({"called": "=which"}, "the called process of 'c': expected a text"),
        ({"binding": "versionTag", "version_tag": "v9"}, "No process 'other' with the version tag 'v9'"),
        ({"called": "on_signal"}, "Process 'on_signal' has no start event without a trigger"),
    ],
)
def test_what_cannot_be_called_is_an_incident_on_the_call_activity(
    bench: Bench, call: dict[str, Any], found: str
) -> None:
    bench.deploy(callee())
    bench.deploy(Diagram("on_signal").start("s", signal("go")).end().chain("s", "e"))
    instance_id = bench.start(caller(**call))
    bench.run(instance_id, bench.restart)
    (incident,) = bench.incidents(instance_id)
    assert incident.element_id == "c"
    assert found in incident.message
    bench.act("skip", instance_id, {"r": "by hand"})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"r": "by hand"}


def test_a_call_is_retried_once_what_it_calls_is_deployed(bench: Bench) -> None:
    instance_id = bench.start(caller(inputs={"x": "=n"}), n=3)
    bench.run(instance_id)
    bench.deploy(callee())
    bench.act("retry", instance_id)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"n": 3, "r": 3}


def test_processes_that_call_each_other_for_ever_come_to_an_incident(bench: Bench) -> None:
    bench.deploy(Diagram("ping").start().call("c", "pong").end().chain("s", "c", "e"))
    bench.deploy(Diagram("pong").start().call("c", "ping").end().chain("s", "c", "e"))
    instance_id = bench.start("ping")
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert incident.code == "CallFailed"
    assert "20 calls in one another: does 'pong' call itself?" in incident.message
    bench.restart()
    bench.act("skip", instance_id, {})
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert scopes_left(bench) == []


# what happens inside


def test_an_error_inside_goes_to_the_boundary_event_of_the_call(bench: Bench) -> None:
    bench.deploy(Diagram("other").start("cs").user("u").end("ce", error("port_taken")).chain("cs", "u", "ce"))
    diagram = caller().boundary_error("err", "c", "port_taken").service("b", "t.name").end("e2")
    instance_id = bench.start(diagram.chain("err", "b", "e2"))
    bench.run(instance_id)
    bench.restart()
    bench.complete(instance_id)
    bench.run(instance_id, bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"r": "b"}


def test_a_refusal_inside_goes_to_the_boundary_event_of_the_call(bench: Bench) -> None:
    bench.deploy(Diagram("other").start("cs").service("a", "t.refuse").end("ce").chain("cs", "a", "ce"))
    diagram = caller().boundary_error("err", "c").service("b", "t.name").end("e2").chain("err", "b", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"port": "1/1/7", "r": "b"}


def test_an_escalation_inside_interrupts_nothing_where_the_boundary_event_does_not(bench: Bench) -> None:
    inside = Diagram("other").start("cs").throw("t", escalation("slow")).service("a", "t.name").end("ce")
    bench.deploy(inside.chain("cs", "t", "a", "ce"))
    diagram = caller(outputs={"inner": "=r"}).boundary("slow", "c", escalation("slow"), interrupting=False)
    diagram.service("b", "t.echo", {"x": "=1"}, {"told": "=r"}).end("e2").chain("slow", "b", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"inner": "a", "told": 1}


def test_an_interrupted_call_leaves_nothing_behind(bench: Bench) -> None:
    leaf = Diagram("leaf").start("ls").user("u").service("a", "t.name").parallel("f").end("le")
    bench.deploy(leaf.chain("ls", "f", "u", "le").chain("f", "a", "le"))
    bench.deploy(Diagram("other").start().call("c2", "leaf", inputs={"i": "=1"}).end().chain("s", "c2", "e"))
    diagram = caller(inputs={"j": "=2"}).boundary_timer("late", "c", "PT1H").end("e2").chain("late", "e2")
    instance_id = bench.start(diagram, x=1)
    (running,) = bench.advance(instance_id).claimed
    bench.restart()
    bench.clock.advance(timedelta(hours=1))
    bench.advance(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"x": 1}
    bench.advance(instance_id, [bench.call(running)])
    assert [each.kind for each in bench.history(instance_id)].count("late_result") == 1
    assert scopes_left(bench) == []


def test_an_incident_inside_a_called_process_is_settled_like_any_other(bench: Bench) -> None:
    typed = Diagram("other").start("cs").end("ce").chain("cs", "a", "ce")
    bench.deploy(typed.service("a", "t.typed", inputs={"serial": "=3 + 4", "speed_mbps": "=5"}))
    instance_id = bench.start(caller(all_out=False, outputs={"got": "=r"}))
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert incident.element_id == "a"
    bench.restart()
    bench.act("retry_with_inputs", instance_id, {"serial": "B"})
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"got": "B@5"}


def test_branches_inside_a_called_process_are_its_own_affair(bench: Bench) -> None:
    """The same diagram calls itself from a branch: keys differ, and nobody is anybody's rival but those inside."""
    diagram = Diagram("p").start().xor("x", "x_f").parallel("f").parallel("j").end().service("a", "t.name")
    diagram.call("c", "p", inputs={"deep": "=true"}).service("b", "t.name", outputs={"rb": "=r"}).xor("m")
    diagram.chain("s", "x").chain("f", "c", "j", "m", "e").chain("f", "b", "j").flow("x", "a", "=deep = true")
    diagram.flow("x", "f", id="x_f").flow("a", "m")
    instance_id = bench.start(diagram)
    bench.run(instance_id, bench.restart)
    assert bench.variables(instance_id) == {"r": "a", "rb": "b"}
    assert sorted(step.key.removeprefix(instance_id) for step in bench.calls) == [
        ":/!f#1.0>|c#1/a#1",
        ":/f#1.1>|b#1",
    ]


def test_what_runs_inside_keeps_no_branch_of_its_caller(bench: Bench) -> None:
    """Its elements may have other names in another version, to which the caller moves and the called does not."""
    bench.deploy(Diagram("other").start("cs").user("u").end("ce").chain("cs", "u", "ce"))
    diagram = Diagram("p").start().parallel("f").call("c", "other").user("b").parallel("j").end()
    instance_id = bench.start(diagram.chain("s", "f", "c", "j", "e").chain("f", "b", "j"))
    bench.run(instance_id)
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(token.c.element_id, token.c.internal).where(token.c.open == 1)).all()
    assert {row.element_id: "branch" in row.internal for row in rows} == {"c": True, "b": True, "u": False}


# in loops


@pytest.mark.parametrize("sequential", [False, True])
def test_a_call_for_each_item(bench: Bench, sequential: bool) -> None:
    bench.deploy(callee(inputs={"x": "=item * n + loopCounter"}))
    diagram = Diagram("p").start().end().call("c", "other", outputs={"r": "=r"}).chain("s", "c", "e")
    diagram.each("=[1, 2, 3]", "item", collect=("results", "=r"), sequential=sequential)
    instance_id = bench.start(diagram, n=10)
    bench.run(instance_id, bench.restart, pick=lambda waiting: len(waiting) - 1)
    assert bench.variables(instance_id) == {"n": 10, "results": [11, 22, 33]}
    assert sorted(step.key.removeprefix(instance_id) for step in bench.calls) == [
        ":/c#1/![1]/a#1",
        ":/c#1/![2]/a#1",
        ":/c#1/![3]/a#1",
    ]
    assert scopes_left(bench) == []


def test_tokens_say_which_call_they_are_part_of(bench: Bench) -> None:
    bench.deploy(Diagram("leaf").start("ls").user("u").end("le").chain("ls", "u", "le"))
    bench.deploy(Diagram("other").start().call("c2", "leaf").end().chain("s", "c2", "e"))
    instance_id = bench.start(caller())
    bench.run(instance_id)
    with bench.database.reading() as connection:
        query = sa.select(token.c.number, token.c.element_id, token.c.call, token.c.name).where(token.c.open == 1)
        rows = {row.element_id: row for row in connection.execute(query)}
        named = sa.select(process_definition.c.process_id).where(process_definition.c.id == rows["c2"].name)
        assert connection.execute(named).scalar_one() == "leaf"
    assert (rows["c"].call, rows["c2"].call, rows["u"].call) == (0, rows["c"].number, rows["c2"].number)


def test_the_work_of_a_called_process_is_taken_back_by_itself_alone(bench: Bench) -> None:
    """As Camunda 8 has it: the caller's compensation does not reach into the processes it has called."""
    inside = Diagram("other").start("cs").service("a", "t.undoable", inputs={"serial": '="A"'}).xor("x", "x_ce")
    inside.throw("t", compensate()).end("ce").end("ce2").chain("cs", "a", "x").flow("x", "t", "=give_up")
    bench.deploy(inside.flow("x", "ce", id="x_ce").chain("t", "ce2"))
    diagram = Diagram("p").start().service("b", "t.undoable", inputs={"serial": '="B"'}).call("c", "other")
    diagram.throw("t", compensate()).end().chain("s", "b", "c", "t", "e")
    done = {}
    bench.deploy(diagram)
    for give_up in (False, True):
        bench.calls.clear()
        instance_id = bench.start("p", give_up=give_up)
        bench.run(instance_id, bench.restart)
        assert bench.state(instance_id) == "completed"
        done[give_up] = [step.key.removeprefix(f"{instance_id}:/") for step in bench.calls]
    assert done == {
        False: ["b#1", "!c#1/a#1", "b#1!undo"],
        True: ["b#1", "!c#1/a#1", "!c#1/a#1!undo", "b#1!undo"],
    }
