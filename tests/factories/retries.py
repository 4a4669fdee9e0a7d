"""Orders that fall out together on a bench, and the process that tries them again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.core.jobs import JobRunner, Jobs, Kinds
from app.core.log import get_logger
from app.engine import queries
from app.engine.retries import Retries, RetryOrder
from app.handling import Done, Refused, Work, handles
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


@dataclass
class Port:
    """A handler that says "taken" of each port until it is freed, or something else of it."""

    free: set[str] = field(default_factory=set)
    other: dict[str, str] = field(default_factory=dict)

    @property
    def handler(self) -> Any:
        @handles("t.port")
        def activate(work: Work, port: str) -> Done | Refused:
            if port in self.free:
                return Done(r=f"ont on {port}")
            return Refused(self.other.get(port, "port_taken"), f"port {port} serves another ONT")

        return activate


def line(process_id: str = "p", handler: str = "t.port") -> Diagram:
    diagram = Diagram(process_id).start().end().service("activate", handler).service("bill", "t.quiet")
    return diagram.chain("s", "activate", "bill", "e")


@dataclass
class Foreman:
    """Another one on the same database is another process."""

    bench: Bench

    def __post_init__(self) -> None:
        self.retries = Retries(self.bench.operators)
        kinds = Kinds(self.retries.kinds())
        self.jobs = Jobs(kinds, self.bench.clock)
        self.runner = JobRunner(self.bench.database, kinds, self.bench.clock, get_logger("tests"))

    def fallen(self, count: int, process_id: str = "p") -> list[str]:
        """Instances that have fallen out, the oldest first."""
        ids = []
        for number in range(count):
            ids.append(self.bench.start(process_id, key=f"ORD-{number}", port=f"1/1/{number}"))
            self.bench.run(ids[-1])
            self.pass_time()
        return ids

    def pass_time(self, seconds: float = 1) -> None:
        self.bench.clock.advance(timedelta(seconds=seconds))

    def cause(self) -> str:
        """The only one that is open."""
        (found,) = self.causes()
        return str(found.id)

    def causes(self, **filters: Any) -> list[Any]:
        with self.bench.database.reading() as connection:
            return list(queries.list_causes(connection, **filters).items)

    def plan(self, **values: Any) -> str:
        order = RetryOrder(**{"cause": "", "by": "olga", "reason": "freed", **values})
        with self.bench.database.transaction() as tx:
            return self.retries.plan(tx, self.jobs, order)

    def start(self, job_id: str) -> None:
        with self.bench.database.transaction() as tx:
            self.jobs.start(tx, job_id, "olga")

    def tick(self, seconds: int, *, works: bool = True) -> None:
        """As an installation does: bulk work each second, and workers at once for whatever it wakes."""
        for _ in range(seconds):
            self.runner.tick(budget_s=60)
            woken, self.bench.wakeups.woken = self.bench.wakeups.woken, []
            for instance_id in woken if works else ():
                self.bench.run(instance_id)
            self.pass_time()

    def read(self, job_id: str) -> Any:
        with self.bench.database.reading() as connection:
            return self.jobs.read(connection, job_id)

    def items(self, job_id: str) -> list[Any]:
        with self.bench.database.reading() as connection:
            return self.jobs.list_items(connection, job_id, limit=1000)[0]
