"""Every trap of the engine's library that a diagram can set, drawn: refused or told, or it runs as it is drawn.

Those that run have their proof in test_traps.py, under the same number: here they pass without a word.
"""

from __future__ import annotations

import pytest

from app.engine.lint.house import EMPTY
from app.engine.spiff.dialect import check
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers
from tests.factories.triggers import compensate, error, link, message, publish, signal, timer

HANDLERS = few_handlers()


def line(*ids: str) -> Diagram:
    return Diagram("p").variables({"properties": {"k": {"type": "string"}}}).start().end().chain("s", *ids, "e")


def branches(first: Diagram) -> Diagram:
    """`a` and `b` between a split and a join."""
    split = first.start().parallel("f").parallel("j").end()
    return split.chain("s", "f", "a", "j", "e").chain("f", "b", "j")


def handling(trigger: object, *, inside: Diagram | None = None) -> Diagram:
    inner = Diagram("i").start("hs", trigger).end("he").chain("hs", "he")  # type: ignore[arg-type]
    return inner if inside is None else inner.event_sub("hsub", inside)


def loop(way_out: bool) -> Diagram:
    d = Diagram("p").start().script("a", "=1", "x").xor("m").xor("g", default="again").end().chain("s", "m", "a", "g")
    d.flow("g", "m", id="again")
    return d.flow("g", "e", "=x > 1") if way_out else d


def long_line() -> Diagram:
    names = [f"t{number}" for number in range(600)]
    d = line(*names)
    for name in names:
        d.manual(name)
    return d


def reserving() -> Diagram:
    return Diagram("i").start("is").service("ia", "net.reserve").end("ie").chain("is", "ia", "ie")


def to_manual(d: Diagram) -> Diagram:
    return d.start().manual("t").end().chain("s", "t", "e")


# trap, or what facts say is ignored or rejected -> (diagram, code)
FOUND: dict[str, tuple[Diagram, str]] = {
    "1 a loop that never ends": (loop(way_out=False), "endless"),
    "2 branches that overwrite each other": (
        branches(Diagram("p").script("a", "=1", "x").script("b", "=2", "x")),
        "concurrent_writes",
    ),
    "9 an id used twice": (line("u").user("u").root('<bpmn:message id="u" name="m"/>'), "duplicate_id"),
    "12 a duration that is read as an expression": (line("w").timer("w", "=PT1H"), "unknown_variable"),
    "12 a duration in words": (line("w").timer("w", "1 hour"), "bad_time"),
    "12 a number as a duration": (line("w").timer("w", "=5"), "bad_time"),
    "12 a duration that FEEL cannot read": (line("w").timer("w", '=duration("1 hour")'), "bad_time"),
    "12 a duration in words, quoted": (line("w").timer("w", '="1 hour"'), "bad_time"),
    "13 a start that reads variables": (
        Diagram("p").start("s", timer("=k", "timeDate")).end().chain("s", "e"),
        "bad_start_time",
    ),
    "13 a timer without a time behind a gateway": (
        Diagram("p")
        .start()
        .event_gateway("g")
        .timer("t", "")
        .catch("m", message("m", '="1"'))
        .end()
        .chain("s", "g", "t", "e")
        .chain("g", "m", "e"),
        "no_time",
    ),
    "14 a message that nobody sends": (line("w").catch("w", message("m", "=k")), "never_sent"),
    "14 a signal that nobody broadcasts": (line("w").catch("w", signal("m")), "never_broadcast"),
    "16 a date that is none": (
        line("a").service("a", "net.activate", {"serial": "=k", "speed_mbps": '="fast"'}),
        "mistyped_input",
    ),
    "16 a part of a date, which is kept as text": (
        line("a").script("a", "=on.year", "x").variables({"properties": {"on": {"type": "string", "format": "date"}}}),
        "unknown_field",
    ),
    "19 a program in a script task": (
        to_manual(Diagram("p").raw('<bpmn:scriptTask id="x"><bpmn:script>import os</bpmn:script></bpmn:scriptTask>')),
        "unknown_element",
    ),
    "19 Python in an expression": (line("a").script("a", "=__import__('os')", "x"), "bad_expression"),
    "ignored: a link that nothing catches": (
        Diagram("p").start().throw("t", link("away")).chain("s", "t"),
        "link_without_catch",
    ),
    "ignored: compensation of what cannot be taken back": (
        line("a", "t").service("a", "net.ping").throw("t", compensate("a")),
        "nothing_to_take_back",
    ),
    "ignored: a condition on a flow that leaves a task": (
        Diagram("p").start().manual("a").end().flow("s", "a").flow("a", "e", "=true"),
        "ignored_condition",
    ),
    "rejected: a complex gateway": (to_manual(Diagram("p").raw('<bpmn:complexGateway id="x"/>')), "unknown_element"),
    "rejected: compensation that leads to nothing": (
        line("a").service("a", "net.ping").boundary("b", "a", compensate()),
        "no_compensation",
    ),
    "rejected: several flows out of a task": (
        Diagram("p").start().manual("a").end().end("e2").chain("s", "a", "e").flow("a", "e2"),
        "several_outgoing_flows",
    ),
    "rejected: a boundary event without an event": (
        line("a").manual("a").end("e2").flow("b", "e2").raw('<bpmn:boundaryEvent id="b" attachedToRef="a"/>'),
        "no_trigger",
    ),
    "a loop marker": (
        to_manual(Diagram("p").raw('<bpmn:task id="x"><bpmn:standardLoopCharacteristics id="y"/></bpmn:task>')),
        "unknown_element",
    ),
    "a result that leaves iterations": (
        line("a").service("a", "net.reserve").each("=[1, 2]", "item"),
        "leaves_iteration",
    ),
    "a result that leaves iterations of a sub-process": (
        line("sp").sub("sp", reserving()).each("=[1, 2]", "item"),
        "leaves_iteration",
    ),
    "an error of a handler that never refuses so": (
        line("a")
        .service("a", "net.activate", {"serial": "=k", "speed_mbps": "=1"})
        .boundary("b", "a", error("TimeoutError"))
        .end("e2")
        .flow("b", "e2"),
        "never_refused",
    ),
    "a call of what only an event starts": (
        Diagram("p").start("s", message("m")).end().call("c", "p").chain("s", "c", "e"),
        "no_plain_start",
    ),
    "a number of rounds": (
        to_manual(
            Diagram("p").raw(
                '<bpmn:task id="x"><bpmn:multiInstanceLoopCharacteristics id="y"><bpmn:loopCardinality>3'
                "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:task>"
            )
        ),
        "unknown_element",
    ),
}

