"""What keeps an instance from moving, and what is wrong with a mapping: said before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import metadata
from app.core.errors import Conflict, InvalidInput
from app.engine.definitions import UnknownProcess
from app.engine.migration.doors import MigrationBlocked
from app.engine.migration.obstacles import CODES
from app.engine.migration.plan import MappingRefused
from tests.factories import triggers as on
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.migrations import Mover
from tests.factories.pushes import line, task_done

Mapping = dict[str, str | None]
Case = tuple[Diagram, Diagram, Mapping, list[tuple[str, str]]]


def split(*middle: str, diagram: Diagram, f: str = "f", j: str = "j") -> Diagram:
    """The elements on branches of their own between a split and a join."""
    diagram.start("s").end("e").parallel(f).parallel(j).chain("s", f).chain(j, "e")
    for element_id in middle:
        diagram.chain(f, element_id, j)
    return diagram


def no_counterpart() -> Case:
    old, new = line(Diagram("p").user("u"), "u"), line(Diagram("p").user("v"), "v")
    return old, new, {}, [("no_counterpart", "u")]


def given_no_counterpart() -> Case:
    old, new = line(Diagram("p").user("u"), "u"), line(Diagram("p").user("u").user("v"), "u", "v")
    return old, new, {"u": None}, [("no_counterpart", "u")]


def another_kind_of_the_same_name() -> Case:
    old, new = line(Diagram("p").user("u"), "u"), line(Diagram("p").service("u", "t.name"), "u")
    return old, new, {}, [("no_counterpart", "u")]


def a_sub_process_without_counterpart() -> Case:
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")
    old, new = line(Diagram("p").sub("sub", inner), "sub"), line(Diagram("p").user("u"), "u")
    return old, new, {}, [("no_counterpart", "sub"), ("no_counterpart", "u")]


def put_into_a_sub_process() -> Case:
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")
    old, new = line(Diagram("p").user("u"), "u"), line(Diagram("p").sub("sub", inner), "sub")
    return old, new, {}, [("no_counterpart", "u")]


def a_handler_runs() -> Case:
    diagram = line(Diagram("p").service("a", "t.name"), "a")
    return diagram, line(Diagram("p").service("a", "t.name").user("u"), "a", "u"), {}, [("running", "a")]


def another_handler_was_asked() -> Case:
    old = line(Diagram("p").service("a", "t.flaky", {"failures": "=9"}), "a")
    return old, line(Diagram("p").service("a", "t.name"), "a"), {}, [("other_handler", "a")]


def a_call_back_is_another_handlers() -> Case:
    old = line(Diagram("p").service("a", "t.call_back"), "a")
    return old, line(Diagram("p").service("a", "t.name"), "a"), {}, [("other_handler", "a")]


def on_a_branch_of_what_is_gone() -> Case:
    old = split("u", "v", diagram=Diagram("p").user("u").user("v"))
    new = split("u", "v", diagram=Diagram("p").user("u").user("v"), f="f2", j="j2")
    return old, new, {}, [("branch", "u"), ("branch", "v")]


def arrived_at_a_join_that_is_gone() -> Case:
    old = split("a", "u", diagram=Diagram("p").service("a", "t.name").user("u"))
    new = split("a", "u", diagram=Diagram("p").service("a", "t.name").user("u"), j="j2")
    return old, new, {}, [("no_counterpart", "j")]


def arrived_where_a_step_was_put_in_between() -> Case:
    old = split("a", "u", diagram=Diagram("p").service("a", "t.name").user("u"))
    new = Diagram("p").service("a", "t.name").service("b", "t.name").user("u").start("s").end("e").parallel("f")
    new.parallel("j").chain("s", "f", "a", "b", "j", "e").chain("f", "u", "j")
    return old, new, {}, [("arrival", "j")]


def two_arrived_by_what_is_one_flow_now() -> Case:
    old = split("a", "b", "u", diagram=Diagram("p").service("a", "t.quiet").service("b", "t.quiet").user("u"))
    new = split("c", "u", diagram=Diagram("p").service("c", "t.quiet").user("u"))
    return old, new, {"a": "c", "b": "c"}, [("arrival", "j")]


def a_third_branch_was_put_in() -> Case:
    """The split has been passed: nothing would ever come by the third."""
    old = split("u", "v", diagram=Diagram("p").user("u").user("v"))
    new = split("u", "v", "w", diagram=Diagram("p").user("u").user("v").user("w"))
    return old, new, {}, [("join", "j")]


def put_into_a_branch() -> Case:
    old = line(Diagram("p").user("u"), "u")
    return old, split("u", "v", diagram=Diagram("p").user("u").user("v")), {}, [("join", "j")]


def rounds(*more: str) -> Diagram:
    """Two branches in a loop."""
    diagram = Diagram("p").start("s").end("e").xor("m").xor("g", default="out").parallel("f").parallel("j")
    diagram.user("a").user("b").chain("s", "m", "f", "a", "j", "g").chain("f", "b", "j").flow("g", "m", "=more")
    return diagram.flow("g", "e", id="out")


def put_into_a_branch_of_a_loop() -> Case:
    """The other branch is reached only by the join that waits for it."""
    return line(Diagram("p").user("a"), "a"), rounds(), {}, [("join", "j")]


def arrived_where_the_other_branch_goes_elsewhere_now() -> Case:
    old = split("a", "u", diagram=Diagram("p").service("a", "t.name").user("u"))
    new = rounds().user("u").end("e2").chain("f", "u", "e2")
    return old, new, {"a_j": "a_j"}, [("join", "j")]


def at_another_gateways_event() -> Case:
    old = Diagram("p").event_gateway("g").message("w", "ready", '="1"').timer("t", "PT1H").start("s").end("e")
    old.chain("s", "g", "w", "e").chain("g", "t", "e")
    new = line(Diagram("p").message("w", "ready", '="1"'), "w")
    return old, new, {}, [("no_counterpart", "t"), ("no_counterpart", "w")]


def while_it_is_taken_back() -> Case:
    """Somebody is about to take back by hand what was done."""

    def drawn(last: str) -> Diagram:
        diagram = Diagram("p").service("a", "t.name").user("by_hand").undoes("a").throw("c", on.compensate())
        return line(diagram.user(last), "a", "c", last)

    return drawn("u"), drawn("v"), {}, [("compensation", "c")]


BLOCKED: dict[str, Callable[[], Case]] = {
    make.__name__: make
    for make in (
        no_counterpart,
        given_no_counterpart,
        another_kind_of_the_same_name,
        a_sub_process_without_counterpart,
        put_into_a_sub_process,
        a_handler_runs,
        another_handler_was_asked,
        a_call_back_is_another_handlers,
        on_a_branch_of_what_is_gone,
        arrived_at_a_join_that_is_gone,
        arrived_where_a_step_was_put_in_between,
        two_arrived_by_what_is_one_flow_now,
        a_third_branch_was_put_in,
        put_into_a_branch,
        put_into_a_branch_of_a_loop,
        arrived_where_the_other_branch_goes_elsewhere_now,
        at_another_gateways_event,
        while_it_is_taken_back,
    )
}


@pytest.mark.parametrize("name", BLOCKED)
def test_an_instance_that_cannot_move_says_why_and_stays_as_it_is(bench: Bench, name: str) -> None:
    old, new, mapping, expected = BLOCKED[name]()
    bench.deploy(old)
    instance_id = bench.start("p")
    if name == "a_handler_runs":
        bench.advance(instance_id)
    else:
        bench.run(instance_id)
    bench.deploy(new)
    mover = Mover(bench)
    before = everything(bench)
    assert mover.blocked(instance_id, mapping) == expected
    with pytest.raises(MigrationBlocked) as refused:
        mover.move(instance_id, mapping)
    assert {each.code for each in refused.value.obstacles} <= set(CODES)
    assert all(each.element_id in each.message for each in refused.value.obstacles)
    assert everything(bench) == before


def everything(bench: Bench) -> dict[str, list[Any]]:
    with bench.database.reading() as connection:
        return {t.name: list(connection.execute(sa.select(t))) for t in metadata.sorted_tables}


def test_every_obstacle_has_a_case() -> None:
    assert {code for make in BLOCKED.values() for code, _ in make()[3]} == set(CODES)


def test_what_stood_in_the_way_and_went_lets_it_move(bench: Bench) -> None:
    old, new, mapping, _ = while_it_is_taken_back()
    bench.deploy(old)
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.deploy(new)
    task_done()(bench, instance_id)
    bench.run(instance_id)
    Mover(bench).move(instance_id, {"u": "v", **mapping})
    assert bench.standing(instance_id) == {"v": "user_task"}


def test_an_instance_on_another_version_or_at_its_end_is_not_concerned(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u"), "u"))
    ended, other = bench.start("p"), None
    bench.run(ended)
    bench.complete(ended)
    bench.deploy(line(Diagram("p").user("u").user("v"), "u", "v"))
    other = bench.start("p")
    mover = Mover(bench)
    plan = mover.plan(1, 2)
    for instance_id, why in ((ended, "is completed"), (other, "is on version 2")):
        with bench.database.reading() as connection:
            assert mover.migrations.check(connection, plan, instance_id).finding == "unaffected"
        with pytest.raises(Conflict, match=why), bench.database.transaction() as tx:
            mover.migrations.migrate(tx, plan, instance_id, "olga", "because")


def test_a_preview_looks_at_every_open_instance_of_the_version(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u").user("v"), "u", "v"))
    instances = [bench.start("p") for _ in range(4)]
    for instance_id in instances:
        bench.run(instance_id)
    bench.complete(instances[2])
    bench.complete(instances[3])
    bench.complete(instances[3])
    bench.deploy(line(Diagram("p").user("u"), "u"))
    bench.start("p")
    mover = Mover(bench)
    with bench.database.reading() as connection:
        plan = mover.migrations.plan(connection, "p", 1, 2, {})
        found = mover.migrations.preview(connection, plan)
        named = mover.migrations.preview(connection, plan, instances[3:])
    assert {each.instance_id: each.finding for each in found} == {
        instances[0]: "can_move",
        instances[1]: "can_move",
        instances[2]: "blocked",
    }
    assert [each.finding for each in named] == ["unaffected"]


def test_a_migration_needs_a_reason(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u"), "u"))
    instance_id = bench.start("p")
    bench.deploy(line(Diagram("p").user("u").user("v"), "u", "v"))
    mover = Mover(bench)
    plan = mover.plan(1, 2)
    with pytest.raises(InvalidInput, match="Say why"), bench.database.transaction() as tx:
        mover.migrations.migrate(tx, plan, instance_id, "olga", " ")


# mappings


def rich(suffix: str = "") -> Diagram:
    inner = Diagram("i").start(f"s2{suffix}").user(f"i1{suffix}").end(f"e2{suffix}")
    inner.chain(f"s2{suffix}", f"i1{suffix}", f"e2{suffix}")
    diagram = Diagram("p").user(f"u{suffix}").user(f"v{suffix}").boundary_timer(f"late{suffix}", f"u{suffix}", "PT1H")
    diagram.boundary_timer(f"later{suffix}", f"v{suffix}", "PT1H").end(f"e1{suffix}").sub(f"sub{suffix}", inner)
    diagram.start(f"s{suffix}").end(f"e{suffix}").chain(f"late{suffix}", f"e1{suffix}")
    diagram.chain(f"later{suffix}", f"e1{suffix}").message(f"w{suffix}", "ready", '="1"')
    return diagram.chain(*(f"{each}{suffix}" for each in ("s", "u", "v", "sub", "w", "e")))


WRONG: dict[str, tuple[Mapping, dict[str, str]]] = {
    "unknown here": ({"x": "uB"}, {"$.mapping.x": "Version 1 has no element or flow 'x'"}),
    "unknown there": ({"u": "x"}, {"$.mapping.u": "Version 2 has no element 'x'"}),
    "an element to a flow": ({"u": "uB_vB"}, {"$.mapping.u": "Version 2 has no element 'uB_vB'"}),
    "a flow to an element": ({"u_v": "uB"}, {"$.mapping.u_v": "Version 2 has no flow 'uB'"}),
    "an odd name": ({"a-b": "uB"}, {"$.mapping['a-b']": "Version 1 has no element"}),
    "another type": ({"u": "subB"}, {"$.mapping.u": "it was a userTask and is a subProcess"}),
    "another event": ({"w": "lateB"}, {"$.mapping.w": "it was a message intermediateCatchEvent and is a timer"}),
    "out of its sub-process": ({"i1": "uB"}, {"$.mapping.i1": "not in the same sub-process"}),
    "in a sub-process that is not mapped": ({"i1": "i1B"}, {"$.mapping.i1": "not in the same sub-process"}),
    "onto another activity": ({"u": "uB", "late": "laterB"}, {"$.mapping.late": "not attached to the same activity"}),
    "two events to one": (
        {"u": "uB", "v": "uB", "late": "lateB", "later": "lateB"},
        {"$.mapping.late": "Only one event", "$.mapping.later": "Only one event"},
    ),
    "a flow that leads elsewhere": ({"u": "uB", "s_u": "uB_vB"}, {"$.mapping.s_u": "leads to 'u' and 'uB_vB' to 'vB'"}),
    "several": (
        {"x": "uB", "u": "y", "v": "subB"},
        {"$.mapping.x": "no element", "$.mapping.u": "'y'", "$.mapping.v": "it was a userTask"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_is_refused_with_everything_that_is_wrong(bench: Bench, name: str) -> None:
    mapping, expected = WRONG[name]
    bench.deploy(rich())
    bench.deploy(rich("B"))
    with pytest.raises(MappingRefused) as refused:
        Mover(bench).plan(1, 2, mapping)
    found = dict(refused.value.problems)
    assert found.keys() == expected.keys()
    assert all(expected[path] in message for path, message in found.items())


def test_what_is_not_named_goes_to_its_own_name_where_that_fits(bench: Bench) -> None:
    bench.deploy(rich())
    bench.deploy(Diagram("p").user("u").service("v", "t.name").start("s").end("e").chain("s", "u", "v", "e"))
    plan = Mover(bench).plan(1, 2)
    assert plan.elements == {"u": "u", "s": "s", "e": "e"}
    assert plan.unfit == {"v": "it was a userTask and is a serviceTask"}


def test_a_name_that_another_was_given_is_no_longer_its_own(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").message("w", "a", '="1"').message("x", "b", '="1"'), "w", "x"))
    bench.deploy(line(Diagram("p").message("x", "b", '="1"'), "x"))
    plan = Mover(bench).plan(1, 2, {"w": "x"})
    assert plan.elements["w"] == "x"
    assert plan.unfit == {"x": "'w' goes to 'x'"}


def test_two_tasks_may_go_to_one(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u").user("v"), "u", "v"))
    instance_id = bench.start("p")
    bench.run(instance_id)
    bench.complete(instance_id)
    bench.deploy(line(Diagram("p").user("v"), "v"))
    Mover(bench).move(instance_id, {"u": "v"})
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"


def test_versions_are_two_that_are_deployed(bench: Bench) -> None:
    bench.deploy(line(Diagram("p").user("u"), "u"))
    mover = Mover(bench)
    with pytest.raises(InvalidInput, match="Name another") as same:
        mover.plan(1, 1)
    assert same.value.path == "$.toVersion"
    with pytest.raises(UnknownProcess) as unknown:
        mover.plan(1, 2)
    assert unknown.value.path == "$.toVersion"
    with pytest.raises(UnknownProcess) as unknown:
        mover.plan(3, 1)
    assert unknown.value.path == "$.fromVersion"
