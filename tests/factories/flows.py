"""One small flow for each construct that a diagram may hold, with what it takes to bring it to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.factories import flows_compensation as undo
from tests.factories import flows_events as events
from tests.factories import flows_loops as loops
from tests.factories import flows_starts as starts
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import Flow, later, line, message, task_done


def start_end() -> Flow:
    return Flow(line(Diagram("p")))


def service() -> Flow:
    diagram = (
        Diagram("p").service("a", "t.echo", inputs={"x": "=n + 1"}, outputs={"got.a": "=r"}).service("b", "t.name")
    )
    return Flow(line(diagram, "a", "b"), {"n": 1}, (), {"n": 1, "got": {"a": 2}, "r": "b"}, ("a", "b"))


def service_retried() -> Flow:
    diagram = Diagram("p").service("a", "t.flaky", inputs={"failures": "=2"})
    return Flow(line(diagram, "a"), {}, (later(10), later(30)), {"r": "at last"}, ("a", "a", "a"))


def service_called_back() -> Flow:
    diagram = Diagram("p").service("a", "t.call_back")
    return Flow(line(diagram, "a"), {}, (message("accepted", "1", port=7),), {"port": 7}, ("a",))


def script() -> Flow:
    diagram = Diagram("p").script("a", "=n + 1", "m").service("b", "t.echo", inputs={"x": "=m"})
    return Flow(line(diagram, "a", "b"), {"n": 1}, (), {"n": 1, "m": 2, "r": 2}, ("b",))


DECISIONS = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="profiles" name="Profiles" namespace="test">
  <decision id="profile" name="Profile">
    <decisionTable id="table" hitPolicy="FIRST">
      <input id="i1" label="Speed"><inputExpression id="e1" typeRef="number"><text>speed</text></inputExpression></input>
      <output id="o1" name="profile" typeRef="string"/>
      <rule id="fast"><inputEntry id="c1"><text>&gt;= 300</text></inputEntry>
        <outputEntry id="d1"><text>"fast"</text></outputEntry></rule>
      <rule id="basic"><inputEntry id="c2"><text>-</text></inputEntry>
        <outputEntry id="d2"><text>"basic"</text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>"""


def business_rule() -> Flow:
    diagram = Diagram("p").decision("a", "profile", "chosen").service("b", "t.echo", inputs={"x": "=chosen"})
    expected = {"speed": 500, "chosen": "fast", "r": "fast"}
    return Flow(line(diagram, "a", "b"), {"speed": 500}, (), expected, ("b",), DECISIONS)


def exclusive() -> Flow:
    diagram = Diagram("p").xor("g", default="no").xor("m").service("a", "t.name").service("b", "t.name")
    diagram.start("s").end("e").chain("s", "g").flow("g", "a", "=n > 5").flow("g", "b", id="no")
    return Flow(diagram.chain("a", "m", "e").chain("b", "m"), {"n": 9}, (), {"n": 9, "r": "a"}, ("a",))


def exclusive_loop() -> Flow:
    diagram = Diagram("p").script("init", "=0", "i").xor("m").service("a", "t.name").script("inc", "=i + 1", "i")
    diagram.start("s").end("e").xor("g", default="out").chain("s", "init", "m", "a", "inc", "g")
    diagram.flow("g", "m", "=i < 3").flow("g", "e", id="out")
    return Flow(diagram, {}, (), {"i": 3, "r": "a"}, ("a", "a", "a"))


def parallel() -> Flow:
    diagram = Diagram("p").parallel("f").parallel("j").service("a1", "t.name", outputs={"c.a": "=r"})
    diagram.service("a2", "t.name", outputs={"c.a2": "=r"}).service("b", "t.name", outputs={"c.b": "=r"})
    diagram.service("z", "t.echo", inputs={"x": "=c.a"}).chain("f", "a1", "a2", "j").chain("f", "b", "j")
    expected = {"c": {"k": 1, "a": "a1", "a2": "a2", "b": "b"}, "r": "a1"}
    return Flow(line(diagram, "f").chain("j", "z", "e"), {"c": {"k": 1}}, (), expected, ("a1", "a2", "b", "z"))


