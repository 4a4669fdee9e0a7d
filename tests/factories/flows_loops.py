"""Flows with loops over items and with calls of other processes; see tests/factories/flows.py."""

from __future__ import annotations

from tests.factories.diagrams import Diagram
from tests.factories.pushes import Flow, later, line, task_done
from tests.factories.triggers import error

ITEMS = {"items": [3, 1, 2]}


def each(*, sequential: bool) -> Flow:
    """A step before each and after all; in order, iterations that write one variable are no rivals."""
    diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item * 10"}, outputs={"last": "=r", "r": "=r"})
    if not sequential:
        diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item * 10"})
    diagram.each("=items", "item", collect=("results", "=r"), sequential=sequential)
    diagram.service("b", "t.echo", inputs={"x": "=sum(results)"}, outputs={"sum": "=r"})
    expected = {**ITEMS, "results": [30, 10, 20], "sum": 60, **({"last": 20} if sequential else {})}
    return Flow(line(diagram, "a", "b"), ITEMS, (), expected, ("a", "a", "a", "b"))


def parallel_each() -> Flow:
    return each(sequential=False)


def sequential_each() -> Flow:
    return each(sequential=True)


def each_retried() -> Flow:
    diagram = Diagram("p").service("a", "t.flaky", inputs={"failures": "=item - 1"})
    diagram.each("=items", "item", collect=("results", "=r"))
    return Flow(
        line(diagram, "a"),
        ITEMS,
        (later(10), later(30)),
        {**ITEMS, "results": ["at last"] * 3},
        ("a", "a", "a", "a", "a", "a"),
    )


def each_interrupted() -> Flow:
    diagram = Diagram("p").user("a").each("=items", "item", collect=("results", "=ok")).service("b", "t.name").end("e2")
    diagram.boundary_timer("late", "a", "PT1H")
    return Flow(line(diagram, "a").chain("late", "b", "e2"), ITEMS, (later(3600),), {**ITEMS, "r": "b"}, ("b",))


def enough() -> Flow:
    """The second to come is enough; what is left is cancelled, and what comes of it is late."""
    diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item"})
    diagram.each("=items", "item", collect=("results", "=r"), until="=numberOfCompletedInstances > 1")
    return Flow(line(diagram, "a"), ITEMS, (), {**ITEMS, "results": [3, 1, None]}, ("a", "a", "a"))


def enough_in_order() -> Flow:
    diagram = Diagram("p").service("a", "t.echo", inputs={"x": "=item"})
    diagram.each("=items", "item", collect=("results", "=r"), until="=r = 1", sequential=True)
    return Flow(line(diagram, "a"), ITEMS, (), {**ITEMS, "results": [3, 1, None]}, ("a", "a"))


def each_with_a_process_inside(*, sequential: bool) -> Flow:
    """Branches and a loop inside, and a second step that waits for the first."""
    inner = Diagram("i").start("s2").parallel("f").parallel("j").end("e2")
    inner.service("i1", "t.echo", inputs={"x": "=item + loopCounter"}, outputs={"sum": "=r"})
    inner.service("i2", "t.echo", inputs={"x": "=square"}).each("=[1, 2]", "square", collect=("squares", "=r"))
    inner.service("i3", "t.echo", inputs={"x": "=[sum, squares]"}, outputs={"sum": "=r"})
    inner.chain("s2", "f", "i1", "j", "i3", "e2").chain("f", "i2", "j")
    diagram = Diagram("p").sub("sub", inner, inputs={"sum": "=0", "squares": "=null"})
    diagram.each("=items", "item", collect=("results", "=sum"), sequential=sequential)
    results = [[4, [1, 2]], [3, [1, 2]], [5, [1, 2]]]
    visited = ("i1", "i2", "i2", "i3") * 3
    return Flow(line(diagram, "sub"), ITEMS, (), {**ITEMS, "results": results}, visited)


def parallel_sub_each() -> Flow:
    return each_with_a_process_inside(sequential=False)


def sequential_sub_each() -> Flow:
    return each_with_a_process_inside(sequential=True)