INNER = Diagram("i").start("is").manual("im").end("ie").chain("is", "im", "ie")
# trap -> a diagram that sets it, and runs
RUNS: dict[str, Diagram] = {
    "1 a loop of many rounds": loop(way_out=True),
    "2 branches that write two variables": branches(Diagram("p").script("a", "=1", "x").script("b", "=2", "y")),
    "4 multi-instance": line("a").service("a", "net.reserve").each("=[1, 2]", "item", collect=("got", "=port_id")),
    "5 an event sub-process": line("t").manual("t").event_sub("es", handling(signal("halt")))
    .property("turnup:signals", "halt"),
    "11 more steps than a recursion allows": long_line(),
    "12 a plain duration": line("w").timer("w", "PT1H"),
    "12 a duration as FEEL": line("w").timer("w", '=duration("PT1H")'),
    "13 a timer behind a gateway": Diagram("p").start().event_gateway("g").timer("t", "PT1H")
    .catch("m", signal("m")).end().chain("s", "g", "t", "e").chain("g", "m", "e").property("turnup:signals", "m"),
    "14 a message that is sent": branches(
        Diagram("p").throw("a", publish("m", '="1"')).catch("b", message("m", '="1"'))
    ),
    "15 a message whose variables nobody maps": line("w", "a").catch("w", message("m", "=k"))
    .script("a", "=what_it_brought", "x").property("turnup:messages", "m"),
    "17 an output collection that was there": line("z", "a").script("z", "=[7]", "got").service("a", "net.reserve")
    .each("=[1, 2]", "item", collect=("got", "=port_id")),
    "ignored: compensation of what can be taken back": line("a", "t").service("a", "net.reserve").throw("t", compensate()),
    "ignored: a link that is caught": Diagram("p").start().throw("t", link("on")).catch("c", link("on")).end()
    .chain("s", "t").chain("c", "e"),
    "ignored: a signal that an end broadcasts": Diagram("p").start("s", signal("over")).end("e", signal("over")).chain("s", "e"),
    "18 events called Start and End": Diagram("p").start("Start").end("End").chain("Start", "End"),
    "20 a long collection, one by one": line("a").service("a", "net.reserve")
    .each("=for i in 1..1000 return i", "item", collect=("got", "=port_id"), sequential=True),
    "21 an event sub-process that ends all else": line("u").user("u").event_sub("es", handling(message("m", "=k")))
    .property("turnup:messages", "m"),
    "22 an event sub-process within a sub-process": line("sp").sub(
        "sp", Diagram("x").start("xs").manual("xm").end("xe").chain("xs", "xm", "xe").event_sub("es", handling(timer("PT1H")))
    ),
    "23 event sub-processes within each other": line("t").manual("t")
    .event_sub("es", handling(signal("a"), inside=Diagram("j").start("js", signal("b")).end("je").chain("js", "je")))
    .property("turnup:signals", "a, b"),
    "24 a multi-instance sub-process that a timer cancels": line("sp").sub("sp", INNER).each("=[1, 2]", "item")
    .boundary("b", "sp", timer("PT1H")).end("e2").chain("b", "e2"),
}  # fmt: skip
NOT_DRAWN = {3, 6, 7, 8, 10, 25, 26, 27}  # state, operators and handlers: no diagram sets or avoids them


def codes(diagram: Diagram) -> set[str]:
    return {finding.code for finding in check(diagram.xml(), HANDLERS.get, HANDLERS.types(), EMPTY)[2]}


@pytest.mark.parametrize(("diagram", "code"), FOUND.values(), ids=FOUND.keys())
def test_a_trap_that_is_drawn_is_found(diagram: Diagram, code: str) -> None:
    assert code in codes(diagram)


@pytest.mark.parametrize("diagram", RUNS.values(), ids=RUNS.keys())
def test_a_trap_that_the_engine_has_closed_passes_without_a_word(diagram: Diagram) -> None:
    assert codes(diagram) == set()


def test_every_trap_is_spoken_of() -> None:
    numbers = {int(name.split()[0]) for name in (*FOUND, *RUNS) if name[0].isdigit()}
    assert numbers | NOT_DRAWN == set(range(1, 28))
    assert not numbers & NOT_DRAWN
