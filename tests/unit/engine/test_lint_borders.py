"""Boundary events, event sub-processes, transactions and compensation."""

from __future__ import annotations

import pytest

from tests.factories.constructs import caught, inner, line
from tests.factories.diagrams import Diagram
from tests.factories.findings import Told, findings_of, tells
from tests.factories.markup import tag
from tests.factories.triggers import (
    Trigger,
    cancel,
    compensate,
    error,
    escalation,
    message,
    signal,
    terminate,
    timer,
)


def on(host: Diagram, *triggers: Trigger) -> Diagram:
    """Boundary events `b`, `c`, ... on the activity `a`, each leading to the end `f`."""
    for name, trigger in zip("bcd", triggers, strict=False):
        host.boundary(name, "a", trigger).flow(name, "f")
    return host.end("f")


def person() -> Diagram:
    return line("a").user("a")


def inside(end: Trigger | None = None) -> Diagram:
    return Diagram("x").start("is").end("ie", end).chain("is", "ie")


def handling(start: Trigger | None = None, name: str = "h", *, interrupting: bool = True) -> Diagram:
    """The inside of an event sub-process."""
    return (
        Diagram("x").start(f"{name}s", start, interrupting=interrupting).end(f"{name}e").chain(f"{name}s", f"{name}e")
    )


def guarded(*triggers: Trigger) -> Diagram:
    """A process with an event sub-process (`sub0`, `sub1`, ...; starts `h0s`, ...) for each trigger."""
    d = person()
    for number, trigger in enumerate(triggers):
        d.event_sub(f"sub{number}", handling(trigger, f"h{number}"))
    return d


def transaction(end: Trigger | None = None) -> Diagram:
    d = Diagram("x").start("is").xor("x", "x_ie").end("ie").end("no", end)
    return line("a").transaction("a", d.chain("is", "x").flow("x", "ie").flow("x", "no", "=bad"))


def undone(target: str = "back") -> Diagram:
    """`a` with the compensation event `c` and an association from that to `target`."""
    d = line("a", "t").service("a", "net.ping").boundary("c", "a", compensate()).throw("t", compensate())
    return d.association("c", target)


def back(**attributes: str) -> str:
    return tag("bpmn:userTask", {"id": "back", "isForCompensation": "true", **attributes})


NESTED_BACK = Diagram("x").start("is").end("ie").chain("is", "ie").raw(back())

