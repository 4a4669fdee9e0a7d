"""Bulk work: frozen, paced, paused, stopped, and gone on with by whoever works next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database, Transaction
from app.core.errors import Conflict
from app.core.jobs import (
    Begun,
    Failed,
    Item,
    JobRefused,
    JobRunner,
    Jobs,
    Kinds,
    NewJob,
    NotYet,
    Passed,
    Skipped,
    UnknownJob,
    Worked,
)
from app.core.jobs.doors import PLAN_HOLDS
from app.core.jobs.progress import MOST_SETTLING
from app.core.jobs.runner import BUSY_S, MOST_TRIES
from app.core.jobs.tables import job, job_item
from app.core.log import get_logger
from app.core.states import IllegalMove

TOUCHED = sa.Table(
    "touched_by_test_jobs", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True), sa.Column("target", sa.Text)
)


class PortGone(Conflict):
    """A failure for tests."""


@dataclass
class Desk:
    """Everything that a process has to do with jobs; another one on the same database is another process."""

    database: Database
    clock: FixedClock
    seen: list[str] = field(default_factory=list)
    before: Callable[[Item], None] = lambda item: None

    def __post_init__(self) -> None:
        self.kinds = Kinds({"touch": lambda tx, item: self.touch(tx, item)})
        self.jobs = Jobs(self.kinds, self.clock)
        self.runner = JobRunner(self.database, self.kinds, self.clock, get_logger("tests"))

    def touch(self, tx: Transaction, item: Item) -> Worked:
        """Leaves a row for its target; what a target is called says what becomes of it."""
        self.seen.append(item.target)
        tx.connection.execute(sa.insert(TOUCHED).values(target=item.target))
        self.before(item)
        kind = item.target.partition("-")[0]
        if kind == "bad":
            raise PortGone(f"no port for {item.target}")
        if kind == "broken":
            raise ZeroDivisionError("a defect")
        if kind == "nothing":
            return Skipped("it is there already")
        if kind == "busy":
            return NotYet("Busy", "a handler runs")
        return Passed({"by": item.by, "reason": item.reason, **item.parameters})

    def create(self, *targets: str, **values: Any) -> str:
        new = NewJob("touch", "Touch them", {"how": "softly"}, targets, "olga", "because", **values)
        with self.database.transaction() as tx:
            return self.jobs.create(tx, new)

    def move(self, name: str, job_id: str, reason: str = "lunch") -> None:
        with self.database.transaction() as tx:
            getattr(self.jobs, name)(tx, job_id, "olga", reason)

    def read(self, job_id: str) -> Any:
        with self.database.reading() as connection:
            return self.jobs.read(connection, job_id)

    def items(self, job_id: str, **query: Any) -> list[Any]:
        with self.database.reading() as connection:
            return self.jobs.list_items(connection, job_id, **query)[0]

    def states(self, job_id: str) -> list[str]:
        return [item.state for item in self.items(job_id)]

    def touched(self) -> list[str]:
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(TOUCHED.c.target).order_by(TOUCHED.c.n)).scalars())

    def run(self, seconds: int = 60) -> None:
        """As the scheduler does it, a tick each second."""
        for _ in range(seconds):
            self.runner.tick(budget_s=5)
            self.clock.advance(timedelta(seconds=1))


@pytest.fixture
def desk(database: Database, clock: FixedClock) -> Desk:
    with database.transaction() as tx:
        TOUCHED.create(tx.connection)
    return Desk(database, clock)


def names(count: int, kind: str = "good") -> list[str]:
    return [f"{kind}-{n}" for n in range(count)]


def test_a_list_may_be_a_query_and_is_frozen_all_the_same(desk: Desk) -> None:
    with desk.database.transaction() as tx:
        tx.connection.execute(sa.insert(TOUCHED), [{"target": f"good-{n}"} for n in (3, 1, 2)])
        new = NewJob("touch", "Touch them", {}, sa.select(TOUCHED.c.target), "olga", "because", rate_per_s=100)
        job_id = desk.jobs.create(tx, new)
        tx.connection.execute(sa.insert(TOUCHED).values(target="good-0"))
    assert desk.read(job_id).total == 3
    desk.run(2)
    assert [(item.position, item.target, item.state) for item in desk.items(job_id)] == [
        (position, f"good-{position + 1}", "done") for position in range(3)
    ]
    none = replace(new, targets=sa.select(TOUCHED.c.target).where(TOUCHED.c.n < 0))
    with pytest.raises(Conflict, match="any more"), desk.database.transaction() as tx:
        desk.jobs.create(tx, none)


def test_every_item_is_done_once_in_order_and_has_its_outcome(desk: Desk) -> None:
    job_id = desk.create(*names(12))
    desk.run(3)
    view = desk.read(job_id)
    assert (view.state, view.total, view.done, view.pending) == ("completed", 12, 12, 0)
    assert view.ended_at is not None
    assert desk.touched() == names(12)
    first = desk.items(job_id)[0]
    assert (first.target, first.state, first.tries) == ("good-0", "done", 1)
    assert first.outcome == {"by": "olga", "reason": "because", "how": "softly"}


def test_a_failed_item_leaves_its_code_and_nothing_else(desk: Desk) -> None:
    job_id = desk.create("good-0", "bad-1", "broken-2", "nothing-3", "good-4")
    desk.run(2)
    assert desk.touched() == ["good-0", "nothing-3", "good-4"]
    assert desk.states(job_id) == ["done", "failed", "failed", "skipped", "done"]
    (bad, broken) = desk.items(job_id, state="failed")
    assert bad.outcome == {"code": "PortGone", "message": "no port for bad-1"}
    assert broken.outcome == {"code": "ZeroDivisionError", "message": "a defect"}
    view = desk.read(job_id)
    assert (view.state, view.done, view.failed, view.skipped) == ("completed", 2, 2, 1)


@pytest.mark.parametrize(("rate", "per_second"), [(5, [1, 5, 5, 5]), (0.5, [1, 0, 1, 0]), (1000, [1, 19, 0, 0])])
def test_a_job_keeps_to_its_rate(desk: Desk, rate: float, per_second: list[int]) -> None:
    desk.create(*names(20), rate_per_s=rate)
    found = []
    for _ in per_second:
        found.append(desk.runner.tick(budget_s=5))
        desk.clock.advance(timedelta(seconds=1))
    assert found == per_second


def test_a_job_that_nobody_worked_at_for_an_hour_does_not_make_up_for_it(desk: Desk) -> None:
    """It catches up with what a second allows."""
    desk.create(*names(50), rate_per_s=5)
    desk.clock.advance(timedelta(hours=1))
    assert desk.runner.tick(budget_s=5) == 6


def test_a_paused_job_begins_nothing_until_it_is_resumed(desk: Desk) -> None:
    job_id = desk.create(*names(12), rate_per_s=4)
    desk.run(1)
    desk.move("pause", job_id)
    so_far = desk.touched()
    desk.run(5)
    assert desk.touched() == so_far
    paused = desk.read(job_id)
    assert (paused.state, paused.changed_by, paused.changed_reason) == ("paused", "olga", "lunch")
    desk.move("resume", job_id)
    desk.run(5)
    assert desk.read(job_id).state == "completed"
    assert desk.touched() == names(12)


def test_a_stopped_job_leaves_what_is_pending_for_good(desk: Desk) -> None:
    job_id = desk.create(*names(12), rate_per_s=4)
    desk.run(2)
    desk.move("stop", job_id)
    desk.run(5)
    view = desk.read(job_id)
    assert (view.state, view.done, view.pending) == ("stopped", 5, 7)
    assert view.ended_at is not None


def test_a_job_stops_itself_at_so_many_failures(desk: Desk) -> None:
    job_id = desk.create("bad-0", "good-1", "bad-2", "good-3", "bad-4", stop_after_failures=2)
    desk.run(3)
    view = desk.read(job_id)
    assert (view.state, view.failed, view.done, view.pending) == ("stopped", 2, 1, 2)
    assert (view.changed_by, view.changed_reason) == (None, "2 failures")
    assert desk.seen == ["bad-0", "good-1", "bad-2"]


def test_a_busy_target_is_tried_again_after_the_others(desk: Desk) -> None:
    job_id = desk.create("busy-0", "good-1", rate_per_s=1)
    desk.run(2)
    (waiting, _) = desk.items(job_id)
    assert (waiting.state, waiting.tries, waiting.outcome) == (
        "pending",
        1,
        {"code": "Busy", "message": "a handler runs"},
    )
    assert desk.read(job_id).pending == 1
    desk.run(BUSY_S - 2)
    assert desk.items(job_id)[0].tries == 1
    desk.run(1)
    assert desk.items(job_id)[0].tries == 2


def test_a_target_that_is_always_busy_fails_in_the_end(desk: Desk) -> None:
    job_id = desk.create("busy-0")
    desk.run(MOST_TRIES * BUSY_S)
    (item,) = desk.items(job_id)
    assert (item.state, item.tries, item.outcome["code"]) == ("failed", MOST_TRIES, "Busy")
    assert desk.read(job_id).state == "completed"


def test_a_process_that_is_killed_half_way_leaves_the_rest_to_the_next(desk: Desk) -> None:
    """Killed with a target's rows written and its outcome not: nothing of it is stored."""
    job_id = desk.create(*names(30), rate_per_s=1000)

    def die(item: Item) -> None:
        if item.target == "good-17":
            raise KeyboardInterrupt

    desk.before = die
    with pytest.raises(KeyboardInterrupt):
        desk.run(2)
    assert desk.touched() == names(17)
    other = Desk(desk.database, desk.clock)
    other.run(2)
    assert desk.touched() == names(30)
    assert desk.read(job_id).state == "completed"


