"""What becomes of a step: claims, retries, refusals, time-outs, late results, undo."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.errors import Conflict, InvalidInput
from app.engine import workers
from app.engine.steps import StepResult, TimedOut
from app.engine.tables import token
from app.handling.contract import Done, Waiting
from app.handling.faults import BadParameter
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def line(*ids: str, **kinds: str) -> Diagram:
    diagram = Diagram("p").start("s").end("e").chain("s", *ids, "e")
    for element_id in ids:
        diagram.service(element_id, kinds.get(element_id, "t.name"))
    return diagram


def test_a_ready_step_is_claimed_once(bench: Bench) -> None:
    instance_id = bench.start(line("a"))
    assert [step.element_id for step in bench.advance(instance_id).claimed] == ["a"]
    assert bench.advance(instance_id).claimed == []
    assert bench.standing(instance_id) == {"a": "claim"}


def test_a_step_without_a_handler_falls_out(bench: Bench) -> None:
    process_id = bench.deploy(line("a"))
    bench.handlers = ()
    bench.__post_init__()
    instance_id = bench.start(process_id)
    assert bench.advance(instance_id).claimed == []
    (incident,) = bench.incidents(instance_id)
    assert incident.code == "UnknownHandler"
    assert "t.name" in incident.message


def test_a_failed_step_is_tried_again_later_and_later_and_then_falls_out(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.flaky", inputs={"failures": "=9"}).start("s").end("e").chain("s", "a", "e")
    instance_id = bench.start(diagram)
    first = bench.run(instance_id)
    assert bench.standing(instance_id) == {"a": "retry"}
    assert first.next_due == bench.clock.now() + timedelta(seconds=10)
    bench.clock.advance(timedelta(seconds=9))
    bench.run(instance_id)
    assert len(bench.calls) == 1
    bench.clock.advance(timedelta(seconds=1))
    bench.run(instance_id)
    bench.clock.advance(timedelta(seconds=30))
    bench.run(instance_id)
    assert [step.attempt for step in bench.calls] == [1, 2, 3]
    assert len({step.key for step in bench.calls}) == 1
    assert [step.repeat for step in bench.calls] == [False, True, True]
    assert bench.standing(instance_id) == {"a": "incident"}
    assert bench.state(instance_id) == "fallen_out"
    assert bench.incidents(instance_id)[0].code == "SystemSilent"


def test_the_retries_of_the_diagram_count_before_the_handlers(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.flaky", inputs={"failures": "=9"}, retries=1).start("s").end("e")
    instance_id = bench.start(diagram.chain("s", "a", "e"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"a": "incident"}


def test_a_refusal_that_nothing_catches_falls_out_under_its_code(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.refuse"))
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id, incident.handler) == ("port_taken", "a", "t.refuse")
    assert incident.detail["port"] == "1/1/7"


def test_an_error_boundary_event_catches_its_code_before_a_catch_all(bench: Bench) -> None:
    diagram = line("a", a="t.refuse").boundary_error("any", "a").boundary_error("taken", "a", "port_taken")
    diagram.end("e1").end("e2").chain("any", "e1").chain("taken", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    with bench.database.reading() as connection:
        passed = set(connection.execute(sa.select(token.c.element_id).where(token.c.state == 64)).scalars())
    assert "e2" in passed
    assert "e1" not in passed


def test_an_error_boundary_event_for_another_code_does_not_catch(bench: Bench) -> None:
    diagram = line("a", a="t.refuse").boundary_error("other", "a", "unknown_serial").end("e1").chain("other", "e1")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"a": "incident", "other": "attached"}


def test_a_time_out_counts_as_a_failed_attempt_and_its_late_result_is_kept(bench: Bench) -> None:
    instance_id = bench.start(line("a"))
    (step,) = bench.advance(instance_id).claimed
    bench.advance(instance_id, [StepResult(step.number, step.attempt, TimedOut(30))])
    assert bench.standing(instance_id) == {"a": "retry"}
    bench.advance(instance_id, [StepResult(step.number, step.attempt, Done(r="late"))])
    assert bench.standing(instance_id) == {"a": "retry"}
    (late,) = [row for row in bench.history(instance_id) if row.kind == "late_result"]
    assert late.detail["outputs"] == {"r": "late"}
    assert "r" not in bench.variables(instance_id)


def test_a_result_after_the_end_is_kept_in_the_history(bench: Bench) -> None:
    diagram = line("a").boundary_timer("late", "a", "PT1M").end("e2").chain("late", "e2")
    instance_id = bench.start(diagram)
    (step,) = bench.advance(instance_id).claimed
    bench.clock.advance(timedelta(minutes=1))
    assert bench.advance(instance_id).ended
    bench.advance(instance_id, [StepResult(step.number, step.attempt, Done(r="late"))])
    assert [row.kind for row in bench.history(instance_id)].count("late_result") == 1
    assert bench.state(instance_id) == "completed"


def test_claims_of_a_dead_worker_are_repeated_under_the_same_key(bench: Bench) -> None:
    instance_id = bench.start(line("a"))
    with bench.database.transaction() as tx:
        workers.enlist(tx, "worker-1", "host", 1, bench.clock.now(), 30)
        workers.enlist(tx, "worker-2", "host", 2, bench.clock.now(), 3600)
    (first,) = bench.advance(instance_id, owner="worker-1").claimed
    bench.restart()
    assert bench.advance(instance_id, owner="worker-2").claimed == []
    bench.clock.advance(timedelta(seconds=31))
    bench.restart()
    (second,) = bench.advance(instance_id, owner="worker-2").claimed
    assert second.key == first.key
    assert (second.attempt, second.repeat) == (2, True)
    assert "claim_expired" in [row.kind for row in bench.history(instance_id)]


def test_a_stale_process_loads_again_and_its_result_is_not_lost(bench: Bench) -> None:
    diagram = (
        Diagram("p").start("s").end("e").parallel("f").parallel("j").service("a", "t.name").service("b", "t.quiet")
    )
    instance_id = bench.start(diagram.chain("s", "f", "a", "j", "e").chain("f", "b", "j"))
    one, other = bench.advance(instance_id).claimed
    stale = bench.engine
    bench.restart()
    bench.advance(instance_id, [StepResult(other.number, other.attempt, Done())])
    with bench.database.transaction() as tx:
        advanced = stale.advance(tx, instance_id, "worker-1", [StepResult(one.number, one.attempt, Done(r="a"))])
    assert advanced.ended
    assert bench.variables(instance_id) == {"r": "a"}


def test_a_done_step_keeps_what_undoes_it(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.undoable"), serial="X1")
    bench.run(instance_id)
    with bench.database.reading() as connection:
        (undo,) = connection.execute(sa.select(token.c.undo).where(token.c.undo.is_not(None))).scalars()
    assert undo == {"handler": "t.undoable", "arguments": {"serial": "X1"}, "outputs": {"ont_id": "ont-X1"}}


def test_a_callback_that_does_not_come_is_a_failed_attempt(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.call_back"), order="77")
    (step,) = bench.advance(instance_id).claimed
    until = bench.clock.now() + timedelta(days=1)
    bench.advance(instance_id, [StepResult(step.number, step.attempt, Waiting("accepted", "77", until))])
    assert bench.standing(instance_id) == {"a": "callback"}
    bench.clock.advance(timedelta(days=1))
    bench.advance(instance_id)
    (token_,) = bench.tokens(instance_id)
    assert token_.kind == "retry"
    assert token_.error["code"] == "CallbackMissing"
    assert (token_.name, token_.correlation) == ("t.call_back", None)


# operators


def test_a_retry_reports_that_the_step_passed(bench: Bench) -> None:
    instance_id = bench.start(line("a", "b", a="t.flaky"), failures=3)
    for _ in range(3):
        bench.run(instance_id)
        bench.clock.advance(timedelta(minutes=5))
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    (incident,) = bench.incidents(instance_id, state="resolved")
    assert (incident.action, incident.action_by, incident.action_reason) == ("retry", "olga", "because")
    assert (incident.outcome, incident.outcome_detail) == ("passed", "b")
    assert len({step.key for step in bench.calls if step.element_id == "a"}) == 1


def test_a_retry_reports_that_the_step_failed_alike(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.refuse"))
    bench.run(instance_id)
    bench.act("retry", instance_id)
    bench.run(instance_id)
    (first,) = bench.incidents(instance_id, state="resolved")
    assert first.outcome == "failed_alike"
    assert len(bench.incidents(instance_id)) == 1
    assert bench.state(instance_id) == "fallen_out"


def test_a_corrected_retry_runs_under_a_new_key_and_reports_another_failure(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.refuse"), code="port_taken")
    bench.run(instance_id)
    bench.act("retry_with_inputs", instance_id, {"code": "unknown_serial"})
    bench.run(instance_id)
    assert bench.calls[0].key != bench.calls[1].key
    assert bench.calls[1].inputs == {"code": "unknown_serial"}
    assert bench.calls[1].repeat is False
    (first,) = bench.incidents(instance_id, state="resolved")
    assert first.outcome == "failed_differently"


def test_a_corrected_variable_is_right_for_later_steps_and_a_mapped_input_for_this_one(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").service("a", "t.typed", inputs={"speed_mbps": "=speed"})
    diagram.service("b", "t.typed", inputs={"speed_mbps": "=7"}).chain("s", "a", "b", "e")
    instance_id = bench.start(diagram, serial=5, speed="fast")
    bench.run(instance_id)
    bench.act("retry_with_inputs", instance_id, {"serial": "X1", "speed_mbps": 500})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"serial": "X1", "speed": "fast", "r": "X1@7"}
    assert bench.calls[1].inputs == {"serial": "X1", "speed_mbps": 500}


def test_corrected_inputs_are_checked_against_the_handler(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.typed"), serial="X1", speed_mbps="fast")
    bench.run(instance_id)
    assert bench.incidents(instance_id)[0].code == "BadParameter"
    with pytest.raises(BadParameter, match="speed_mbps"):
        bench.act("retry_with_inputs", instance_id, {"speed_mbps": "faster"})
    bench.act("retry_with_inputs", instance_id, {"speed_mbps": 500})
    bench.run(instance_id)
    assert bench.variables(instance_id)["r"] == "X1@500"


def test_a_skipped_step_leaves_the_outputs_that_later_steps_need(bench: Bench) -> None:
    instance_id = bench.start(line("a", "b", a="t.refuse", b="t.echo"))
    bench.run(instance_id)
    bench.act("skip", instance_id, {"x": 42})
    bench.run(instance_id)
    assert bench.variables(instance_id)["r"] == 42
    assert [step.element_id for step in bench.calls] == ["a", "b"]


def test_an_action_needs_a_reason_and_happens_once(bench: Bench) -> None:
    instance_id = bench.start(line("a", a="t.refuse"))
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    with pytest.raises(InvalidInput, match="reason"):
        bench.act("retry", instance_id, reason=" ")
    bench.act("retry", instance_id)
    with pytest.raises(Conflict, match="olga"), bench.database.transaction() as tx:
        bench.operators.retry(tx, incident.id, by="otto", reason="me too")


def test_a_gateway_without_a_true_condition_falls_out_and_goes_on_when_its_variables_are_corrected(
    bench: Bench,
) -> None:
    diagram = Diagram("p").start("s").end("e").end("e2").xor("g").chain("s", "g")
    diagram.flow("g", "e", "=n > 5").flow("g", "e2", "=n < 2")
    instance_id = bench.start(diagram, n=3)
    bench.run(instance_id)
    assert bench.incidents(instance_id)[0].code == "NoFlowChosen"
    with pytest.raises(Conflict, match="gateway"):
        bench.act("skip", instance_id, {})
    bench.act("retry_with_inputs", instance_id, {"n": 9})
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_a_cancelled_step_takes_its_incident_along(bench: Bench) -> None:
    diagram = line("a", a="t.refuse").boundary_timer("late", "a", "PT1M").end("e2").chain("late", "e2")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.state(instance_id) == "fallen_out"
    bench.clock.advance(timedelta(minutes=1))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.incidents(instance_id) == []
    assert bench.incidents(instance_id, state="resolved")[0].outcome == "cancelled"


def test_an_input_may_make_a_part_of_a_value(bench: Bench) -> None:
    inputs = {"x.serial": '="S1"', "x.port.slot": "=2", "x.port.number": "=3"}
    diagram = Diagram("p").start("s").service("a", "t.echo", inputs=inputs).end("e").chain("s", "a", "e")
    instance_id = bench.start(diagram, x={"serial": "outer"})
    bench.run(instance_id)
    assert bench.calls[0].inputs == {"x": {"serial": "S1", "port": {"slot": 2, "number": 3}}}
    assert bench.variables(instance_id)["x"] == {"serial": "outer"}