ERRORS: dict[str, Told] = {
    "a boundary event on an event sub-process": (
        guarded(signal("halt")).end("f").boundary("b", "sub0", timer("PT1H")).flow("b", "f"),
        "b",
        "not_attached",
        "event sub-process",
    ),
    "a boundary event on what takes work back": (
        undone().raw(back()).end("f").boundary("b", "back", timer("PT1H")).flow("b", "f"),
        "b",
        "not_attached",
        "takes work back",
    ),
    "a cancel event on a sub-process": (
        on(line("a").sub("a", inside()), cancel()),
        "b",
        "cancel_outside",
        "no transaction",
    ),
    "a cancel end in a process": (
        Diagram("p").start().end("e", cancel()).chain("s", "e"),
        "e",
        "cancel_outside",
        "none",
    ),
    "a cancel end deeper in a transaction": (
        on(
            line("a").transaction(
                "a", Diagram("x").start("xs").sub("y", inside(cancel())).end("xe").chain("xs", "y", "xe")
            ),
        ),
        "ie",
        "cancel_outside",
        "directly",
    ),
    "a cancellation that nobody catches": (transaction(cancel()), "a", "cancel_uncaught", "cancel boundary event"),
    "a cancellation caught twice": (on(transaction(cancel()), cancel(), cancel()), "c", "same_event_twice", "'b'"),
    "one message caught twice": (
        on(person(), message("done", "=id"), message("done", "=other")),
        "c",
        "same_event_twice",
        "'b'",
    ),
    "one signal caught twice": (on(person(), signal("halt"), signal("halt")), "c", "same_event_twice", "'b'"),
    "one escalation caught twice": (
        on(line("a").sub("a", inside(escalation("late"))), escalation("late"), escalation("late")),
        "c",
        "same_escalation_twice",
        "'b'",
    ),
    "every escalation caught twice": (
        on(line("a").sub("a", inside(escalation("late"))), escalation(), escalation()),
        "c",
        "same_escalation_twice",
        "every escalation",
    ),
    "one error for two event sub-processes": (guarded(error("x"), error("x")), "h1s", "same_error_twice", "'h0s'"),
    "one message for two event sub-processes": (
        guarded(message("m", "=id"), message("m", "=id")),
        "h1s",
        "same_event_twice",
        "'h0s'",
    ),
    "one message that starts a process twice": (
        Diagram("p").start("s", message("m")).start("s2", message("m")).end().chain("s", "e").flow("s2", "e"),
        "s2",
        "same_event_twice",
        "'s'",
    ),
    "a flow into an event sub-process": (
        guarded(signal("halt")).user("u").chain("u", "sub0"),
        "u_sub0",
        "flow_into_start",
        "event sub-process",
    ),
    "a flow out of an event sub-process": (
        guarded(signal("halt")).flow("sub0", "e"),
        "sub0_e",
        "flow_out_of_end",
        "event sub-process",
    ),
    "an event sub-process without a trigger": (
        person().event_sub("sub", handling()),
        "hs",
        "no_trigger",
        "or signal or timer",
    ),
    "an event sub-process without a start": (
        person().event_sub("sub", Diagram("x").end("he")),
        "sub",
        "no_start",
        "with a trigger",
    ),
    "an event sub-process with two starts": (
        person().event_sub("sub", handling(signal("a")).start("h2", signal("b")).flow("h2", "he")),
        "h2",
        "several_starts",
        "'hs'",
    ),
    "an event sub-process for a list": (
        guarded(signal("halt")).each("=items", "item"),
        "sub0",
        "bad_event_sub",
        "multi-instance",
    ),
    "an error event sub-process that does not interrupt": (
        person().event_sub("sub", handling(error("x"), interrupting=False)),
        "hs",
        "always_interrupting",
        "an error",
    ),
    "a compensation event sub-process": (
        person().event_sub("sub", handling(compensate())),
        "hs",
        "wrong_trigger",
        "compensation boundary events",
    ),
    "a trigger inside an embedded sub-process": (
        line("a").sub("a", handling(message("m", "=id"))),
        "hs",
        "wrong_trigger",
        "event sub-process",
    ),
    "a start of a process that does not interrupt": (
        Diagram("p").start("s", message("m"), interrupting=False).end().chain("s", "e"),
        "s",
        "always_interrupting",
        "Delete isInterrupting",
    ),
    "compensation that leads nowhere": (
        line("a").user("a").boundary("c", "a", compensate()),
        "c",
        "no_compensation",
        "association",
    ),
    "compensation to what is not there": (undone("gone"), "c", "bad_compensation", "'gone'"),
    "compensation to an event": (undone("e"), "c", "bad_compensation", "no activity"),
    "compensation to an ordinary task": (
        undone("t2").user("t2"),
        "c",
        "bad_compensation",
        "not marked",
    ),
    "compensation over a border": (
        undone().sub("sp", NESTED_BACK),
        "c",
        "bad_compensation",
        "beside it",
    ),
    "compensation with a flow to it": (
        undone().raw(back()).user("u").flow("u", "back"),
        "u_back",
        "flow_into_start",
        "back",
    ),
    "compensation with a flow from it": (undone().raw(back()).flow("back", "e"), "back_e", "flow_out_of_end", "back"),
    "a flow from a compensation event": (
        undone().raw(back()).flow("c", "e"),
        "c_e",
        "flow_out_of_end",
        "association",
    ),
    "two compensations of one task": (
        undone().raw(back()).boundary("c2", "a", compensate()).association("c2", "back"),
        "c2",
        "same_event_twice",
        "'c'",
    ),
    "compensation by two": (
        undone()
        .raw(back())
        .raw(tag("bpmn:userTask", {"id": "more", "isForCompensation": "true"}))
        .association("c", "more"),
        "c",
        "several_compensations",
        "one",
    ),
    "compensation of what is not there": (line("t").throw("t", compensate("gone")), "t", "bad_compensation", "'gone'"),
    "compensation of an event": (line("t").throw("t", compensate("s")), "t", "bad_compensation", "no activity"),
    "compensation of what stands in another sub-process": (
        line("sp", "t")
        .sub("sp", Diagram("x").start("is").user("u").end("ie").chain("is", "u", "ie"))
        .throw("t", compensate("u")),
        "t",
        "bad_compensation",
        "further out",
    ),
    "compensation of what is still going on around it": (
        line("sp").sub("sp", Diagram("x").start("is").throw("t", compensate("sp")).end("ie").chain("is", "t", "ie")),
        "t",
        "bad_compensation",
        "further out",
    ),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_what_could_not_run_is_an_error(diagram: Diagram, element: str, code: str, words: str) -> None:
    tells(diagram, element, code, words, severity="error")


WARNINGS: dict[str, Told] = {
    "an error of a sub-process in which nothing fails": (
        on(line("a").sub("a", inner()), error()),
        "b",
        "never_happens",
        "call activity",
    ),
    "an escalation of a task": (on(person(), escalation("late")), "b", "never_happens", "throws an escalation"),
    "an escalation of a sub-process that throws none": (
        on(line("a").sub("a", inner()), escalation()),
        "b",
        "never_happens",
        "throws one",
    ),
    "a cancel event on a transaction that is never cancelled": (
        on(transaction(), cancel()),
        "b",
        "never_happens",
        "cancel end event",
    ),
    "what takes work back and is never called": (
        person().raw(back()),
        "back",
        "unreachable",
        "association",
    ),
    "compensation where nothing can be taken back": (
        line("a", "t").user("a").throw("t", compensate()),
        "t",
        "nothing_to_take_back",
        "have an undo",
    ),
    "compensation of a task that cannot be taken back": (
        line("a", "t").service("a", "net.ping").throw("t", compensate("a")),
        "t",
        "nothing_to_take_back",
        "'a'",
    ),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_is_doubtful_is_a_warning(diagram: Diagram, element: str, code: str, words: str) -> None:
    tells(diagram, element, code, words, severity="warning")


FINE: dict[str, Diagram] = {
    "a message and a signal of one name": on(person(), message("x", "=id"), signal("x")),
    "two times": on(person(), timer("PT1H"), timer("PT2H")),
    "one error at two places": on(line("a").sub("a", inside(error("x"))), error("x")).event_sub(
        "sub", handling(error("x"))
    ),
    "an error and every error": guarded(error("x"), error()),
    "a message that starts a process and one that its event sub-process waits for": Diagram("p")
    .start("s", message("m"))
    .user("u")
    .end()
    .chain("s", "u", "e")
    .event_sub("sub", handling(message("m", "=id"))),
    "an error of a call activity": on(line("a").call("a", "other"), error("x")),
    "an error of a task that sends": on(line("a").send("a", handler="net.ping"), error("x")),
    "an error deep in a sub-process": on(
        line("a").sub("a", Diagram("x").start("xs").sub("y", inside(error("x"))).end("xe").chain("xs", "y", "xe")),
        error("x"),
    ),
    "an error of a list of calls": on(line("a").service("a", "net.ping", outputs={"i": "=1"}).each("=l", "i"), error()),
    "an escalation of a call activity": on(line("a").call("a", "other"), escalation()),
    "a terminate end": Diagram("p").start().end("e", terminate()).chain("s", "e"),
    "an event sub-process in an event sub-process": person().event_sub(
        "sub", handling(signal("a"), "h").event_sub("deep", handling(signal("a"), "d"))
    ),
    "a condition beside": person().event_sub("sub", handling(caught("conditional"), interrupting=False)),
    "compensation of a handler with an undo": line("a", "t").service("a", "net.reserve").throw("t", compensate("a")),
    "compensation of all handlers with an undo": line("a", "t").service("a", "net.reserve").throw("t", compensate()),
    "compensation of a sub-process": line("sp", "t")
    .sub("sp", Diagram("x").start("is").service("a", "net.reserve").end("ie").chain("is", "a", "ie"))
    .throw("t", compensate("sp")),
    "compensation from an event sub-process": line("a")
    .service("a", "net.reserve")
    .event_sub("sub", Diagram("x").start("hs", signal("halt")).end("he", compensate("a")).chain("hs", "he")),
    "a note at a compensation event": undone()
    .raw(back())
    .raw('<bpmn:textAnnotation id="note"/>')
    .association("c", "note"),
}


@pytest.mark.parametrize("diagram", FINE.values(), ids=FINE.keys())
def test_what_is_right_is_passed_without_a_word(diagram: Diagram) -> None:
    assert findings_of(diagram) == []
