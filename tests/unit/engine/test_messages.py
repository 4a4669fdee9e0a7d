"""Messages are lost on neither side of the race (DESIGN promise 12)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.types import to_microseconds
from app.engine import inbox, sweeps
from app.engine.arrivals import Sent
from app.engine.messages import MessageIn
from app.engine.tables import message, message_delivery
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import message as trigger
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
        assert list(sweeps.due_instances(connection, bench.clock.now())) == [instance_id]
    bench.run(instance_id)
    with bench.database.reading() as connection:
        assert sweeps.due_instances(connection, bench.clock.now()) == {}
    bench.publish("ready", "1")
    with bench.database.reading() as connection:
        assert list(sweeps.due_instances(connection, bench.clock.now())) == [instance_id]


def test_the_delivery_stands_in_the_history(bench: Bench) -> None:
    instance_id = bench.start(waiting_for(), order="1")
    bench.run(instance_id)
    bench.publish("ready", "1", "m-1")
    bench.run(instance_id)
    (row,) = [row for row in bench.history(instance_id) if row.kind == "message"]
    assert row.detail == {"name": "ready", "key": "1", "message_id": "m-1", "variables": {}}


def test_a_message_that_has_found_its_recipient_lives_for_other_processes_only_as_long_as_it_says(
    bench: Bench,
) -> None:
    first, other = bench.start(waiting_for(), order="1"), bench.deploy(waiting_for(process_id="q"))
    bench.run(first)
    assert bench.publish("ready", "1", ttl_s=60, n=1).recipients == [first]
    in_time = bench.start(other, order="1")
    assert bench.run(in_time).ended
    bench.publish("ready", "1", ttl_s=60)
    bench.clock.advance(timedelta(seconds=61))
    late = bench.start(other, order="1")
    bench.run(late)
    assert bench.standing(late) == {"w": "message"}


def test_without_a_time_to_live_a_message_is_for_those_who_wait_now(bench: Bench) -> None:
    early = bench.publish("ready", "1", ttl_s=0)
    instance_id = bench.start(waiting_for(), order="1")
    bench.run(instance_id)
    assert (early.recipients, bench.standing(instance_id)) == ([], {"w": "message"})
    assert bench.publish("ready", "1", ttl_s=0).recipients == [instance_id]
    second = bench.start("p", order="1")
    bench.run(second)
    assert bench.run(instance_id).ended
    assert bench.standing(second) == {"w": "message"}
    assert bench.count(message) == 0


def test_two_messages_for_two_who_wait_are_one_each_before_anybody_has_looked(bench: Bench) -> None:
    instances = [bench.start(waiting_for(), order="1")]
    bench.run(instances[0])
    bench.clock.advance(timedelta(seconds=1))
    instances.append(bench.start("p", order="1"))
    bench.run(instances[1])
    assert [bench.publish("ready", "1", n=n).recipients for n in range(3)] == [[instances[0]], [instances[1]], []]
    for n, instance_id in enumerate(instances):
        assert bench.run(instance_id).ended
        assert bench.variables(instance_id)["n"] == n
    third = bench.start("p", order="1")
    assert bench.run(third).ended
    assert bench.variables(third)["n"] == 2


def test_a_message_that_cannot_wait_goes_to_one_who_gets_no_other_already(bench: Bench) -> None:
    instances = [bench.start(waiting_for(), order="1")]
    bench.run(instances[0])
    bench.clock.advance(timedelta(seconds=1))
    instances.append(bench.start("p", order="1"))
    bench.run(instances[1])
    recipients = [bench.publish("ready", "1", ttl_s=0, n=n).recipients for n in range(3)]
    assert recipients == [[instances[0]], [instances[1]], [instances[0]]]
    for n, instance_id in enumerate(instances):
        assert bench.run(instance_id).ended
        assert bench.variables(instance_id)["n"] == n
    (late,) = [row for row in bench.history(instances[0]) if row.kind == "late_message"]
    assert late.detail["variables"] == {"n": 2}, "lined up, and nobody waited any more: kept in the history"


def test_the_message_that_came_first_is_taken_first(bench: Bench) -> None:
    process_id = bench.deploy(waiting_for())
    for n in range(3):
        bench.publish("ready", "1", n=n)
        bench.clock.advance(timedelta(seconds=1))
    for n in range(3):
        instance_id = bench.start(process_id, order="1")
        assert bench.run(instance_id).ended
        assert bench.variables(instance_id)["n"] == n


def reminded() -> Diagram:
    inner = Diagram("x").start("es", trigger("remind", "=order"), interrupting=False).service("r", "t.quiet").end("ee")
    diagram = Diagram("p").start("s").user("u").end("e").chain("s", "u", "e")
    return diagram.event_sub("sub", inner.chain("es", "r", "ee"))


@pytest.mark.parametrize("ttl_s", [0, 60])
def test_an_event_that_interrupts_nothing_takes_every_message(bench: Bench, ttl_s: float) -> None:
    instance_id = bench.start(reminded(), order="1")
    bench.run(instance_id)
    for _ in range(3):
        bench.publish("remind", "1", ttl_s=ttl_s)
    bench.run(instance_id)
    assert [step.element_id for step in bench.calls] == ["r", "r", "r"]
    assert bench.standing(instance_id) == {"u": "user_task", "es": "message"}


def test_messages_in_the_inbox_are_all_taken_by_an_event_that_interrupts_nothing(bench: Bench) -> None:
    for _ in range(3):
        bench.publish("remind", "1")
    instance_id = bench.start(reminded(), order="1")
    bench.run(instance_id)
    assert [step.element_id for step in bench.calls] == ["r", "r", "r"]


def test_messages_are_alike_only_with_name_key_and_id(bench: Bench) -> None:
    sent = [("ready", "1"), ("ready", "2"), ("steady", "1"), ("ready", "1")]
    assert [bench.publish(name, key, "m-1").duplicate for name, key in sent] == [False, False, False, True]
    assert bench.count(message) == 3


def test_an_id_may_be_used_again_when_its_message_is_past_its_time(bench: Bench) -> None:
    instance_id = bench.start(waiting_for(), order="1")
    bench.run(instance_id)
    bench.publish("ready", "1", "m-1", ttl_s=60)
    assert bench.publish("ready", "1", "m-1", ttl_s=0).duplicate is True
    bench.clock.advance(timedelta(seconds=61))
    assert bench.publish("ready", "1", "m-1", ttl_s=60).duplicate is False
    assert bench.count(message) == 1


def test_a_wait_that_begins_at_a_door_finds_what_lies_in_the_inbox_there(bench: Bench) -> None:
    """Whoever completes the task is in time, however late a worker looks."""
    diagram = Diagram("p").start("s").user("u").message("w", "ready", "=order").user("next").end("e")
    instance_id = bench.start(diagram.chain("s", "u", "w", "next", "e"), order="1")
    bench.run(instance_id)
    bench.publish("ready", "1", ttl_s=60)
    bench.complete(instance_id)
    bench.clock.advance(timedelta(seconds=61))
    assert bench.standing(instance_id) == {"next": "user_task"}


def test_a_catcher_meets_a_sender_at_work_and_looks_again(postgres_bench: Bench) -> None:
    """On PostgreSQL: whoever holds an instance does not wait for the one who is at such messages."""
    process_id = postgres_bench.deploy(waiting_for())
    instance_id = postgres_bench.start(process_id, order="1")
    with postgres_bench.database.transaction() as tx:
        postgres_bench.engine.publish(tx, MessageIn("ready", "1", {"n": 1}))
        assert postgres_bench.advance(instance_id).ended is False
    assert postgres_bench.wakeups.woken[-1] == instance_id
    with postgres_bench.database.reading() as connection:
        assert list(sweeps.due_instances(connection, postgres_bench.clock.now())) == [instance_id]
    assert postgres_bench.advance(instance_id).ended


def test_a_message_does_not_overtake_one_that_lies_there_for_the_same_process(bench: Bench) -> None:
    """As it may after a catcher has met a sender at work, and before it has looked again."""
    instance_id = bench.start(waiting_for(), order="1")
    bench.run(instance_id)
    now, first = to_microseconds(bench.clock.now()), Sent("message", "ready", '{"n": 1}', "1", "m-1")
    bench.clock.advance(timedelta(seconds=1))
    with bench.database.transaction() as tx:
        inbox.keep(tx, first, now, 3600)
        inbox.mark(tx, "m-1", "q", "of another process", "w", now)
    assert bench.publish("ready", "1", n=2).recipients == []
    assert bench.run(instance_id).ended
    assert bench.variables(instance_id)["n"] == 1
    second = bench.start("p", order="1")
    assert bench.run(second).ended
    assert bench.variables(second)["n"] == 2


def test_a_wait_that_ends_in_the_advance_in_which_it_began_takes_no_message(bench: Bench) -> None:
    bench.publish("ready", "1")
    diagram = Diagram("p").start().parallel("f").message("w", "ready", '="1"').end().end("t", terminate())
    instance_id = bench.start(diagram.chain("s", "f", "w", "e").chain("f", "t"))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert bench.count(message_delivery) == 0
