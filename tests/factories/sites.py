"""One process's worth of dispatch, as the store wants it: embedded on SQLite, distributed on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock, FixedClock
from app.core.db import Database, Transaction
from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger
from app.dispatch.distributed import LOST_AFTER, Distributed
from app.dispatch.embedded import Embedded
from app.dispatch.gatekeeper import Gatekeeper
from app.dispatch.queued import QueuedWakeups
from app.dispatch.upkeep import Upkeep
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.worker import Worker
from app.engine import queries
from app.engine.doors import Advanced, Engine
from app.engine.messages import MessageIn
from app.engine.migration.doors import KIND, Migrations
from app.engine.starts import StartRequest
from app.engine.steps import StepResult
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram
from tests.unit.dispatch.waiting import PATIENCE_S


class WatchedEngine(Engine):
    """`taken` is how many results each advance was given; `meanwhile` is called before each."""

    taken: list[int]
    meanwhile: Callable[[Sequence[StepResult]], None] = staticmethod(lambda results: None)

    def advance(
        self,
        tx: Transaction,
        instance_id: str,
        owner: str,
        results: Sequence[StepResult] = (),
        *,
        claims: bool = True,
    ) -> Advanced:
        self.taken.append(len(results))
        self.meanwhile(results)
        return super().advance(tx, instance_id, owner, results, claims=claims)


class Site:
    """Others may work on the database before it, after it and, on PostgreSQL, beside it."""

    def __init__(
        self, database: Database, clock: Clock, handlers: Sequence[Any], threads: int = 4, patience_s: float = 0
    ) -> None:
        self.database = database
        self.clock = clock
        self.wakeups = LocalWakeups(clock) if database.is_sqlite else QueuedWakeups(clock)
        registry = Registry(handlers)
        self.engine = WatchedEngine(registry, clock, self.wakeups, patience_s=patience_s)
        self.engine.taken = []
        self.migrations = Migrations(self.engine)
        kinds = Kinds({KIND: self.migrations.work})
        self.jobs = Jobs(kinds, clock)
        logger = get_logger("tests")
        hand_on = self.wakeups.hand_on if isinstance(self.wakeups, QueuedWakeups) else None
        self.gatekeeper = Gatekeeper(database, self.engine.gates, self.wakeups, clock, logger)
        self.worker = Worker(
            database,
            self.engine,
            registry,
            clock,
            logger,
            threads=threads,
            hand_on=hand_on,
            gate_passed=self.gatekeeper.soon,
        )
        upkeep = Upkeep(database, self.engine, JobRunner(database, kinds, clock, logger), clock, logger)
        self.dispatch: Embedded | Distributed
        if isinstance(self.wakeups, LocalWakeups):
            self.dispatch = Embedded(database, self.wakeups, upkeep, self.gatekeeper, clock, self.worker)
        else:
            self.dispatch = Distributed(database, self.wakeups, upkeep, self.gatekeeper, clock, logger, self.worker)

    def end(self) -> None:
        """Whatever state the test has left it in."""
        self.dispatch.stop(PATIENCE_S)

    def stand_still(self) -> None:
        """As a killed process would, but for handlers that run: it wakes nobody and is woken by nobody."""
        self.dispatch.upkeep.stop()
        self.gatekeeper.stop()
        if isinstance(self.dispatch, Distributed):
            assert self.dispatch.puller is not None
            self.dispatch.puller.stop()

    def deploy(self, diagram: Diagram) -> None:
        with self.database.transaction() as tx:
            self.engine.deploy(tx, diagram.xml())

    def start(self, process_id: str = "p", **variables: Any) -> str:
        with self.database.transaction() as tx:
            return self.engine.start(tx, StartRequest(process_id, variables)).instance_id

    def publish(self, name: str, key: str, **variables: Any) -> None:
        with self.database.transaction() as tx:
            self.engine.publish(tx, MessageIn(name, key, variables))

    def pass_time(self, seconds: float) -> None:
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(timedelta(seconds=seconds))

    def sweep_for_the_lost(self) -> None:
        """Late enough for a wake-up that did not come to count as lost."""
        self.pass_time(LOST_AFTER.total_seconds())
        self.dispatch.sweep()

    def state(self, instance_id: str) -> str:
        with self.database.reading() as connection:
            return str(queries.get_instance(connection, instance_id).state)

    def is_completed(self, instance_id: str) -> bool:
        return self.state(instance_id) == "completed"

    def waits(self, instance_id: str) -> dict[str, str]:
        with self.database.reading() as connection:
            return {wait.element_id: wait.kind for wait in queries.open_tokens(connection, instance_id)}

    def happened(self, instance_id: str) -> list[str]:
        with self.database.reading() as connection:
            return [row.kind for row in queries.history(connection, instance_id, limit=1000, offset=0)]

    def queued(self, *columns: str, where: str = "true") -> list[Any]:
        """The queue's jobs, on PostgreSQL."""
        query = sa.text(f"SELECT {', '.join(columns) or 'args'} FROM procrastinate_jobs WHERE {where} ORDER BY id")
        with self.database.reading() as connection:
            return list(connection.execute(query))


class Held:
    """A handler that is held until it is let go; it counts its calls and remembers their keys."""

    def __init__(self, timeout_s: float = 30, type_: str = "t.held") -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.keys: list[str] = []
        self.verified: list[str] = []

        @handles(type_, timeout_s=timeout_s)
        def held(work: Work) -> Done:
            self.keys.append(work.key)
            self.begun.release()
            assert self.open.wait(PATIENCE_S)
            return Done(held="done")

        @held.verify
        def is_done(work: Work) -> Done | None:
            self.verified.append(work.key)
            return Done(held="found done")

        self.handler = held

    def wait_begun(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE_S)


@handles("t.quick")
def quick(work: Work) -> Done:
    return Done()


def line(*middle: str, diagram: Diagram) -> Diagram:
    return diagram.start("s").end("e").chain("s", *middle, "e")
