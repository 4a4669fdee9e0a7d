"""Multi-instance, call activities, and variables that concurrent branches or iterations write."""

from __future__ import annotations

import time

import pytest

from tests.factories.constructs import line
from tests.factories.diagrams import Diagram
from tests.factories.findings import Told, findings_of, tells
from tests.factories.triggers import escalation, message, publish, signal

RESULTS = ("results", "=r")


def step(**outputs: str) -> Diagram:
    """A task `a` with a handler, its outputs mapped."""
    return line("a").service("a", "net.ping", outputs=outputs or None)


def inside(d: Diagram, *ids: str) -> Diagram:
    """A sub-process `is -> ... -> ie`."""
    return d.start("is").end("ie").chain("is", *ids, "ie")


def holding(inner: Diagram, **inputs: str) -> Diagram:
    return line("sp").sub("sp", inner, inputs=inputs or None)


def marker(content: str) -> Diagram:
    return line("a").raw(
        f'<bpmn:userTask id="a"><bpmn:multiInstanceLoopCharacteristics>{content}'
        "</bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>"
    )


ERRORS: dict[str, Told] = {
    "no collection": (step(r="=1").each(""), "a", "no_collection", "=order.lines"),
    "no marker of the modeler": (marker(""), "a", "no_collection", "=order.lines"),
    "a collection that is no expression": (step(r="=1").each("items"), "a", "no_expression", "input collection"),
    "a collection that is no FEEL": (step(r="=1").each("=items +"), "a", "bad_expression", "input collection"),
    "an item that is no name": (step(r="=1").each("=items", "my item"), "a", "bad_name", "input element"),
    "an item with a path": (step(r="=1").each("=items", "order.item"), "a", "bad_name", "input element"),
    "an output collection that is no name": (
        step(r="=1").each("=items", collect=("1st", "=r")),
        "a",
        "bad_name",
        "output collection",
    ),
    "an output that is no expression": (
        step(r="=1").each("=items", collect=("results", "r")),
        "a",
        "no_expression",
        "output element",
    ),
    "an output that is no FEEL": (
        step(r="=1").each("=items", collect=("results", "=r +")),
        "a",
        "bad_expression",
        "output element",
    ),
    "an output collection without an output": (
        step(r="=1").each("=items", collect=("results", "")),
        "a",
        "half_output",
        "no output element",
    ),
    "an output without an output collection": (
        step(r="=1").each("=items", collect=("", "=r")),
        "a",
        "half_output",
        "no output collection",
    ),
    "a completion condition that is no FEEL": (
        step(r="=1").each("=items", until="=r >"),
        "a",
        "bad_expression",
        "completion condition",
    ),
    "a completion condition that is no expression": (
        step(r="=1").each("=items", until="r > 1"),
        "a",
        "no_expression",
        "completion condition",
    ),
    "a result that leaves its iteration": (
        line("a").script("a", "=item", "r").each("=items", "item"),
        "a",
        "leaves_iteration",
        "'r' would leave",
    ),
    "a documented output that leaves its iteration": (
        line("a").service("a", "net.reserve").each("=items", "item"),
        "a",
        "leaves_iteration",
        "'port_id'",
    ),
    "a decision that leaves its iteration": (
        line("a").decision("a", "profile", "chosen").each("=items", "item", collect=RESULTS),
        "a",
        "leaves_iteration",
        "output element (=chosen)",
    ),
    "a result in a sub-process that leaves its iteration": (
        holding(inside(Diagram("x").script("a", "=1", "r"), "a")).each("=items", "item"),
        "a",
        "leaves_iteration",
        "input of that name",
    ),
    "an output in a sub-process that leaves its iteration": (
        holding(inside(Diagram("x").service("a", "net.ping", outputs={"r.x": "=1"}), "a")).each("=items", "item"),
        "a",
        "leaves_iteration",
        "'sp'",
    ),
    "results of a list in a sub-process that leave its iteration": (
        holding(
            inside(Diagram("x").script("a", "=1", "r").each("=list", "i", collect=("rs", "=r"), sequential=True), "a")
        ).each("=items", "item"),
        "a",
        "leaves_iteration",
        "'rs'",
    ),
    "a call without a process": (line("a").call("a", ""), "a", "no_process", "id of a process"),
    "a call without anything": (line("a").raw('<bpmn:callActivity id="a"/>'), "a", "no_process", "FEEL"),
    "a computed process that is no FEEL": (line("a").call("a", "=x +"), "a", "bad_expression", "process id"),
    "a call of a version without a tag": (
        line("a").call("a", "other", binding="versionTag"),
        "a",
        "bad_binding",
        "version tag",
    ),
    "a computed version tag": (
        line("a").call("a", "other", binding="versionTag", version_tag="=v"),
        "a",
        "bad_binding",
        "tag itself",
    ),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_what_could_not_run_is_an_error(diagram: Diagram, element: str, code: str, words: str) -> None:
    tells(diagram, element, code, words, severity="error")


def itself(call: str = "p") -> Diagram:
    return line("a").call("a", call)


def split(d: Diagram, kind: str = "inclusive") -> Diagram:
    """The branches `a` and `b`, which the caller adds, between `f` and `j`."""
    d.start().end().chain("s", "f").chain("a", "j", "e").chain("b", "j")
    if kind == "parallel":
        return d.parallel("f").parallel("j").chain("f", "a").chain("f", "b")
    return d.inclusive("f").inclusive("j").flow("f", "a", "=one").flow("f", "b", "=two")


def both(name: str = "x") -> Diagram:
    return Diagram("p").script("a", "=1", "x").script("b", "=2", name)


def beside(name: str, *, interrupting: bool = False) -> Diagram:
    """An event sub-process that writes beside a process that writes."""
    inner = Diagram("y").start("hs", signal("halt"), interrupting=interrupting).script("h", "=1", name).end("he")
    return line("u", "a").user("u").script("a", "=1", "x").event_sub("sub", inner.chain("hs", "h", "he"))


WARNINGS: dict[str, Told] = {
    "an output of all iterations": (
        step(r="=1").each("=items", "item"),
        "a",
        "concurrent_writes",
        "output element (=r)",
    ),
    "a person's work for a list": (line("a").user("a").each("=items", "item"), "a", "may_leave_iteration", "'a'"),
    "a call with all variables for a list": (
        line("a").call("a", "other").each("=items", "item"),
        "a",
        "may_leave_iteration",
        "output mappings",
    ),
    "a person's work in a sub-process for a list": (
        holding(inside(Diagram("x").user("u"), "u")).each("=items", "item"),
        "u",
        "may_leave_iteration",
        "'sp'",
    ),
    "a process that calls itself": (itself(), "a", "endless_call", "never ends"),
    "a process that calls itself in a sub-process": (
        holding(inside(Diagram("x").call("a", "p"), "a")),
        "a",
        "endless_call",
        "lead past the call",
    ),
    "a process that calls itself on every branch": (
        Diagram("p")
        .start()
        .xor("x", "x_b")
        .call("a", "p")
        .call("b", "p")
        .end()
        .chain("s", "x")
        .flow("x", "a", "=n")
        .flow("x", "b")
        .chain("a", "e")
        .chain("b", "e"),
        "a",
        "endless_call",
        "never ends",
    ),
    "a version tag that is not looked at": (
        line("a").call("a", "other", version_tag="v1"),
        "a",
        "bad_binding",
        "not looked at",
    ),
    "a task that does nothing": (line("a").task("a"), "a", "does_nothing", "Choose a type"),
    "one variable on two branches of an inclusive gateway": (split(both()), "b", "concurrent_writes", "'x'"),
    "one collection of two lists": (
        split(
            Diagram("p")
            .script("a", "=1", "r")
            .each("=l", "i", collect=("all", "=r"))
            .script("b", "=1", "r")
            .each("=l", "i", collect=("all", "=r")),
            "parallel",
        ),
        "b",
        "concurrent_writes",
        "'all'",
    ),
    "one variable beside an event sub-process": (beside("x"), "a", "concurrent_writes", "'x'"),
    "one variable beside an escalation": (
        holding(inside(Diagram("x").throw("t", escalation("late")).script("a", "=1", "x"), "t", "a"))
        .boundary("b", "sp", escalation("late"), interrupting=False)
        .script("c", "=2", "x")
        .end("f")
        .chain("b", "c", "f"),
        "a",
        "concurrent_writes",
        "'x'",
    ),
    "a parameter that the list does not give": (
        holding(inside(Diagram("x").service("a", "net.activate"), "a"))
        .each("=items", "serial", collect=("all", "=ont_id"))
        .variables({"properties": {"items": {}}}),
        "a",
        "missing_parameter",
        "speed_mbps",
    ),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_is_doubtful_is_a_warning(diagram: Diagram, element: str, code: str, words: str) -> None:
    tells(diagram, element, code, words, severity="warning")


FINE: dict[str, Diagram] = {
    "an output that is mapped and collected": step(r="=1").each("=items", "item", collect=RESULTS),
    "an output that is mapped to an input": line("a")
    .send("a", publish("done", "=item"), inputs={"r.x": "=null"}, outputs={"r.y": "=1"})
    .each("=items", "item"),
    "a result that is collected": line("a").script("a", "=item", "r").each("=items", "item", collect=RESULTS),
    "a part of a result that is collected": line("a")
    .script("a", "={x: 1}", "r")
    .each("=items", "item", collect=("results", "= r . x")),
    "a result into the item": line("a").script("a", "=item + 1", "item").each("=items", "item"),
    "results one after the other": line("a").script("a", "=item", "r").each("=items", "item", sequential=True),
    "a person's work one after the other": line("a").user("a").each("=items", "item", sequential=True),
    "a result that is local to its sub-process": holding(
        inside(Diagram("x").script("a", "=1", "r"), "a"), r="=null"
    ).each("=items", "item"),
    "a result in a sub-process that is collected": holding(inside(Diagram("x").script("a", "=1", "r"), "a")).each(
        "=items", "item", collect=RESULTS
    ),
    "a result that is local to a sub-process further in": holding(
        inside(
            Diagram("x").sub(
                "deep",
                Diagram("y").start("ds").script("a", "=1", "r").end("de").chain("ds", "a", "de"),
                inputs={"r": "=0"},
            ),
            "deep",
        )
    ).each("=items", "item"),
    "messages for a list": line("a").send("a", publish("done", "=item")).each("=items", "item"),
    "a call for a list that gives what is mapped": line("a")
    .call("a", "other", outputs={"r": "=x"})
    .each("=items", "item", collect=RESULTS),
    "a call for a list that gives nothing": line("a").call("a", "other", all_out=False).each("=items", "item"),
    "a computed process": line("a").call("a", "=which"),
    "a process that may call itself": Diagram("p")
    .start()
    .xor("x", "x_e")
    .call("a", "p")
    .end()
    .chain("s", "x", "e")
    .flow("x", "a", "=n > 0")
    .flow("a", "e"),
    "a process that may call itself in a sub-process": holding(
        inside(Diagram("x").xor("x", "x_ie").call("a", "p"), "x").flow("x", "a", "=n > 0").flow("a", "ie")
    ),
    "a process that another calls": itself("other"),
    "different variables on branches of an inclusive gateway": split(both("y")),
    "different variables beside an event sub-process": beside("y"),
    "an event sub-process that interrupts": beside("x", interrupting=True),
    "a parameter that a list gives": line("a")
    .service("a", "net.activate")
    .each("=items", "serial", collect=("all", "=ont_id"))
    .variables({"properties": {"speed_mbps": {}, "items": {}}}),
    "a parameter that a message brings": line("r", "a")
    .receive("r", "m", "=id")
    .service("a", "net.activate")
    .variables({"properties": {"id": {}}}),
    "a start by message and declared variables": Diagram("p")
    .start("s", message("order placed"))
    .service("a", "net.activate")
    .end()
    .chain("s", "a", "e")
    .variables({"properties": {"serial": {}, "speed_mbps": {}}}),
    "work that is taken back on a branch": split(
        Diagram("p")
        .service("a", "net.ping", outputs={"y": "=1"})
        .script("b", "=1", "x")
        .script("back", "=2", "x")
        .undoes("a"),
        "parallel",
    ),
}


@pytest.mark.parametrize("diagram", FINE.values(), ids=FINE.keys())
def test_what_is_right_is_passed_without_a_word(diagram: Diagram) -> None:
    assert findings_of(diagram) == []


def test_many_calls_borders_and_links_are_linted_in_good_time() -> None:
    names = [f"n{number}" for number in range(1500)]
    d = line(*names)
    for name in names:
        d.sub(
            name,
            Diagram("x")
            .start(f"{name}s")
            .call(f"{name}c", "p")
            .end(f"{name}e")
            .chain(f"{name}s", f"{name}c", f"{name}e"),
        )
        d.boundary_error(f"{name}b", name).flow(f"{name}b", "e")
    begun = time.process_time()
    assert {finding.code for finding in findings_of(d)} == {"endless_call"}
    assert time.process_time() - begun < 5
