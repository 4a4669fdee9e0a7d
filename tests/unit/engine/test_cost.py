"""What a commit writes: few statements, and no more late in a long flow than early (DESIGN promises 1 and 11)."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.core import prepared
from app.engine import instances
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
        bench.database.close()  # connections that are open already tell nobody

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


def test_a_step_in_the_middle_leaves_the_instances_indexes_alone(bench: Bench, monkeypatch: Any) -> None:
    instance_id = bench.start(long_line(4))
    (step,) = bench.advance(instance_id).claimed
    with monkeypatch.context() as patch:
        patch.setattr(instances, "_ADVANCE", None)
        (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
        bench.restart()
        (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
    bench.run(instance_id)
    assert bench.state(instance_id) == "active", "the step that was claimed is still out"
    (step,) = bench.advance(instance_id, [bench.call(step)]).claimed
    bench.advance(instance_id, [bench.call(step)])
    assert bench.state(instance_id) == "completed"


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


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("inside", [False, True])
def test_what_a_commit_of_an_iteration_writes_does_not_grow_with_the_items(
    bench: Bench, monkeypatch: Any, sequential: bool, inside: bool
) -> None:
    """Nor is it more than four statements."""
    inner = Diagram("i").start("s2").end("e2").service("a", "t.echo", inputs={"x": "=item"}).chain("s2", "a", "e2")
    statements, sizes = Statements(monkeypatch), {}
    statements.attach(bench)
    for count in (20, 200):
        diagram = Diagram(f"p{count}").start().end().chain("s", "b", "e")
        if inside:
            diagram.sub("b", inner, inputs={"r": "=null"})
        else:
            diagram.service("b", "t.echo", inputs={"x": "=item"})
        diagram.each("=items", "item", collect=("results", "=r"), sequential=sequential)
        instance_id = bench.start(diagram, items=list(range(1000, 1000 + count)))
        waiting, sizes[count] = list(bench.advance(instance_id).claimed), []
        for _ in range(count - 1):
            statements.count = statements.size = 0
            waiting += bench.advance(instance_id, [bench.call(waiting.pop(0))]).claimed
            assert statements.count <= 4
            sizes[count].append(statements.size)
        bench.run(instance_id)
    assert max(sizes[200]) <= 1.1 * max(sizes[20])


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