def test_processes_that_tick_at_once_do_nothing_twice(desk: Desk) -> None:
    jobs = [desk.create(*(f"good-{each}-{n}" for n in range(30)), rate_per_s=1000) for each in range(3)]
    desk.clock.advance(timedelta(seconds=1))
    desks = [Desk(desk.database, desk.clock) for _ in range(4)]

    def work(one: Desk) -> None:
        for _ in range(200):
            one.runner.tick(budget_s=0.2)

    threads = [threading.Thread(target=work, args=[one]) for one in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [desk.read(job_id).state for job_id in jobs] == ["completed"] * 3
    assert len(desk.touched()) == len(set(desk.touched())) == 90
    assert [desk.read(job_id).done for job_id in jobs] == [30, 30, 30]


def test_jobs_take_turns(desk: Desk) -> None:
    for each in ("a", "b"):
        desk.create(*(f"good-{each}-{n}" for n in range(3)), rate_per_s=100)
    desk.run(2)
    assert [target.split("-")[1] for target in desk.touched()] in (list("ababab"), list("bababa"))


def test_a_job_of_a_kind_that_this_process_does_not_know_is_left_to_others(desk: Desk) -> None:
    job_id = desk.create("good-0")
    with desk.database.transaction() as tx:
        tx.connection.execute(sa.update(job).values(kind="from the future"))
    desk.run(1)
    assert desk.read(job_id).pending == 1


def test_a_database_that_fails_is_no_failure_of_the_item(desk: Desk) -> None:
    job_id = desk.create("good-0")

    def fail(item: Item) -> None:
        raise sa.exc.OperationalError("select", {}, Exception("gone"))

    desk.before = fail
    with pytest.raises(sa.exc.OperationalError):
        desk.run(1)
    assert desk.states(job_id) == ["pending"]


GOOD = NewJob("touch", "Touch them", {}, ["a"], "olga", "because")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "tuch"},
        {"reason": "  "},
        {"targets": []},
        {"targets": ["a", "b", "a"]},
        {"rate_per_s": 0.0},
        {"rate_per_s": float("nan")},
        {"rate_per_s": float("inf")},
        {"stop_after_failures": 0},
    ],
)
def test_a_job_that_makes_no_sense_is_not_created(desk: Desk, wrong: dict[str, Any]) -> None:
    with pytest.raises(JobRefused), desk.database.transaction() as tx:
        desk.jobs.create(tx, replace(GOOD, **wrong))
    with desk.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(job_item)).scalar_one() == 0


