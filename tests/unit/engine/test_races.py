"""What comes between: other processes, API actions and messages, while handlers of the same instance run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from app.core.db import Database
from app.engine import workers
from app.engine.doors import Engine
from app.engine.messages import MessageIn
from app.engine.starts import StartRequest
from app.engine.steps import StepResult
from app.engine.tables import message, process_instance
from app.handling.contract import Done, Waiting
from app.web.commits import commit
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import signal


def beside(element_id: str, diagram: Diagram, after: str | None = None) -> Diagram:
    """`element_id`, then perhaps a step `after`, on one branch; the step `long` on the other."""
    diagram.start("s").end("e").parallel("f").parallel("j").service("long", "t.quiet").chain("s", "f", "long", "j", "e")
    if after is None:
        return diagram.chain("f", element_id, "j")
    return diagram.service(after, "t.quiet").chain("f", element_id, after, "j")


def test_a_completed_user_task_goes_on_while_a_handler_of_the_instance_runs(bench: Bench) -> None:
    instance_id = bench.start(beside("u", Diagram("p").user("u"), after="next"))
    assert [step.element_id for step in bench.advance(instance_id).claimed] == ["long"]
    bench.complete(instance_id)
    assert [step.element_id for step in bench.advance(instance_id).claimed] == ["next"]


def test_a_message_is_delivered_while_a_handler_of_the_instance_runs(bench: Bench) -> None:
    instance_id = bench.start(beside("w", Diagram("p").message("w", "ready", '="1"'), after="next"))
    bench.advance(instance_id)
    bench.publish("ready", "1")
    assert [step.element_id for step in bench.advance(instance_id).claimed] == ["next"]


def test_a_retried_step_is_claimed_while_a_handler_of_the_instance_runs(bench: Bench) -> None:
    instance_id = bench.start(beside("a", Diagram("p").service("a", "t.refuse")))
    steps = {step.element_id: step for step in bench.advance(instance_id).claimed}
    bench.advance(instance_id, [bench.call(steps["a"])])
    bench.act("retry", instance_id)
    assert [(step.element_id, step.attempt) for step in bench.advance(instance_id).claimed] == [("a", 2)]
    assert bench.advance(instance_id).claimed == [], "claimed once"


def test_a_message_taken_by_a_stale_process_is_taken_again_after_it_has_loaded_anew(bench: Bench) -> None:
    diagram = beside("u", Diagram("p").user("u").service("a", "t.quiet").message("w", "ready", '="1"'))
    instance_id = bench.start(diagram.chain("f", "a", "w", "j"))
    bench.publish("ready", "1", port=7)
    steps = {step.element_id: step for step in bench.advance(instance_id).claimed}
    bench.complete(instance_id)  # another writer: what the worker remembers is stale now
    bench.advance(instance_id, [bench.call(steps["a"])])
    assert bench.standing(instance_id) == {"long": "claim", "j": "join"}
    assert bench.variables(instance_id) == {"port": 7}


def test_a_call_back_that_comes_before_its_wait_is_recorded_is_taken_at_once(bench: Bench) -> None:
    instance_id = bench.start(beside("a", Diagram("p").service("a", "t.call_back")))
    steps = {step.element_id: step for step in bench.advance(instance_id).claimed}
    bench.publish("accepted", "77", port=7)
    bench.advance(instance_id, [StepResult(steps["a"].number, 1, Waiting("accepted", "77"))])
    assert bench.standing(instance_id) == {"long": "claim", "j": "join"}
    assert bench.variables(instance_id) == {"port": 7}


def test_a_message_whose_recipient_is_interrupted_before_it_looks_goes_to_the_next_while_its_handler_runs(
    bench: Bench,
) -> None:
    inner = Diagram("inner").start("s2").message("w", "ready", '="1"').end("e2").chain("s2", "w", "e2")
    diagram = beside("sub", Diagram("p").sub("sub", inner).boundary("b", "sub", signal("=halt")), after="next")
    first = bench.start(diagram.end("e3").chain("b", "e3"), halt="the first")
    bench.advance(first)
    bench.clock.advance(timedelta(seconds=1))
    second = bench.start("p", halt="the second")
    bench.advance(second)
    bench.broadcast("the first")
    assert bench.publish("ready", "1").recipients == [first]
    assert bench.advance(second).claimed == []
    bench.advance(first)
    assert bench.wakeups.woken[-1] == second
    assert [step.element_id for step in bench.advance(second).claimed] == ["next"]
    assert [row.kind for row in bench.history(first) if row.kind.startswith("late")] == ["late_message"]


def test_claims_of_a_dead_worker_are_taken_over_beside_ones_own(bench: Bench) -> None:
    instance_id = bench.start(beside("u", Diagram("p").user("u"), after="next"))
    with bench.database.transaction() as tx:
        workers.enlist(tx, "dead", "host", 1, bench.clock.now(), 30)
        workers.enlist(tx, "alive", "host", 2, bench.clock.now(), 3600)
    bench.advance(instance_id, owner="dead")
    bench.complete(instance_id)
    bench.restart()
    assert [step.element_id for step in bench.advance(instance_id, owner="alive").claimed] == ["next"]
    bench.clock.advance(timedelta(seconds=31))
    assert [step.element_id for step in bench.advance(instance_id, owner="alive").claimed] == ["long"]


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run on that many threads that begin together; errors are results."""
    barrier = Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_eight_starts_under_one_key_at_once_are_one_instance(bench: Bench) -> None:
    bench.deploy(Diagram("p").start("s").end("e").chain("s", "e"))

    def start(_: int) -> Any:
        with bench.database.transaction() as tx:
            return bench.engine.start(tx, StartRequest("p", {"n": 1}, idempotency_key="k"))

    started = at_once(8, start)
    assert len({one.instance_id for one in started}) == 1
    assert [one.created for one in started].count(True) == 1
    assert bench.count(process_instance) == 1


