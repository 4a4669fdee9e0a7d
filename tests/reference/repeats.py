"""Blocks that do the same for each of several items, and those that another process does."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from app.engine.diagram import Call, Loop
from tests.reference import scopes
from tests.reference.author import Author, Ends, Place, Recipe

ENOUGH = "=numberOfCompletedInstances >= 2"
PASSED = (("=order", "order"), ("=begun", "begun"), ("=pick", "pick"))  # what every process reads


def call(binding: str, author: Author, place: Place, **facts: Any) -> Ends:
    """Another process, which one before may have called already."""
    a = author.new("call")
    known = [drawing.process_id for drawing in author.flow.drawings]
    process = author.draw.choice(known) if known and author.draw.random() < 0.3 else None
    if process is None:
        process = f"{author.name}_{a}"
        scopes.draw_process(author, process, called=True)
    all_in = author.draw.random() < 0.3
    alone = not place.quiet and place.loop is None and "loop" not in facts and process not in known
    all_out = alone and author.draw.random() < 0.4
    if not all_in:
        facts = {"inputs": PASSED, **facts}
    if not all_out and not place.quiet and "loop" not in facts:
        facts = {"outputs": (("=pick", author.own(place, f"out_{a}")),), **facts}
    called = Call(process, binding, "v1" if binding == "versionTag" else None, all_in, all_out)  # type: ignore[arg-type]
    place.drawing.add("callActivity", a, place.home, call=called, **facts)
    return a, a


def each(of: str, sequential: bool, author: Author, place: Place) -> Ends:
    """Once for each item, with or without an end before the last."""
    items = author.draw.choice(("=[1, 2, 3]", "=for i in 1..pick return i * 10", "=[pick]"))
    enough = ENOUGH if author.may("multiInstance:completionCondition") and author.draw.random() < 0.4 else None
    if enough is not None:
        author.counts["multiInstance:completionCondition"] += 1
    loop = Loop(sequential, items, f"item_{next_item(author)}", completion_condition=enough)
    collects = not place.quiet and author.draw.random() < 0.7
    name = f"o_{loop.input_element}"
    if collects:
        all_of_them = author.own(place, f"all_{loop.input_element}")
        output = author.draw.choice((f"={name}", f"={loop.input_element} * 2", f"={name}.x"))
        loop = replace(loop, output_collection=all_of_them, output_element=output)
    facts: dict[str, Any] = {"loop": loop}
    if collects and loop.output_element != f"={loop.input_element} * 2":
        path = f"{name}.x" if str(loop.output_element).endswith(".x") else name
        facts["outputs"] = ((f"={'pick' if of else 'v'}", path),)
    if of == "callActivity":
        return call("latest", author, place, **facts)
    if of == "subProcess":
        return _sub(author, place, facts)
    a = author.new("each")
    type, more = author.draw.choice(
        (("serviceTask", {"handler": "t.echo"}), ("userTask", {}), ("serviceTask", {"handler": "t.echo"}))
    )
    if "outputs" not in facts:
        author.flow.silent.add(a)
    place.drawing.add(type, a, place.home, **more, **facts)
    return a, a


def next_item(author: Author) -> str:
    return author.new("n")


def _sub(author: Author, place: Place, facts: dict[str, Any]) -> Ends:
    a, start = author.new("sub"), author.new("s")
    place.drawing.add("subProcess", a, place.home, **facts)
    place.drawing.add("startEvent", start, a)
    scopes.fill(author, replace(place.deeper(a), loop=a), start)
    return a, a


def _each(of: str, order: str) -> Recipe:
    name = f"multiInstance:{order}{of and ':'}{of}"
    nests = of != ""
    return Recipe(partial(each, of, order == "sequential"), frozenset({name}), nests=nests)


RECIPES = [
    *(_each(of, order) for of in ("", "subProcess", "callActivity") for order in ("parallel", "sequential")),
    Recipe(partial(call, "latest"), frozenset({"callActivity"}), nests=True),
    Recipe(partial(call, "deployment"), frozenset({"callActivity:deployment"}), nests=True),
    Recipe(partial(call, "versionTag"), frozenset({"callActivity:versionTag"}), nests=True),
]
