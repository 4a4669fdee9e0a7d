"""Flows for events, and for the gateways and tasks that came with them; see tests/factories/flows.py."""

from __future__ import annotations

from tests.factories.diagrams import Diagram
from tests.factories.pushes import Flow, broadcast, later, line, message, task_done
from tests.factories.triggers import (
    Trigger,
    conditional,
    error,
    escalation,
    link,
    publish,
    signal,
    terminate,
    timer,
)
from tests.factories.triggers import message as message_trigger

ON = "2027-01-01T00:00:00Z"
LONG = 800 * 86400


def steps(*names: str) -> Diagram:
    """A process `p` with these service tasks, each of which says its own name."""
    diagram = Diagram("p")
    for name in names:
        diagram.service(name, "t.name", outputs={f"did.{name}": "=r"})
    return diagram


def did(*names: str) -> dict[str, dict[str, str]]:
    return {"did": {name: name for name in names}}


# caught in the flow


def catch_signal() -> Flow:
    diagram = line(steps("b").catch("w", signal("halt"), outputs={"why": "=reason"}), "w", "b")
    return Flow(diagram, {}, (broadcast("halt", reason="storm"),), {"why": "storm", **did("b")}, ("b",))


def catch_condition() -> Flow:
    diagram = steps("b").parallel("f").parallel("j").catch("w", conditional("=level > 3")).user("u")
    diagram.chain("f", "w", "b", "j").chain("f", "u", "j")
    return Flow(
        line(diagram, "f").chain("j", "e"), {"level": 1}, (task_done(level=5),), {"level": 5, **did("b")}, ("b",)
    )


def catch_condition_true_already() -> Flow:
    return Flow(
        line(steps("b").catch("w", conditional("=n = 1")), "w", "b"), {"n": 1}, (), {"n": 1, **did("b")}, ("b",)
    )


def links() -> Flow:
    diagram = steps("a", "b").start("s").throw("t", link("over")).catch("c", link("over")).end("e")
    return Flow(diagram.chain("s", "a", "t").chain("c", "b", "e"), {}, (), did("a", "b"), ("a", "b"))


def link_loop() -> Flow:
    diagram = steps("a").script("count", "=i + 1", "i").start("s").xor("m").xor("g", default="g_e").end("e")
    diagram.throw("t", link("again")).catch("c", link("again"))
    diagram.chain("s", "m", "a", "count", "g").flow("g", "t", "=i < 3").flow("g", "e").flow("c", "m")
    return Flow(diagram, {"i": 0}, (), {"i": 3, **did("a")}, ("a", "a", "a"))


# thrown


def throw_none() -> Flow:
    return Flow(line(steps("a").throw("t"), "t", "a"), {}, (), did("a"), ("a",))


def throw_message() -> Flow:
    """To itself: the branch that waits has it."""
    diagram = steps("b").parallel("f").parallel("j").catch("w", message_trigger("done", "=k"), outputs={"got": "=x"})
    diagram.throw("t", publish("done", "=k", ttl="PT1H"), inputs={"x": "=n + 1"})
    diagram.chain("f", "w", "j").chain("f", "b", "t", "j")
    expected = {"k": "1", "n": 1, "got": 2, **did("b")}
    return Flow(line(diagram, "f").chain("j", "e"), {"k": "1", "n": 1}, (), expected, ("b",))


def throw_message_by_handler() -> Flow:
    diagram = Diagram("p").throw(
        "t", message_trigger("done"), handler="t.echo", inputs={"x": "=4"}, outputs={"y": "=r"}
    )
    return Flow(line(diagram, "t"), {}, (), {"y": 4}, ("t",))


def throw_signal() -> Flow:
    diagram = steps("b").parallel("f").parallel("j").catch("w", signal("halt"), outputs={"got": "=x"})
    diagram.throw("t", signal("halt"), inputs={"x": "=n + 1"}).chain("f", "w", "j").chain("f", "b", "t", "j")
    return Flow(line(diagram, "f").chain("j", "e"), {"n": 1}, (), {"n": 1, "got": 2, **did("b")}, ("b",))


