"""Incidents of one cause tried again together, each followed to what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.errors import Conflict, InvalidInput
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.retries import Foreman, Port, line
from tests.factories.steps import HANDLERS


@pytest.fixture
def port() -> Port:
    return Port()


@pytest.fixture
def foreman(database: Database, clock: FixedClock, port: Port) -> Foreman:
    bench = Bench(database, clock, [*HANDLERS, port.handler])
    bench.deploy(line())
    return Foreman(bench)


def outcomes(foreman: Foreman, job_id: str) -> list[tuple[str, Any]]:
    return [(item.state, (item.outcome or {}).get("outcome")) for item in foreman.items(job_id)]


def test_the_list_is_frozen_before_anybody_agrees_and_nothing_is_tried(foreman: Foreman) -> None:
    fallen = foreman.fallen(3)
    cause = foreman.cause()
    job_id = foreman.plan(cause=cause)
    foreman.fallen(2)
    foreman.tick(5)
    view = foreman.read(job_id)
    assert (view.state, view.total, view.process_id, view.title) == ("planned", 3, "p", "Retry port_taken at activate")
    assert view.parameters["cause"] == cause
    assert [foreman.bench.incidents(each)[0].id for each in fallen] == [item.target for item in foreman.items(job_id)]
    assert [call.attempt for call in foreman.bench.calls] == [1] * 5


def test_one_is_tried_first_then_the_others_and_each_says_to_where_it_passed(foreman: Foreman, port: Port) -> None:
    fallen = foreman.fallen(3)
    job_id = foreman.plan(cause=foreman.cause())
    foreman.start(job_id)
    foreman.tick(3, works=False)
    assert outcomes(foreman, job_id) == [("begun", None), ("pending", None), ("pending", None)]
    port.free |= {"1/1/0", "1/1/1", "1/1/2"}
    foreman.bench.run(fallen[0])
    foreman.tick(5)
    view = foreman.read(job_id)
    assert (view.state, view.done, view.begun) == ("completed", 3, 0)
    assert [item.outcome for item in foreman.items(job_id)] == [{"outcome": "passed", "to": "bill"}] * 3
    assert {foreman.bench.state(each) for each in fallen} == {"completed"}
    assert foreman.causes() == []


def test_a_first_that_fails_alike_stops_the_others(foreman: Foreman) -> None:
    foreman.fallen(3)
    job_id = foreman.plan(cause=foreman.cause())
    foreman.start(job_id)
    foreman.tick(10)
    view = foreman.read(job_id)
    assert (view.state, view.failed, view.pending) == ("stopped", 1, 2)
    assert view.changed_reason == "The first one failed as before."
    assert foreman.items(job_id)[0].outcome["message"] == "port_taken: port 1/1/0 serves another ONT"
    assert outcomes(foreman, job_id) == [("failed", "failed_alike"), ("pending", None), ("pending", None)]
    assert [call.attempt for call in foreman.bench.calls] == [1, 1, 1, 2]
    assert foreman.causes()[0].count == 3


def test_a_first_that_fails_otherwise_waits_for_somebody_to_look(foreman: Foreman, port: Port) -> None:
    foreman.fallen(3)
    job_id = foreman.plan(cause=foreman.cause())
    port.other["1/1/0"] = "no_light"
    foreman.start(job_id)
    foreman.tick(5)
    assert (foreman.read(job_id).state, outcomes(foreman, job_id)[0]) == ("paused", ("failed", "failed_differently"))
    port.free |= {"1/1/1", "1/1/2"}
    with foreman.bench.database.transaction() as tx:
        foreman.jobs.resume(tx, job_id, "olga", "the others are well")
    foreman.tick(5)
    assert [each[1] for each in outcomes(foreman, job_id)] == ["failed_differently", "passed", "passed"]


def test_so_many_failures_stop_the_rest(foreman: Foreman) -> None:
    foreman.fallen(8)
    job_id = foreman.plan(cause=foreman.cause(), one_first=False, stop_after_failures=2, rate_per_s=1)
    foreman.start(job_id)
    foreman.tick(20)
    view = foreman.read(job_id)
    assert view.state == "stopped"
    assert 2 <= view.failed <= 4
    assert view.pending >= 4


def test_one_that_somebody_has_settled_meanwhile_is_left_alone(foreman: Foreman, port: Port) -> None:
    first, second, third = foreman.fallen(3)
    job_id = foreman.plan(cause=foreman.cause())
    foreman.bench.act("skip", first, {"r": "by hand"})
    foreman.bench.operate("suspend", second)
    port.free |= {"1/1/2"}
    foreman.start(job_id)
    foreman.tick(5)
    items = foreman.items(job_id)
    assert [item.state for item in items] == ["skipped", "skipped", "done"]
    assert "Somebody has acted on it" in items[0].outcome["message"]
    assert "suspended" in items[1].outcome["message"]
    assert foreman.bench.standing(second) == {"activate": "incident"}
    assert foreman.bench.state(third) == "completed"


def test_one_whose_step_is_cancelled_while_it_is_tried_is_neither_passed_nor_failed(foreman: Foreman) -> None:
    first, _ = foreman.fallen(2)
    job_id = foreman.plan(cause=foreman.cause(), most=1)
    foreman.start(job_id)
    foreman.tick(2, works=False)
    foreman.bench.operate("cancel", first)
    foreman.tick(3)
    (item,) = foreman.items(job_id)
    assert (item.state, item.outcome) == ("skipped", {"message": "The step was cancelled meanwhile."})
    assert foreman.read(job_id).state == "completed"


def test_another_process_goes_on_where_one_was_killed_and_retries_nothing_twice(foreman: Foreman, port: Port) -> None:
    foreman.fallen(4)
    job_id = foreman.plan(cause=foreman.cause(), one_first=False, rate_per_s=1)
    foreman.start(job_id)
    port.free |= {f"1/1/{number}" for number in range(4)}
    foreman.tick(2)
    other = Foreman(foreman.bench)
    other.tick(8)
    assert other.read(job_id).done == 4
    assert sorted(call.attempt for call in foreman.bench.calls if call.element_id == "activate") == [1] * 4 + [2] * 4


def test_so_many_are_those_that_wait_longest(foreman: Foreman) -> None:
    fallen = foreman.fallen(4)
    job_id = foreman.plan(cause=foreman.cause(), most=2)
    targets = [item.target for item in foreman.items(job_id)]
    assert targets == [foreman.bench.incidents(each)[0].id for each in fallen[:2]]


def test_who_may_in_single_processes_plans_for_one_of_them(foreman: Foreman) -> None:
    shared, bench = line("shared"), foreman.bench
    bench.deploy(shared)
    for process_id in ("mine", "too", "theirs"):
        bench.deploy(calling(process_id))
        foreman.fallen(2, process_id)
    cause = next(each for each in foreman.causes() if each.count == 6).id
    with pytest.raises(InvalidInput, match="choose one of mine, too") as refused:
        foreman.plan(cause=cause, among={"mine", "too"})
    assert refused.value.path == "$.processId"
    view = foreman.read(foreman.plan(cause=cause, among={"mine", "too"}, process_id="too"))
    assert (view.total, view.process_id) == (2, "too")
    assert foreman.read(foreman.plan(cause=cause)).process_id is None
    with pytest.raises(Conflict):
        foreman.plan(cause=cause, among={"mine"}, process_id="theirs")


def calling(process_id: str) -> Diagram:
    return Diagram(process_id).start("s").end("e").call("c", "shared").chain("s", "c", "e")


def test_nothing_is_planned_where_nothing_is_open(foreman: Foreman) -> None:
    with pytest.raises(Conflict, match="Nothing of this cause waits"):
        foreman.plan(cause="none")
