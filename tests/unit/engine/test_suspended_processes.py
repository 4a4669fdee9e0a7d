"""A whole process stands still and goes on: what is open by a job, what begins meanwhile by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import Database
from app.core.errors import InvalidInput, NotFound
from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger
from app.engine import suspension, sweeps, watchdog
from app.engine.actions import Action
from app.engine.processes import Processes
from app.engine.starts import StartRequest
from app.engine.tables import process_instance
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.pushes import line
from tests.factories.triggers import message, timer

DOWN, UP = "the OLT is down", "the OLT is up"


@dataclass
class Switch:
    """Suspends and resumes processes; `worked` is what each item of the last job came to."""

    bench: Bench

    def __post_init__(self) -> None:
        self.processes = Processes(self.bench.engine)
        kinds = Kinds(self.processes.kinds())
        self.jobs = Jobs(kinds, self.bench.clock)
        self.runner = JobRunner(self.bench.database, kinds, self.bench.clock, get_logger("tests"))

    def order(self, name: str, process_id: str = "p", reason: str = DOWN) -> str | None:
        """The job that is to be done."""
        with self.bench.database.transaction() as tx:
            job_id: str | None = getattr(self.processes, name)(tx, self.jobs, process_id, "olga", reason)
            return job_id

    def work(self, job_id: str | None) -> list[Any]:
        """What came of each of its items."""
        if job_id is None:
            return []
        for _ in range(100):
            with self.bench.database.reading() as connection:
                if self.jobs.read(connection, job_id).state != "running":
                    return [item.outcome for item in self.jobs.list_items(connection, job_id)[0]]
            self.runner.tick(budget_s=60)
            self.bench.clock.advance(timedelta(seconds=1))
        raise AssertionError("the job does not end")

    def suspend(self, process_id: str = "p") -> list[Any]:
        return self.work(self.order("suspend", process_id))

    def resume(self, process_id: str = "p") -> list[Any]:
        return self.work(self.order("resume", process_id, UP))


@pytest.fixture
def switch(bench: Bench) -> Switch:
    return Switch(bench)


def due(bench: Bench) -> list[str]:
    with bench.database.reading() as connection:
        return list(sweeps.due_instances(connection, bench.clock.now()))


def waiting() -> Diagram:
    return line(Diagram("p").user("u"), "u")


def test_its_open_instances_stand_still_some_at_a_time_and_go_on_alike(
    bench: Bench, switch: Switch, monkeypatch: Any
) -> None:
    for ranges in (suspension.open_ranges, suspension.held_ranges):
        monkeypatch.setattr(ranges, "__defaults__", (2,))
    bench.deploy(line(Diagram("p").timer("t", "PT1H"), "t"))
    ids = [bench.start("p") for _ in range(5)]
    other = bench.start(line(Diagram("q").timer("t", "PT1H"), "t"))
    for instance_id in (*ids, other):
        bench.run(instance_id)
    assert switch.suspend() == [{"instances": 2}, {"instances": 2}, {"instances": 1}]
    assert [bench.state(each) for each in ids] == ["suspended"] * 5
    assert switch.suspend() == [], "a repeat finds nothing to do"
    assert bench.state(other) == "active"
    bench.clock.advance(timedelta(hours=2))
    assert due(bench) == [other]
    bench.wakeups.woken.clear()
    assert switch.resume() == [{"instances": 2}, {"instances": 2}, {"instances": 1}]
    assert sorted(bench.wakeups.woken) == sorted(ids)
    assert sorted(due(bench)) == sorted([*ids, other])
    for instance_id in ids:
        assert bench.run(instance_id).ended
        told = [(each["action"], each["with"], each["reason"]) for each in bench.actions(instance_id)]
        assert told == [("suspend", "process", DOWN), ("resume", "process", UP)]


def test_a_start_is_accepted_and_begins_on_resume(bench: Bench, switch: Switch) -> None:
    bench.deploy(line(Diagram("p").service("a", "t.name"), "a"))
    assert switch.order("suspend") is None, "nothing is open"
    instance_id = bench.start("p", n=1)
    assert (bench.state(instance_id), bench.advance(instance_id).claimed) == ("suspended", [])
    assert (due(bench), bench.standing(instance_id)) == ([], {})
    assert bench.actions(instance_id)[0]["reason"] == DOWN
    bench.clock.advance(timedelta(hours=1))
    with bench.database.reading() as connection:
        assert watchdog.find_stalled(connection, bench.clock.now()) == []
    assert switch.resume() == [{"instances": 1}]
    assert bench.run(instance_id).ended
    assert bench.variables(instance_id) == {"n": 1, "r": "a"}
    assert bench.state(bench.start("p")) == "active"


def test_what_a_time_starts_meanwhile_begins_on_resume(bench: Bench, switch: Switch) -> None:
    bench.deploy(Diagram("p").start("s", timer("R/PT1H", "timeCycle")).user("u").end("e").chain("s", "u", "e"))
    switch.suspend()
    bench.clock.advance(timedelta(hours=1))
    with bench.database.transaction() as tx:
        (instance_id,) = bench.engine.start_due(tx)
    assert bench.advance(instance_id).claimed == []
    assert bench.state(instance_id) == "suspended"
    switch.resume()
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}


def test_what_a_message_starts_meanwhile_begins_with_it_on_resume_unless_it_is_cancelled(
    bench: Bench, switch: Switch
) -> None:
    bench.deploy(Diagram("p").start("s", message("order")).user("u").end("e").chain("s", "u", "e"))
    switch.suspend()
    first, second = bench.publish("order", "1", n=1).started + bench.publish("order", "2", n=2).started
    bench.advance(first)
    assert [bench.state(each) for each in (first, second)] == ["suspended", "suspended"]
    bench.operate("cancel", second)
    assert bench.standing(second) == {}
    switch.resume()
    bench.run(first)
    assert (bench.standing(first), bench.variables(first)) == ({"u": "user_task"}, {"n": 1})


def test_what_was_suspended_by_itself_stays_so_and_what_was_resumed_by_itself_goes_on(
    bench: Bench, switch: Switch
) -> None:
    bench.deploy(waiting())
    alone, tried, followed = (bench.start("p") for _ in range(3))
    bench.operate("suspend", alone)
    switch.suspend()
    bench.operate("resume", tried, reason="to try it")
    assert [bench.state(each) for each in (alone, tried, followed)] == ["suspended", "active", "suspended"]
    assert switch.resume() == [{"instances": 1}]
    assert [bench.state(each) for each in (alone, tried, followed)] == ["suspended", "active", "active"]


@pytest.mark.parametrize(
    ("first", "then", "stays"), [("suspend", "resume", "active"), ("resume", "suspend", "suspended")]
)
def test_a_job_that_the_opposite_has_overtaken_does_nothing(
    bench: Bench, switch: Switch, first: str, then: str, stays: str
) -> None:
    bench.deploy(waiting())
    instance_id = bench.start("p")
    if first == "resume":
        switch.suspend()
    overtaken = switch.order(first)
    switch.order(then)
    (outcome,) = switch.work(overtaken)
    assert "meanwhile" in outcome["message"]
    assert bench.state(instance_id) == stays


def test_who_suspended_it_first_stays_recorded(bench: Bench, switch: Switch) -> None:
    bench.deploy(waiting())
    switch.suspend()
    switch.order("suspend", reason="again")
    assert bench.actions(bench.start("p"))[0]["reason"] == DOWN


def test_a_process_that_nobody_deployed_and_an_action_without_a_reason_are_refused(
    bench: Bench, switch: Switch
) -> None:
    bench.deploy(waiting())
    for name in ("suspend", "resume"):
        with pytest.raises(NotFound):
            switch.order(name, "nothing")
        with pytest.raises(InvalidInput, match="Say why"):
            switch.order(name, reason="  ")
    assert bench.state(bench.start("p")) == "active"


def test_a_start_that_is_under_way_is_not_missed(postgres_bench: Bench) -> None:
    """The mark waits for it (PostgreSQL; SQLite has one writer), so that the job knows of the instance."""
    bench, switch = postgres_bench, Switch(postgres_bench)
    bench.deploy(waiting())
    marking = Event()

    def mark() -> str | None:
        marking.set()
        return switch.order("suspend")

    with ThreadPoolExecutor(1) as pool:
        with bench.database.transaction() as tx:
            started = bench.engine.start(tx, StartRequest("p", {}))
            marked = pool.submit(mark)
            marking.wait(5)
            with pytest.raises(TimeoutError):
                marked.result(0.3)
        assert switch.work(marked.result(5)) == [{"instances": 1}]
    assert bench.state(started.instance_id) == "suspended"


def test_a_start_that_comes_while_its_process_is_being_suspended_begins_suspended(postgres_bench: Bench) -> None:
    bench = postgres_bench
    bench.deploy(waiting())
    with ThreadPoolExecutor(1) as pool:
        with bench.database.transaction() as tx:
            suspension.mark(tx, "p", Action("suspend", "olga", DOWN), bench.clock.now())
            starting = pool.submit(bench.start, "p")
            with pytest.raises(TimeoutError):
                starting.result(0.3)
        instance_id = starting.result(5)
    assert bench.state(instance_id) == "suspended"


def test_many_instances_are_suspended_by_few_statements(bench: Bench, switch: Switch) -> None:
    bench.deploy(line(Diagram("p").timer("t", "PT1H"), "t"))
    for _ in range(40):
        bench.run(bench.start("p"))
    with bench.database.transaction() as tx:
        suspension.mark(tx, "p", Action("suspend", "olga", DOWN), bench.clock.now())
        (some,) = suspension.open_ranges(tx, "p")
    counted = count_statements(bench.database)
    with bench.database.transaction() as tx:
        ids = suspension.suspend_range(tx, "p", some, Action("suspend", "olga", DOWN), bench.clock.now())
    assert len(ids or ()) == 40
    assert len(counted) <= 4
    with bench.database.reading() as connection:
        states = connection.execute(sa.select(process_instance.c.state).distinct()).scalars().all()
    assert states == ["suspended"]


def count_statements(database: Database) -> list[str]:
    seen: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *facts: seen.append(facts[2]))
    database.close()  # connections that are open already tell nobody
    return seen