def throw_escalation() -> Flow:
    """Nobody catches it: it goes on."""
    return Flow(line(steps("a").throw("t", escalation("late")), "t", "a"), {}, (), did("a"), ("a",))


def end_message() -> Flow:
    diagram = steps("a").start("s").parallel("f").catch("w", message_trigger("done", '="k"'), outputs={"got": "=x"})
    diagram.end("e", publish("done", '="k"', ttl="PT1H"), inputs={"x": "=7"}).end("e2")
    diagram.chain("s", "f", "w", "e2").chain("f", "a", "e")
    return Flow(diagram, {}, (), {"got": 7, **did("a")}, ("a",))


def end_message_by_handler() -> Flow:
    diagram = Diagram("p").start("s").end("e", message_trigger("done"), handler="t.echo", inputs={"x": "=4"})
    return Flow(diagram.chain("s", "e"), {}, (), {"r": 4}, ("e",))


def end_signal() -> Flow:
    diagram = (
        steps("a").start("s").parallel("f").catch("w", signal("halt")).user("u").end("e", signal("halt")).end("e2")
    )
    return Flow(diagram.chain("s", "f", "w", "a", "e2").chain("f", "u", "e"), {}, (task_done(),), did("a"), ("a",))


def end_error() -> Flow:
    inner = Diagram("i").start("s2").user("u").end("e2", error("no_port")).chain("s2", "u", "e2")
    diagram = steps("b").sub("sub", inner).boundary_error("err", "sub", "no_port").end("e3")
    return Flow(line(diagram, "sub").chain("err", "b", "e3"), {}, (task_done(),), did("b"), ("b",))


def end_error_past_other_catchers() -> Flow:
    """A code goes before a catch-all, and what catches another code is passed by."""
    innermost = Diagram("i").start("s3").end("e3", error("no_port")).chain("s3", "e3")
    inner = steps("wrong").start("s2").sub("sub2", innermost).boundary_error("other", "sub2", "no_line").end("e2")
    inner.end("e4").chain("s2", "sub2", "e2").chain("other", "wrong", "e4")
    diagram = steps("any", "b").sub("sub", inner).boundary_error("all", "sub").boundary_error("err", "sub", "no_port")
    diagram = line(diagram, "sub").end("e5").end("e6").chain("err", "b", "e5").chain("all", "any", "e6")
    return Flow(diagram, {}, (), did("b"), ("b",))


def end_escalation() -> Flow:
    inner = Diagram("i").start("s2").user("u").end("e2", escalation("late")).chain("s2", "u", "e2")
    diagram = steps("a", "b").sub("sub", inner).boundary("esc", "sub", escalation("late"), interrupting=False).end("e3")
    return Flow(line(diagram, "sub", "a").chain("esc", "b", "e3"), {}, (task_done(),), did("a", "b"), ("a", "b"))


def end_terminate() -> Flow:
    inner = steps("never").start("s2").parallel("f").user("u1").user("u2").end("e2", terminate()).end("e3")
    inner.chain("s2", "f", "u1", "e2").chain("f", "u2", "never", "e3")
    diagram = line(steps("b").sub("sub", inner), "sub", "b")
    return Flow(diagram, {}, (task_done("u1"),), did("b"), ("b",))


# on the border of an activity


def on_border(trigger: Trigger, interrupting: bool, *pushes: object, **variables: object) -> Flow:
    diagram = steps("b").user("u").boundary("ev", "u", trigger, interrupting=interrupting).end("e2")
    diagram = line(diagram, "u").chain("ev", "b", "e2")
    return Flow(diagram, dict(variables), pushes, did("b") | variables, ("b",))  # type: ignore[arg-type]


def border_message() -> Flow:
    return on_border(message_trigger("m", "=k"), True, message("m", "1"), k="1")