def in_state(desk: Desk, state: str) -> str:
    job_id = desk.create("good-0", "good-1", rate_per_s=0.001)
    if state == "completed":
        with desk.database.transaction() as tx:
            tx.connection.execute(sa.update(job).values(rate_per_s=1000.0))
        desk.run(2)
    elif state != "running":
        desk.move({"paused": "pause", "stopped": "stop"}[state], job_id)
    assert desk.read(job_id).state == state
    return job_id


@pytest.mark.parametrize("state", ["running", "paused", "stopped", "completed"])
@pytest.mark.parametrize(("door", "after"), [("pause", "paused"), ("resume", "running"), ("stop", "stopped")])
def test_the_doors_move_a_job_only_along_the_table(desk: Desk, state: str, door: str, after: str) -> None:
    job_id = in_state(desk, state)
    allowed = {"running paused", "running stopped", "paused running", "paused stopped"}
    if f"{state} {after}" in allowed:
        desk.move(door, job_id)
        assert desk.read(job_id).state == after
    else:
        with pytest.raises(IllegalMove):
            desk.move(door, job_id)
        assert desk.read(job_id).state == state


def test_a_door_needs_a_reason_and_a_job(desk: Desk) -> None:
    job_id = desk.create("good-0")
    with pytest.raises(JobRefused, match="Say why"):
        desk.move("pause", job_id, reason=" ")
    with pytest.raises(UnknownJob):
        desk.move("pause", "gone")
    with pytest.raises(UnknownJob):
        desk.items("gone")


