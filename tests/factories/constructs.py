"""The smallest sound diagram that holds each construct of the dialect. They are read and checked; `flows` are run."""

from __future__ import annotations

from collections.abc import Callable

from tests.factories.diagrams import Diagram
from tests.factories.triggers import (
    Trigger,
    cancel,
    compensate,
    conditional,
    error,
    escalation,
    link,
    message,
    publish,
    signal,
    terminate,
    timer,
)

TIMES = {"timeDate": "2026-11-23T10:00:00Z", "timeDuration": "PT1H", "timeCycle": "R3/PT10M"}
SENT: dict[str, Callable[[], Trigger | None]] = {
    "none": lambda: None,
    "message": lambda: publish("done", "=order_id", id="=order_id", ttl="PT1H"),
    "signal": lambda: signal("halt"),
    "error": lambda: error("no_port"),
    "escalation": lambda: escalation("late"),
    "terminate": terminate,
    "cancel": cancel,
}


def caught(kind: str, time: str | None = None) -> Trigger:
    if kind == "timer":
        return timer(TIMES[time or "timeDuration"], time or "timeDuration")
    triggers: dict[str, Trigger] = {
        "message": message("done", "=order_id"),
        "signal": signal("halt"),
        "error": error("no_port"),
        "escalation": escalation("late"),
        "conditional": conditional("=level > 3"),
        "cancel": cancel(),
    }
    return triggers[kind]


def line(*ids: str, process: str = "p") -> Diagram:
    """A process `s -> ... -> e` whose inner elements the caller adds."""
    return Diagram(process).start().end().chain("s", *ids, "e")


def inner(prefix: str = "i") -> Diagram:
    """What stands in a sub-process; its script writes `x`."""
    start, step, end = f"{prefix}s", f"{prefix}a", f"{prefix}e"
    return Diagram("inner").start(start).script(step, "=1", "x").end(end).chain(start, step, end)


def events() -> dict[str, Diagram]:
    found: dict[str, Diagram] = {"startEvent": line(), "endEvent": line()}
    for name, trigger in {
        "message": message("order placed"),
        "signal": signal("go"),
        "timer:timeDate": caught("timer", "timeDate"),
        "timer:timeCycle": timer("R/P1D", "timeCycle"),
    }.items():
        found[f"startEvent:{name}"] = Diagram("p").start("s", trigger).end().chain("s", "e")
    for name in ("conditional", "message", "signal", "timer:timeDate", "timer:timeDuration"):
        found[f"intermediateCatchEvent:{name}"] = line("c").catch("c", caught(*name.split(":")))
    for name in ("none", "message", "signal", "escalation"):
        construct = f"intermediateThrowEvent:{name}".removesuffix(":none")
        found[construct] = line("t").throw("t", SENT[name]())
    for name in ("message", "signal", "error", "escalation", "terminate"):
        found[f"endEvent:{name}"] = Diagram("p").start().end("e", SENT[name]()).chain("s", "e")
    ping = message("ping sent")
    found["intermediateThrowEvent:message:handler"] = line("t").throw("t", ping, handler="net.ping")
    found["endEvent:message:handler"] = Diagram("p").start().end("e", ping, handler="net.ping").chain("s", "e")
    leap = Diagram("p").start().throw("t", link("over")).catch("c", link("over")).end()
    found["intermediateThrowEvent:link"] = found["intermediateCatchEvent:link"] = leap.chain("s", "t").chain("c", "e")
    return found


def borders() -> dict[str, Diagram]:
    """Events that stand on an activity, and event sub-processes."""
    found: dict[str, Diagram] = {}
    names = [
        "message",
        "signal",
        "escalation",
        "conditional",
        "timer:timeDate",
        "timer:timeDuration",
        "timer:timeCycle",
    ]
    for name in [*names, "error"]:
        for beside in (False, True):
            if (name == "error" and beside) or (name == "timer:timeCycle" and not beside):
                continue
            trigger, suffix = caught(*name.split(":")), ":non-interrupting" if beside else ""
            host = line("sp").sub("sp", thrower(name)).boundary("b", "sp", trigger, interrupting=not beside)
            found[f"boundaryEvent:{name}{suffix}"] = host.end("f").flow("b", "f")
            handling = Diagram("x").start("es", trigger, interrupting=not beside).end("ee").chain("es", "ee")
            found[f"eventSubProcess:{name}{suffix}"] = line("u").user("u").event_sub("sub", handling)
    return found


