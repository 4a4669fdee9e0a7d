"""Messages are lost on neither side of the race (DESIGN promise 12)."""

from __future__ import annotations

from datetime import timedelta

from app.engine import inbox, sweeps
from app.engine.tables import message, message_delivery
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import terminate


def waiting_for(name: str = "ready", process_id: str = "p") -> Diagram:
    return Diagram(process_id).start("s").message("w", name, "=order").end("e").chain("s", "w", "e")


def test_a_message_reaches_the_instance_that_waits_for_its_key(bench: Bench) -> None:
    one, two = bench.start(waiting_for(), order="1"), bench.start("p", order="2")
    bench.run(one), bench.run(two)
    published = bench.publish("ready", "2", port=7)
    assert published.recipients == [two]
    assert bench.wakeups.woken[-1] == two
    assert bench.run(two).ended
    assert bench.variables(two) == {"order": "2", "port": 7}
    assert bench.standing(one) == {"w": "message"}


def test_an_early_message_waits_in_the_inbox(bench: Bench) -> None:
    process_id = bench.deploy(waiting_for())
    assert bench.publish("ready", "1", port=7).recipients == []
    instance_id = bench.start(process_id, order="1")
    assert bench.run(instance_id).ended
    assert bench.variables(instance_id)["port"] == 7


def test_a_message_past_its_time_to_live_is_not_delivered_and_then_dropped(bench: Bench) -> None:
    process_id = bench.deploy(waiting_for())
    bench.publish("ready", "1", ttl_s=60)
    bench.clock.advance(timedelta(seconds=61))
    instance_id = bench.start(process_id, order="1")
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": "message"}
    with bench.database.transaction() as tx:
        assert inbox.drop_expired(tx, bench.clock) == 1
    assert bench.count(message) == 0


def test_a_message_that_came_in_time_is_delivered_however_late_a_worker_looks(bench: Bench) -> None:
    instance_id = bench.start(waiting_for(), order="1")
    bench.run(instance_id)
    assert bench.publish("ready", "1", ttl_s=0).recipients == [instance_id]
    bench.clock.advance(timedelta(minutes=5))
    with bench.database.transaction() as tx:
        assert inbox.drop_expired(tx, bench.clock) == 0
    assert bench.run(instance_id).ended


def test_the_same_message_id_twice_is_one_message(bench: Bench) -> None:
    process_id = bench.deploy(waiting_for())
    assert bench.publish("ready", "1", "m-1", port=7).duplicate is False
    again = bench.publish("ready", "1", "m-1", port=8)
    assert again.duplicate is True
    assert again.message_id == "m-1"
    first, second = bench.start(process_id, order="1"), bench.start(process_id, order="1")
    bench.run(first), bench.run(second)
    assert bench.state(first) == "completed"
    assert bench.state(second) == "active"


def test_one_message_has_one_recipient_per_process(bench: Bench) -> None:
    first, second = bench.start(waiting_for(), order="1"), bench.start("p", order="1")
    other = bench.start(waiting_for(process_id="q"), order="1")
    for instance_id in (first, second, other):
        bench.run(instance_id)
        bench.clock.advance(timedelta(seconds=1))
    bench.publish("ready", "1")
    for instance_id in (second, first, other):
        bench.run(instance_id)
    assert sorted(bench.state(i) for i in (first, second)) == ["active", "completed"]
    assert bench.state(other) == "completed"


def test_numbers_correlate_by_their_text(bench: Bench) -> None:
    instance_id = bench.start(waiting_for(), order=4711)
    bench.run(instance_id)
    bench.publish("ready", "4711")
    assert bench.run(instance_id).ended


def test_a_key_that_is_no_text_falls_out(bench: Bench) -> None:
    instance_id = bench.start(waiting_for())
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert incident.code == "ExpressionFailed"
    bench.act("retry_with_inputs", instance_id, {"order": "5"})
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": "message"}


def test_a_lost_wake_up_is_found_by_the_sweep(bench: Bench) -> None:
    instance_id = bench.start(waiting_for(), order="1")
    with bench.database.reading() as connection:
        assert sweeps.due_instances(connection, bench.clock.now()) == [instance_id]
    bench.run(instance_id)
    with bench.database.reading() as connection:
        assert sweeps.due_instances(connection, bench.clock.now()) == []
    bench.publish("ready", "1")
    with bench.database.reading() as connection:
        assert sweeps.due_instances(connection, bench.clock.now()) == [instance_id]


def test_the_delivery_stands_in_the_history(bench: Bench) -> None:
    instance_id = bench.start(waiting_for(), order="1")
    bench.run(instance_id)
    bench.publish("ready", "1", "m-1")
    bench.run(instance_id)
    (row,) = [row for row in bench.history(instance_id) if row.kind == "message"]
    assert row.detail == {"name": "ready", "key": "1", "message_id": "m-1"}


def test_a_wait_that_ends_in_the_advance_in_which_it_began_takes_no_message(bench: Bench) -> None:
    bench.publish("ready", "1")
    diagram = Diagram("p").start().parallel("f").message("w", "ready", '="1"').end().end("t", terminate())
    instance_id = bench.start(diagram.chain("s", "f", "w", "e").chain("f", "t"))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.count(message_delivery) == 0