def parallel_in_loop() -> Flow:
    diagram = Diagram("p").script("init", "=0", "i").xor("m").parallel("f").parallel("j").script("inc", "=i + 1", "i")
    diagram.service("a", "t.name", outputs={"ra": "=r"}).service("b", "t.name", outputs={"rb": "=r"})
    diagram.start("s").end("e").xor("g", default="out").chain("s", "init", "m", "f", "a", "j", "inc", "g")
    diagram.chain("f", "b", "j").flow("g", "m", "=i < 2").flow("g", "e", id="out")
    return Flow(diagram, {}, (), {"i": 2, "ra": "a", "rb": "b"}, ("a", "a", "b", "b"))


def message_catch() -> Flow:
    diagram = Diagram("p").message("w", "ready", "=order", outputs={"port": "=body.port"}).service("b", "t.name")
    pushes = (message("ready", "o-1", body={"port": 7}),)
    return Flow(line(diagram, "w", "b"), {"order": "o-1"}, pushes, {"order": "o-1", "port": 7, "r": "b"}, ("b",))


def timer_duration() -> Flow:
    diagram = Diagram("p").timer("w", "=wait").service("b", "t.name")
    return Flow(line(diagram, "w", "b"), {"wait": "PT1H"}, (later(3600),), {"wait": "PT1H", "r": "b"}, ("b",))


def timer_date() -> Flow:
    diagram = Diagram("p").timer("w", "=on", kind="timeDate").service("b", "t.name")
    on = {"on": "2027-01-01T00:00:00Z"}
    return Flow(line(diagram, "w", "b"), on, (later(800 * 86400),), {**on, "r": "b"}, ("b",))


def boundary_timer() -> Flow:
    diagram = Diagram("p").user("u").boundary_timer("late", "u", "PT1H").service("b", "t.name").end("e2")
    diagram = line(diagram, "u").chain("late", "b", "e2")
    return Flow(diagram, {}, (later(3600),), {"r": "b"}, ("b",))


def boundary_timer_date() -> Flow:
    diagram = (
        Diagram("p").user("u").boundary_timer("late", "u", "=on", kind="timeDate").service("b", "t.name").end("e2")
    )
    diagram = line(diagram, "u").chain("late", "b", "e2")
    on = {"on": "2027-01-01T00:00:00Z"}
    return Flow(diagram, on, (later(800 * 86400),), {**on, "r": "b"}, ("b",))


def boundary_timer_unused() -> Flow:
    diagram = Diagram("p").service("a", "t.name").boundary_timer("late", "a", "PT1H").end("e2")
    return Flow(line(diagram, "a").chain("late", "e2"), {}, (), {"r": "a"}, ("a",))


def boundary_timer_beside() -> Flow:
    diagram = Diagram("p").user("u").boundary_timer("late", "u", "PT1H", interrupting=False).end("e2")
    diagram.service("b", "t.name", outputs={"reminded": "=r"})
    diagram = line(diagram, "u").chain("late", "b", "e2")
    return Flow(diagram, {}, (later(3600), task_done(ok=True)), {"reminded": "b", "ok": True}, ("b",))


def boundary_timer_date_beside() -> Flow:
    diagram = Diagram("p").user("u").boundary_timer("late", "u", "=on", interrupting=False, kind="timeDate").end("e2")
    diagram.service("b", "t.name", outputs={"reminded": "=r"})
    diagram = line(diagram, "u").chain("late", "b", "e2")
    on = {"on": "2027-01-01T00:00:00Z"}
    pushes = (later(800 * 86400), task_done(ok=True))
    return Flow(diagram, on, pushes, {**on, "reminded": "b", "ok": True}, ("b",))


def boundary_error() -> Flow:
    diagram = (
        Diagram("p").service("a", "t.refuse").boundary_error("err", "a", "port_taken").service("b", "t.name").end("e2")
    )
    diagram = line(diagram, "a").chain("err", "b", "e2")
    return Flow(diagram, {}, (), {"port": "1/1/7", "r": "b"}, ("a", "b"))


