"""Limits and circuit breakers with real threads and, on PostgreSQL, two workers: what the systems themselves see."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.core.clock import SystemClock
from app.core.db import Database
from app.engine.gates import rows
from app.engine.tables import incident
from app.handling import Backoff, Done, Limit, System, SystemSilent, Work, handles
from tests.factories.diagrams import Diagram
from tests.factories.sites import Site, line
from tests.unit.dispatch.waiting import until

PATIENT_S = 60


class Olt:
    """Sees who calls it. `down`: it answers nobody."""

    def __init__(self, limit: Limit, rest_s: float = 0.4) -> None:
        self.lock = threading.Lock()
        self.running = self.most = 0
        self.begun: list[float] = []
        self.down = False

        @handles(
            "olt.call",
            retry=Backoff(first_s=0.01, tries=2),
            system=System("olt={olt}", limit, trips_after=3, rest_s=rest_s),
        )
        def call(work: Work, olt: str) -> Done:
            with self.seen():
                time.sleep(0.01)
                if self.down:
                    raise SystemSilent("no answer")
            return Done()

        self.handler = call

    @contextmanager
    def seen(self) -> Iterator[None]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
            self.begun.append(time.monotonic())
        try:
            yield
        finally:
            with self.lock:
                self.running -= 1


@contextmanager
def sites(database: Database, olt: Olt) -> Iterator[Site]:
    made = [Site(database, SystemClock(), [olt.handler], threads=6) for _ in range(1 if database.is_sqlite else 2)]
    made[0].deploy(line("a", "b", diagram=Diagram("p").service("a", "olt.call").service("b", "olt.call")))
    try:
        for site in made:
            site.dispatch.start()
        yield made[0]
    finally:
        for site in made:
            site.end()


def all_completed(site: Site, instance_ids: list[str]) -> bool:
    return all(site.is_completed(instance_id) for instance_id in instance_ids)


def test_a_system_never_sees_more_calls_at_once_than_its_limit_and_all_orders_end(database: Database) -> None:
    olt = Olt(Limit(concurrent=2))
    with sites(database, olt) as site:
        made = [site.start(olt="lon-3") for _ in range(30)]
        until(lambda: all_completed(site, made), PATIENT_S)
    assert (olt.most, len(olt.begun)) == (2, 60)


def test_a_system_never_sees_more_calls_a_second_than_its_rate_and_a_quarter(database: Database) -> None:
    olt = Olt(Limit(per_s=20))
    with sites(database, olt) as site:
        made = [site.start(olt="lon-3") for _ in range(20)]
        until(lambda: all_completed(site, made), PATIENT_S)
    assert len(olt.begun) == 40
    assert olt.begun[39] - olt.begun[0] >= 40 / 20 - 0.5
    # A thread may be kept from calling after its turn was given: the calls of one second may lie closer.
    assert max(sum(begin <= at < begin + 1 for at in olt.begun) for begin in olt.begun) <= 20 * 1.25 + 6


def test_a_system_that_is_down_is_left_alone_and_every_order_ends_once_it_is_back(database: Database) -> None:
    olt = Olt(Limit(concurrent=4))
    olt.down = True
    with sites(database, olt) as site:
        made = [site.start(olt="lon-3") for _ in range(30)]
        until(lambda: breaker(database) == "open", PATIENT_S)
        called, until_s = len(olt.begun), time.monotonic() + 1
        until(lambda: time.monotonic() > until_s)
        tried = len(olt.begun) - called
        olt.down = False
        until(lambda: all_completed(site, made), PATIENT_S)
    assert tried <= 6, "those that were under way, and one after each rest"
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(incident)).scalar_one() == 0


def breaker(database: Database) -> str:
    with database.reading() as connection:
        return rows.read(connection, "olt=lon-3").breaker
