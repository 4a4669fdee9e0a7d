"""Processes and sub-processes: how they start and end, what stands by in them, what stands on their border."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.engine.diagram import Publication
from tests.reference import steps
from tests.reference.author import Author, Ends, Place, Recipe
from tests.reference.drawing import Drawing
from tests.reference.steps import KEY, trigger

Part = Callable[[Author, Place], Ends]


# what is inside


def draw_process(author: Author, name: str, *, called: bool = False) -> str:
    """A whole process; the id of the start event that the run is to begin with."""
    drawing = Drawing(name, "v1" if called else None)
    place = Place(drawing, name, 1 if called else 4, f"r_{name}" if called else "r")
    start = drawing.add("startEvent", author.new("s"), name)
    chosen, first = start, start
    if not called:
        chosen, first = _other_start(author, place, start)
    fill(author, place, first)
    author.flow.drawings.append(drawing)
    return chosen


def _other_start(author: Author, place: Place, start: str) -> Ends:
    """Besides the empty start another one, which is taken more often than not."""
    kinds = {
        "startEvent:message": ("message", None),
        "startEvent:signal": ("signal", None),
        "startEvent:timer:timeDate": ("timer", "timeDate"),
        "startEvent:timer:timeCycle": ("timer", "timeCycle"),
    }
    usable = [name for name in kinds if author.may(name)]
    if not usable or author.draw.random() < 0.2:
        return start, start
    name = min(usable, key=lambda name: author.counts[name])
    author.counts[name] += 1
    kind, time = kinds[name]
    other, merge = author.new("s"), author.new("m")
    facts = trigger(author, kind, other, time)
    if kind == "message":
        facts["message"] = (facts["message"][0], None)
    if kind == "timer":
        facts["timer"] = (facts["timer"][0], "2030-01-01T00:00:00Z" if time == "timeDate" else "R/P3650D")
        facts["outputs"] = (("=string(now())", "order"), ("=order", "begun"), ("=2", "pick"))
    place.drawing.add("startEvent", other, place.home, **facts)
    place.drawing.add("exclusiveGateway", merge, place.home)
    place.drawing.chain(start, merge)
    place.drawing.chain(other, merge)
    return author.draw.choice((start, other, other, other)), merge


def fill(author: Author, place: Place, start: str, parts: list[Part] | None = None, most: int = 2) -> None:
    """From the start to an end, with `parts` among the blocks, and event sub-processes beside."""
    wanted = list(parts or [])
    for _ in range(author.draw.choice((0, 0, 1, 1, 2)) if place.depth > 0 else 0):
        wanted.append(_stand_by(author, place))
    ends = [make for names, make in ENDS if author.may(*names)]
    worth = [author.worth(names) for names, _ in ENDS if author.may(*names)]
    finish = author.draw.choices(ends, worth)[0]
    blocks: list[Part] = [lambda author, place: author.block(place)] * author.draw.randint(1, most)
    blocks += wanted
    author.draw.shuffle(blocks)
    last = start
    for make in blocks:
        first, after = make(author, place)
        place.drawing.flow(last, first)
        last = after
    finish(author, place, last)


def _end(facts: dict[str, Any], author: Author, place: Place, last: str) -> None:
    """After a step that waits: what ends may end others."""
    author.counts[f"endEvent:{facts['event']}" + (":handler" if "handler" in facts else "")] += 1
    first, after = steps.wait(author, place)
    e = place.drawing.add("endEvent", author.new("e"), place.home, **facts)
    if "handler" in facts and (place.quiet or place.loop is not None):
        author.flow.silent.add(e)
    place.drawing.chain(last, first)
    place.drawing.flow(after, e)


def _plain_end(author: Author, place: Place, last: str) -> None:
    place.drawing.flow(last, place.drawing.add("endEvent", author.new("e"), place.home))


def _message_end(author: Author, place: Place, last: str) -> None:
    name = author.new("pub")
    inputs = (("=3", "v"),)
    _end(
        {"event": "message", "publishes": Publication(author.named("m", name), KEY), "inputs": inputs},
        author,
        place,
        last,
    )


def _beside(facts: dict[str, Any], author: Author, place: Place, last: str) -> None:
    """An end that ends more than its own token, with another branch beside it."""
    f = place.drawing.add("parallelGateway", author.new("f"), place.home)
    place.drawing.flow(last, f)
    _end(facts, author, place, f)
    first, after = author.step(place)
    place.drawing.flow(f, first)
    _plain_end(author, place, after)


def _error_end(author: Author, place: Place, last: str) -> None:
    """Most often caught in the scope itself."""
    code = author.new("bad")
    if author.draw.random() < 0.8 and author.may("eventSubProcess:error"):
        _event_sub(author, place, {"event": "error", "error_code": code})
    _beside({"event": "error", "error_code": code}, author, place, last)


def _compensate_end(author: Author, place: Place, last: str) -> None:
    first, after = undone(author, place)
    place.drawing.flow(last, first)
    _end({"event": "compensate"}, author, place, after)


ENDS: list[tuple[frozenset[str], Callable[[Author, Place, str], None]]] = [
    (frozenset({"endEvent"}), _plain_end),
    (frozenset({"endEvent:message"}), _message_end),
    (frozenset({"endEvent:message:handler"}), partial(_end, {"event": "message", "handler": "t.echo"})),
    (frozenset({"endEvent:signal"}), partial(_end, {"event": "signal", "signal": "over"})),
    (frozenset({"endEvent:escalation"}), partial(_end, {"event": "escalation", "escalation_code": "over"})),
    (frozenset({"endEvent:terminate"}), partial(_beside, {"event": "terminate"})),
    (frozenset({"endEvent:error"}), _error_end),
    (frozenset({"endEvent:compensate"}), _compensate_end),
]


# event sub-processes

STANDING_BY: list[tuple[str, str | None, bool]] = [
    *((kind, None, beside) for kind in ("message", "signal", "escalation", "conditional") for beside in (False, True)),
    ("error", None, False),
    *(("timer", time, beside) for time in ("timeDate", "timeDuration") for beside in (False, True)),
    ("timer", "timeCycle", True),
]

FROM_OUTSIDE = ("message", "signal", "timer")


def _name(place: str, kind: str, time: str | None, beside: bool) -> str:
    return ":".join([place, kind, *([time] if time else []), *(["non-interrupting"] if beside else [])])


def _stand_by(author: Author, place: Place) -> Part:
    """An event sub-process by lot; the block that may set it off."""
    usable = [each for each in STANDING_BY if author.may(_name("eventSubProcess", *each))]
    if place.quiet:
        usable = [each for each in usable if each[0] != "conditional"]
    if not usable:
        return steps.wait
    kind, time, beside = _scarce(usable, author, "eventSubProcess")
    facts, part = _cause(author, place, kind, time)
    _event_sub(author, place, {**facts, "interrupting": not beside})
    return part


def _scarce(among: list[tuple[str, str | None, bool]], author: Author, place: str) -> tuple[str, str | None, bool]:
    worth = [author.worth(frozenset({_name(place, *each)})) for each in among]
    chosen = author.draw.choices(among, worth)[0]
    author.counts[_name(place, *chosen)] += 1
    return chosen


def _cause(author: Author, place: Place, kind: str, time: str | None) -> tuple[dict[str, Any], Part]:
    """What an event waits for that something inside brings about, and that something."""
    id = author.new("c")
    match kind:
        case "error":
            return {"event": kind, "error_code": id}, partial(_refusing, id)
        case "escalation":
            code = author.draw.choice((id, None)) if place.home not in author.caught else id
            author.caught.add(place.home)
            return {"event": kind, "escalation_code": code}, partial(
                steps.throw, {"event": kind, "escalation_code": id}
            )
        case "conditional":
            return {"event": kind, "condition": f"=flag_{id} = 1"}, partial(_raising, f"flag_{id}")
    return trigger(author, kind, id, time), steps.wait


def _refusing(code: str, author: Author, place: Place) -> Ends:
    a, _ = steps.service(author, place)
    author.flow.refusals[a] = [code]
    return a, a


def _raising(flag: str, author: Author, place: Place) -> Ends:
    u = author.new("u")
    flag = author.own(place, flag)
    place.drawing.add("userTask", u, place.home, outputs=(("=1", flag),))
    return u, u


def _event_sub(author: Author, place: Place, facts: dict[str, Any]) -> None:
    sub, start = author.new("es"), author.new("s")
    place.drawing.add("subProcess", sub, place.home, is_event_sub=True)
    inner = replace(place.deeper(sub), depth=0)
    if not facts.get("interrupting", True):  # it may run several times at once: each with variables of its own
        inner = replace(inner, loop=sub)
    place.drawing.add("startEvent", start, sub, **facts, **_brought(author, inner, start, facts))
    if facts["event"] == "escalation" and facts["escalation_code"] is None:
        first, last = steps.wait(author, inner)  # what it threw itself would start it again
        place.drawing.flow(start, first)
        _plain_end(author, inner, last)
    else:
        fill(author, inner, start, most=1)


def _brought(author: Author, place: Place, id: str, facts: dict[str, Any]) -> dict[str, Any]:
    if facts["event"] == "error":
        return {"outputs": (("=errorCode", author.own(place, f"l_{id}")),)} if not place.quiet else {}
    return author.results(place, id) if facts["event"] in ("message", "signal") else {}


# sub-processes and what stands on their border


def sub(author: Author, place: Place, parts: Sequence[Part] = (), **facts: Any) -> Ends:
    a, start = author.new("sub"), author.new("s")
    if author.draw.random() < 0.4 and not place.quiet:
        target = author.own(place, f"out_{a}")
        facts = {"inputs": (("=1", f"in_{a}"),), "outputs": ((f"=in_{a} + 1", target),), **facts}
    place.drawing.add("subProcess", a, place.home, **facts)
    place.drawing.add("startEvent", start, a)
    fill(author, place.deeper(a), start, list(parts))
    return a, a


def guarded(kind: str, time: str | None, beside: bool, author: Author, place: Place) -> Ends:
    """An activity with boundary events, whose paths come back to the flow or run beside it to an end."""
    facts, part = _cause(author, place, kind, time)
    a, _ = _host(kind, part, author, place)
    paths = [_border(a, facts, author, place, beside=beside)]
    while author.draw.random() < 0.5:
        kind, time, beside = _scarce([each for each in STANDING_BY if each[0] in FROM_OUTSIDE], author, "boundaryEvent")
        paths.append(_border(a, trigger(author, kind, author.new("c"), time), author, place, beside=beside))
    back = [last for last in paths if last is not None]
    if not back:
        return a, a
    m = place.drawing.add("exclusiveGateway", author.new("m"), place.home)
    for last in (a, *back):
        place.drawing.flow(last, m)
    return a, m


def _border(host: str, facts: dict[str, Any], author: Author, place: Place, *, beside: bool) -> str | None:
    """A boundary event and its path; where that has to come back to the flow, its last element."""
    b = author.new("b")
    if beside:  # its path may run several times at once
        place = replace(place, quiet=True)
    if facts["event"] in ("message", "signal", "error"):
        facts |= _brought(author, place, b, facts)
    place.drawing.add("boundaryEvent", b, place.home, attached_to=host, interrupting=not beside, **facts)
    first, last = author.step(place)
    place.drawing.flow(b, first)
    if not beside:
        return last
    _plain_end(author, place, last)
    return None


def _host(kind: str, part: Part, author: Author, place: Place) -> Ends:
    if kind == "error" and author.draw.random() < 0.5:
        return part(author, place)
    if kind in ("error", "escalation", "conditional"):
        return sub(author, place, [part])
    makers: list[Part] = [steps.service, steps.user, steps.receive, sub]
    return author.draw.choice(makers)(author, place)


# compensation


def undone(author: Author, place: Place) -> Ends:
    """An activity that can be taken back, or two."""
    drawing, home = place.drawing, place.home
    made = []
    for _ in range(author.draw.randint(1, 2)):
        a, _ = author.draw.choice((steps.service, steps.user, undoable))(author, place)
        made.append(a)
        if drawing.elements[a].handler == "t.undoable" and author.draw.random() < 0.7:
            continue
        b, by = author.new("b"), author.new("undo")
        type, handler = author.draw.choice((("serviceTask", "t.echo"), ("serviceTask", "t.quiet"), ("userTask", None)))
        drawing.add(type, by, home, handler=handler, for_compensation=True, **author.results(place, by))
        drawing.add("boundaryEvent", b, home, attached_to=a, event="compensate", compensated_by=by)
    drawing.chain(*made)
    return made[0], made[-1]


def undoable(author: Author, place: Place) -> Ends:
    """A step whose handler can take back what it did."""
    a = author.new("a")
    inputs = (("=order", "serial"),)
    place.drawing.add("serviceTask", a, place.home, handler="t.undoable", inputs=inputs, **author.results(place, a))
    return a, a


def taken_back(author: Author, place: Place) -> Ends:
    """Compensated by a throw event: all of the scope, one activity, or what a sub-process did."""
    first, last = author.draw.choice((undone, undone, undone, partial(sub, parts=(undone,))))(author, place)
    w, after = steps.wait(author, place)
    c = author.new("throw")
    drawn = {each.attached_to for each in place.drawing.elements.values() if each.event == "compensate"}
    named = last if last in drawn and author.draw.random() < 0.5 else None
    place.drawing.add("intermediateThrowEvent", c, place.home, event="compensate", compensates=named)
    place.drawing.chain(last, w)
    place.drawing.chain(after, c)
    return first, c


def transaction(author: Author, place: Place) -> Ends:
    """Cancelled or not, as its last step says."""
    a, start = author.new("tx"), author.new("s")
    drawing, inner = place.drawing, place.deeper(a)
    drawing.add("transaction", a, place.home)
    drawing.add("startEvent", start, a)
    first, last = undone(author, inner)
    drawing.flow(start, first)
    g = drawing.add("exclusiveGateway", author.new("g"), a)
    drawing.flow(last, g)
    step, after = author.block(inner)
    drawing.flow(g, step, "=pick > 2")
    _plain_end(author, inner, after)
    f = drawing.add("parallelGateway", author.new("f"), a)
    drawing.flow(g, f, default=True)
    _end({"event": "cancel"}, author, inner, f)
    step, after = author.step(inner)
    drawing.flow(f, step)
    _plain_end(author, inner, after)
    b = author.new("b")
    drawing.add("boundaryEvent", b, place.home, attached_to=a, event="cancel")
    m = drawing.add("exclusiveGateway", author.new("m"), place.home)
    step, after = author.step(place)
    drawing.flow(b, step)
    drawing.flow(after, m)
    drawing.flow(a, m)
    return a, m


def _guarded(kind: str, time: str | None, beside: bool) -> Recipe:
    name = _name("boundaryEvent", kind, time, beside)
    plain = kind != "conditional"
    return Recipe(partial(guarded, kind, time, beside), frozenset({name}), nests=True, plain=plain)


RECIPES = [
    Recipe(sub, frozenset({"subProcess"}), nests=True),
    *(_guarded(*each) for each in STANDING_BY),
    Recipe(
        taken_back,
        frozenset({"boundaryEvent:compensate", "intermediateThrowEvent:compensate"}),
        looped=False,
        plain=False,
    ),
    Recipe(
        transaction,
        frozenset({"transaction", "endEvent:cancel", "boundaryEvent:cancel", "boundaryEvent:compensate"}),
        nests=True,
        looped=False,
        plain=False,
    ),
]
