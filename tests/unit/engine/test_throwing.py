"""What a flow sends is for those who wait when it sends, not for where its own token goes on to."""

from __future__ import annotations

from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import line
from tests.factories.triggers import message, publish, signal


def test_a_signal_is_not_heard_by_who_comes_to_wait_for_it_after_it_was_thrown(bench: Bench) -> None:
    diagram = Diagram("p").throw("t", signal("done")).catch("w", signal("done"))
    instance_id = bench.start(line(diagram, "t", "w"))
    bench.run(instance_id, between=bench.restart)
    assert bench.standing(instance_id) == {"w": "signal"}
    bench.broadcast("done")
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"


def test_a_message_without_a_time_to_live_is_not_kept_for_who_comes_later(bench: Bench) -> None:
    diagram = Diagram("p").throw("t", publish("done", '="1"')).catch("w", message("done", '="1"'))
    instance_id = bench.start(line(diagram, "t", "w"))
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": "message"}


def test_a_message_that_lives_on_is_taken_by_who_comes_later(bench: Bench) -> None:
    diagram = Diagram("p").throw("t", publish("done", '="1"', ttl="PT1H")).catch("w", message("done", '="1"'))
    instance_id = bench.start(line(diagram, "t", "w"))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
