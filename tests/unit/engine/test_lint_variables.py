"""Variables that nothing sets, values of the wrong type, errors that nothing leads past."""

from __future__ import annotations

import time
from typing import Any, Literal

import pytest

from app.engine.diagram import Finding
from app.engine.lint.house import EMPTY, House, Offer
from app.engine.lint.thrown import Thrown
from app.engine.spiff.dialect import check
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram
from tests.factories.triggers import error, escalation, message, timer


@handles("net.read")
def read(work: Work, port: str) -> Done:
    """Read a line.

    Outputs  level (float)
             state (str)
    """
    return Done()


@handles("net.set")
def set_line(
    work: Work, port: str, speed: int, ready: bool = True, way: Literal["up", "down"] = "up", on: list[str] | None = None
) -> Done:
    """Set a line; it says nothing about what it gives.

    Raises  Refused("port_taken") if somebody has it
    """
    return Done()


HANDLERS = Registry([read, set_line])
STARTS = {
    "type": "object",
    "properties": {
        "port": {"type": "string"},
        "speed": {"type": "integer"},
        "customer": {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "number"}}},
        "lines": {"type": "array"},
        "note": {"type": ["string", "null"]},
    },
}


def findings_of(d: Diagram, house: House = EMPTY) -> list[Finding]:
    return check(d.xml(), HANDLERS.get, HANDLERS.types(), house)[2]


def line(*ids: str, schema: dict[str, Any] | None = STARTS) -> Diagram:
    d = Diagram("p").start().end().chain("s", *ids, "e")
    return d if schema is None else d.variables(schema)


def script(text: str, *, schema: dict[str, Any] | None = STARTS) -> Diagram:
    return line("a", schema=schema).script("a", text, "x")


def condition(text: str) -> Diagram:
    return line("g").xor("g", default="g_e").end("f").flow("g", "f", text)


def set_up(**inputs: str) -> Diagram:
    given = {"port": "=port", "speed": "=speed", **inputs}
    return line("a").service("a", "net.set", inputs=given)


RENAMED = Diagram("i").start("is").script("ia", "=item + index_", "r").end("ie").chain("is", "ia", "ie")

UNKNOWN: dict[str, tuple[Diagram, str, str]] = {
    "a name nearly right": (script("=prot"), "a", "Did you mean port?"),
    "a name of nobody": (script("=altogether_other"), "a", "declare it in the process's variables"),
    "in a condition": (condition("=sped > 3"), "g_f", "Did you mean speed?"),
    "in an input": (set_up(way="=direction"), "a", "input 'way'"),
    "in a timer": (line("w").timer("w", "=wanted_on"), "w", "timer"),
    "in a key": (line("w").catch("w", message("m", "=order")).property("turnup:messages", "m"), "w", "correlation key"),
    "in a collection": (line("a").service("a", "net.read").each("=ports", "item"), "a", "collection"),
    "in an output, of what a handler gives": (
        line("a").service("a", "net.read", outputs={"x": "=levle"}),
        "a",
        "Did you mean level?",
    ),
    "set only later": (
        line("a", "b").script("a", "=x", "y").script("b", "=1", "x"),
        "a",
        "which nothing sets before",
    ),
    "set only on the way after it, inside": (
        line("sp", "b").sub("sp", Diagram("i").start("is").script("ia", "=x", "y").end("ie").chain("is", "ia", "ie"))
        .script("b", "=1", "x"),
        "ia",
        "which nothing sets before",
    ),
    "where anything may come, only what is nearly known": (
        line("u", "a").user("u").script("a", "=prt + custmer.name + whatever", "x"),
        "a",
        "Did you mean customer?",
    ),
    "where nothing is declared": (
        line("a", "b", schema=None).script("a", "=1", "reserved_port").script("b", "=reserved_prot", "x"),
        "b",
        "Did you mean reserved_port?",
    ),
    "before a filter": (script('=lnes[state = "up"]'), "a", "Did you mean lines?"),
}  # fmt: skip