def border_message_beside() -> Flow:
    """It comes twice; each time a token of its own goes on."""
    pushes = (message("m", "1"), message("m", "1"), task_done())
    flow = on_border(message_trigger("m", "=k"), False, *pushes, k="1")
    return Flow(flow.diagram, flow.variables, flow.pushes, flow.ends_with, ("b", "b"))


def border_message_of_a_local_key() -> Flow:
    """What the input mappings of its activity made is known to it."""
    diagram = steps("b").user("u", inputs={"mine": "=k"}).boundary("ev", "u", message_trigger("m", "=mine")).end("e2")
    diagram = line(diagram, "u").chain("ev", "b", "e2")
    return Flow(diagram, {"k": "1"}, (message("m", "1"),), {"k": "1", **did("b")}, ("b",))


def border_signal() -> Flow:
    return on_border(signal("halt"), True, broadcast("halt"))


def border_signal_beside() -> Flow:
    return on_border(signal("halt"), False, broadcast("halt"), task_done())


def border_condition() -> Flow:
    diagram = steps("b").user("u").boundary("ev", "u", conditional("=level > 3")).parallel("f").user("v").end("e2")
    diagram = line(diagram, "f").chain("f", "u", "e").chain("f", "v", "e2").chain("ev", "b", "e2")
    return Flow(diagram, {"level": 1}, (task_done("v", level=5),), {"level": 5, **did("b")}, ("b",))


def border_condition_beside() -> Flow:
    """It fires at each rise: at the first 5, not at 6, and at the 7 that follows a 2."""
    diagram = (
        steps("b").user("u").boundary("ev", "u", conditional("=level > 3"), interrupting=False).end("e2").end("e3")
    )
    diagram.parallel("f").xor("m").user("v").xor("g", default="g_e3").chain("f", "u", "e").chain("f", "m", "v", "g")
    diagram = line(diagram, "f").chain("ev", "b", "e2").flow("g", "m", "=level != 7").flow("g", "e3")
    pushes = [task_done("v", level=level) for level in (5, 6, 2, 7)]
    return Flow(diagram, {"level": 1}, (*pushes, task_done("u")), {"level": 7, **did("b")}, ("b", "b"))


def escalating(interrupting: bool) -> Diagram:
    inner = steps("after").start("s2").user("u").throw("t", escalation("late")).end("e2")
    inner.chain("s2", "u", "t", "after", "e2")
    diagram = steps("b").sub("sub", inner).boundary("ev", "sub", escalation("late"), interrupting=interrupting)
    return line(diagram.end("e3"), "sub").chain("ev", "b", "e3")


def border_escalation() -> Flow:
    return Flow(escalating(True), {}, (task_done(),), did("b"), ("b",))


def border_escalation_beside() -> Flow:
    return Flow(escalating(False), {}, (task_done(),), did("after", "b"), ("after", "b"))


def border_cycle_beside() -> Flow:
    """Three times, and no more."""
    diagram = steps("b").user("u").boundary("ev", "u", timer("R3/PT1H", "timeCycle"), interrupting=False).end("e2")
    pushes = (later(3600), later(3600), later(3600), later(3600), task_done())
    return Flow(line(diagram, "u").chain("ev", "b", "e2"), {}, pushes, did("b"), ("b", "b", "b"))


# event sub-processes


def standing_by(trigger: Trigger, *, interrupting: bool, outputs: dict[str, str] | None = None) -> Diagram:
    inner = steps("h").start("hs", trigger, interrupting=interrupting, outputs=outputs).end("he").chain("hs", "h", "he")
    return line(steps("a").user("u").event_sub("sub", inner), "u", "a")


def sub_message() -> Flow:
    diagram = standing_by(message_trigger("m", "=k"), interrupting=True)
    return Flow(diagram, {"k": "1"}, (message("m", "1"),), {"k": "1", **did("h")}, ("h",))


