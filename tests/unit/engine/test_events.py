"""Events beyond their happy path: who catches, what is interrupted, what a fault leaves standing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.engine import watchdog
from app.engine.tables import token
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import line
from tests.factories.triggers import conditional, error, escalation, message, timer


def run(bench: Bench, diagram: Diagram, **variables: object) -> str:
    instance_id = bench.start(diagram, **variables)
    bench.run(instance_id)
    return instance_id


def handling(trigger: object, *, interrupting: bool = True) -> Diagram:
    inner = Diagram("i").start("hs", trigger, interrupting=interrupting).end("he")  # type: ignore[arg-type]
    return inner.user("h").chain("hs", "h", "he")


def test_an_error_that_nobody_catches_is_an_incident_at_its_end_event(bench: Bench) -> None:
    inner = Diagram("i").start("s2").end("e2", error("no_port")).chain("s2", "e2")
    diagram = Diagram("p").sub("sub", inner).boundary_error("err", "sub", "no_line").end("e3").user("z")
    instance_id = run(bench, line(diagram, "sub", "z").chain("err", "e3"))
    (incident,) = bench.incidents(instance_id)
    assert (incident.element_id, incident.code) == ("e2", "ErrorUncaught")
    bench.act("skip", instance_id, {})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"z": "user_task"}


def test_a_boundary_event_comes_before_the_event_sub_process_of_its_surroundings(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.refuse").boundary_error("err", "a").user("u").end("e2")
    diagram = line(diagram, "a").chain("err", "u", "e2").event_sub("sub", handling(error("port_taken")))
    assert bench.standing(run(bench, diagram)) == {"u": "user_task", "hs": "attached"}


def test_an_error_inside_an_event_sub_process_goes_further_out(bench: Bench) -> None:
    inner = Diagram("i").start("hs", error("port_taken")).end("he", error("port_taken")).chain("hs", "he")
    around = Diagram("a").start("s2").service("a", "t.refuse").end("e2").chain("s2", "a", "e2").event_sub("sub", inner)
    diagram = Diagram("p").sub("outer", around).boundary_error("err", "outer").user("u").end("e3")
    assert bench.standing(run(bench, line(diagram, "outer").chain("err", "u", "e3"))) == {"u": "user_task"}


def test_event_sub_processes_stand_by_as_long_as_there_is_a_token(bench: Bench) -> None:
    diagram = line(Diagram("p").user("u").event_sub("sub", handling(message("m", '="1"'))), "u")
    instance_id = run(bench, diagram)
    assert bench.standing(instance_id) == {"u": "user_task", "hs": "message"}
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.publish("m", "1").recipients == []


def test_an_event_beside_lasts_longer_than_its_activity(bench: Bench) -> None:
    diagram = Diagram("p").user("u").boundary("late", "u", timer("PT1H"), interrupting=False).user("v").end("e2")
    instance_id = run(bench, line(diagram, "u").chain("late", "v", "e2"))
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id)
    bench.complete(instance_id, element="u")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"v": "user_task"}
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_a_cycle_goes_on_at_the_times_that_are_still_ahead(bench: Bench) -> None:
    """After a day without a worker it happens once, not twenty-four times."""
    diagram = Diagram("p").user("u").boundary("ev", "u", timer("R/PT1H", "timeCycle"), interrupting=False)
    diagram.service("n", "t.quiet").end("e2")
    instance_id = run(bench, line(diagram, "u").chain("ev", "n", "e2"))
    bench.clock.advance(timedelta(hours=24, minutes=30))
    bench.run(instance_id)
    assert len(bench.calls) == 1
    (due,) = [each.due_at for each in bench.tokens(instance_id) if each.element_id == "ev"]
    assert due - bench.clock.now() == timedelta(minutes=30)


def test_a_repeated_event_gives_each_token_keys_of_its_own(bench: Bench) -> None:
    diagram = Diagram("p").user("u").boundary("ev", "u", message("m", '="1"'), interrupting=False)
    diagram.service("n", "t.quiet").end("e2")
    instance_id = run(bench, line(diagram, "u").chain("ev", "n", "e2"))
    for _ in range(3):
        bench.publish("m", "1")
        bench.run(instance_id, between=bench.restart)
    assert [step.key.removeprefix(instance_id) for step in bench.calls] == [f":/ev#{n}.!>|n#1" for n in (1, 2, 3)]


def test_what_an_event_brings_and_cannot_be_written_is_held(bench: Bench) -> None:
    """A mapping that no store can hold: an incident at the event, which listens again once that is settled."""
    outputs = {"x": "=if ok then x else function(a) a"}
    diagram = Diagram("p").user("u").boundary("ev", "u", message("m", '="1"'), interrupting=False, outputs=outputs)
    instance_id = run(bench, line(diagram.user("v").end("e2"), "u").chain("ev", "v", "e2"), ok=False)
    bench.publish("m", "1", x=7)
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.element_id, incident.code) == ("ev", "ExpressionFailed")
    bench.restart()
    bench.act("retry_with_inputs", instance_id, {"ok": True})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"ok": True, "x": 7}
    assert bench.standing(instance_id) == {"u": "user_task", "ev": "message", "v": "user_task"}
    (outcome,) = bench.incidents(instance_id, "resolved")
    assert (outcome.outcome, outcome.outcome_detail) == ("passed", "v")


def test_a_key_that_is_none_is_an_incident_that_can_be_corrected(bench: Bench) -> None:
    diagram = line(Diagram("p").user("u").event_sub("sub", handling(message("m", "=order"))), "u")
    instance_id = run(bench, diagram, order=None)
    (incident,) = bench.incidents(instance_id)
    assert (incident.element_id, incident.code) == ("hs", "ExpressionFailed")
    bench.act("retry_with_inputs", instance_id, {"order": "o-1"})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task", "hs": "message"}
    bench.publish("m", "o-1")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"h": "user_task", "sub": "child"}


def test_a_condition_is_looked_at_whenever_a_variable_may_have_changed(bench: Bench) -> None:
    diagram = Diagram("p").start("s").parallel("f").parallel("j").end("e").catch("w", conditional("=n > 2"))
    diagram.service("a", "t.set", inputs={"target": '="n"', "value": "=3"}).user("z")
    diagram.chain("s", "f", "w", "j", "z", "e").chain("f", "a", "j")
    assert bench.standing(run(bench, diagram, n=1)) == {"z": "user_task"}


def test_an_escalation_goes_to_the_nearest_that_listens(bench: Bench) -> None:
    innermost = Diagram("x").start("s3").throw("t", escalation("late")).end("e3").chain("s3", "t", "e3")
    inner = Diagram("i").start("s2").sub("sub2", innermost).end("e2").chain("s2", "sub2", "e2")
    inner.boundary("near", "sub2", escalation(), interrupting=False).user("v").end("e4").chain("near", "v", "e4")
    diagram = Diagram("p").sub("sub", inner).boundary("far", "sub", escalation("late")).user("u").end("e5")
    assert bench.standing(run(bench, line(diagram, "sub").chain("far", "u", "e5"))) == {
        "sub": "child",
        "v": "user_task",
        "far": "attached",
    }


def test_an_inclusive_join_waits_for_what_can_still_come_and_for_nothing_else(bench: Bench) -> None:
    diagram = Diagram("p").start("s").inclusive("g").inclusive("j").user("a").user("b").user("c").user("z").end("e")
    diagram.flow("g", "a", "=true").flow("g", "b", "=true").flow("g", "c", "=false").chain("s", "g")
    diagram.chain("a", "j", "z", "e").chain("b", "j").chain("c", "j")
    instance_id = run(bench, diagram)
    bench.complete(instance_id, element="a")
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"j": "join", "b": "user_task"}
    bench.complete(instance_id, element="b")
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"z": "user_task"}


def test_an_inclusive_join_goes_on_when_the_other_token_ends_elsewhere(bench: Bench) -> None:
    diagram = Diagram("p").start("s").inclusive("g").inclusive("j").user("a").user("b").user("z").end("e").end("e2")
    diagram.flow("g", "a", "=true").flow("g", "b", "=true").chain("s", "g").chain("a", "j", "z", "e")
    diagram.xor("x", default="x_e2").chain("b", "x").flow("x", "j", "=back").flow("x", "e2")
    instance_id = run(bench, diagram, back=False)
    bench.complete(instance_id, element="a")
    bench.run(instance_id)
    bench.complete(instance_id, element="b")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"z": "user_task"}


def test_inclusive_joins_that_wait_for_each_other_are_found_by_the_watchdog(bench: Bench) -> None:
    diagram = Diagram("p").start("s").parallel("f").inclusive("j1").inclusive("j2").end("e1").end("e2")
    diagram.parallel("f1").parallel("f2").chain("s", "f", "j1", "f1", "e1").chain("f1", "j2").chain(
        "f", "j2", "f2", "e2"
    )
    diagram.chain("f2", "j1")
    instance_id = run(bench, diagram)
    assert set(bench.standing(instance_id).values()) == {"join"}
    with bench.database.reading() as connection:
        (stall,) = watchdog.find_stalled(connection, bench.clock.now() + timedelta(minutes=5))
    assert stall.instance_id == instance_id


@pytest.mark.parametrize("chosen", ["m", "t"])
def test_after_an_event_based_gateway_the_first_ends_the_others(bench: Bench, chosen: str) -> None:
    diagram = Diagram("p").start("s").event_gateway("g").catch("m", message("m", '="1"')).timer("t", "PT1H")
    diagram.user("a").user("b").end("e").end("e2").chain("s", "g", "m", "a", "e").chain("g", "t", "b", "e2")
    instance_id = run(bench, diagram)
    bench.restart()
    if chosen == "m":
        bench.publish("m", "1")
    bench.clock.advance(timedelta(hours=2))
    bench.run(instance_id)
    assert len(bench.tokens(instance_id)) == 1
    with bench.database.reading() as connection:
        assert (
            connection.execute(sa.select(sa.func.count()).where(token.c.element_id.in_(("m", "t")))).scalar_one() == 2
        )


def test_conditions_that_make_each_other_true_for_ever_fall_out(bench: Bench) -> None:
    def flipping(name: str, condition: str, x: str) -> Diagram:
        inner = Diagram("i").start(f"{name}s", conditional(condition), interrupting=False).end(f"{name}e")
        return inner.script(f"{name}f", f"={x}", "x").chain(f"{name}s", f"{name}f", f"{name}e")

    diagram = Diagram("p").user("u").event_sub("one", flipping("a", "=x", "false"))
    diagram.event_sub("two", flipping("b", "=not(x)", "true"))
    instance_id = run(bench, line(diagram, "u"), x=True)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id in ("as", "bs")) == ("EndlessLoop", True)