def test_lists_begin_with_the_youngest_and_filter(desk: Desk) -> None:
    first, second, third = (desk.create("good-0") for _ in range(3))
    desk.move("stop", second)
    with desk.database.reading() as connection:
        views, total = desk.jobs.list_jobs(connection, limit=2)
        assert ([view.id for view in views], total) == ([third, second], 3)
        assert [view.id for view in desk.jobs.list_jobs(connection, state="running")[0]] == [third, first]
        assert desk.jobs.list_jobs(connection, kind="other") == ([], 0)


def slow(desk: Desk, outcomes: dict[str, Worked]) -> None:
    """From now on items are begun, and what comes of each is what `outcomes` says once it says so."""

    def begin(tx: Transaction, item: Item) -> Worked:
        if item.begun_at is None:
            desk.seen.append(item.target)
            return Begun()
        return outcomes.get(item.target, Begun())

    desk.touch = begin


FAILED_ALIKE = Failed("failed_alike", "the port is taken", {"outcome": "failed_alike"})
FAILED_OTHERWISE = Failed("failed_differently", "the OLT is silent", {"outcome": "failed_differently"}, differs=True)


def test_what_is_under_way_is_not_done_before_it_is_known_what_came_of_it(desk: Desk) -> None:
    outcomes: dict[str, Worked] = {}
    slow(desk, outcomes)
    job_id = desk.create("a", "b", "c")
    desk.run(150)
    view = desk.read(job_id)
    assert (view.state, view.begun, view.pending, view.done) == ("running", 3, 0, 0)
    assert desk.states(job_id) == ["begun"] * 3
    assert desk.seen == ["a", "b", "c"], "each is begun once"
    outcomes |= {"a": Passed({"to": "b"}), "b": FAILED_ALIKE, "c": Skipped("it was cancelled")}
    desk.run(60)
    view = desk.read(job_id)
    assert (view.state, view.begun, view.done, view.failed, view.skipped) == ("completed", 0, 1, 1, 1)
    assert desk.states(job_id) == ["done", "failed", "skipped"]
    failed = desk.items(job_id)[1].outcome
    assert failed == {"outcome": "failed_alike", "code": "failed_alike", "message": "the port is taken"}


@pytest.mark.parametrize("door", ["pause", "stop"])
def test_what_is_under_way_is_followed_to_its_end_whatever_becomes_of_the_job(desk: Desk, door: str) -> None:
    outcomes: dict[str, Worked] = {}
    slow(desk, outcomes)
    job_id = desk.create("a", "b", rate_per_s=0.5)
    desk.run(1)
    desk.move(door, job_id)
    outcomes |= {"a": Passed()}
    desk.run(5)
    view = desk.read(job_id)
    assert (view.done, view.begun, view.pending, desk.seen) == (1, 0, 1, ["a"])
    assert view.state == ("paused" if door == "pause" else "stopped")


def test_failures_that_are_known_late_stop_the_rest(desk: Desk) -> None:
    outcomes: dict[str, Worked] = dict.fromkeys(names(200), FAILED_ALIKE)
    slow(desk, outcomes)
    job_id = desk.create(*names(200), rate_per_s=1000, stop_after_failures=3)
    desk.run(30)
    view = desk.read(job_id)
    assert view.state == "stopped"
    assert view.begun == 0
    assert len(desk.seen) <= MOST_SETTLING + 3
    assert view.failed == len(desk.seen)


def test_one_that_takes_long_keeps_the_others_waiting_no_longer_than_a_minute(desk: Desk) -> None:
    slow(desk, {})
    desk.create(*names(MOST_SETTLING + 10), rate_per_s=1000)
    desk.run(30)
    assert len(desk.seen) == MOST_SETTLING
    desk.run(40)
    assert len(desk.seen) == MOST_SETTLING + 10


