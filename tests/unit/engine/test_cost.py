"""What a commit writes: few statements, and no more late in a long flow than early (DESIGN promises 1 and 11)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.core import prepared
from app.engine.tables import token
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


class Statements:
    """Counts what the driver is asked to do, and the size of what it is given."""

    def __init__(self, monkeypatch: Any) -> None:
        self.count = self.size = 0
        original = prepared.Prepared.run

        def run(this: Any, connection: sa.Connection, rows: Any) -> int:
            self.count += 1
            self.size += len(repr(rows))
            return original(this, connection, rows)

        monkeypatch.setattr(prepared.Prepared, "run", run)

    def attach(self, bench: Bench) -> None:
        sa.event.listen(bench.database.engine, "before_cursor_execute", self._core)

    def _core(self, *_: Any) -> None:
        self.count += 1


def long_line(length: int) -> Diagram:
    ids = [f"t{n}" for n in range(length)]
    diagram = Diagram("p").start("s").end("e").chain("s", *ids, "e")
    for element_id in ids:
        diagram.service(element_id, "t.echo", inputs={"x": "=1"}, outputs={"out": "=r"})
    return diagram


def test_a_handler_call_costs_at_most_four_statements(bench: Bench, monkeypatch: Any) -> None:
    instance_id = bench.start(long_line(10))
    (step,) = bench.advance(instance_id).claimed
    statements = Statements(monkeypatch)
    statements.attach(bench)
    for _ in range(8):
        statements.count = 0
        (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
        assert statements.count <= 4


def test_what_a_commit_writes_does_not_grow_with_what_is_done(bench: Bench, monkeypatch: Any) -> None:
    instance_id = bench.start(long_line(200))
    statements = Statements(monkeypatch)
    (step,) = bench.advance(instance_id).claimed
    sizes = []
    for _ in range(199):
        statements.size = 0
        (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
        sizes.append(statements.size)
    assert max(sizes[-10:]) <= 1.1 * max(sizes[5:15])


def test_only_what_is_open_is_read(bench: Bench) -> None:
    instance_id = bench.start(long_line(50))
    (step,) = bench.advance(instance_id).claimed
    for _ in range(40):
        (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(token.c.open, sa.func.count()).group_by(token.c.open)).all()
    assert dict(tuple(row) for row in rows) == {0: 41, 1: 1}


def test_a_line_of_six_hundred_steps_runs(bench: Bench) -> None:
    instance_id = bench.start(long_line(600))
    bench.run(instance_id)
    assert bench.state(instance_id) == "completed"
    assert len(bench.calls) == 600
