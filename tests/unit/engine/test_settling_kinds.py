"""Retry, retry with corrected inputs and skip, for every kind of step that can fall out by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.core.errors import Conflict
from app.engine.spiff import live
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS
from tests.factories.pushes import line
from tests.factories.triggers import conditional, error, escalation, message, publish, signal, timer

MANY = "=for i in 1..n return i"  # past every budget, until n is corrected
TOO_MANY = 10_000_000


@dataclass(frozen=True)
class Case:
    """The element `x` falls out while the variable `n` is `wrong`; with `right` it waits for `then`, or passes."""

    draw: Callable[[Diagram], Any]
    wrong: Any = TOO_MANY
    right: Any = 2
    then: str | None = None
    is_gateway: bool = False


def inner() -> Diagram:
    return Diagram("i").start("s2").user("u").end("e2").chain("s2", "u", "e2")


CASES = {
    "service": Case(lambda d: d.service("x", "t.echo", {"x": MANY}), then="job"),
    "service output": Case(lambda d: d.service("x", "t.name", outputs={"o": MANY})),
    "send by handler": Case(lambda d: d.send("x", handler="t.echo", inputs={"x": MANY}), then="job"),
    "script": Case(lambda d: d.script("x", MANY, "y")),
    "decision": Case(lambda d: d.decision("x", "profile", "y", inputs={"speed": MANY}), right=1),
    "user": Case(lambda d: d.user("x", inputs={"v": MANY}), then="user_task"),
    "message": Case(lambda d: d.message("x", "ready", "=n"), None, "1", "message"),
    "receive": Case(lambda d: d.receive("x", "ready", "=n"), None, "1", "message"),
    "timer": Case(lambda d: d.timer("x", "=n"), "soon", "PT1H", "timer"),
    "signal": Case(lambda d: d.catch("x", signal("=n")), None, "go", "signal"),
    "condition": Case(
        lambda d: d.catch("x", conditional("=count(for i in 1..n return i) > 5")), right=2, then="condition"
    ),
    "publish": Case(lambda d: d.send("x", publish("=n", '="1"')), None, "done"),
    "throw message": Case(lambda d: d.throw("x", publish("done", "=n")), {}, "1"),
    "throw signal": Case(lambda d: d.throw("x", signal("=n")), None, "go"),
    "throw escalation": Case(lambda d: d.throw("x", escalation("=n")), None, "late"),
    "sub-process": Case(lambda d: d.sub("x", inner(), inputs={"v": MANY}), then="child"),
    "sub-process output": Case(
        lambda d: d.sub("x", Diagram("i").start("s2").end("e2").chain("s2", "e2"), outputs={"o": MANY})
    ),
    "call": Case(lambda d: d.call("x", "=n"), "nothing", "called", "child"),
    "loop": Case(lambda d: d.user("x").each("=n", "item"), "no list", [1, 2], "child"),
    "exclusive gateway": Case(lambda d: d.xor("x").flow("x", "e", "=n = 2", id="f1"), is_gateway=True),
    "inclusive gateway": Case(lambda d: d.inclusive("x").flow("x", "e", "=n = 2", id="f1"), is_gateway=True),
}


def begun(bench: Bench, name: str) -> str:
    case, diagram = CASES[name], Diagram("p").start("s").end("e")
    case.draw(diagram)
    bench.deploy(Diagram("called").start("cs").user("cu").end("ce").chain("cs", "cu", "ce"))
    bench.deploy_decisions(DECISIONS)
    diagram.chain("s", "x") if case.is_gateway else diagram.chain("s", "x", "e")
    instance_id = bench.start(diagram, n=case.wrong)
    bench.run(instance_id, between=bench.restart)
    assert fallen(bench, instance_id) == ["x"]
    bench.restart()
    return instance_id


def fallen(bench: Bench, instance_id: str) -> list[str]:
    return [each.element_id for each in bench.incidents(instance_id)]


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_step_tried_again_as_it_was_fails_alike(bench: Bench, name: str) -> None:
    instance_id = begun(bench, name)
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert fallen(bench, instance_id) == ["x"]
    (before,) = bench.incidents(instance_id, state="resolved")
    assert (before.action, before.outcome) == ("retry", "failed_alike")


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_step_tried_again_with_what_was_wrong_corrected_goes_on(bench: Bench, name: str) -> None:
    case, instance_id = CASES[name], begun(bench, name)
    bench.act("retry_with_inputs", instance_id, {"n": case.right})
    bench.restart()
    if case.then == "job":
        bench.advance(instance_id)
    else:
        bench.run(instance_id)
    assert fallen(bench, instance_id) == []
    kinds = {each.kind for each in bench.tokens(instance_id) if each.element_id == "x"}
    assert (kinds & {case.then}) == ({case.then} - {None, "job"}), kinds
    (settled,) = bench.incidents(instance_id, state=None)
    assert settled.action == "retry_with_inputs"
    if case.then is None:
        assert (bench.state(instance_id), settled.outcome) == ("completed", "passed")


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_step_is_skipped_with_the_outputs_that_later_steps_need(bench: Bench, name: str) -> None:
    case, instance_id = CASES[name], begun(bench, name)
    if case.is_gateway:
        with pytest.raises(Conflict, match="Correct the variables"):
            bench.act("skip", instance_id, {})
        return
    outputs = {"n": 1, "extra": 5}
    bench.act("skip", instance_id, outputs)
    bench.restart()
    bench.run(instance_id)
    assert (bench.state(instance_id), fallen(bench, instance_id)) == ("completed", [])
    assert bench.variables(instance_id)["n"] == (TOO_MANY if name.endswith("output") else 1)


@pytest.mark.parametrize("trigger", [timer("=n"), message("ready", "=n"), signal("=n")])
@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("place", ["boundary", "event sub-process"])
def test_what_cannot_listen_beside_the_flow_is_corrected_or_left_out(
    bench: Bench, trigger: Any, interrupting: bool, place: str
) -> None:
    diagram = line(Diagram("p").user("u"), "u")
    if place == "boundary":
        diagram.boundary("x", "u", trigger, interrupting=interrupting).end("e3").chain("x", "e3")
    else:
        listening = Diagram("i").start("x", trigger, interrupting=interrupting).end("e3").chain("x", "e3")
        diagram.event_sub("es", listening)
    process_id = bench.deploy(diagram)
    for action, given in (("retry_with_inputs", {"n": "PT1H"}), ("skip", {})):
        instance_id = bench.start(process_id, n=None)
        bench.run(instance_id)
        assert bench.standing(instance_id) == {"u": "user_task", "x": "incident"}
        bench.restart()
        bench.act(action, instance_id, given)
        bench.run(instance_id)
        assert ("x" in bench.standing(instance_id)) is (action == "retry_with_inputs")
        assert bench.incidents(instance_id) == []
        bench.complete(instance_id)
        assert bench.state(instance_id) == "completed"


def test_an_error_that_nobody_catches_is_corrected_to_one_that_is_caught_or_its_end_is_skipped(bench: Bench) -> None:
    within = Diagram("i").start("s2").end("x", error("=n")).chain("s2", "x")
    diagram = line(Diagram("p").sub("sub", within).boundary_error("err", "sub", "no_port").user("u"), "sub")
    process_id = bench.deploy(diagram.end("e3").chain("err", "u", "e3"))
    for action, given, standing in (("retry_with_inputs", {"n": "no_port"}, {"u": "user_task"}), ("skip", {}, {})):
        instance_id = bench.start(process_id, n="other")
        bench.run(instance_id)
        assert fallen(bench, instance_id) == ["x"]
        bench.act(action, instance_id, given)
        bench.run(instance_id)
        assert bench.standing(instance_id) == standing


@pytest.mark.parametrize("kind", ["parallel", "event_gateway"])
def test_no_gateway_is_skipped(bench: Bench, kind: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(live, "LONGEST_RUN", 3)
    diagram = Diagram("p").start("s").end("e").script("init", "=0", "i").xor("m")
    getattr(diagram, kind)("x").timer("t1", "PT1H").timer("t2", "PT2H").xor("back")
    diagram.chain("s", "init", "m", "x", "t1", "back").chain("x", "t2", "e").flow("back", "m", "=i > 5", id="f1")
    instance_id = bench.start(diagram.flow("back", "e", "=i <= 5"))
    bench.run(instance_id)
    assert fallen(bench, instance_id) == ["x"]
    with pytest.raises(Conflict, match="move its token"):
        bench.act("skip", instance_id, {})
    bench.act("retry", instance_id)
    assert bench.standing(instance_id) == {"t1": "timer", "t2": "timer"}
