"""The traps of SpiffWorkflow 3.2.0 that were met before this engine was written, each by its number.

A trap is something that the stock library does, or that an engine on top of it does when it is not careful.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from app.core.errors import Conflict
from app.engine.diagram import DiagramRefused
from app.engine.tables import token
from app.handling.contract import Done, Work
from app.handling.mark import handles
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import line
from tests.factories.steps import HANDLERS
from tests.factories.triggers import message, signal, timer
from tests.unit.engine.test_cost import Statements, long_line


@handles("t.times_out")
def times_out(work: Work) -> Done:
    raise TimeoutError("no answer for 30 s")


@handles("t.meddles")
def meddles(work: Work, order: dict[str, Any]) -> Done:
    order["lines"].append("meddled")
    return Done(seen=len(order["lines"]))


@handles("t.exact")
def exact(work: Work) -> Done:
    return Done(price=Decimal("12.30"), typename="no class of ours", nested={"typename": "nor this"})


def with_handlers(bench: Bench, *handlers: Any) -> Bench:
    return Bench(bench.database, bench.clock, (*HANDLERS, *handlers))


def play(bench: Bench, diagram: Diagram, **variables: Any) -> str:
    """To where nothing moves without the outside, a new process after each commit."""
    instance_id = bench.start(diagram, **variables)
    bench.run(instance_id, between=bench.restart)
    return instance_id


def handling(trigger: Any, *, interrupting: bool = True) -> Diagram:
    inner = Diagram("i").start("hs", trigger, interrupting=interrupting).end("he")
    return inner.service("h", "t.name", outputs={"handled": "=r"}).chain("hs", "h", "he")


def looping(rounds: int) -> Diagram:
    diagram = Diagram("p").script("count", "=i + 1", "i").start("s").xor("m").xor("g", default="g_e").end("e")
    return diagram.chain("s", "m", "count", "g").flow("g", "m", f"=i < {rounds}").flow("g", "e")


def test_trap_1_a_tree_deeper_than_a_thousand_does_not_end_early(bench: Bench) -> None:
    instance_id = bench.start(looping(1500), i=0)
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"i": 1500}


def test_trap_2_a_join_loses_no_updates_and_brings_nothing_back(bench: Bench) -> None:
    diagram = Diagram("p").parallel("f").parallel("j").script("a", '="new"', "a").script("b", "=null", "b").start("s")
    diagram.service("c", "t.quiet").end("e").chain("s", "f", "a", "j", "e").chain("f", "b", "j").chain("f", "c", "j")
    instance_id = play(bench, diagram, a="old", b="old", c="kept")
    assert bench.variables(instance_id) == {"a": "new", "b": None, "c": "kept"}


def test_trap_3_the_order_of_keys_is_kept(bench: Bench) -> None:
    given = {"zebra": 1, "apple": {"z": 1, "a": 2}, "mango": 3}
    instance_id = play(bench, line(Diagram("p").service("a", "t.quiet").user("u"), "a", "u"), order=given)
    assert orjson.dumps(bench.variables(instance_id)["order"]) == orjson.dumps(given)


def test_trap_4_multi_instance_needs_no_spec_in_the_state(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item"}, outputs={"got": "=r"})
    diagram.each("=items", "item", collect=("results", "=got"))
    instance_id = play(bench, line(diagram, "a"), items=[3, 1, 2])
    assert bench.variables(instance_id) == {"items": [3, 1, 2], "results": [3, 1, 2]}


def test_trap_5_the_second_instance_of_a_flow_with_an_event_sub_process_ends_too(bench: Bench) -> None:
    process_id = bench.deploy(line(Diagram("p").user("u").event_sub("sub", handling(message("m", "=k"))), "u"))
    for number in ("1", "2", "3"):
        instance_id = bench.start(process_id, k=number)
        bench.run(instance_id)
        bench.publish("m", number)
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed"


def test_trap_6_after_a_rewind_the_next_message_is_taken_once(bench: Bench) -> None:
    instance_id = play(bench, line(Diagram("p").catch("w", message("m", '="1"')).user("u"), "w", "u"))
    for _ in range(3):
        bench.publish("m", "1")
        bench.run(instance_id, between=bench.restart)
        assert bench.standing(instance_id) == {"u": "user_task"}
        bench.operate("rewind", instance_id, "w")
        bench.run(instance_id, between=bench.restart)
        assert bench.standing(instance_id) == {"w": "message"}


def test_trap_7_completed_is_said_of_an_instance_only_when_it_is_so(bench: Bench) -> None:
    """The inside of a sub-process was over; rewound, it is not, and the instance ends with it alone."""
    inner = Diagram("i").start("s2").service("a", "t.name").end("e2").chain("s2", "a", "e2")
    instance_id = play(bench, line(Diagram("p").sub("sub", inner).user("u"), "sub", "u"))
    bench.operate("rewind", instance_id, "sub")
    assert bench.state(instance_id) == "active"
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"u": "user_task"}
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"
    with pytest.raises(Conflict, match="is completed"):
        bench.operate("rewind", instance_id, "sub")


def test_trap_8_a_handlers_error_keeps_its_name(bench: Bench) -> None:
    bench = with_handlers(bench, times_out)
    diagram = line(Diagram("p").service("a", "t.times_out", retries=1), "a")
    (incident,) = bench.incidents(play(bench, diagram))
    assert (incident.code, incident.message) == ("TimeoutError", "no answer for 30 s")


def test_trap_9_an_id_that_is_used_twice_is_said(bench: Bench) -> None:
    diagram = line(Diagram("p").user("u"), "u").root('<bpmn:message id="u" name="m"/>')
    with pytest.raises(DiagramRefused, match="used twice"):
        bench.deploy(diagram)


def test_trap_10_a_handler_that_changes_what_it_is_given_changes_nothing(bench: Bench) -> None:
    bench = with_handlers(bench, meddles)
    order = {"lines": ["fibre"]}
    instance_id = play(bench, line(Diagram("p").service("a", "t.meddles"), "a"), order=order)
    assert bench.variables(instance_id) == {"order": {"lines": ["fibre"]}, "seen": 2}


def test_trap_11_more_steps_in_a_row_than_a_recursion_allows(bench: Bench) -> None:
    instance_id = bench.start(long_line(1200))
    bench.run(instance_id)
    assert (bench.state(instance_id), len(bench.calls)) == ("completed", 1200)


def test_trap_12_a_duration_needs_no_quotes(bench: Bench) -> None:
    instance_id = play(bench, line(Diagram("p").timer("w", "PT1H"), "w"))
    assert bench.standing(instance_id) == {"w": "timer"}
    assert bench.incidents(instance_id) == []


def test_trap_13_a_timer_behind_an_event_based_gateway_is_due(bench: Bench) -> None:
    diagram = Diagram("p").start("s").event_gateway("g").timer("t", "PT1H").catch("m", message("m", '="1"')).end("e")
    instance_id = play(bench, diagram.end("e2").chain("s", "g", "t", "e").chain("g", "m", "e2"))
    due = {each.element_id: each.due_at for each in bench.tokens(instance_id)}
    assert due["m"] is None
    assert due["t"] is not None
    assert (due["t"] - bench.clock.now()).total_seconds() == 3600


def test_trap_14_a_message_that_comes_early_waits(bench: Bench) -> None:
    bench.publish("m", "1", x=7)
    instance_id = play(bench, line(Diagram("p").catch("w", message("m", "=k")), "w"), k="1")
    assert bench.state(instance_id) == "completed"


def test_trap_15_what_a_message_brings_is_kept_without_a_mapping(bench: Bench) -> None:
    instance_id = play(bench, line(Diagram("p").catch("w", message("m", "=k")), "w"), k="1")
    bench.publish("m", "1", x=7)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"k": "1", "x": 7}


def test_trap_16_what_json_does_not_know_is_stored_as_text_or_refused(bench: Bench) -> None:
    bench = with_handlers(bench, exact)
    instance_id = play(bench, line(Diagram("p").service("a", "t.exact").user("u"), "a", "u"))
    expected = {"price": "12.30", "typename": "no class of ours", "nested": {"typename": "nor this"}}
    assert bench.variables(instance_id) == expected


def test_trap_17_an_output_collection_may_be_there_already(bench: Bench) -> None:
    diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item"}, outputs={"got": "=r"})
    diagram.each("=items", "item", collect=("results", "=got"))
    instance_id = play(bench, line(diagram, "a"), items=[1, 2], results=["old", "old", "old"])
    assert bench.variables(instance_id)["results"] == [1, 2]


def test_trap_18_events_may_be_called_start_and_end(bench: Bench) -> None:
    diagram = Diagram("p").start("Start").service("Root", "t.name").end("End").chain("Start", "Root", "End")
    assert bench.state(play(bench, diagram)) == "completed"


@pytest.mark.parametrize("code", ["__import__('os').system('true')", "[x for x in (1, 2)]", "lambda: 1"])
def test_trap_19_code_in_a_diagram_is_never_run(bench: Bench, code: str) -> None:
    with pytest.raises(DiagramRefused):
        bench.deploy(line(Diagram("p").script("a", f"={code}", "x"), "a"))


def test_trap_20_what_a_sequential_multi_instance_writes_does_not_grow(bench: Bench, monkeypatch: Any) -> None:
    diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item"}, outputs={"got": "=r"})
    diagram.each("=items", "item", collect=("results", "=got"), sequential=True)
    instance_id = bench.start(line(diagram, "a"), items=list(range(100)))
    statements, sizes = Statements(monkeypatch), []
    (step,) = bench.advance(instance_id).claimed
    for _ in range(99):
        statements.size = 0
        (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
        sizes.append(statements.size)
    assert max(sizes[-10:]) <= 1.1 * max(sizes[5:15])


def test_trap_21_an_interrupting_event_sub_process_ends_all_else(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u1").end("e2").chain("s2", "u1", "e2")
    diagram = Diagram("p").start("s").parallel("f").sub("sub", inner).user("u2").timer("w", "PT1H").end("e")
    diagram.chain("s", "f", "sub", "e").chain("f", "u2", "e").chain("f", "w", "e")
    instance_id = play(bench, diagram.event_sub("ev", handling(message("m", '="1"'))))
    bench.publish("m", "1")
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"handled": "h"}


def test_trap_22_the_end_is_reached_after_an_event_sub_process(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2").event_sub("ev", handling(timer("PT1H")))
    instance_id = play(bench, line(Diagram("p").sub("sub", inner).service("z", "t.name"), "sub", "z"))
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"handled": "h", "r": "z"}


def test_trap_23_event_sub_processes_inside_one_another_come_to_turn(bench: Bench) -> None:
    outer = Diagram("o").start("os", message("m", '="1"')).user("u2").end("oe").chain("os", "u2", "oe")
    outer.event_sub("inner_ev", handling(message("n", '="1"')))
    instance_id = play(bench, line(Diagram("p").user("u").event_sub("outer_ev", outer), "u"))
    for name in ("m", "n"):
        bench.publish(name, "1")
        bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {"handled": "h"}


def test_trap_24_a_multi_instance_sub_process_that_is_cancelled_leaves_nothing(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")
    diagram = Diagram("p").sub("sub", inner).each("=items", "item").boundary("late", "sub", timer("PT1H")).end("e3")
    instance_id = play(bench, line(diagram, "sub").chain("late", "e3"), items=[1, 2, 3])
    bench.clock.advance(timedelta(hours=1))
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"
    assert bench.tokens(instance_id) == []


def test_trap_25_what_holds_others_has_the_smaller_number(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")
    outer = Diagram("o").start("s3").sub("sub2", inner).end("e3").chain("s3", "sub2", "e3")
    play(bench, line(Diagram("p").sub("sub", outer).event_sub("ev", handling(signal("x"))), "sub"))
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(token.c.number, token.c.inside, token.c.parent)).all()
    assert all(row.inside < row.number and row.parent < row.number for row in rows)


def test_trap_26_what_is_gone_already_is_not_cancelled_again(bench: Bench) -> None:
    inner = Diagram("i").start("s2").user("u").boundary("b", "u", timer("PT2H")).end("e2").end("e4")
    inner.chain("s2", "u", "e2").chain("b", "e4")
    diagram = Diagram("p").sub("sub", inner).boundary("late", "sub", timer("PT2H")).end("e3")
    instance_id = play(bench, line(diagram, "sub").chain("late", "e3"))
    bench.clock.advance(timedelta(hours=2))  # both timers are due at once
    bench.run(instance_id, between=bench.restart)
    assert bench.state(instance_id) == "completed"


def test_trap_27_running_changes_no_spec(bench: Bench) -> None:
    diagram = line(Diagram("p").user("u").event_sub("sub", handling(message("m", "=k"))), "u")
    instance_id = bench.start(diagram, k="1")
    with bench.database.reading() as connection:
        definition = connection.execute(sa.text("SELECT id FROM process_definition")).scalar_one()
        program = bench.engine._programs.program(connection, definition)
    before = shape(program.process)
    bench.run(instance_id)
    bench.publish("m", "1")
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert shape(program.process) == before


def shape(process: Any) -> dict[str, tuple[list[str], list[str]]]:
    return {name: (list(spec._inputs), list(spec._outputs)) for name, spec in process.task_specs.items()}
