"""Blocks of one step: tasks, events that wait, events that throw."""

from __future__ import annotations

from functools import partial
from typing import Any

from app.engine.diagram import Publication
from tests.reference.author import Author, Ends, Place, Recipe

KEY = "=order"  # every message of a run has the run's own key


def service(author: Author, place: Place) -> Ends:
    a = author.new("a")
    inputs = (("=order", "x"),) if author.draw.random() < 0.5 else ()
    place.drawing.add("serviceTask", a, place.home, handler="t.echo", inputs=inputs, **author.results(place, a))
    return a, a


def user(author: Author, place: Place) -> Ends:
    a = author.new("u")
    inputs = (("=order", "asked"),) if author.draw.random() < 0.3 else ()
    place.drawing.add("userTask", a, place.home, inputs=inputs, **author.results(place, a))
    return a, a


def send(author: Author, place: Place) -> Ends:
    a = author.new("send")
    place.drawing.add("sendTask", a, place.home, handler="t.echo", **author.results(place, a))
    return a, a


def publish(type: str, author: Author, place: Place) -> Ends:
    """A message to whom it may concern: half of the time to the flow itself, which waits for it next."""
    a, w = author.new("pub"), author.new("w")
    name = author.named("m", a)
    heard = author.draw.random() < 0.5
    results = author.results(place, w)
    sent = Publication(name, KEY, time_to_live="P9999D" if heard else None)
    event = None if type == "sendTask" else "message"
    place.drawing.add(type, a, place.home, event=event, publishes=sent, inputs=_payload(author, w, results))
    if not heard:
        return a, a
    place.drawing.add("intermediateCatchEvent", w, place.home, event="message", message=(name, KEY), **results)
    place.drawing.flow(a, w)
    return a, w