def user_task() -> Flow:
    diagram = Diagram("p").user("u").service("b", "t.echo", inputs={"x": "=level"})
    return Flow(line(diagram, "u", "b"), {}, (task_done(level=3),), {"level": 3, "r": 3}, ("b",))


def sub_process() -> Flow:
    inner = Diagram("inner").start("s2").service("i1", "t.echo", inputs={"x": "=loc"}, outputs={"loc": "=r * 10"})
    inner.user("i2").end("e2").chain("s2", "i1", "i2", "e2")
    diagram = Diagram("p").sub("sub", inner, inputs={"loc": "=n"}, outputs={"back": "=loc"}).service("b", "t.name")
    expected = {"n": 2, "back": 20, "ok": True, "r": "b"}
    return Flow(line(diagram, "sub", "b"), {"n": 2}, (task_done(ok=True),), expected, ("b", "i1"))


def sub_process_interrupted() -> Flow:
    inner = Diagram("inner").start("s2").user("i1").user("i2").parallel("f").end("e2")
    inner.chain("s2", "f", "i1", "e2").chain("f", "i2", "e2")
    diagram = Diagram("p").sub("sub", inner).boundary_timer("late", "sub", "PT1H").service("b", "t.name").end("e3")
    return Flow(line(diagram, "sub").chain("late", "b", "e3"), {}, (later(3600),), {"r": "b"}, ("b",))


def sub_process_refused() -> Flow:
    inner = Diagram("inner").start("s2").service("i1", "t.refuse").end("e2").chain("s2", "i1", "e2")
    diagram = Diagram("p").sub("sub", inner).boundary_error("err", "sub").service("b", "t.name").end("e3")
    return Flow(line(diagram, "sub").chain("err", "b", "e3"), {}, (), {"port": "1/1/7", "r": "b"}, ("b", "i1"))