def thrower(name: str) -> Diagram:
    """The inside of a sub-process from which the event can come."""
    if name not in ("error", "escalation"):
        return inner()
    return Diagram("x").start("is").end("ie", SENT[name]()).chain("is", "ie")


def undone() -> dict[str, Diagram]:
    """Compensation and transactions."""
    work = line("a", "t").service("a", "net.ping").service("back", "net.ping").undoes("a").throw("t", compensate("a"))
    over = Diagram("p").start().service("a", "net.ping").service("back", "net.ping").undoes("a").end("e", compensate())
    inside = Diagram("x").start("is").user("u").xor("x", "x_ie").end("ie").end("no", cancel())
    inside.chain("is", "u", "x").flow("x", "no", "=not(fine)").flow("x", "ie")
    whole = line("tx").transaction("tx", inside).boundary("b", "tx", cancel()).end("f").flow("b", "f")
    return {
        "boundaryEvent:compensate": work,
        "intermediateThrowEvent:compensate": work,
        "endEvent:compensate": over.chain("s", "a", "e"),
        "transaction": whole,
        "endEvent:cancel": whole,
        "boundaryEvent:cancel": whole,
    }


def choice(kind: str = "xor") -> Diagram:
    d = Diagram("p").start().script("a", "=1", "v").script("b", "=2", "w").end()
    d.xor("x", "x_b").xor("m") if kind == "xor" else d.inclusive("x", "x_b").inclusive("m")
    return d.chain("s", "x").flow("x", "a", "=speed > 100").flow("x", "b").chain("a", "m", "e").chain("b", "m")


def waiting() -> Diagram:
    d = Diagram("p").start().event_gateway("g").catch("m", message("done", "=order_id")).timer("t", "PT1H")
    return d.end().end("late").chain("s", "g", "m", "e").chain("g", "t", "late")


def split() -> Diagram:
    d = Diagram("p").start().parallel("f").script("a", "=1", "x").script("b", "=2", "y").parallel("j").end()
    return d.chain("s", "f", "a", "j", "e").chain("f", "b", "j")


def activities() -> dict[str, Diagram]:
    called = line("c").call("c", "other", binding="versionTag", version_tag="v1", all_in=False, all_out=False)
    return {
        "serviceTask": line("a").service("a", "net.ping", headers={"unit": "north"}, retries=3),
        "userTask": line("a").user("a", form="survey", assignee="=owner", groups="field, noc"),
        "manualTask": line("a").manual("a"),
        "scriptTask": line("a").script("a", "=speed * 2", "double"),
        "sendTask": line("a").send("a", publish("done", "=order_id"), inputs={"at": "=now()"}),
        "sendTask:handler": line("a").send("a", handler="net.ping"),
        "receiveTask": line("a").receive("a", "done", "=order_id", outputs={"at": "=time"}),
        "businessRuleTask": line("a").decision("a", "router_profile", "profile"),
        "task": line("a").task("a"),
        "exclusiveGateway": choice(),
        "inclusiveGateway": choice("inclusive"),
        "parallelGateway": split(),
        "eventBasedGateway": waiting(),
        "subProcess": line("sp").sub("sp", inner(), inputs={"y": "=z"}, outputs={"x": "=x"}),
        "callActivity": line("c").call("c", "other", inputs={"a": "=b"}, outputs={"c": "=d"}),
        "callActivity:deployment": line("c").call("c", "=which", binding="deployment"),
        "callActivity:versionTag": called,
        "sequenceFlow:condition": choice(),
        "sequenceFlow:default": choice(),
    }


def loops() -> dict[str, Diagram]:
    found: dict[str, Diagram] = {}
    for order, sequential in (("parallel", False), ("sequential", True)):
        name = f"multiInstance:{order}"
        found[name] = line("a").service("a", "net.ping", outputs={"r": "=1"})
        found[f"{name}:subProcess"] = line("a").sub("a", inner(), inputs={"x": "=0"}, outputs={"r": "=x"})
        found[f"{name}:callActivity"] = line("a").call("a", "other", all_out=False, outputs={"r": "=x"})
        for of in ("", ":subProcess", ":callActivity"):
            found[name + of].each("=items", "item", collect=("results", "=r"), sequential=sequential)
    ended = line("a").script("a", "=item", "r").each("=items", "item", collect=("results", "=r"), until="=r > 3")
    return {**found, "multiInstance:completionCondition": ended}


SAMPLES: dict[str, Diagram] = {**events(), **borders(), **undone(), **activities(), **loops()}
