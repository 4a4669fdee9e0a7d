"""Blocks that split and join: gateways and loops."""

from __future__ import annotations

from tests.reference.author import Author, Ends, Place, Recipe
from tests.reference.steps import KEY, trigger

ROUNDS = 2


def parallel(author: Author, place: Place) -> Ends:
    f, j = author.new("f"), author.new("j")
    place.drawing.add("parallelGateway", f, place.home)
    place.drawing.add("parallelGateway", j, place.home)
    for _ in range(author.draw.randint(2, 3)):
        first, last = author.sequence(_inner(place), 1, 2)
        place.drawing.chain(f, first)
        place.drawing.chain(last, j)
    return f, j


def exclusive(author: Author, place: Place) -> Ends:
    g, m = author.new("g"), author.new("m")
    place.drawing.add("exclusiveGateway", g, place.home)
    place.drawing.add("exclusiveGateway", m, place.home)
    for number in range(author.draw.randint(1, 2)):
        first, last = author.block(_inner(place))
        place.drawing.flow(g, first, f"=pick > {author.draw.randint(0, 4)}" if number else "=pick = 1")
        place.drawing.flow(last, m)
    first, last = author.block(_inner(place))
    place.drawing.flow(g, first, default=True)
    place.drawing.flow(last, m)
    return g, m


def inclusive(author: Author, place: Place) -> Ends:
    g, m = author.new("o"), author.new("oj")
    place.drawing.add("inclusiveGateway", g, place.home)
    place.drawing.add("inclusiveGateway", m, place.home)
    for _ in range(author.draw.randint(2, 3)):
        first, last = author.sequence(_inner(place), 1, 2)
        place.drawing.flow(g, first, f"=pick > {author.draw.randint(-1, 4)}")
        place.drawing.flow(last, m)
    first, last = author.block(_inner(place))
    place.drawing.flow(g, first, default=True)
    place.drawing.flow(last, m)
    return g, m


def no_way(author: Author, place: Place) -> Ends:
    """A gateway that may have no flow to take: an incident."""
    kind = author.draw.choice(("exclusiveGateway", "inclusiveGateway"))
    g, m = author.new("g"), author.new("m")
    place.drawing.add(kind, g, place.home)
    place.drawing.add("exclusiveGateway", m, place.home)
    for least in (0, 3):
        first, last = author.step(place)
        place.drawing.flow(g, first, f"=pick > {least}" if kind == "exclusiveGateway" else f"=pick = {least + 1}")
        place.drawing.flow(last, m)
    return g, m


def first_of(author: Author, place: Place) -> Ends:
    """An event-based gateway."""
    g, m = author.new("first"), author.new("m")
    place.drawing.add("eventBasedGateway", g, place.home)
    place.drawing.add("exclusiveGateway", m, place.home)
    usable = [kind for kind in ("message", "signal", "timer") if author.may(f"intermediateCatchEvent:{kind}")]
    kinds = author.draw.sample([*usable, "receive"], 2)
    for kind in kinds:
        w = author.new("w")
        if kind == "receive":
            place.drawing.add(
                "receiveTask", w, place.home, message=(author.named("m", w), KEY), **author.results(place, w)
            )
        else:
            time = author.draw.choice(("timeDate", "timeDuration"))
            facts = author.results(place, w) if kind != "timer" else {}
            place.drawing.add("intermediateCatchEvent", w, place.home, **trigger(author, kind, w, time), **facts)
        first, last = author.block(_inner(place))
        place.drawing.chain(g, w, first)
        place.drawing.flow(last, m)
    return g, m


def loop(author: Author, place: Place) -> Ends:
    init, m, g, inc = author.new("x"), author.new("m"), author.new("g"), author.new("x")
    count, drawing = author.own(place, f"c_{init}"), place.drawing
    drawing.add("scriptTask", init, place.home, script=("=0", count))
    drawing.add("exclusiveGateway", m, place.home)
    drawing.add("scriptTask", inc, place.home, script=(f"={count} + 1", count))
    drawing.add("exclusiveGateway", g, place.home)
    first, last = author.sequence(_inner(place), 1, 2)
    out = author.new("m")
    drawing.add("exclusiveGateway", out, place.home)
    drawing.chain(init, m, first)
    drawing.chain(last, inc, g)
    drawing.flow(g, m, f"={count} < {ROUNDS}")
    drawing.flow(g, out, default=True)
    return init, out


def _inner(place: Place) -> Place:
    return place.deeper(place.home)


CONDITION = frozenset({"sequenceFlow:condition"})
RECIPES = [
    Recipe(parallel, frozenset({"parallelGateway"}), nests=True),
    Recipe(exclusive, CONDITION | {"exclusiveGateway", "sequenceFlow:default"}, nests=True),
    Recipe(inclusive, CONDITION | {"inclusiveGateway"}, nests=True),
    Recipe(no_way, CONDITION | {"exclusiveGateway", "inclusiveGateway"}),
    Recipe(first_of, frozenset({"eventBasedGateway"}), nests=True),
    Recipe(loop, CONDITION, nests=True, plain=False),
]