@pytest.mark.parametrize(("keys", "messages"), [("one key", 1), ("a key each", 8)])
def test_of_eight_senders_of_one_message_id_at_once_one_sends_with_each_key(
    bench: Bench, keys: str, messages: int
) -> None:
    def send(number: int) -> Any:
        sent = MessageIn("ready", "1" if keys == "one key" else str(number), {}, "m-1")
        return commit(bench.database, lambda tx: bench.engine.publish(tx, sent))

    published = at_once(8, send)
    assert [one.duplicate for one in published].count(False) == messages
    assert bench.count(message) == messages


def test_two_processes_that_advance_one_instance_at_once_lose_and_repeat_nothing(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f").chain("j", "e")
    for n in range(6):
        diagram.service(f"a{n}", "t.name", outputs={f"r{n}": "=r"}).service(f"b{n}", "t.quiet")
        diagram.chain("f", f"a{n}", f"b{n}", "j")
    instance_id = bench.start(diagram)
    claimed: list[Any] = []

    def work(owner: int) -> None:
        with bench.database.transaction() as tx:
            workers.enlist(tx, f"w{owner}", "host", owner, bench.clock.now(), 3600)
        engine, results = Engine(bench.registry, bench.clock, bench.wakeups), []
        for _ in range(5000):
            ended, results = advance(bench.database, engine, instance_id, f"w{owner}", results, claimed, bench)
            if ended:
                return
        raise AssertionError("it never ended")

    assert at_once(2, work) == [None, None]
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {f"r{n}": f"a{n}" for n in range(6)}
    assert len({step.key for step in claimed}) == len(claimed) == 12


def advance(
    database: Database, engine: Engine, instance_id: str, owner: str, results: Any, claimed: list[Any], bench: Bench
) -> tuple[bool, list[StepResult]]:
    """As a worker does it: whether the instance ended, and the results to give next."""
    try:
        with database.transaction(synced=False) as tx:
            advanced = engine.advance(tx, instance_id, owner, results[:1])
    except Exception:
        engine.forget(instance_id)
        return False, results
    claimed += advanced.claimed
    return advanced.ended, [*results[1:], *map(bench.call, advanced.claimed)]


def test_an_operator_or_a_user_who_acts_while_workers_commit_is_not_sent_away(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f").chain("j", "e")
    for n in range(8):
        diagram.user(f"u{n}").chain("f", f"u{n}", "j")
    instance_id = bench.start(diagram)
    bench.advance(instance_id)
    tasks = [f"{instance_id}:{token.number}" for token in bench.tokens(instance_id)]

    def complete(number: int) -> None:
        found = {f"r{number}": number}
        commit(bench.database, lambda tx: bench.engine.complete_task(tx, tasks[number], found, "ann"))

    assert at_once(8, complete) == [None] * 8
    assert bench.state(instance_id) == "completed"
    assert bench.variables(instance_id) == {f"r{n}": n for n in range(8)}


def test_a_result_for_a_step_that_was_cancelled_inside_a_sub_process_is_late(bench: Bench) -> None:
    inner = Diagram("inner").start("s2").parallel("f2").service("i1", "t.quiet").service("i2", "t.refuse").end("e2")
    inner.chain("s2", "f2", "i1", "e2").chain("f2", "i2", "e2")
    diagram = Diagram("p").sub("sub", inner).boundary_error("err", "sub").user("u").end("e3")
    instance_id = bench.start(diagram.start("s").end("e").chain("s", "sub", "e").chain("err", "u", "e3"))
    steps = {step.element_id: step for step in bench.advance(instance_id).claimed}
    bench.advance(instance_id, [bench.call(steps["i2"])])
    assert bench.standing(instance_id) == {"u": "user_task"}
    bench.advance(instance_id, [StepResult(steps["i1"].number, 1, Done(late=True))])
    assert "late_result" in [row.kind for row in bench.history(instance_id)]
    assert "late" not in bench.variables(instance_id)
