"""Branches: one key for a step whatever the order, rivals told from predecessors, nothing kept that no longer matters."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.spiff.branches import Branch, join
from app.engine.tables import token, variable
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

FANS = {"f": 2, "g": 2, "h": 3, "late": 1, "early": 1}


def joined(*paths: str) -> str:
    """The path after a join j of these, the same for every order of arrival."""
    found = set()
    for order in itertools.permutations(paths):
        arrived = [Branch(path, tuple(range(path.count(">")))) if path else None for path in order]
        branch, _ = join(arrived, "j", lambda split: FANS[split.partition("#")[0]])
        found.add(branch.path if branch else "")
        assert branch is None or len(branch.counters) == branch.path.count(">")
    (path,) = found
    return path


def test_a_join_leads_back_to_where_all_that_it_joins_came_from() -> None:
    assert joined("f#1.0>", "f#1.1>") == ""
    assert joined("f#1.0>g#2.0>", "f#1.0>g#2.1>") == "f#1.0>"
    assert joined("f#1.0>g#1.0>", "f#1.0>g#1.1>", "f#1.1>") == ""
    assert joined("", "late#1.!>") == ""
    assert joined("f#1.1>", "f#1.1>late#3.!>") == "f#1.1>"


def test_a_join_of_some_branches_goes_on_as_those_until_the_others_come() -> None:
    assert joined("h#1.0>", "h#1.2>") == "h#1.0+2+j>"
    assert joined("h#1.0+2+j>", "h#1.1>") == ""
    assert joined("f#1.0>g#1.0>", "f#1.1>") == "f#1.0+1+j>"
    assert joined("f#1.0+1+j>", "f#1.0>g#1.1>") == ""
    assert joined("late#1.!>", "early#1.!>") == "early#1.+j>"


def test_what_a_joined_branch_wrote_is_its_own() -> None:
    some = Branch("h#1.0+2+j>", (5,))
    assert some.diverged_at("h#1.0>") is None
    assert some.diverged_at("h#1.1>") == 5
    assert Branch("h#1.1>", (5,)).diverged_at("h#1.0+2+j>") == 5


def test_a_boundary_event_and_what_it_stands_beside_are_rivals() -> None:
    assert Branch("", ()).diverged_at("late#1.!>") == -1
    assert Branch("late#1.!>", (4,)).diverged_at("") == 4
    assert Branch("f#1.0>", (4,)).diverged_at("f#1.0>g#1.1>") is None


def test_steps_after_a_join_of_nested_splits_keep_their_keys_whatever_the_order(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("g").parallel("j").chain("s", "f", "g")
    for name in "abc":
        diagram.service(name, "t.quiet")
    diagram.service("z", "t.quiet").chain("f", "a", "j").chain("g", "b", "j").chain("g", "c", "j").chain("j", "z", "e")
    process_id = bench.deploy(diagram)
    keys = set()
    for first in range(3):
        instance_id = bench.start(process_id)
        bench.run(instance_id, pick=lambda waiting, first=first: first % len(waiting))
        keys.add(bench.calls[-1].key.removeprefix(instance_id))
    assert keys == {":/z#1"}


def rivals(bench: Bench, diagram: Diagram) -> str:
    instance_id = bench.start(diagram)
    bench.run(instance_id, between=bench.restart)
    assert [incident.code for incident in bench.incidents(instance_id)] == ["VariableConflict"]
    return instance_id


def test_a_step_inside_a_sub_process_does_not_overwrite_a_concurrent_branch(bench: Bench) -> None:
    inner = Diagram("i").start("s2").end("e2").service("b", "t.name", outputs={"port": "=r"}).chain("s2", "b", "e2")
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").sub("sub", inner)
    diagram.service("a", "t.name", outputs={"port": "=r"}).chain("s", "f", "a", "j", "e").chain("f", "sub", "j")
    instance_id = rivals(bench, diagram)
    bench.act("choose", instance_id, "new")
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"port": "b"}
    assert [step.key.removeprefix(instance_id) for step in bench.calls] == [":/f#1.0>|a#1", ":/f#1.1>|sub#1/b#1"]


def beside(**outputs: str) -> Diagram:
    """A task `u`, a step `b` on a branch of a boundary event beside it, and a step `a` after the task."""
    diagram = Diagram("p").start("s").end("e").end("e2").user("u").service("a", "t.name", outputs={outputs["a"]: "=r"})
    diagram.boundary_timer("late", "u", "PT1H", interrupting=False).service("b", "t.name", outputs={outputs["b"]: "=r"})
    return diagram.chain("s", "u", "a", "e").chain("late", "b", "e2")


def remind(bench: Bench, instance_id: str) -> None:
    bench.run(instance_id, between=bench.restart)
    bench.clock.advance(timedelta(hours=1))


def test_a_step_after_a_task_does_not_overwrite_what_was_written_beside_the_task(bench: Bench) -> None:
    instance_id = bench.start(beside(a="x", b="x"))
    remind(bench, instance_id)
    bench.run(instance_id, between=bench.restart)
    bench.complete(instance_id)
    bench.run(instance_id, between=bench.restart)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id) == ("VariableConflict", "a")
    bench.act("choose", instance_id, "new")
    assert bench.state(instance_id) == "completed"


def test_a_branch_beside_a_task_does_not_overwrite_what_came_after_the_task(bench: Bench) -> None:
    instance_id = bench.start(beside(a="x", b="x"))
    remind(bench, instance_id)
    (step,) = bench.advance(instance_id).claimed
    bench.restart()
    bench.complete(instance_id)
    (after,) = bench.advance(instance_id).claimed
    bench.advance(instance_id, [bench.call(after)])
    bench.restart()
    bench.advance(instance_id, [bench.call(step)])
    assert [(incident.code, incident.element_id) for incident in bench.incidents(instance_id)] == [
        ("VariableConflict", "b")
    ]


def test_branches_that_write_beside_each_other_around_a_boundary_event_are_no_rivals(bench: Bench) -> None:
    instance_id = bench.start(beside(a="x", b="y"))
    remind(bench, instance_id)
    bench.run(instance_id, between=bench.restart)
    bench.complete(instance_id)
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"x": "a", "y": "b"}


def test_what_a_boundary_branch_wrote_before_it_was_joined_is_no_rival(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").user("u").parallel("j").service("b", "t.name", outputs={"x": "=r"})
    diagram.boundary_timer("late", "u", "PT1H", interrupting=False).service("a", "t.name", outputs={"x": "=r"})
    instance_id = bench.start(diagram.chain("s", "u", "j", "a", "e").chain("late", "b", "j"))
    remind(bench, instance_id)
    bench.run(instance_id, between=bench.restart)
    bench.complete(instance_id)
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"x": "a"}
    assert bench.calls[-1].key == f"{instance_id}:/a#1"


def looped(*, joins: int) -> Diagram:
    """Three branches in a loop, joined at once or two by two."""
    diagram = Diagram("p").start("s").end("e").script("init", "=0", "i").xor("m").parallel("f").parallel("j")
    for name in "abc":
        diagram.service(name, "t.quiet").flow("f", name)
    if joins == 1:
        diagram.chain("a", "j").chain("b", "j").chain("c", "j")
    else:
        diagram.parallel("j2").chain("a", "j2").chain("b", "j2", "j").chain("c", "j")
    diagram.script("inc", "=i + 1", "i").xor("g", default="out").chain("s", "init", "m", "f").chain("j", "inc", "g")
    return diagram.flow("g", "m", "=i < 12").flow("g", "e", id="out")


def kept(bench: Bench, instance_id: str) -> list[Any]:
    with bench.database.reading() as connection:
        query = sa.select(variable.c.scope, variable.c.kind, variable.c.name).where(
            variable.c.instance_id == instance_id, variable.c.kind != "v"
        )
        return list(connection.execute(query).all())


def test_what_is_kept_of_branches_in_a_loop_does_not_grow_with_its_rounds(bench: Bench) -> None:
    for joins in (1, 2):
        instance_id = bench.start(looped(joins=joins))
        kept_by_call: list[int] = []
        bench.run(instance_id, between=lambda i=instance_id, k=kept_by_call: k.append(len(kept(bench, i))))
        assert bench.state(instance_id) == "completed"
        assert max(kept_by_call[-6:]) <= max(kept_by_call[3:9]), kept(bench, instance_id)
        steps = [step for step in bench.calls if step.instance_id == instance_id]
        assert len({step.key for step in steps}) == len(steps) == 36
        assert max(len(step.key) for step in steps) <= len(steps[0].key) + 2
    with bench.database.reading() as connection:
        internal = connection.execute(sa.select(sa.func.max(sa.func.length(token.c.internal)))).scalar_one()
    assert internal < 200


def told_beside(how: str) -> Diagram:
    """Inside a sub-process an event that interrupts nothing writes `told`; after it, another step does."""
    inner = Diagram("i").start("s2").user("u").end("e2").boundary_timer("slow", "u", "PT1H", interrupting=False)
    inner.script("w", "=1", "told").end("e3").chain("s2", "u", "e2").chain("slow", "w", "e3")
    diagram = Diagram("p").start().end().sub("sub", inner)
    if how == "in a loop":
        diagram.each("=[1]", "item", sequential=True)
    diagram.script("z", "=told + 1", "told").xor("m")
    diagram.boundary_timer("late", "sub", "PT2H").chain("s", "sub", "m", "z", "e").chain("late", "m")
    return diagram


@pytest.mark.parametrize("how", ["left", "interrupted", "in a loop"])
def test_what_was_written_beside_the_flow_of_a_sub_process_is_no_rival_of_what_follows_it(
    bench: Bench, how: str
) -> None:
    instance_id = bench.start(told_beside(how), told=0)
    bench.run(instance_id)
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id, bench.restart)
    if how == "interrupted":
        bench.clock.advance(timedelta(hours=1))
    else:
        bench.complete(instance_id)
    bench.run(instance_id, bench.restart)
    assert bench.incidents(instance_id) == []
    assert bench.variables(instance_id) == {"told": 2}
