"""What is written and what is read: bytes per step (`written N`), milliseconds to load an instance (`load N`)."""

import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from app.engine import tables
from app.engine.starts import StartRequest
from tests.benchmarks import flows
from tests.benchmarks.durable_child import Installation


def written(folder: Path, length: int) -> float:
    """What the write-ahead log grows by for one instance: everything that its commits send to the disk."""
    house = Installation(folder, [flows.line(length)])
    house.line(length, 1, "warm")
    with closing(sqlite3.connect(folder / "bench.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    house.line(length, 1, "O")
    size = (folder / "bench.db-wal").stat().st_size
    assert 0 < size < 4000 * 4096, "a checkpoint has cut the log"
    house.worker.drain(5)
    house.database.close()
    return size / length


def load(folder: Path, steps: int) -> float:
    """The median time to load an instance that has finished so many steps and waits for a person."""
    house = Installation(folder, [flows.rounds(steps, waits=True)])
    with house.database.transaction() as tx:
        instance_id = house.engine.start(tx, StartRequest("rounds", {})).instance_id
    house.wait(sa.select(sa.func.count()).where(tables.token.c.kind == "user_task"), 1)
    house.worker.drain(5)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        with house.database.reading() as connection:
            live = house.engine.desk.instances.read(connection, instance_id)
        times.append((time.perf_counter() - began) * 1000)
        assert [node.task_spec.bpmn_id for node in live.tree.nodes()] == ["u"]
    house.database.close()
    return statistics.median(times)


def main(what: str, number: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        print({"written": written, "load": load}[what](Path(folder), int(number)))


if __name__ == "__main__":
    main(*sys.argv[1:])
