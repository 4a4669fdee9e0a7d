"""What events wait for and send, links, and the gateway that waits for the first of several events."""

from __future__ import annotations

import pytest

from tests.factories.constructs import line
from tests.factories.diagrams import Diagram
from tests.factories.findings import Told, findings_of, tells
from tests.factories.triggers import (
    Trigger,
    conditional,
    error,
    escalation,
    link,
    message,
    publish,
    signal,
    timer,
)

NAMELESS = '<bpmn:error id="er" name="E"/><bpmn:escalation id="es" name="E"/><bpmn:signal id="si"/>'


def caught(trigger: Trigger) -> Diagram:
    return line("c").catch("c", trigger)


def thrown(trigger: Trigger | None = None, **settings: str) -> Diagram:
    return line("t").throw("t", trigger, **settings)


def started(trigger: Trigger) -> Diagram:
    return Diagram("p").start("s", trigger).end().chain("s", "e")


def ended(trigger: Trigger) -> Diagram:
    return Diagram("p").start().end("e", trigger).chain("s", "e")


def beside(trigger: Trigger, *, interrupting: bool = True) -> Diagram:
    """An event sub-process of a process that waits for a person."""
    inner = Diagram("x").start("es", trigger, interrupting=interrupting).end("ee").chain("es", "ee")
    return line("u").user("u").event_sub("sub", inner)


def referring(kind: str, ref: str, of: str = "endEvent") -> Diagram:
    """An event that refers to one of NAMELESS."""
    event = f'<bpmn:{kind}EventDefinition {kind}Ref="{ref}"/>'
    if of == "endEvent":
        return Diagram("p").start().raw(f'<bpmn:endEvent id="e">{event}</bpmn:endEvent>').chain("s", "e").root(NAMELESS)
    d = line("sp").sub("sp", Diagram("x").start("is").end("ie").chain("is", "ie")).end("f").flow("b", "f")
    return d.raw(f'<bpmn:boundaryEvent id="b" attachedToRef="sp">{event}</bpmn:boundaryEvent>').root(NAMELESS)


def race() -> Diagram:
    """What follows the event-based gateway `g`: `m`, and what the caller adds with a flow from `g`."""
    return Diagram("p").start().event_gateway("g").catch("m", message("done", "=id")).end().chain("s", "g", "m", "e")


def leap() -> Diagram:
    return Diagram("p").start().throw("t", link("over")).end().chain("s", "t").flow("c", "e")


def leaping(prefix: str) -> Diagram:
    start, throw, catch, end = (f"{prefix}{name}" for name in "stce")
    d = Diagram("x").start(start).throw(throw, link("over")).catch(catch, link("over")).end(end)
    return d.chain(start, throw).chain(catch, end)


