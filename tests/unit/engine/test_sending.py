"""What flows send reaches others in the commit of the step that sends it, or not at all."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from app.engine import workers
from app.engine.doors import Engine
from app.engine.instances import StaleInstance
from app.engine.tables import arrival, message_delivery
from app.engine.tables import message as message_table
from app.web.commits import DEADLOCK, commit
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import Trigger, message, publish, signal


def sending(what: Trigger, process_id: str = "p") -> Diagram:
    """A user task, and an end event that sends."""
    diagram = Diagram(process_id).start("s").user("u").end("e", what, inputs={"n": "=7"})
    return diagram.chain("s", "u", "e")


def receiving(process_id: str = "q", key: str = "=order") -> Diagram:
    return Diagram(process_id).start("s").message("w", "ready", key).end("e").chain("s", "w", "e")


def sent(bench: Bench, instance_id: str) -> Any:
    (row,) = [row for row in bench.history(instance_id) if row.kind.endswith("_sent")]
    return row.detail


def ready(ttl: str | None = "PT1H", id: str | None = None) -> Trigger:
    return publish("ready", "=order", ttl=ttl, id=id)


def test_a_message_reaches_whoever_waits_for_it_in_the_same_commit(bench: Bench) -> None:
    waiting = bench.start(receiving(), order="o-1")
    bench.run(waiting)
    sender = bench.start(sending(ready()), order="o-1")
    bench.run(sender)
    bench.complete(sender)
    bench.restart()
    assert bench.state(sender) == "completed"
    assert waiting in bench.wakeups.woken
    assert bench.run(waiting).ended
    assert bench.variables(waiting) == {"order": "o-1", "n": 7}
    assert sent(bench, sender)["recipients"] == [waiting]


def test_a_message_that_nobody_waits_for_yet_is_kept_for_its_time_to_live(bench: Bench) -> None:
    for wait_s, found in ((3599, True), (3601, False)):
        sender = bench.start(sending(ready()), order="o-1")
        bench.run(sender)
        bench.complete(sender)
        bench.clock.advance(timedelta(seconds=wait_s))
        waiting = bench.start(receiving(), order="o-1")
        assert bench.run(waiting).ended is found


def test_without_a_time_to_live_it_is_for_those_who_wait_now(bench: Bench) -> None:
    sender = bench.start(sending(ready(ttl=None)), order="o-1")
    bench.run(sender)
    bench.complete(sender)
    waiting = bench.start(receiving(), order="o-1")
    bench.run(waiting)
    assert bench.standing(waiting) == {"w": "message"}
    assert bench.count(message_table) == 0


def test_a_message_starts_an_instance_in_the_same_commit(bench: Bench) -> None:
    bench.deploy(Diagram("q").start("s", message("ready")).user("u").end("e").chain("s", "u", "e"))
    sender = bench.start(sending(ready()), order="o-1")
    bench.run(sender)
    bench.complete(sender)
    bench.restart()
    (started,) = bench.instances("q")
    bench.run(started)
    assert bench.variables(started) == {"n": 7}
    assert sent(bench, sender)["started"] == [started]


def test_a_signal_starts_an_instance_in_the_same_commit(bench: Bench) -> None:
    bench.deploy(Diagram("q").start("s", signal("go")).user("u").end("e").chain("s", "u", "e"))
    sender = bench.start(sending(signal("go")))
    bench.run(sender)
    bench.complete(sender)
    (started,) = bench.instances("q")
    bench.run(started)
    assert bench.variables(started) == {"n": 7}


def test_an_instance_that_ends_with_the_message_that_starts_its_process_is_followed_by_the_next(bench: Bench) -> None:
    diagram = Diagram("p").start("s", message("ready"), outputs={"order": "=order"}).user("u")
    bench.deploy(diagram.end("e", ready(), inputs={"order": "=order"}).chain("s", "u", "e"))
    (first,) = bench.publish("ready", "o-1", order="o-1").started
    bench.run(first)
    bench.clock.advance(timedelta(seconds=1))
    bench.complete(first)
    (_, second) = bench.instances()
    bench.run(second)
    assert (bench.state(first), bench.standing(second)) == ("completed", {"u": "user_task"})


def test_a_message_of_ones_own_is_one_among_those_who_wait_for_it(bench: Bench) -> None:
    """Another instance of the process has waited longer, and one instance of a process has the message."""
    diagram = Diagram("p").start("s").parallel("f").parallel("j").message("w", "ready", "=order").end("e")
    diagram.user("u").throw("t", ready(), inputs={"n": "=7"}).chain("s", "f", "w", "j", "e").chain("f", "u", "t", "j")
    first = bench.start(diagram, order="o-1")
    bench.run(first)
    bench.clock.advance(timedelta(seconds=1))
    second = bench.start("p", order="o-1")
    bench.run(second)
    bench.complete(second)
    assert sent(bench, second)["recipients"] == [first]
    assert bench.standing(second) == {"w": "message", "j": "join"}
    bench.run(first)
    bench.complete(first)
    assert sent(bench, first)["recipients"] == [second]


def test_the_same_message_id_from_two_flows_is_one_message_while_it_lives(bench: Bench) -> None:
    diagram = sending(ready(id="=order"))
    senders = [bench.start(diagram, order="o-1"), bench.start("p", order="o-1")]
    for sender in senders:
        bench.run(sender)
        bench.complete(sender)
    assert "duplicate" not in sent(bench, senders[0])
    assert sent(bench, senders[1])["duplicate"] is True
    assert bench.count(message_table) == 1


def test_what_a_failed_commit_would_have_sent_is_sent_once_by_the_next(bench: Bench) -> None:
    waiting = bench.start(receiving(), order="o-1")
    bench.run(waiting)
    diagram = Diagram("p").start("s").service("a", "t.quiet").end("e", ready()).chain("s", "a", "e")
    sender = bench.start(diagram, order="o-1")
    (step,) = bench.advance(sender).claimed
    result = bench.call(step)
    with pytest.raises(ZeroDivisionError), bench.database.transaction() as tx:
        bench.engine.advance(tx, sender, "worker-1", [result])
        raise ZeroDivisionError
    bench.restart()
    assert (bench.count(message_table), bench.count(arrival)) == (0, 0)
    bench.advance(sender, [result])
    assert (bench.count(message_table), bench.count(arrival)) == (1, 1)


def test_a_stale_worker_sends_once(bench: Bench) -> None:
    """Another writer was first: nothing of the first turn is left when it is repeated in the same transaction."""
    diagram = Diagram("p").start("s").parallel("f").parallel("j").end("e").service("a", "t.quiet").user("u")
    diagram.throw("t", ready()).chain("s", "f", "a", "t", "j", "e").chain("f", "u", "j")
    sender = bench.start(diagram, order="o-1")
    (step,) = bench.advance(sender).claimed
    result = bench.call(step)
    bench.complete(sender)
    bench.advance(sender, [result])
    assert bench.state(sender) == "completed"
    assert (bench.count(message_table), len([r for r in bench.history(sender) if r.kind == "message_sent"])) == (1, 1)


ROUNDS = 15


def playing() -> Diagram:
    """Sends the ball to the other and waits for its own, over and over; `a` is between, for a worker to do."""
    diagram = Diagram("p").start("s").xor("m").service("a", "t.quiet").throw("t", publish("ball", "=other", ttl="PT1H"))
    diagram.message("w", "ball", "=me").script("inc", "=n + 1", "n").xor("x", default="out").end("e")
    diagram.chain("s", "m", "a", "t", "w", "inc", "x").flow("x", "m", f"=n < {ROUNDS}")
    return diagram.flow("x", "e", id="out")


def test_two_instances_that_message_each_other_on_two_threads_lose_and_repeat_nothing(bench: Bench) -> None:
    bench.deploy(playing())
    pair = [bench.start("p", me="1", other="2", n=0), bench.start("p", me="2", other="1", n=0)]
    barrier = Barrier(2)

    def work(owner: int) -> list[str]:
        """Advances both, as a worker that repeats what did not commit; the errors that it met."""
        engine, draw, met = Engine(bench.registry, bench.clock, bench.wakeups), random.Random(owner), []
        with bench.database.transaction() as tx:
            workers.enlist(tx, f"w{owner}", "host", owner, bench.clock.now(), 3600)
        barrier.wait()
        for _ in range(5000):
            instance_id = draw.choice(pair)
            results: list[Any] = []
            while True:
                try:
                    with bench.database.transaction(synced=False) as tx:
                        advanced = engine.advance(tx, instance_id, f"w{owner}", results)
                except (StaleInstance, sa.exc.OperationalError) as error:
                    engine.forget(instance_id)
                    met.append(getattr(getattr(error, "orig", None), "sqlstate", type(error).__name__))
                    continue
                results = [bench.call(step) for step in advanced.claimed]
                if not results:
                    break
            if all(bench.state(each) == "completed" for each in pair):
                return met
        raise AssertionError("they never ended")

    with ThreadPoolExecutor(2) as pool:
        met = [error for errors in pool.map(work, range(2)) for error in errors]
    assert set(met) <= {"StaleInstance", DEADLOCK}
    assert [bench.variables(each)["n"] for each in pair] == [ROUNDS, ROUNDS]
    assert bench.count(message_delivery) == bench.count(message_table) == 2 * ROUNDS
    assert len(bench.calls) == 2 * ROUNDS


def test_doors_that_wait_for_each_other_are_both_done(bench: Bench) -> None:
    """Each completes a task whose end sends to the other, in an order that no lock can foresee."""
    for round_ in range(2):
        order = f"o-{round_}"
        diagram = Diagram("p").start("s").parallel("f").parallel("j").message("w", "ball", "=me").end("e").user("u")
        diagram.throw("t", publish("ball", "=other", ttl="PT1H")).chain("s", "f", "w", "j", "e")
        bench.deploy(diagram.chain("f", "u", "t", "j"))
        pair = [
            bench.start("p", me=f"{order}.1", other=f"{order}.2"),
            bench.start("p", me=f"{order}.2", other=f"{order}.1"),
        ]
        for each in pair:
            bench.run(each)
        tasks, barrier = [bench.task(each) for each in pair], Barrier(2)

        def complete(number: int, tasks: list[str] = tasks, barrier: Barrier = barrier) -> None:
            engine = Engine(bench.registry, bench.clock, bench.wakeups)
            barrier.wait()
            commit(bench.database, lambda tx: engine.complete_task(tx, tasks[number], {}, "ann"))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(complete, range(2)))
        for each in pair:
            bench.run(each)
            assert bench.state(each) == "completed"