@pytest.mark.parametrize(("diagram", "element_id", "words"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_variable_that_nothing_sets_is_told(diagram: Diagram, element_id: str, words: str) -> None:
    told = [each for each in findings_of(diagram) if each.code == "unknown_variable"]
    assert [(each.severity, each.element_id) for each in told] == [("warning", element_id)]
    assert words in f"{told[0].message} {told[0].remedy}"


MISTYPED: dict[str, tuple[Diagram, str, str, str]] = {
    "a literal for a number": (set_up(speed="100"), "error", "mistyped_input", 'the text "100"'),
    "text for a number": (set_up(speed='="100"'), "error", "mistyped_input", "a whole number"),
    "a fraction for a whole number": (set_up(speed="=1.5"), "error", "mistyped_input", "a whole number"),
    "a number for text": (set_up(port="=-1"), "error", "mistyped_input", "text"),
    "a choice that there is not": (set_up(way="sideways"), "error", "mistyped_input", '"up", "down"'),
    "null for what must be there": (set_up(port="=null"), "error", "mistyped_input", "null"),
    "a list of other things": (set_up(on="=[1, 2]"), "error", "mistyped_input", "a list"),
    "a variable of the start": (set_up(speed="=port"), "warning", "mistyped_input", "gives a text"),
    "a part of a variable": (set_up(port="=customer.age"), "warning", "mistyped_input", "gives a number"),
    "a comparison": (set_up(speed="=speed > 3"), "warning", "mistyped_input", "true or false"),
    "what a handler gives": (
        line("r", "a").service("r", "net.read").service("a", "net.set", {"port": "=level", "speed": "=1"}),
        "warning",
        "mistyped_input",
        "a number",
    ),
    "a variable of the parameter's name": (
        line("a", schema={"properties": {"port": {"type": "integer"}}}).service("a", "net.read"),
        "warning",
        "mistyped_input",
        "the variable 'port' holds a number",
    ),
    "a condition that is text": (condition("=port"), "warning", "mistyped_expression", "expected true or false"),
    "a condition that is a number": (condition("=count(lines)"), "warning", "mistyped_expression", "a number"),
    "a collection that is none": (
        line("a").service("a", "net.read", outputs={"r": "=level"}).each("=speed", "item", collect=("rs", "=r")),
        "warning",
        "mistyped_expression",
        "expected a list",
    ),
    "a timer that is a number": (line("w").timer("w", "=speed"), "warning", "mistyped_expression", "expected a text"),
}


@pytest.mark.parametrize(("diagram", "severity", "code", "words"), MISTYPED.values(), ids=MISTYPED.keys())
def test_a_value_of_the_wrong_type_is_told(diagram: Diagram, severity: str, code: str, words: str) -> None:
    (finding,) = findings_of(diagram)
    assert (finding.severity, finding.code) == (severity, code)
    assert words in finding.message


RIGHT: dict[str, Diagram] = {
    "names of the start": script("=port + customer.name"),
    "what comes before": line("a", "b").script("a", "=1", "x").script("b", "=x", "y"),
    "what comes at the same time": Diagram("p").variables(STARTS).start().parallel("f").parallel("j").end()
    .script("a", "=1", "x").script("b", "=if x = null then 1 else 2", "y")
    .chain("s", "f", "a", "j", "e").chain("f", "b", "j"),
    "what comes in the round before": Diagram("p").variables(STARTS).start().xor("m").script("a", "=if x = null then 0 else x", "y")
    .script("b", "=y", "x").xor("g", default="g_e").end().chain("s", "m", "a", "b", "g").flow("g", "e")
    .flow("g", "m", "=x < 3"),
    "what an operator may enter": line("u", "a").user("u").script("a", "=found_out", "x"),
    "what an iteration has": line("sp").sub("sp", RENAMED, inputs={"index_": "=1", "r": "=null"}).each("=lines", "item"),
    "how far a loop has come": line("a").service("a", "net.read", outputs={"r": "=level"})
    .each("=lines", "item", collect=("rs", "=r"), until="=numberOfCompletedInstances > 2 and count(rs) > 1 and loopCounter > 0"),
    "what a loop binds": script("=for each_one in lines return each_one.name"),
    "what an element has": script('=lines[state = "up" and item.name != port]'),
    "what a handler gives, as it documents it": line("a").service("a", "net.read", outputs={"x": "=level", "y": "=state"}),
    "what a handler says nothing about": line("a").service("a", "net.set", outputs={"x": "=anything"}),
    "what an event brings": line("w").catch("w", message("m", "=port"), outputs={"x": "=brought"}).property("turnup:messages", "m"),
    "what a caught error says": line("a").service("a", "net.set").boundary("b", "a", error(), outputs={"x": "=errorCode"})
    .end("f").flow("b", "f"),
    "a list that is called after its items, where nothing is declared": line("a", schema=None)
    .service("a", "net.read", outputs={"r": "=level"}).each("=subscribers", "subscriber", collect=("rs", "=r")),
    "values as they are wanted": set_up(speed="=100", way="down", on='=["a"]', ready="=speed > 3"),
    "a name that is another variable inside": line("sp").sub(
        "sp", Diagram("i").start("is").service("ia", "net.set", {"port": '="x"', "speed": "=port"}).end("ie").chain("is", "ia", "ie"),
        inputs={"port": "=1"},
    ),
    "what may be null": set_up(port="=note"),
    "what may be anything": line("a").service("a", "net.set", inputs={"port": "=customer.nobody", "speed": "=sum([1, 2])"}),
    "a time as text": line("w").timer("w", '=if speed > 3 then "PT1H" else port'),
}  # fmt: skip


@pytest.mark.parametrize("diagram", RIGHT.values(), ids=RIGHT.keys())
def test_what_may_be_right_is_passed(diagram: Diagram) -> None:
    assert findings_of(diagram) == []


def test_a_border_that_leaves_its_host_running_may_write_before_the_host_is_done() -> None:
    d = line("a").service("a", "net.read", outputs={"y": "=x"}).boundary("b", "a", timer("PT1H"), interrupting=False)
    assert findings_of(d.script("late", "=1", "x").end("f").chain("b", "late", "f")) == []


NEEDY = House(lambda: [Offer(processes=frozenset({"q"}), requires=frozenset({("q", "port"), ("q", "order")}))])


def called(*, all_in: bool = True, inputs: dict[str, str] | None = None, schema: dict[str, Any] | None = STARTS) -> Diagram:
    return line("c", schema=schema).call("c", "q", all_in=all_in, inputs=inputs)


@pytest.mark.parametrize(
    ("diagram", "missing"),
    [
        (called(), ["order"]),
        (called(all_in=False), ["order", "port"]),
        (called(all_in=False, inputs={"port": "=port"}), ["order"]),
        (called(inputs={"order": "=port"}), []),
        (called(schema=None), []),
    ],
    ids=["of all", "nothing is handed on", "of what is mapped", "all of it is there", "anything may be there"],
)
def test_a_called_process_is_given_what_it_does_not_start_without(diagram: Diagram, missing: list[str]) -> None:
    told = [each for each in findings_of(diagram, NEEDY) if each.code == "missing_variable"]
    assert [each.message.split("'")[3] for each in told] == missing


THROWS_ERROR = Diagram("p").start().end("e", error("gone")).chain("s", "e")
THROWS_ESCALATION = line("t").throw("t", escalation("late"))
CALLS = line("c").call("c", "q")
CATCHES = line("c").call("c", "q").boundary("b", "c", error("gone")).end("f").flow("b", "f")
THROWN = Offer(processes=frozenset({"q"}), throws=frozenset({Thrown("error", "q", "gone")}))


def test_an_error_that_nobody_catches_is_told_where_it_is_thrown_and_where_it_arrives() -> None:
    (thrown,) = findings_of(THROWS_ERROR)
    assert (thrown.severity, thrown.element_id, thrown.code) == ("warning", "e", "uncaught_error")
    assert "until an operator skips it" in thrown.message
    (arrives,) = findings_of(CALLS, House(lambda: [THROWN]))
    assert (arrives.element_id, arrives.code) == ("c", "uncaught_error")
    assert "The process 'q' throws" in arrives.message


@pytest.mark.parametrize("code", ["gone", None])
def test_an_error_that_a_caller_catches_is_right(code: str | None) -> None:
    caught = Offer(catches=frozenset({Thrown("error", "p", code)}))
    assert findings_of(THROWS_ERROR, House(lambda: [caught])) == []
    assert findings_of(CATCHES, House(lambda: [THROWN])) == []


def test_an_escalation_that_nobody_takes_up_is_told() -> None:
    (finding,) = findings_of(THROWS_ESCALATION)
    assert (finding.element_id, finding.code) == ("t", "uncaught_escalation")


def test_an_event_sub_process_catches_what_is_thrown_beside_it_but_not_in_itself() -> None:
    inside = Diagram("i").start("is", error("gone")).end("ie", error("gone")).chain("is", "ie")
    (finding,) = findings_of(Diagram("p").start().end("e", error("gone")).chain("s", "e").event_sub("es", inside))
    assert (finding.element_id, finding.code) == ("ie", "uncaught_error")


def test_an_error_that_leads_straight_back_is_told_and_one_that_waits_is_not() -> None:
    straight = line("m", "a").xor("m").service("a", "net.set").boundary("b", "a", error("port_taken")).flow("b", "m")
    (finding,) = findings_of(straight)
    assert (finding.element_id, finding.code) == ("b", "endless_retry")
    waits = line("m", "a").xor("m").service("a", "net.set").boundary("b", "a", error("port_taken"))
    assert findings_of(waits.timer("w", "PT1H").chain("b", "w", "m")) == []


@pytest.mark.parametrize("schema", [STARTS, None], ids=["declared", "anything may come"])
def test_many_names_of_nobody_are_looked_at_in_good_time(schema: dict[str, Any] | None) -> None:
    names = [f"t{number}" for number in range(3000)]
    d = line(*names, schema=schema)
    for number, name in enumerate(names):
        d.script(name, f"=unknown_number_{number} + 1", f"result_of_{number}_unknown")
    begun = time.process_time()
    findings_of(d)
    assert time.process_time() - begun < 6


def test_many_that_throw_and_many_that_catch_are_looked_at_in_good_time() -> None:
    d = Diagram("p").start().parallel("f").chain("s", "f")
    for number in range(1000):
        inside = Diagram("i").start(f"is{number}", error(f"c{number}")).end(f"ie{number}", error(f"c{number}"))
        d.event_sub(f"es{number}", inside.chain(f"is{number}", f"ie{number}"))
        d.end(f"e{number}", error(f"c{number}")).flow("f", f"e{number}")
    begun = time.process_time()
    assert {each.code for each in findings_of(d)} >= {"uncaught_error"}
    assert time.process_time() - begun < 6