def _payload(author: Author, catcher: str, results: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What is sent to an event with these output mappings, such that it writes nothing but what it may."""
    if catcher in author.flow.silent:
        return ()
    return (("=7", "v" if results else f"v_{catcher}"),)


def receive(author: Author, place: Place) -> Ends:
    a = author.new("rec")
    author.flow.early.append(author.named("m", a))
    place.drawing.add("receiveTask", a, place.home, message=(author.named("m", a), KEY), **author.results(place, a))
    return a, a


def idle(type: str, author: Author, place: Place) -> Ends:
    a = author.new("i")
    place.drawing.add(type, a, place.home)
    return a, a


def script(author: Author, place: Place) -> Ends:
    a = author.new("x")
    target = author.own(place, f"c_{a}")
    place.drawing.add("scriptTask", a, place.home, script=(f"=if {target} = null then 1 else {target} + 1", target))
    return a, a


def rule(author: Author, place: Place) -> Ends:
    a = author.new("d")
    inputs = ((f"={author.draw.choice((100, 300, 500))}", "speed"),)
    place.drawing.add(
        "businessRuleTask", a, place.home, decision=("profile", author.own(place, f"d_{a}")), inputs=inputs
    )
    return a, a


def trigger(author: Author, kind: str, id: str, time: str | None = None) -> dict[str, Any]:
    """What an event that waits waits for, when it is not a condition."""
    match kind:
        case "message":
            return {"event": kind, "message": (author.named("m", id), KEY)}
        case "signal":
            return {"event": kind, "signal": author.named("s", id)}
        case "timer":
            seconds = author.seconds()
            text = {
                "timeDate": f'=string(date and time(begun) + duration("PT{seconds}S"))',
                "timeDuration": f"PT{seconds}S",
                "timeCycle": f"R{author.draw.choice(('2', '3', ''))}/PT{seconds}S",
            }[time or ""]
            return {"event": kind, "timer": ((time or "").removeprefix("time").lower(), text)}
    raise ValueError(kind)


def catch(kind: str, time: str | None, author: Author, place: Place) -> Ends:
    a = author.new("w")
    facts = trigger(author, kind, a, time)
    if kind == "message":
        author.flow.early.append(author.named("m", a))
    if kind in ("message", "signal"):
        facts |= author.results(place, a)
    place.drawing.add("intermediateCatchEvent", a, place.home, **facts)
    return a, a


def link(author: Author, place: Place) -> Ends:
    a, b = author.new("from"), author.new("to")
    place.drawing.add("intermediateThrowEvent", a, place.home, event="link", link=a)
    place.drawing.add("intermediateCatchEvent", b, place.home, event="link", link=a)
    return a, b


def throw(facts: dict[str, Any], author: Author, place: Place) -> Ends:
    """After a step that waits: what is thrown may be caught."""
    first, last = wait(author, place)
    a = author.new("throw")
    if "handler" in facts and (place.quiet or place.loop is not None):
        author.flow.silent.add(a)
    place.drawing.add("intermediateThrowEvent", a, place.home, **facts)
    place.drawing.flow(last, a)
    return first, a


def throw_signal(author: Author, place: Place) -> Ends:
    """Beside whoever waits for it; it is not heard by who comes to wait for it afterwards."""
    if author.draw.random() < 0.3:
        w = author.new("w")
        first, last = throw({"event": "signal", "signal": author.named("s", w)}, author, place)
        place.drawing.add("intermediateCatchEvent", w, place.home, event="signal", signal=author.named("s", w))
        place.drawing.flow(last, w)
        return first, w
    f, j, w = author.new("f"), author.new("j"), author.new("w")
    place.drawing.add("parallelGateway", f, place.home)
    results = author.results(place, w)
    thrown = {"event": "signal", "signal": author.named("s", w), "inputs": _payload(author, w, results)}
    first, last = throw(thrown, author, place)
    place.drawing.add("intermediateCatchEvent", w, place.home, event="signal", signal=thrown["signal"], **results)
    place.drawing.add("parallelGateway", j, place.home)
    place.drawing.chain(f, first)
    place.drawing.chain(last, j)
    place.drawing.chain(f, w, j)
    return f, j


def come_true(author: Author, place: Place) -> Ends:
    """A condition, and a step that makes it true: before it or beside it."""
    w, u = author.new("w"), author.new("u")
    flag = author.own(place, f"flag_{w}")
    place.drawing.add("userTask", u, place.home, outputs=(("=1", flag),))
    place.drawing.add("intermediateCatchEvent", w, place.home, event="conditional", condition=f"={flag} = 1")
    if author.draw.random() < 0.3:
        place.drawing.flow(u, w)
        return u, w
    f, j = author.new("f"), author.new("j")
    place.drawing.add("parallelGateway", f, place.home)
    place.drawing.add("parallelGateway", j, place.home)
    place.drawing.chain(f, w, j)
    place.drawing.chain(f, u, j)
    return f, j


def wait(author: Author, place: Place) -> Ends:
    """A step that waits."""
    return author.draw.choice((service, user))(author, place)


def _recipe(make: Any, *constructs: str, **facts: Any) -> Recipe:
    return Recipe(make, frozenset(constructs), **facts)


RECIPES = [
    _recipe(service, "serviceTask"),
    _recipe(user, "userTask"),
    _recipe(send, "sendTask:handler"),
    _recipe(partial(publish, "sendTask"), "sendTask"),
    _recipe(partial(publish, "intermediateThrowEvent"), "intermediateThrowEvent:message"),
    _recipe(receive, "receiveTask"),
    _recipe(partial(idle, "manualTask"), "manualTask"),
    _recipe(partial(idle, "task"), "task"),
    _recipe(partial(idle, "intermediateThrowEvent"), "intermediateThrowEvent"),
    _recipe(script, "scriptTask", plain=False),
    _recipe(rule, "businessRuleTask", plain=False),
    _recipe(partial(catch, "message", None), "intermediateCatchEvent:message"),
    _recipe(partial(catch, "signal", None), "intermediateCatchEvent:signal"),
    _recipe(partial(catch, "timer", "timeDate"), "intermediateCatchEvent:timer:timeDate"),
    _recipe(partial(catch, "timer", "timeDuration"), "intermediateCatchEvent:timer:timeDuration"),
    _recipe(link, "intermediateThrowEvent:link", "intermediateCatchEvent:link"),
    _recipe(partial(throw, {"event": "message", "handler": "t.echo"}), "intermediateThrowEvent:message:handler"),
    _recipe(partial(throw, {"event": "escalation", "escalation_code": "late"}), "intermediateThrowEvent:escalation"),
    _recipe(throw_signal, "intermediateThrowEvent:signal", "intermediateCatchEvent:signal", plain=False, looped=False),
    _recipe(come_true, "intermediateCatchEvent:conditional", plain=False),
]
