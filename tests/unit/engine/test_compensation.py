"""Work that is taken back: in which order, under which key, and what happens when it cannot be."""

from __future__ import annotations

from typing import Any

from app.handling.contract import Done, Refused, Work
from app.handling.faults import SystemSilent
from app.handling.mark import handles
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows_compensation import transaction, undone_by_handlers, undone_inside
from tests.factories.pushes import Flow, line
from tests.factories.steps import HANDLERS
from tests.factories.triggers import cancel, compensate


@handles("t.stubborn")
def stubborn(work: Work, serial: str) -> Done:
    return Done(ont_id=serial)


@stubborn.undo
def stay(work: Work, serial: str, outputs: dict[str, Any]) -> Refused | None:
    if serial == "A":
        return Refused("still_in_use", f"{outputs['ont_id']} carries traffic")
    if serial == "silent" and work.attempt == 1:
        raise SystemSilent("no answer")
    return None


def with_stubborn(bench: Bench) -> Bench:
    return Bench(bench.database, bench.clock, (*HANDLERS, stubborn))


def one(serial: str) -> Diagram:
    diagram = Diagram("p").service("a", "t.stubborn", inputs={"serial": f'="{serial}"'}).throw("t", compensate())
    return line(diagram, "a", "t")


def play(bench: Bench, flow: Flow) -> str:
    instance_id = bench.start(flow.diagram, **flow.variables)
    bench.run(instance_id)
    for push in flow.pushes:
        push(bench, instance_id)
        bench.run(instance_id)
    return instance_id


def test_the_last_is_taken_back_first_with_what_it_was_given_and_gave(bench: Bench) -> None:
    play(bench, undone_by_handlers())
    undone = [step for step in bench.calls if step.undoes is not None]
    assert [(step.element_id, step.inputs, step.undoes) for step in undone] == [
        ("b", {"serial": "B"}, {"ont_id": "ont-B"}),
        ("a", {"serial": "A"}, {"ont_id": "ont-A"}),
    ]


def test_an_undo_has_the_key_of_its_step_marked(bench: Bench) -> None:
    instance_id = play(bench, undone_by_handlers())
    done = {step.element_id: step.key for step in bench.calls if step.undoes is None}
    undone = {step.element_id: step.key for step in bench.calls if step.undoes is not None}
    assert undone == {name: f"{done[name]}!undo" for name in ("a", "b")}
    assert done["a"] == f"{instance_id}:/a#1"


def test_an_undo_that_is_refused_falls_out_and_is_retried_or_skipped(bench: Bench) -> None:
    bench = with_stubborn(bench)
    instance_id = bench.start(one("A"))
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.element_id, incident.code, incident.handler) == ("a", "still_in_use", "t.stubborn")
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert len({step.key for step in bench.calls if step.undoes is not None}) == 1
    bench.act("skip", instance_id, {})
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"ont_id": "A"}


def test_an_undo_can_be_corrected(bench: Bench) -> None:
    bench = with_stubborn(bench)
    instance_id = bench.start(one("A"))
    bench.run(instance_id)
    bench.act("retry_with_inputs", instance_id, {"serial": "B"})
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.calls[-1].inputs == {"serial": "B"}


def test_a_silent_system_is_asked_again_to_take_back(bench: Bench) -> None:
    bench = with_stubborn(bench)
    instance_id = bench.start(one("silent"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"t": "child", "a": "retry"}


def test_each_is_said_in_the_history(bench: Bench) -> None:
    instance_id = play(bench, undone_by_handlers())
    said = [row.detail["element"] for row in bench.history(instance_id) if row.kind == "compensated"]
    assert sorted(said) == ["a", "b"]


def test_what_a_called_off_branch_has_done_is_taken_back_too(bench: Bench) -> None:
    """The branch is cancelled by the cancel end, what it had completed counts."""
    inside = Diagram("x").start("s2").parallel("f").service("a", "t.undoable", inputs={"serial": '="A"'}).user("v")
    inside.user("u").end("e2").end("no", cancel()).chain("s2", "f", "a", "v", "e2").chain("f", "u", "no")
    diagram = Diagram("p").transaction("tx", inside).boundary("over", "tx", cancel()).end("e4")
    instance_id = bench.start(line(diagram, "tx").chain("over", "e4"))
    bench.run(instance_id)
    bench.complete(instance_id, element="u")
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert [step.element_id for step in bench.calls if step.undoes is not None] == ["a"]


def test_what_one_event_takes_back_another_leaves_alone(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.name").user("back").undoes("a").parallel("f").parallel("j")
    diagram.throw("t1", compensate()).throw("t2", compensate())
    instance_id = bench.start(line(diagram, "a", "f", "t1", "j").chain("f", "t2", "j"))
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"t1": "child", "back": "user_task", "j": "join"}
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_nothing_to_take_back_is_no_fault(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").throw("t", compensate()), "t"))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_a_transaction_that_is_fine_takes_nothing_back(bench: Bench) -> None:
    play(bench, transaction())
    assert [step for step in bench.calls if step.undoes is not None] == []


def test_what_is_drawn_inside_leaves_no_scope_behind(bench: Bench) -> None:
    instance_id = play(bench, undone_inside())
    assert bench.variables(instance_id) == {"gone": "A"}
