"""A wave of orders: what is urgent passes it, on either way of dispatching."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.dispatch.worker import Worker
from app.engine.messages import MessageIn
from app.engine.starts import StartRequest
from app.handling import Done, Work, handles
from tests.factories.diagrams import Diagram
from tests.factories.sites import Held, Site, line
from tests.unit.dispatch.waiting import until

HANDS = 2
BACKLOG = 250
URGENT = 10
PATIENCE_S = 60


class Log:
    """Steps in the order in which they were begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []

        @handles("t.log")
        def log(work: Work) -> Done:
            self.begun.append(work.instance_id)
            return Done()

        self.handler = log


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def held() -> Held:
    return Held(timeout_s=120)


@pytest.fixture
def site(database: Database, clock: FixedClock, log: Log, held: Held) -> Iterator[Site]:
    """With few hands."""
    site = Site(database, clock, [log.handler, held.handler], threads=HANDS)
    site.dispatch.start()
    site.deploy(line("a", diagram=Diagram("busy").service("a", "t.held")))
    site.deploy(line("a", "b", diagram=Diagram("p").service("a", "t.log").service("b", "t.log")))
    yield site
    held.open.set()
    site.end()


def start(site: Site, process_id: str = "p", priority: int = 2, count: int = 1, **variables: Any) -> list[str]:
    with site.database.transaction() as tx:
        request = StartRequest(process_id, variables, priority=priority)
        return [site.engine.start(tx, request).instance_id for _ in range(count)]


def keep_busy(site: Site, held: Held) -> None:
    """All hands, until `held` is let go."""
    for _ in range(HANDS):
        start(site, "busy")
        held.wait_begun()


def first_of(log: Log, count: int) -> list[str]:
    """The instances whose steps were begun first."""
    return list(dict.fromkeys(log.begun))[:count]


def finish(site: Site, held: Held, *waves: list[str]) -> None:
    held.open.set()
    left = [each for wave in waves for each in wave]

    def all_are_completed() -> bool:
        while left and site.is_completed(left[-1]):
            left.pop()
        return not left

    until(all_are_completed, PATIENCE_S)


def test_urgent_orders_that_come_last_pass_a_wave(site: Site, held: Held, log: Log) -> None:
    keep_busy(site, held)
    wave = start(site, count=BACKLOG)
    urgent = start(site, priority=0, count=URGENT)
    finish(site, held, urgent, wave)
    last_of_urgent = max(place for place, each in enumerate(log.begun) if each in urgent)
    assert last_of_urgent < BACKLOG // 4, "of twice as many steps as there are orders; their second steps are urgent too"


def test_the_lowest_wait_for_all_others(site: Site, held: Held, log: Log) -> None:
    keep_busy(site, held)
    lowest = start(site, priority=4, count=3)
    wave = start(site, count=30)
    finish(site, held, wave, lowest)
    assert set(list(dict.fromkeys(log.begun))[-10:]) >= set(lowest)


def test_equal_orders_are_begun_as_they_came(site: Site, held: Held, log: Log) -> None:
    keep_busy(site, held)
    wave = start(site, count=30)
    finish(site, held, wave)
    begun = list(dict.fromkeys(log.begun))
    assert max(begun.index(each) for each in wave[:5]) < min(begun.index(each) for each in wave[-5:])


@pytest.mark.parametrize("wakes", [True, False], ids=["woken", "swept"])
def test_what_goes_on_keeps_its_priority(
    site: Site, held: Held, log: Log, wakes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a message wakes it, or a sweep finds that the wake-up was lost."""
    diagram = Diagram("called").message("m", "go", "=key").service("a", "t.log")
    site.deploy(line("m", "a", diagram=diagram))
    urgent = start(site, "called", priority=0, key="k")
    until(lambda: site.waits(urgent[0]) == {"m": "message"}, PATIENCE_S)
    keep_busy(site, held)
    wave = start(site, count=BACKLOG // 5)
    with monkeypatch.context() as patch:
        if not wakes:
            patch.setattr(type(site.wakeups), "wake", lambda *_: None)
        with site.database.transaction() as tx:
            site.engine.publish(tx, MessageIn("go", "k", {}))
    if not wakes:
        site.sweep_for_the_lost()
    finish(site, held, urgent, wave)
    assert urgent[0] in first_of(log, 10)


class Long:
    """An order of many steps, each of which is let go by itself."""

    def __init__(self, log: Log) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

        @handles("t.long", timeout_s=120)
        def step(work: Work) -> Done:
            log.begun.append(work.instance_id)
            self.begun.release()
            assert self.go_on.acquire(timeout=PATIENCE_S)
            return Done()

        self.handler = step


def test_a_hand_leaves_a_long_order_for_an_urgent_one(
    database: Database, clock: FixedClock, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which waits for the hand here, or for any hand in the queue of all workers."""
    told: list[int] = []
    tell = Worker.waits_elsewhere
    monkeypatch.setattr(Worker, "waits_elsewhere", lambda self, rank: (tell(self, rank), told.append(rank)))
    long = Long(log)
    site = Site(database, clock, [log.handler, long.handler], threads=1)
    site.dispatch.start()
    diagram = Diagram("long").service("a", "t.long").service("b", "t.long").service("c", "t.long")
    site.deploy(line("a", "b", "c", diagram=diagram))
    site.deploy(line("a", diagram=Diagram("p").service("a", "t.log")))
    try:
        long_one = start(site, "long")
        assert long.begun.acquire(timeout=PATIENCE_S)
        urgent = start(site, priority=0)
        until(lambda: database.is_sqlite or 0 in told, PATIENCE_S)
        long.go_on.release()
        until(lambda: len(log.begun) == 3, PATIENCE_S)
        assert log.begun == long_one + urgent + long_one
    finally:
        long.go_on.release(2)
        until(lambda: site.is_completed(long_one[0]), PATIENCE_S)
        site.end()
