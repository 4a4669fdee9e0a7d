"""Whatever a handler, a system or a diagram comes up with, its instance goes on or falls out: it never hangs."""

from __future__ import annotations

from datetime import UTC, datetime

from app.engine.outcomes import Attempted, Failed
from app.engine.steps import StepResult
from app.handling.contract import Done, Refused, Waiting
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

HOSTILE: dict[str, Attempted] = {
    "NUL in a message": Failed("SystemSilent", "got \x00 back", retry=False),
    "half a surrogate in a message": Failed("SystemSilent", "got \ud800 back", retry=False),
    "NUL in a code": Failed("a\x00b", "", retry=False),
    "facts that are not JSON": Failed("SystemSilent", "no answer", retry=False, detail={"at": datetime.now(UTC)}),
    "facts that are not JSON, tried again": Failed("SystemSilent", "no answer", detail={"at": {1, 2}}),
    "a number past 64 bits among the facts": Failed("SystemSilent", "no answer", retry=False, detail={"n": 10**30}),
    "a refusal with NUL": Refused("port\x00taken", "no \x00 port"),
    "a refusal with half a surrogate": Refused("port_taken", "\udcff", {"raw": "\udcff"}),
    "a refusal with what is not JSON": Refused("port_taken", "", {"at": datetime.now(UTC)}),  # type: ignore[dict-item]  # the point
    "a refusal whose detail has numbers for names": Refused("port_taken", "", {1: 2}),  # type: ignore[dict-item]  # the point
    "an output past 64 bits": Done(n=10**30),
    "an output with half a surrogate": Done(text="\ud800"),
    "an output with NUL": Done(text="\x00"),
    "an output whose name holds NUL": Done(**{"a\x00b": 1}),
    "a call back with NUL": Waiting("acc\x00epted", "1\x00"),
    "a call back with a long key": Waiting("accepted", "".join(map(chr, range(200, 20_000)))),
    "a call back with half a surrogate": Waiting("accepted", "\ud800"),
}


def test_a_hostile_result_leaves_the_instance_with_a_reason(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").service("a", "t.quiet").chain("s", "a", "e")
    for name, outcome in HOSTILE.items():
        instance_id = bench.start(diagram)
        (step,) = bench.advance(instance_id).claimed
        bench.advance(instance_id, [StepResult(step.number, step.attempt, outcome)])
        ended = bench.state(instance_id) == "completed"
        assert ended or bench.standing(instance_id)["a"] in ("incident", "retry", "callback"), name


def test_a_late_hostile_result_is_kept(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").service("a", "t.quiet").chain("s", "a", "e")
    instance_id = bench.start(diagram)
    (step,) = bench.advance(instance_id).claimed
    bench.advance(instance_id, [bench.call(step)])
    for number, outcome in enumerate(HOSTILE.values(), 2):
        bench.advance(instance_id, [StepResult(step.number, number, outcome)])
    assert [row.kind for row in bench.history(instance_id)].count("late_result") == len(HOSTILE)


SCRIPTS = (
    "=10 ** 30",
    "=999999999999 * 999999999999",
    '="\\u0000"',
    "=1 / 0",
    "=10 ** 10 ** 10",
    "=n.a.b.c",
    "=[1, 2][99]",
    '=duration("P9999999999Y")',
    "=" + "(" * 60 + "1" + ")" * 60,
)


def test_a_script_with_a_hostile_value_goes_on_or_falls_out(bench: Bench) -> None:
    for text in SCRIPTS:
        instance_id = bench.start(Diagram("p").start("s").end("e").script("a", text, "x").chain("s", "a", "e"), n=1)
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed" or bench.standing(instance_id) == {"a": "incident"}, text


def test_a_timer_with_a_hostile_value_waits_or_falls_out(bench: Bench) -> None:
    process_id = bench.deploy(Diagram("p").start("s").end("e").timer("t", "=d").chain("s", "t", "e"))
    for duration in ("P9999Y", "P99999999999D", "PT99999999999999H", "-P5000Y", "P1Y2M", "\x00", None, 1):
        instance_id = bench.start(process_id, d=duration)
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed" or bench.standing(instance_id)["t"] in ("incident", "timer")


def test_a_hostile_correlation_key_waits_or_falls_out(bench: Bench) -> None:
    process_id = bench.deploy(Diagram("p").start("s").end("e").message("w", "ready", "=k").chain("s", "w", "e"))
    for key in ("\x00", "a\x00b", "".join(map(chr, range(200, 20_000))), 10**18, 0.1, [], "  "):
        instance_id = bench.start(process_id, k=key)
        bench.run(instance_id)
        assert bench.standing(instance_id)["w"] in ("message", "incident")
