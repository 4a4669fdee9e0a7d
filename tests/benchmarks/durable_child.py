"""Turnup's worker on SQLite: CPU milliseconds per instance (`fulfil`) or per step (`line N`) on stdout.

Instances are started, run by the worker and given their message through the same doors as in production; afterwards
every row that the engine promises is counted.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import sqlalchemy as sa

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.log import configure, get_logger
from app.dispatch.wakeups import LocalWakeups
from app.dispatch.worker import Worker
from app.engine import tables
from app.engine.doors import Engine
from app.engine.messages import MessageIn
from app.engine.spiff.index import install
from app.engine.starts import StartRequest
from app.factory import spare_collector
from app.handling.contract import Done, Work
from app.handling.mark import handles
from app.handling.registry import Registry
from app.migrations.run import migrate
from tests.benchmarks.flows import ORDER, durable, line


@handles("bench.do")
def do(work: Work, order_id: str) -> Done:
    """Nothing."""
    return Done(result="R-1")


@handles("bench.echo")
def echo(work: Work, value: int) -> Done:
    """What it was given."""
    return Done(result=value)


class Installation:
    """Everything that `turnup serve` has, but the web."""

    def __init__(self, folder: Path, documents: list[bytes]) -> None:
        configure("warning")
        install()
        self.database = Database(f"sqlite:///{folder}/bench.db")
        migrate(self.database)
        clock, registry = SystemClock(), Registry([do, echo])
        wakeups = LocalWakeups(clock)
        self.engine = Engine(registry, clock, wakeups)
        self.worker = Worker(self.database, self.engine, registry, clock, get_logger("bench"), threads=1)
        with self.database.transaction() as tx:
            for document in documents:
                self.engine.deploy(tx, document)
        spare_collector()
        self.worker.start(alone=True)
        wakeups.listen(self.worker.wake, lambda at: None)

    def start(self, process_id: str, count: int, label: str) -> list[str]:
        ids = []
        for n in range(count):
            with self.database.transaction() as tx:
                variables = {**ORDER, "order_id": f"{label}-{n}"}
                ids.append(self.engine.start(tx, StartRequest(process_id, variables)).instance_id)
        return ids

    def wait(self, query: sa.Select[tuple[int]], expected: int) -> None:
        """Until the query counts that many."""
        pause = threading.Event()
        until = time.monotonic() + 120
        while True:
            with self.database.reading() as connection:
                found = connection.execute(query).scalar_one()
            if found == expected:
                return
            assert time.monotonic() < until, f"{found} of {expected}"
            pause.wait(0.1)  # a look costs what a step does

    def fulfil(self, count: int, label: str) -> None:
        instance, token = tables.process_instance, tables.token
        before = self._count(sa.select(sa.func.count()).where(instance.c.state == "completed"))
        self.start("fulfil", count, label)
        self.wait(sa.select(sa.func.count()).where(token.c.kind == "message"), count)
        for n in range(count):
            with self.database.transaction() as tx:
                self.engine.publish(tx, MessageIn("port_ready", f"{label}-{n}", {"port": 7}))
        self.wait(sa.select(sa.func.count()).where(instance.c.state == "completed"), before + count)

    def line(self, length: int, count: int, label: str) -> None:
        instance = tables.process_instance
        done = sa.select(sa.func.count()).where(instance.c.state == "completed")
        before = self._count(done)
        self.start(f"line{length}", count, label)
        self.wait(done, before + count)

    def check(self, count: int) -> None:
        """Every promised row of `count` more instances of the flow is there."""
        token, variable = tables.token, tables.variable
        runs = count + 5
        done = sa.select(sa.func.count()).select_from(token)
        assert self._count(done.where(token.c.step_key.is_not(None), token.c.state == 64)) == 8 * runs
        assert self._count(done.where(token.c.open == 1)) == 0
        assert self._count(done.where(token.c.element_id == "act_timeout", token.c.state == 256)) == runs
        assert self._count(done.where(token.c.attempt == 1)) == 8 * runs
        results = sa.select(sa.func.count()).where(
            variable.c.name.like("r_%"), variable.c.kind == "v", variable.c.scope == ""
        )
        assert self._count(results) == 8 * runs
        assert self._count(sa.select(sa.func.count()).select_from(tables.message_delivery)) == runs
        messages = sa.select(sa.func.count()).where(tables.history.c.kind == "message")
        assert self._count(messages) == runs

    def _count(self, query: sa.Select[tuple[int]]) -> int:
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())


def main(what: str, *numbers: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if what == "fulfil":
            count = int(numbers[0])
            house = Installation(Path(folder), [durable()])
            house.fulfil(5, "warm")
            began = time.process_time()
            house.fulfil(count, "O")
            print((time.process_time() - began) / count * 1000)
            house.check(count)
        else:
            length, count = int(numbers[0]), int(numbers[1])
            house = Installation(Path(folder), [line(length)])
            house.line(length, 1, "warm")
            began = time.process_time()
            house.line(length, count, "O")
            print((time.process_time() - began) / (count * length) * 1000)
        house.worker.drain(5)
        house.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