def sub_message_brings() -> Flow:
    """What the mapping of the start event says is merged outwards, as what any event brings."""
    inner = Diagram("i").start("hs", message_trigger("m", "=k"), outputs={"port": "=body.port"}).end("he")
    inner.service("h", "t.echo", inputs={"x": "=port"}, outputs={"seen": "=r"}).chain("hs", "h", "he")
    diagram = line(Diagram("p").user("u").event_sub("sub", inner, outputs={"got": "=port + 1"}), "u")
    return Flow(diagram, {"k": "1"}, (message("m", "1", body={"port": 7}),), {"k": "1", "port": 7, "seen": 7, "got": 8}, ("h",))


def sub_message_beside() -> Flow:
    diagram = standing_by(message_trigger("m", "=k"), interrupting=False)
    pushes = (message("m", "1"), message("m", "1"), task_done())
    return Flow(diagram, {"k": "1"}, pushes, {"k": "1", **did("a", "h")}, ("a", "h", "h"))


def sub_signal() -> Flow:
    return Flow(standing_by(signal("halt"), interrupting=True), {}, (broadcast("halt"),), did("h"), ("h",))


def sub_signal_beside() -> Flow:
    pushes = (broadcast("halt"), task_done())
    return Flow(standing_by(signal("halt"), interrupting=False), {}, pushes, did("a", "h"), ("a", "h"))


def sub_condition() -> Flow:
    inner = steps("h").start("hs", conditional("=level > 3")).end("he").chain("hs", "h", "he")
    diagram = line(steps("a").user("u").user("v").event_sub("sub", inner), "u", "v", "a")
    return Flow(diagram, {"level": 1}, (task_done("u", level=5),), {"level": 5, **did("h")}, ("h",))


def sub_condition_beside() -> Flow:
    inner = steps("h").start("hs", conditional("=level > 3"), interrupting=False).end("he").chain("hs", "h", "he")
    diagram = line(steps("a").user("u").user("v").event_sub("sub", inner), "u", "v", "a")
    pushes = (task_done("u", level=5), task_done("v"))
    return Flow(diagram, {"level": 1}, pushes, {"level": 5, **did("a", "h")}, ("a", "h"))


def sub_error() -> Flow:
    """A handler's refusal comes to the event sub-process; what else goes on in the process is ended."""
    inner = steps("h").start("hs", error("port_taken")).end("he").chain("hs", "h", "he")
    diagram = Diagram("p").service("a", "t.refuse").user("u").user("v").parallel("f").end("e2").event_sub("sub", inner)
    diagram = line(diagram, "f").chain("f", "u", "a", "e").chain("f", "v", "e2")
    return Flow(diagram, {}, (task_done("u"),), {**did("h"), "port": "1/1/7"}, ("a", "h"))


def throwing_inside(interrupting: bool) -> Diagram:
    handling = steps("h").start("hs", escalation("late"), interrupting=interrupting).end("he").chain("hs", "h", "he")
    inner = steps("after").start("s2").user("u").throw("t", escalation("late")).end("e2").event_sub("esc", handling)
    inner.chain("s2", "u", "t", "after", "e2")
    return line(steps("b").sub("sub", inner), "sub", "b")


def sub_escalation() -> Flow:
    return Flow(throwing_inside(True), {}, (task_done(),), did("b", "h"), ("b", "h"))


def sub_escalation_beside() -> Flow:
    return Flow(throwing_inside(False), {}, (task_done(),), did("after", "b", "h"), ("after", "b", "h"))


def sub_timer() -> Flow:
    return Flow(standing_by(timer("PT1H"), interrupting=True), {}, (later(3600),), did("h"), ("h",))


def sub_timer_beside() -> Flow:
    pushes = (later(3600), task_done())
    return Flow(standing_by(timer("PT1H"), interrupting=False), {}, pushes, did("a", "h"), ("a", "h"))


def sub_date() -> Flow:
    return Flow(standing_by(timer(ON, "timeDate"), interrupting=True), {}, (later(LONG),), did("h"), ("h",))


def sub_date_beside() -> Flow:
    pushes = (later(LONG), task_done())
    return Flow(standing_by(timer(ON, "timeDate"), interrupting=False), {}, pushes, did("a", "h"), ("a", "h"))