# What a construct is called in the dialect's list -> the flows that use it.
CASES: dict[str, tuple[Callable[[], Flow], ...]] = {
    "startEvent": (start_end,),
    "endEvent": (start_end,),
    "serviceTask": (service, service_retried, service_called_back),
    "scriptTask": (script,),
    "businessRuleTask": (business_rule,),
    "userTask": (user_task,),
    "exclusiveGateway": (exclusive, exclusive_loop),
    "parallelGateway": (parallel, parallel_in_loop),
    "intermediateCatchEvent:message": (message_catch,),
    "intermediateCatchEvent:timer:timeDuration": (timer_duration,),
    "intermediateCatchEvent:timer:timeDate": (timer_date,),
    "boundaryEvent:timer:timeDuration": (boundary_timer, boundary_timer_unused),
    "boundaryEvent:timer:timeDate": (boundary_timer_date,),
    "boundaryEvent:timer:timeDuration:non-interrupting": (boundary_timer_beside,),
    "boundaryEvent:timer:timeDate:non-interrupting": (boundary_timer_date_beside,),
    "boundaryEvent:error": (boundary_error,),
    "subProcess": (sub_process, sub_process_interrupted, sub_process_refused),
    "sequenceFlow:condition": (exclusive,),
    "sequenceFlow:default": (exclusive,),
    "startEvent:message": (starts.by_message,),
    "startEvent:signal": (starts.by_signal,),
    "startEvent:timer:timeDate": (starts.by_date,),
    "startEvent:timer:timeCycle": (starts.by_cycle,),
    "manualTask": (events.manual,),
    "task": (events.task,),
    "sendTask": (events.send,),
    "sendTask:handler": (events.send_by_handler,),
    "receiveTask": (events.receive,),
    "inclusiveGateway": (
        events.inclusive,
        events.inclusive_one,
        events.inclusive_default,
        events.inclusive_looping,
    ),
    "eventBasedGateway": (events.event_gateway, events.event_gateway_by_message),
    "intermediateCatchEvent:signal": (events.catch_signal,),
    "intermediateCatchEvent:conditional": (events.catch_condition, events.catch_condition_true_already),
    "intermediateCatchEvent:link": (events.links,),
    "intermediateThrowEvent": (events.throw_none,),
    "intermediateThrowEvent:message": (events.throw_message,),
    "intermediateThrowEvent:message:handler": (events.throw_message_by_handler,),
    "intermediateThrowEvent:signal": (events.throw_signal,),
    "intermediateThrowEvent:escalation": (events.throw_escalation,),
    "intermediateThrowEvent:link": (events.links, events.link_loop),
    "endEvent:message": (events.end_message,),
    "endEvent:message:handler": (events.end_message_by_handler,),
    "endEvent:signal": (events.end_signal,),
    "endEvent:error": (events.end_error, events.end_error_past_other_catchers),
    "endEvent:escalation": (events.end_escalation,),
    "endEvent:terminate": (events.end_terminate,),
    "boundaryEvent:message": (events.border_message, events.border_message_of_a_local_key),
    "boundaryEvent:message:non-interrupting": (events.border_message_beside,),
    "boundaryEvent:signal": (events.border_signal,),
    "boundaryEvent:signal:non-interrupting": (events.border_signal_beside,),
    "boundaryEvent:conditional": (events.border_condition,),
    "boundaryEvent:conditional:non-interrupting": (events.border_condition_beside,),
    "boundaryEvent:escalation": (events.border_escalation,),
    "boundaryEvent:escalation:non-interrupting": (events.border_escalation_beside,),
    "boundaryEvent:timer:timeCycle:non-interrupting": (events.border_cycle_beside,),
    "eventSubProcess:message": (events.sub_message, events.sub_message_brings),
    "eventSubProcess:message:non-interrupting": (events.sub_message_beside,),
    "eventSubProcess:signal": (events.sub_signal,),
    "eventSubProcess:signal:non-interrupting": (events.sub_signal_beside,),
    "eventSubProcess:conditional": (events.sub_condition,),
    "eventSubProcess:conditional:non-interrupting": (events.sub_condition_beside,),
    "eventSubProcess:error": (events.sub_error,),
    "eventSubProcess:escalation": (events.sub_escalation,),
    "eventSubProcess:escalation:non-interrupting": (events.sub_escalation_beside,),
    "eventSubProcess:timer:timeDuration": (events.sub_timer,),
    "eventSubProcess:timer:timeDuration:non-interrupting": (events.sub_timer_beside,),
    "eventSubProcess:timer:timeDate": (events.sub_date,),
    "eventSubProcess:timer:timeDate:non-interrupting": (events.sub_date_beside,),
    "eventSubProcess:timer:timeCycle:non-interrupting": (events.sub_cycle_beside,),
    "boundaryEvent:compensate": (undo.undone_by_what_is_drawn, undo.undone_inside),
    "intermediateThrowEvent:compensate": (undo.undone_by_handlers, undo.one_undone, undo.undone_once),
    "endEvent:compensate": (undo.undone_by_what_is_drawn, undo.undone_after_an_error),
    "transaction": (undo.transaction,),
    "endEvent:cancel": (undo.transaction_cancelled,),
    "boundaryEvent:cancel": (undo.transaction_cancelled,),
    "multiInstance:parallel": (loops.parallel_each, loops.each_retried, loops.each_interrupted),
    "multiInstance:sequential": (loops.sequential_each,),
    "multiInstance:completionCondition": (loops.enough, loops.enough_in_order),
    "multiInstance:parallel:subProcess": (loops.parallel_sub_each, loops.sub_each_interrupted),
    "multiInstance:sequential:subProcess": (loops.sequential_sub_each,),
    "multiInstance:parallel:callActivity": (loops.parallel_call_each,),
    "multiInstance:sequential:callActivity": (loops.sequential_call_each,),
    "callActivity": (loops.call, loops.call_within_a_call, loops.call_refused, loops.call_interrupted),
    "callActivity:deployment": (loops.call_of_the_deployment,),
    "callActivity:versionTag": (loops.call_by_version_tag,),
}

FLOWS = {make.__name__: make for makers in CASES.values() for make in makers}


def play(bench: Bench, flow: Flow, instance_id: str, between: Callable[[], None] | None = None, **run: Any) -> None:
    """Bring a flow to its end; `between` runs after every commit of the worker."""
    bench.run(instance_id, between, **run)
    for push in flow.pushes:
        push(bench, instance_id)
        if between is not None:
            between()
        bench.run(instance_id, between, **run)