def test_one_is_tried_first_and_the_others_follow_when_it_has_passed(desk: Desk) -> None:
    outcomes: dict[str, Worked] = {}
    slow(desk, outcomes)
    job_id = desk.create(*names(4), one_first=True)
    desk.run(60)
    assert desk.seen == ["good-0"]
    assert desk.read(job_id).one_first
    outcomes |= dict.fromkeys(names(4), Passed())
    desk.run(20)
    view = desk.read(job_id)
    assert (view.state, view.done, view.one_first) == ("completed", 4, False)


def test_one_that_fails_as_before_stops_the_others_and_says_so(desk: Desk) -> None:
    slow(desk, {"good-0": FAILED_ALIKE})
    job_id = desk.create(*names(4), one_first=True)
    desk.run(20)
    view = desk.read(job_id)
    assert (view.state, view.failed, view.pending, desk.seen) == ("stopped", 1, 3, ["good-0"])
    assert (view.changed_by, view.changed_reason) == (None, "The first one failed as before.")


def test_one_that_fails_otherwise_pauses_the_others_for_somebody_to_look_at(desk: Desk) -> None:
    outcomes: dict[str, Worked] = {"good-0": FAILED_OTHERWISE}
    slow(desk, outcomes)
    job_id = desk.create(*names(3), one_first=True)
    desk.run(20)
    view = desk.read(job_id)
    assert (view.state, view.pending, view.ended_at) == ("paused", 2, None)
    assert view.changed_reason == "The first one failed otherwise than before."
    outcomes |= dict.fromkeys(names(3), Passed())
    desk.move("resume", job_id)
    desk.run(10)
    assert (desk.read(job_id).state, desk.read(job_id).done) == ("completed", 2)


def test_where_there_was_nothing_to_do_to_the_first_the_next_is_tried(desk: Desk) -> None:
    job_id = desk.create("nothing-0", "bad-1", "good-2", one_first=True)
    desk.run(5)
    view = desk.read(job_id)
    assert (view.state, view.skipped, view.failed, view.pending) == ("paused", 1, 1, 1)


def test_what_is_planned_is_frozen_and_does_nothing_until_it_is_started(desk: Desk) -> None:
    job_id = desk.create(*names(3), planned=True)
    desk.run(10)
    assert (desk.read(job_id).state, desk.touched()) == ("planned", [])
    with pytest.raises(Conflict, match="only planned"):
        desk.move("resume", job_id)
    with desk.database.transaction() as tx:
        desk.jobs.start(tx, job_id, "ann")
    desk.run(2)
    view = desk.read(job_id)
    assert (view.state, view.by, desk.touched()) == ("completed", "ann", names(3))
    with pytest.raises(IllegalMove), desk.database.transaction() as tx:
        desk.jobs.start(tx, job_id, "ann")


def test_a_plan_is_started_once(desk: Desk) -> None:
    job_id = desk.create(*names(3), planned=True)
    with desk.database.transaction() as tx:
        desk.jobs.start(tx, job_id, "ann")
    desk.move("pause", job_id)
    with pytest.raises(Conflict, match="started already"), desk.database.transaction() as tx:
        desk.jobs.start(tx, job_id, "ann")


def test_an_old_plan_is_not_started_and_goes_with_the_next(desk: Desk) -> None:
    job_id = desk.create(*names(3), planned=True)
    desk.clock.advance(PLAN_HOLDS)
    with pytest.raises(Conflict, match="over an hour old"), desk.database.transaction() as tx:
        desk.jobs.start(tx, job_id, "ann")
    desk.create("good-9", planned=True)
    with pytest.raises(UnknownJob):
        desk.read(job_id)


def test_a_discarded_plan_is_stopped(desk: Desk) -> None:
    job_id = desk.create(*names(3), planned=True)
    desk.move("stop", job_id)
    desk.run(3)
    assert (desk.read(job_id).state, desk.touched()) == ("stopped", [])


def test_a_list_can_be_that_of_single_processes(desk: Desk) -> None:
    for process_id in ("p", "q"):
        with desk.database.transaction() as tx:
            desk.jobs.create(tx, replace(GOOD, parameters={"process_id": process_id}))
    desk.create("good-0")
    with desk.database.reading() as connection:
        views, total = desk.jobs.list_jobs(connection, among={"q"})
        assert ([view.process_id for view in views], total) == (["q"], 1)
        assert desk.jobs.list_jobs(connection)[1] == 3
