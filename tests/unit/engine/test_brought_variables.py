"""What events and steps bring goes where Camunda 8 puts it: mapped in order, or merged from the inside outwards."""

from __future__ import annotations

import pytest

from tests.factories.diagrams import Diagram, Mapped
from tests.factories.engines import Bench
from tests.factories.pushes import line
from tests.factories.triggers import error, message


def listening(outputs: Mapped = None, *, interrupting: bool) -> Diagram:
    inner = Diagram("i").start("hs", message("m", '="1"'), outputs=outputs, interrupting=interrupting).end("he")
    diagram = Diagram("p").user("u").event_sub("sub", inner.user("h").chain("hs", "h", "he"), inputs={"own": "=1"})
    return line(diagram, "u")


def test_an_output_mapping_sees_what_those_before_it_made(bench: Bench) -> None:
    outputs = {"a": "=r", "b": "=a + 1", "c.d": "=b * 2", "e": "=c"}
    instance_id = bench.start(line(Diagram("p").service("s1", "t.echo", {"x": "=1"}, outputs), "s1"), c={"k": 0})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"a": 1, "b": 2, "c": {"k": 0, "d": 4}, "e": {"k": 0, "d": 4}}


@pytest.mark.parametrize("interrupting", [True, False])
def test_what_starts_an_event_sub_process_is_known_outside_of_it(bench: Bench, interrupting: bool) -> None:
    instance_id = bench.start(listening(interrupting=interrupting), known=0)
    bench.run(instance_id)
    bench.publish("m", "1", known=1, new=2, own=3)
    bench.run(instance_id, between=bench.restart)
    while bench.state(instance_id) != "completed":
        task = next(each for each in bench.tokens(instance_id) if each.kind == "user_task")
        with bench.database.transaction() as tx:
            bench.engine.complete_task(tx, f"{instance_id}:{task.number}", {}, "ann")
        bench.run(instance_id)
    assert bench.variables(instance_id) == {"known": 1, "new": 2}, "own is a variable of the event sub-process"


def test_a_mapped_event_writes_what_its_mappings_say_into_the_nearest_scope_that_knows_it(bench: Bench) -> None:
    diagram = listening({"got.port": "=port", "own": "=port + 1"}, interrupting=True)
    instance_id = bench.start(diagram, got={"k": 1})
    bench.run(instance_id)
    bench.publish("m", "1", port=7)
    bench.run(instance_id)
    bench.complete(instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"got": {"k": 1, "port": 7}}


def test_an_error_end_gives_its_code_to_the_mappings_of_whoever_catches_it(bench: Bench) -> None:
    inner = Diagram("i").start("s2").end("e2", error("no_port")).chain("s2", "e2")
    diagram = Diagram("p").sub("sub", inner).boundary_error("err", "sub", outputs={"why": "=errorCode"}).end("e3")
    instance_id = bench.start(line(diagram, "sub").chain("err", "e3"))
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"why": "no_port"}