def sub_cycle_beside() -> Flow:
    diagram = standing_by(timer("R2/PT1H", "timeCycle"), interrupting=False)
    pushes = (later(3600), later(3600), later(3600), task_done())
    return Flow(diagram, {}, pushes, did("a", "h"), ("a", "h", "h"))


# gateways and tasks


def event_gateway() -> Flow:
    diagram = steps("a", "b", "c").event_gateway("g").catch("m", message_trigger("m", '="1"')).timer("t", "PT1H")
    diagram.receive("r", "other", '="1"').end("e2").end("e3")
    diagram.start("s").end("e").chain("s", "g", "m", "a", "e").chain("g", "t", "b", "e2").chain("g", "r", "c", "e3")
    return Flow(diagram, {}, (later(3600),), did("b"), ("b",))


def event_gateway_by_message() -> Flow:
    flow = event_gateway()
    return Flow(flow.diagram, {}, (message("other", "1"), later(3600)), did("c"), ("c",))


def inclusive() -> Flow:
    diagram = steps("a", "b", "c", "z").start("s").inclusive("g", default="g_c").inclusive("j").end("e")
    diagram.chain("s", "g").flow("g", "a", "=n > 1").flow("g", "b", "=n > 2").flow("g", "c")
    diagram.chain("a", "j", "z", "e").chain("b", "j").chain("c", "j")
    return Flow(diagram, {"n": 3}, (), {"n": 3, **did("a", "b", "z")}, ("a", "b", "z"))


def inclusive_one() -> Flow:
    flow = inclusive()
    return Flow(flow.diagram, {"n": 2}, (), {"n": 2, **did("a", "z")}, ("a", "z"))


def inclusive_default() -> Flow:
    flow = inclusive()
    return Flow(flow.diagram, {"n": 0}, (), {"n": 0, **did("c", "z")}, ("c", "z"))


def inclusive_looping() -> Flow:
    """Twice round: two branches, then all three; the join waits for a token that comes from far off."""
    diagram = steps("a", "b").user("u").script("count", "=i + 1", "i").xor("m").inclusive("g").inclusive("j")
    diagram.xor("again", default="again_e").start("s").end("e").chain("s", "m", "g")
    diagram.flow("g", "a", "=true").flow("g", "b", "=i = 1").flow("g", "u", "=true").chain("a", "j").chain("b", "j")
    diagram.chain("u", "j", "count", "again").flow("again", "m", "=i < 2").flow("again", "e")
    return Flow(diagram, {"i": 0}, (task_done(), task_done()), {"i": 2, **did("a", "b")}, ("a", "a", "b"))


def receive() -> Flow:
    diagram = steps("b").receive("w", "ready", "=order", outputs={"port": "=body.port"})
    pushes = (message("ready", "o-1", body={"port": 7}),)
    return Flow(line(diagram, "w", "b"), {"order": "o-1"}, pushes, {"order": "o-1", "port": 7, **did("b")}, ("b",))


def send() -> Flow:
    diagram = Diagram("p").parallel("f").parallel("j").receive("w", "done", '="k"', outputs={"got": "=x"})
    diagram.send("t", publish("done", '="k"', ttl="PT1H"), inputs={"x": "=n"}).chain("f", "w", "j").chain("f", "t", "j")
    return Flow(line(diagram, "f").chain("j", "e"), {"n": 1}, (), {"n": 1, "got": 1})


def send_by_handler() -> Flow:
    diagram = Diagram("p").send("t", handler="t.echo", inputs={"x": "=4"}, outputs={"y": "=r"})
    return Flow(line(diagram, "t"), {}, (), {"y": 4}, ("t",))


def manual() -> Flow:
    return Flow(line(steps("a").manual("m"), "m", "a"), {}, (), did("a"), ("a",))


def task() -> Flow:
    return Flow(line(steps("a").task("m"), "m", "a"), {}, (), did("a"), ("a",))