def sub_each_interrupted() -> Flow:
    inner = Diagram("i").start("s2").user("u").parallel("f").service("i1", "t.name").end("e2")
    inner.chain("s2", "f", "u", "e2").chain("f", "i1", "e2")
    diagram = Diagram("p").sub("sub", inner, inputs={"r": "=null"}).each("=items", "item")
    diagram.boundary_timer("late", "sub", "PT1H").service("b", "t.name").end("e3")
    expected = {**ITEMS, "r": "b"}
    visited = ("b", "i1", "i1", "i1")
    return Flow(line(diagram, "sub").chain("late", "b", "e3"), ITEMS, (later(3600),), expected, visited)


def called(process_id: str = "called") -> Diagram:
    """Takes x, and makes y of it in two steps."""
    inside = Diagram(process_id).service("c1", "t.echo", inputs={"x": "=x + 1"}, outputs={"y": "=r"})
    inside.service("c2", "t.echo", inputs={"x": "=y * 10"}, outputs={"y": "=r"})
    return inside.start("cs").end("ce").chain("cs", "c1", "c2", "ce")


def call() -> Flow:
    diagram = Diagram("p").call("c", "called", inputs={"x": "=n"}).service("b", "t.echo", inputs={"x": "=y"})
    expected = {"n": 1, "y": 20, "r": 20}
    return Flow(line(diagram, "c", "b"), {"n": 1}, (), expected, ("b", "c1", "c2"), called=(called(),))


def call_within_a_call() -> Flow:
    between = Diagram("between").start("ms").user("mu").call("mc", "called", outputs={"z": "=y"}).end("me")
    between.chain("ms", "mu", "mc", "me")
    diagram = Diagram("p").call("c", "between", outputs={"got": "=z"})
    expected = {"x": 4, "got": 50}
    processes = (called(), between)
    return Flow(line(diagram, "c"), {"x": 4}, (task_done(),), expected, ("c1", "c2"), called=processes)


def call_refused() -> Flow:
    inside = Diagram("called").start("cs").user("u").end("ce", error("no_port")).chain("cs", "u", "ce")
    diagram = Diagram("p").call("c", "called").boundary_error("err", "c", "no_port").service("b", "t.name").end("e2")
    diagram = line(diagram, "c").chain("err", "b", "e2")
    return Flow(diagram, {}, (task_done(),), {"r": "b"}, ("b",), called=(inside,))


def call_interrupted() -> Flow:
    inside = Diagram("called").start("cs").user("u").end("ce").chain("cs", "u", "ce")
    diagram = Diagram("p").call("c", "called").boundary_timer("late", "c", "PT1H").service("b", "t.name").end("e2")
    return Flow(line(diagram, "c").chain("late", "b", "e2"), {}, (later(3600),), {"r": "b"}, ("b",), called=(inside,))


def call_of_the_deployment() -> Flow:
    diagram = Diagram("p").call("c", "=which", binding="deployment", outputs={"y": "=y"})
    expected = {"which": "called", "x": 1, "y": 20}
    variables = {"which": "called", "x": 1}
    return Flow(line(diagram, "c"), variables, (), expected, ("c1", "c2"), called=(called(),))


def call_by_version_tag() -> Flow:
    newer = Diagram("called").start("cs").end("ce").chain("cs", "ce")
    diagram = Diagram("p").call("c", "called", binding="versionTag", version_tag="v1", outputs={"y": "=y"})
    processes = (called().version_tag("v1"), newer)
    return Flow(line(diagram, "c"), {"x": 1}, (), {"x": 1, "y": 20}, ("c1", "c2"), called=processes)


def call_each(*, sequential: bool) -> Flow:
    diagram = Diagram("p").call("c", "called", inputs={"x": "=item"}, outputs={"y": "=y"})
    diagram.each("=items", "item", collect=("results", "=y"), sequential=sequential)
    expected = {**ITEMS, "results": [40, 20, 30]}
    return Flow(line(diagram, "c"), ITEMS, (), expected, ("c1", "c2") * 3, called=(called(),))


def parallel_call_each() -> Flow:
    return call_each(sequential=False)


def sequential_call_each() -> Flow:
    return call_each(sequential=True)