ERRORS: dict[str, Told] = {
    "a signal without a name": (caught(signal(" ")), "c", "no_signal", "name"),
    "a signal with a long name": (caught(signal("x" * 256)), "c", "long_name", "255 are allowed"),
    "a message with a long name": (started(message("x" * 256)), "s", "long_name", "255 are allowed"),
    "no signal": (caught(Trigger("signal")), "c", "no_signal", "Choose a signal"),
    "a signal to be thrown that is not there": (thrown(Trigger("signal")), "t", "no_signal", "Choose a signal"),
    "a signal that is no FEEL": (thrown(signal("=a +")), "t", "bad_expression", "signal"),
    "a computed signal that starts a process": (started(signal("=name")), "s", "no_signal", "no expression"),
    "a condition without a text": (caught(Trigger("conditional")), "c", "no_condition", "FEEL"),
    "a condition without an equals sign": (caught(conditional("a > 1")), "c", "no_expression", "'='"),
    "a condition that is no FEEL": (caught(conditional("=a >")), "c", "bad_expression", "condition"),
    "an error end without an error": (ended(error()), "e", "error_without_code", "Choose an error"),
    "an error end whose error has no code": (referring("error", "er"), "e", "error_without_code", "code"),
    "an error end that is no FEEL": (ended(error("=a +")), "e", "bad_expression", "error code"),
    "an escalation end without an escalation": (ended(escalation()), "e", "escalation_without_code", "an escalation"),
    "an escalation throw without one": (thrown(escalation()), "t", "escalation_without_code", "an escalation"),
    "an escalation without a code": (referring("escalation", "es"), "e", "escalation_without_code", "code"),
    "an error without a code that is caught": (
        referring("error", "er", "boundaryEvent"),
        "b",
        "error_without_code",
        "catch all",
    ),
    "an escalation without a code that is caught": (
        referring("escalation", "es", "boundaryEvent"),
        "b",
        "escalation_without_code",
        "catch all",
    ),
    "an error caught by a computed code": (beside(error("=code")), "es", "error_code_expression", "code itself"),
    "an escalation caught by a computed code": (
        beside(escalation("=code")),
        "es",
        "escalation_code_expression",
        "code itself",
    ),
    "a message start without a message": (started(Trigger("message")), "s", "no_message", "Choose a message"),
    "a message in an event sub-process without a key": (beside(message("m")), "es", "no_correlation_key", "m"),
    "a receive task without a key": (line("r").receive("r", "done", None), "r", "no_correlation_key", "done"),
    "a receive task without a message": (
        line("r").raw('<bpmn:receiveTask id="r"/>'),
        "r",
        "no_message",
        "Choose a message",
    ),
    "a message that nobody sends": (thrown(message("done")), "t", "no_sender", "zeebe:publishMessage"),
    "a message end that nobody sends": (ended(message("done")), "e", "no_sender", "handler"),
    "a send task that nobody sends": (line("a").send("a"), "a", "no_sender", "handler"),
    "a message that is sent twice": (thrown(publish("done", "=id"), handler="net.ping"), "t", "two_senders", "Keep"),
    "a message of no name": (thrown(publish("", "=id")), "t", "no_message", "name"),
    "a sender that is not known": (thrown(message("done"), handler="net.pong"), "t", "unknown_handler", "net.ping"),
    "a name of a message that is no FEEL": (thrown(publish("=a +", "=id")), "t", "bad_expression", "name"),
    "a published key that is no FEEL": (thrown(publish("done", "=id +")), "t", "bad_expression", "correlation key"),
    "a published key that is empty": (thrown(publish("done", " ")), "t", "empty_expression", "correlation key"),
    "a message id that is no FEEL": (thrown(publish("done", "=id", id="=a +")), "t", "bad_expression", "message id"),
    "a time to live in words": (thrown(publish("done", "=id", ttl="an hour")), "t", "bad_time", "time to live"),
    "a time to live that is no FEEL": (thrown(publish("done", "=id", ttl="=a +")), "t", "bad_expression", "live"),
    "a cycle in words": (started(timer("every day", "timeCycle")), "s", "bad_time", "R3/PT10M"),
    "cron": (started(timer("0 0 9 * * *", "timeCycle")), "s", "bad_time", "Cron is not read"),
    "a cron macro": (started(timer("@daily", "timeCycle")), "s", "bad_time", "Cron is not read"),
    "a cycle that never happens": (started(timer("R0/PT1H", "timeCycle")), "s", "bad_time", "never"),
    "a cycle without a length": (
        beside(timer("R/PT0S", "timeCycle"), interrupting=False),
        "es",
        "bad_time",
        "not longer than nothing",
    ),
    "a cycle that is no FEEL": (started(timer("=a +", "timeCycle")), "s", "bad_expression", "timer"),
    "a start on a date in words": (started(timer("tomorrow", "timeDate")), "s", "bad_time", "2026-11-23"),
    "a link that nobody catches": (
        Diagram("p").start().throw("t", link("over")).chain("s", "t"),
        "t",
        "link_without_catch",
        "over",
    ),
    "a link of no name": (leap().catch("c", link("over")).throw("u", link("")), "u", "no_link", "leads nowhere"),
    "a link caught twice": (
        leap().catch("c", link("over")).catch("d", link("over")).flow("d", "e"),
        "d",
        "link_caught_twice",
        "'c'",
    ),
    "a link that nobody throws": (
        line().catch("c", link("over")).flow("c", "e"),
        "c",
        "link_without_throw",
        "leads to the link",
    ),
    "a link over a border": (
        line("sp")
        .sub("sp", Diagram("x").start("is").throw("t", link("out")).chain("is", "t"))
        .catch("c", link("in"))
        .throw("u", link("in")),
        "t",
        "link_without_catch",
        "out",
    ),
    "one event after an event-based gateway": (race(), "g", "few_events", "use the event alone"),
    "a task after an event-based gateway": (
        race().user("u").chain("g", "u", "e"),
        "u",
        "no_event",
        "catch event",
    ),
    "a link after an event-based gateway": (
        race().catch("c", link("l")).throw("t", link("l")).chain("g", "t").flow("c", "e"),
        "t",
        "no_event",
        "catch event",
    ),
    "an event with a way in of its own after an event-based gateway": (
        race().xor("x", "x_e").timer("t", "PT1H").chain("g", "t", "x", "e").flow("x", "t", "=again"),
        "t",
        "shared_event",
        "of its own",
    ),
    "one message twice after an event-based gateway": (
        race().receive("r", "done", "=other").chain("g", "r", "e"),
        "r",
        "same_event_twice",
        "'m'",
    ),
    "one signal twice after an event-based gateway": (
        race().catch("a", signal("halt")).catch("b", signal("halt")).chain("g", "a", "e").chain("g", "b", "e"),
        "b",
        "same_event_twice",
        "'a'",
    ),
    "a receive task with a time limit after an event-based gateway": (
        race().receive("r", "x", "=id").chain("g", "r", "e").boundary("b", "r", timer("PT1H")).flow("b", "e"),
        "r",
        "no_plain_event",
        "let a timer follow",
    ),
    "a receive task for a list after an event-based gateway": (
        race().receive("r", "x", "=id").each("=ids", "id").chain("g", "r", "e"),
        "r",
        "no_plain_event",
        "marker",
    ),
    "a condition after an event-based gateway": (
        race().timer("t", "PT1H").flow("g", "t", "=a").flow("t", "e"),
        "g_t",
        "ignored_condition",
        "no exclusive",
    ),
    "an inclusive choice without a condition": (
        Diagram("p").start().inclusive("x").end().end("f").chain("s", "x", "e").flow("x", "f", "=a > 1"),
        "x_e",
        "missing_condition",
        "inclusive",
    ),
    "an inclusive default flow of another": (line("x").inclusive("x", "s_x"), "x", "bad_default_flow", "s_x"),
    "a flow into a link": (leap().catch("c", link("over")).flow("t", "c"), "t_c", "flow_out_of_end", "link"),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_what_could_not_run_is_an_error(diagram: Diagram, element: str, code: str, words: str) -> None:
    tells(diagram, element, code, words, severity="error")


FINE: dict[str, Diagram] = {
    "a computed signal": thrown(signal('="halt " + region')),
    "a computed error": ended(error("=code")),
    "a message with a computed name": thrown(publish("=name", "=id")),
    "a message without a key": thrown(publish("order placed")),
    "a time to live in FEEL": thrown(publish("done", "=id", ttl="=patience")),
    "a message start without a key": started(message("order placed")),
    "a cycle with a start": started(timer("R/2027-01-01T06:00:00Z/P1D", "timeCycle")),
    "a cycle in FEEL": started(timer('="R/P" + "1D"', "timeCycle")),
    "one link, thrown twice": Diagram("p")
    .start()
    .xor("x", "x_t")
    .throw("t", link("over"))
    .throw("u", link("over"))
    .catch("c", link("over"))
    .end()
    .chain("s", "x", "t")
    .flow("x", "u", "=far")
    .flow("c", "e"),
    "a name of a link in two scopes": Diagram("p")
    .start()
    .throw("t", link("over"))
    .catch("c", link("over"))
    .sub("sp", leaping("i"))
    .end()
    .chain("s", "t")
    .chain("c", "sp", "e"),
    "two ways to start": Diagram("p")
    .start()
    .start("s2", message("order placed"))
    .end()
    .chain("s", "e")
    .flow("s2", "e"),
    "only starts with triggers": Diagram("p")
    .start("s", signal("go"))
    .start("s2", message("order placed"))
    .end()
    .chain("s", "e")
    .flow("s2", "e"),
    "a receive task after an event-based gateway": race().receive("r", "x", "=id").chain("g", "r", "e"),
    "one way out of an inclusive gateway": line("x").inclusive("x"),
}


@pytest.mark.parametrize("diagram", FINE.values(), ids=FINE.keys())
def test_what_is_right_is_passed_without_a_word(diagram: Diagram) -> None:
    assert findings_of(diagram) == []
