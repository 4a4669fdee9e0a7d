"""Instances that a message, a signal or a time starts, as Camunda 8 documents it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine.diagram import DiagramRefused
from app.engine.doors import Engine
from app.engine.messages import MessageIn
from app.engine.starts import StartedByEvents
from app.engine.tables import arrival, start_trigger
from app.web.commits import commit
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import Trigger, message, signal, timer

PLACED = "order placed"


def begun_by(trigger: Trigger, process_id: str = "p", **start: Any) -> Diagram:
    """`s` waits for the trigger; a user task keeps the instance open."""
    return Diagram(process_id).start("s", trigger, **start).user("u").end("e").chain("s", "u", "e")


def by_message(process_id: str = "p", **start: Any) -> Diagram:
    return begun_by(message(PLACED), process_id, **start)


def every(period: str, start: str = "") -> Diagram:
    return begun_by(timer(f"R/{start}{period}", "timeCycle"))


def triggers(bench: Bench) -> dict[str, Any]:
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(start_trigger)).all()
    return {f"{row.process_id}.{row.element_id}": row for row in rows}


def end(bench: Bench, instance_id: str) -> None:
    """Whoever is started by its end is the last of `bench.instances`."""
    bench.run(instance_id)
    bench.clock.advance(timedelta(seconds=1))
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"


# messages


def test_a_message_starts_an_instance_with_its_variables(bench: Bench) -> None:
    bench.deploy(by_message())
    published = bench.publish(PLACED, "o-1", n=1)
    assert (published.recipients, published.started) == ([], bench.instances())
    (instance_id,) = published.started
    assert bench.wakeups.woken == [instance_id]
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    assert bench.variables(instance_id) == {"n": 1}
    (row,) = [row for row in bench.history(instance_id) if row.kind == "message"]
    assert (row.element_id, row.detail["name"], row.detail["key"]) == ("s", PLACED, "o-1")
    assert bench.count(arrival) == 0


def test_output_mappings_of_the_start_event_say_what_is_taken(bench: Bench) -> None:
    bench.deploy(by_message(outputs={"order.id": "=id"}))
    (instance_id,) = bench.publish(PLACED, "o-1", id=7, noise=1).started
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"order": {"id": 7}}


def test_a_mapping_that_fails_is_an_incident_and_the_message_is_still_there_for_the_retry(bench: Bench) -> None:
    bench.deploy(by_message(outputs={"order": "=if ok = true then id else count(for i in 1..9999999 return i)"}))
    (instance_id,) = bench.publish(PLACED, "o-1", id="7").started
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id) == ("ExpressionFailed", "s")
    bench.restart()
    bench.act("retry_with_inputs", instance_id, {"ok": True})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"ok": True, "order": "7"}


def test_a_message_starts_one_instance_of_each_process_that_begins_with_it(bench: Bench) -> None:
    bench.deploy(by_message()), bench.deploy(by_message("q")), bench.deploy(begun_by(message("another"), "r"))
    assert len(bench.publish(PLACED, "o-1").started) == 2
    assert [len(bench.instances(process)) for process in "pqr"] == [1, 1, 0]


def test_whoever_waits_for_the_message_has_it_before_a_start_event_of_the_same_process(bench: Bench) -> None:
    diagram = Diagram("p").start("s", message(PLACED)).start("s2").message("w", PLACED, "=order").end("e")
    waiting = bench.start(diagram.chain("s", "w", "e").chain("s2", "w"), order="o-1")
    bench.run(waiting)
    first = bench.publish(PLACED, "o-1")
    assert (first.recipients, first.started) == ([waiting], [])
    second = bench.publish(PLACED, "o-2", order="o-2")
    assert (second.recipients, len(second.started)) == ([], 1)


def test_one_start_event_of_several_is_the_one_that_it_begins_at(bench: Bench) -> None:
    diagram = Diagram("p").start("s").start("s1", message("one")).start("s2", message("two")).end("e")
    for n in ("s", "s1", "s2"):
        diagram.user(f"u_{n}").chain(n, f"u_{n}", "e")
    asked = bench.start(diagram)
    (one,), (two,) = bench.publish("one", "k").started, bench.publish("two", "").started
    for instance_id, element in ((asked, "u_s"), (one, "u_s1"), (two, "u_s2")):
        bench.restart()
        bench.run(instance_id)
        assert bench.standing(instance_id) == {element: "user_task"}


def test_while_an_instance_with_the_key_is_open_the_next_message_waits_for_its_end(bench: Bench) -> None:
    bench.deploy(by_message())
    (first,) = bench.publish(PLACED, "o-1", n=1).started
    assert bench.publish(PLACED, "o-1", n=2).started == []
    assert bench.publish(PLACED, "o-1", n=3).started == []
    assert len(bench.publish(PLACED, "o-2").started) == 1
    end(bench, first)
    (_, _, second) = bench.instances()
    assert second in bench.wakeups.woken
    bench.run(second)
    assert bench.variables(second) == {"n": 2}
    end(bench, second)
    third = bench.instances()[-1]
    bench.run(third)
    assert bench.variables(third) == {"n": 3}
    end(bench, third)
    assert len(bench.instances()) == 4


def test_without_time_to_live_a_message_that_finds_the_key_open_starts_nothing_later(bench: Bench) -> None:
    bench.deploy(by_message())
    (first,) = bench.publish(PLACED, "o-1", ttl_s=0).started
    assert bench.publish(PLACED, "o-1", ttl_s=0).started == []
    end(bench, first)
    assert bench.instances() == [first]
    assert len(bench.publish(PLACED, "o-1", ttl_s=0).started) == 1


def test_a_message_that_has_died_by_the_end_of_the_instance_starts_nothing(bench: Bench) -> None:
    bench.deploy(by_message())
    (first,) = bench.publish(PLACED, "o-1").started
    bench.publish(PLACED, "o-1", ttl_s=60)
    bench.clock.advance(timedelta(seconds=61))
    end(bench, first)
    assert bench.instances() == [first]


def test_without_a_key_every_message_starts_an_instance(bench: Bench) -> None:
    bench.deploy(by_message())
    assert [len(bench.publish(PLACED, "").started) for _ in range(3)] == [1, 1, 1]


def test_an_instance_that_a_request_started_does_not_count_for_the_key(bench: Bench) -> None:
    diagram = Diagram("p").start("s", message(PLACED)).start("s2").user("u").end("e").chain("s", "u", "e")
    bench.start(diagram.chain("s2", "u"))
    assert len(bench.publish(PLACED, "o-1").started) == 1


def test_the_key_counts_whatever_the_name_of_the_message_and_the_version(bench: Bench) -> None:
    bench.deploy(by_message())
    bench.publish(PLACED, "o-1")
    both = Diagram("p").start("s", message(PLACED)).start("s2", message("two")).user("u").end("e")
    bench.deploy(both.chain("s", "u", "e").chain("s2", "u"))
    assert bench.publish("two", "o-1").started == []
    end(bench, bench.instances()[0])
    (_, second) = bench.instances()
    bench.run(second)
    assert [row.element_id for row in bench.history(second) if row.kind == "message"] == ["s2"]


def test_the_same_message_id_starts_one_instance_while_the_message_lives(bench: Bench) -> None:
    bench.deploy(by_message())
    first = bench.publish(PLACED, "", "m-1", ttl_s=60)
    again = bench.publish(PLACED, "", "m-1", ttl_s=60)
    assert (len(first.started), again.started, again.duplicate) == (1, [], True)
    bench.clock.advance(timedelta(seconds=61))
    assert len(bench.publish(PLACED, "", "m-1", ttl_s=60).started) == 1


def test_a_message_from_before_the_process_was_deployed_starts_nothing(bench: Bench) -> None:
    bench.publish(PLACED, "o-1", n=1)
    bench.clock.advance(timedelta(seconds=1))
    bench.deploy(by_message())
    assert bench.instances() == []
    (first,) = bench.publish(PLACED, "o-1", n=2).started
    end(bench, first)
    assert bench.instances() == [first], "nor does the end of another instance bring it back"


def test_a_message_that_waits_for_the_end_outlives_a_new_version_that_begins_with_it_too(bench: Bench) -> None:
    bench.deploy(by_message())
    (first,) = bench.publish(PLACED, "o-1").started
    bench.publish(PLACED, "o-1")
    bench.clock.advance(timedelta(seconds=1))
    bench.deploy(by_message().user("other"))
    end(bench, first)
    assert len(bench.instances()) == 2


def test_a_new_version_without_the_start_event_ends_its_subscription(bench: Bench) -> None:
    bench.deploy(by_message())
    (first,) = bench.publish(PLACED, "o-1").started
    bench.publish(PLACED, "o-1")
    bench.deploy(begun_by(message("another")))
    assert bench.publish(PLACED, "o-2").started == []
    end(bench, first)
    assert bench.instances() == [first]
    assert list(triggers(bench)) == ["p.s"]


def test_the_first_instance_stays_on_its_version_and_the_next_is_of_the_latest(bench: Bench) -> None:
    bench.deploy(by_message())
    (first,) = bench.publish(PLACED, "o-1").started
    bench.deploy(by_message().user("other"))
    (second,) = bench.publish(PLACED, "o-2").started
    with bench.database.reading() as connection:
        versions = {
            row.id: row.version for row in connection.execute(sa.text("SELECT id, version FROM process_instance"))
        }
    assert versions == {first: 1, second: 2}


def test_the_same_content_again_leaves_the_triggers_as_they_are(bench: Bench) -> None:
    bench.deploy(every("PT1H"))
    before = triggers(bench)
    bench.clock.advance(timedelta(minutes=10))
    bench.deploy(every("PT1H"))
    assert triggers(bench) == before


def test_a_time_is_evaluated_when_the_process_is_deployed(bench: Bench) -> None:
    bench.deploy(begun_by(timer('="R/PT" + string(1 + 1) + "H"', "timeCycle")))
    bench.clock.advance(timedelta(hours=2))
    assert len(bench.tick()) == 1


@pytest.mark.parametrize("trigger", [timer("=when", "timeDate"), timer('="R0/PT1S"', "timeCycle")])
def test_a_time_that_needs_variables_or_is_none_is_refused_with_its_place(bench: Bench, trigger: Trigger) -> None:
    with pytest.raises(DiagramRefused) as caught:
        bench.deploy(begun_by(trigger))
    assert [(finding.element_id, finding.code) for finding in caught.value.findings] == [("s", "bad_start_time")]
    assert bench.count(start_trigger) == 0


def test_a_process_that_only_events_start_is_not_started_by_a_request(bench: Bench) -> None:
    bench.deploy(by_message())
    with pytest.raises(StartedByEvents, match="no start event without a trigger") as caught:
        bench.start("p")
    assert (caught.value.status, caught.value.path) == (409, "$.processId")
    assert bench.instances() == []


# signals


def test_a_signal_starts_an_instance_of_each_process_that_begins_with_it(bench: Bench) -> None:
    bench.deploy(begun_by(signal("go"))), bench.deploy(begun_by(signal("go"), "q", outputs={"m": "=n"}))
    waiting = bench.start(Diagram("r").start("s").catch("w", signal("go")).end("e").chain("s", "w", "e"))
    bench.run(waiting)
    done = bench.broadcast("go", n=1)
    assert (done.recipients, done.started) == ([waiting], [*bench.instances("p"), *bench.instances("q")])
    for instance_id, variables in zip(done.started, ({"n": 1}, {"m": 1}), strict=True):
        bench.run(instance_id)
        assert bench.variables(instance_id) == variables
    assert len(bench.broadcast("go").started) == 2, "each broadcast starts another"


# timers


def test_a_date_starts_one_instance_when_it_has_come(bench: Bench) -> None:
    bench.deploy(begun_by(timer("2026-03-02T13:00:00Z", "timeDate")))
    assert bench.tick() == []
    bench.clock.advance(timedelta(hours=1))
    (instance_id,) = bench.tick()
    assert bench.wakeups.woken == [instance_id]
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    bench.clock.advance(timedelta(days=9))
    assert bench.tick() == []


def test_a_date_that_has_passed_starts_an_instance_at_once(bench: Bench) -> None:
    bench.deploy(begun_by(timer("2020-01-01T00:00:00Z", "timeDate")))
    assert [len(bench.tick()) for _ in range(2)] == [1, 0]


def test_a_cycle_starts_an_instance_each_time_until_its_repetitions_are_done(bench: Bench) -> None:
    bench.deploy(begun_by(timer("R3/PT10S", "timeCycle")))
    started = []
    for _ in range(5):
        bench.clock.advance(timedelta(seconds=10))
        started.append(len(bench.tick()))
    assert started == [1, 1, 1, 0, 0]
    assert triggers(bench)["p.s"].due_at is None


def test_a_cycle_with_a_start_begins_there(bench: Bench) -> None:
    bench.deploy(every("PT1H", "2026-03-02T12:30:00Z/"))
    started = []
    for _ in range(4):
        bench.clock.advance(timedelta(minutes=30))
        started.append(len(bench.tick()))
    assert started == [1, 0, 1, 0]


def test_after_a_downtime_what_was_missed_is_made_up_for_once_and_the_beat_is_kept(bench: Bench) -> None:
    bench.deploy(every("PT1H"))
    bench.clock.advance(timedelta(hours=7, minutes=20))
    bench.restart()
    assert [len(bench.tick()) for _ in range(2)] == [1, 0]
    bench.clock.advance(timedelta(minutes=39))
    assert bench.tick() == []
    bench.clock.advance(timedelta(minutes=1))
    assert len(bench.tick()) == 1


def test_a_new_version_replaces_the_timers_of_the_one_before(bench: Bench) -> None:
    bench.deploy(every("PT1H"))
    bench.clock.advance(timedelta(minutes=30))
    bench.deploy(every("PT2H"))
    bench.clock.advance(timedelta(minutes=90))
    assert bench.tick() == []
    bench.clock.advance(timedelta(minutes=30))
    assert len(bench.tick()) == 1
    bench.deploy(Diagram("p").start("s").end("e").chain("s", "e"))
    bench.clock.advance(timedelta(days=1))
    assert bench.tick() == []


def test_a_timer_whose_tick_is_rolled_back_is_still_due(bench: Bench) -> None:
    bench.deploy(every("PT1H"))
    bench.clock.advance(timedelta(hours=1))
    with pytest.raises(ZeroDivisionError), bench.database.transaction() as tx:
        assert len(bench.engine.start_due(tx)) == 1
        raise ZeroDivisionError
    bench.restart()
    assert bench.instances() == []
    assert len(bench.tick()) == 1


# at once


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    barrier = Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_processes_that_tick_at_once_start_each_due_instance_once(bench: Bench) -> None:
    for n in range(5):
        bench.deploy(begun_by(timer("R/PT10S", "timeCycle"), f"p{n}"))
    for round_ in range(1, 4):
        bench.clock.advance(timedelta(seconds=10))

        def tick(_: int) -> list[str]:
            engine = Engine(bench.registry, bench.clock, bench.wakeups)
            return commit(bench.database, lambda tx: engine.start_due(tx))

        started = [one for ones in at_once(4, tick) for one in ones]
        assert len(started) == len(set(started)) == 5
        assert [len(bench.instances(f"p{n}")) for n in range(5)] == [round_] * 5


def test_of_eight_messages_with_one_key_at_once_one_starts_an_instance(bench: Bench) -> None:
    bench.deploy(by_message()), bench.deploy(begun_by(message("two"), "q"))

    def send(number: int) -> Any:
        sent = MessageIn(PLACED, "o-1", {"n": number})
        return commit(bench.database, lambda tx: bench.engine.publish(tx, sent))

    published = at_once(8, send)
    assert sum(len(one.started) for one in published) == 1
    assert len(bench.instances()) == 1


def test_messages_of_two_names_with_one_key_at_once_start_one_instance(bench: Bench) -> None:
    both = Diagram("p").start("s", message("one")).start("s2", message("two")).user("u").end("e")
    bench.deploy(both.chain("s", "u", "e").chain("s2", "u"))

    def send(number: int) -> Any:
        sent = MessageIn("one" if number % 2 else "two", "o-1", {})
        return commit(bench.database, lambda tx: bench.engine.publish(tx, sent))

    assert sum(len(one.started) for one in at_once(6, send)) == 1


def test_a_message_that_crosses_the_end_of_the_open_instance_is_never_left_lying(bench: Bench) -> None:
    """Either it sees the end and starts one, or the end sees it; each message has an instance, one after another."""
    bench.deploy(by_message())
    bench.publish(PLACED, "o-1")
    for round_ in range(12):
        open_one = bench.instances()[-1]
        bench.run(open_one)
        task = bench.task(open_one)

        def meanwhile(number: int, task: str = task) -> Any:
            engine = Engine(bench.registry, bench.clock, bench.wakeups)
            if number:
                return commit(bench.database, lambda tx: engine.publish(tx, MessageIn(PLACED, "o-1", {})))
            return commit(bench.database, lambda tx: engine.complete_task(tx, task, {}, "ann"))

        bench.clock.advance(timedelta(seconds=1))
        at_once(2, meanwhile)
        assert len(bench.instances()) == round_ + 2
        assert bench.state(open_one) == "completed"
