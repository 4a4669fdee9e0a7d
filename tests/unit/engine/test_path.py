"""The path of an instance: its steps with their attempts, what they took and gave, and where each variable was set."""

from __future__ import annotations

from datetime import timedelta

from app.engine import queries
from app.engine.queries import ActedView, StepView
from app.engine.steps import Failed, StepResult
from app.handling.contract import Done
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

MINUTE = timedelta(minutes=1)


def line(diagram: Diagram, *middle: str) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")


def steps(bench: Bench, instance_id: str, element_id: str | None = None) -> list[StepView]:
    with bench.database.reading() as connection:
        return queries.list_steps(connection, instance_id, element_id=element_id)


def acted(bench: Bench, instance_id: str) -> list[ActedView]:
    with bench.database.reading() as connection:
        return queries.list_acted(connection, instance_id)


def test_a_step_tells_what_it_took_what_it_gave_and_every_attempt_with_its_error(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name").user("u"), "a", "u"), name="x")
    (first,) = bench.advance(instance_id).claimed
    bench.advance(instance_id, [StepResult(first.number, 1, Failed("Silent", "no answer"))])
    (step,) = steps(bench, instance_id, "a")
    assert [(each.attempt, each.code, each.message) for each in step.tries] == [(1, "Silent", "no answer")]
    bench.operate("complete", instance_id, step.number, {"r": "by hand"})
    (step,) = steps(bench, instance_id, "a")
    assert (step.done, step.outputs, step.inputs) == (True, {"r": "by hand"}, first.inputs)
    assert [each.element_id for each in steps(bench, instance_id)] == ["s", "a", "u"]


def test_a_variable_tells_which_step_has_set_it(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.echo").user("u"), "a", "u"), given=1)
    (step,) = bench.advance(instance_id).claimed
    bench.clock.advance(MINUTE)
    bench.advance(instance_id, [StepResult(step.number, 1, Done(r="later"))])
    with bench.database.reading() as connection:
        found = queries.origins(connection, instance_id)
        elements = queries.elements_of(connection, instance_id, [step.number])
    assert found["", "given"] == (None, bench.clock.now() - MINUTE)
    assert found["", "r"] == (step.number, bench.clock.now())
    assert elements == {step.number: ("a", 0)}


def test_a_rewind_says_where_the_token_is_and_then_where_it_went(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("a").user("b"), "a", "b"))
    bench.advance(instance_id)
    number = steps(bench, instance_id, "a")[0].number
    bench.operate("complete", instance_id, number, {})
    assert [(each.action, each.verdict, each.to) for each in acted(bench, instance_id)] == [
        ("complete", "passed", ("b",))
    ]
    bench.clock.advance(MINUTE)
    bench.operate("rewind", instance_id, "a")
    (rewound, _) = acted(bench, instance_id)
    assert (rewound.action, rewound.element_id, rewound.verdict, rewound.waits) == (
        "rewind",
        "a",
        "stands",
        "user_task",
    )
    again = steps(bench, instance_id, "a")[-1].number
    bench.operate("complete", instance_id, again, {})
    assert [(each.verdict, each.to) for each in acted(bench, instance_id)][1] == ("passed", ("b",))


def test_a_rewind_to_a_step_that_fails_says_whether_alike(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").service("a", "t.name").user("b"), "a", "b"))
    verdicts = []
    for code in ("Odd", "Odd", "Other"):
        (step,) = bench.advance(instance_id).claimed
        bench.advance(instance_id, [StepResult(step.number, step.attempt, Failed(code, "no", retry=False))])
        verdicts.append([each.verdict for each in acted(bench, instance_id)])
        bench.clock.advance(MINUTE)
        bench.operate("rewind", instance_id, "a")
    assert verdicts == [[], ["failed_alike"], ["failed_differently", "cancelled"]]


def test_a_move_is_planned_as_it_would_be_made_and_changes_nothing(bench: Bench) -> None:
    instance_id = bench.start(line(Diagram("p").user("a").user("b").boundary_timer("late", "a", "PT1H"), "a", "b"))
    bench.advance(instance_id)
    (a,) = steps(bench, instance_id, "a")
    with bench.database.reading() as connection:
        plan = bench.operators.move_plan(connection, instance_id, a.number, "b")
        refused = bench.operators.move_plan(connection, instance_id, a.number, "s")
    assert (sorted(element for _, element, _ in plan.ends), plan.refusals) == (["a", "late"], [])
    assert refused.ends == []
    assert "start event" in refused.refusals[0]
    assert set(bench.standing(instance_id)) == {"a", "late"}
