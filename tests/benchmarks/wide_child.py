"""Long and wide flows with the real worker on SQLite: seconds from the start to the end of one instance on stdout.

Afterwards its variables are compared with what they must be, and nothing may be left open.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.engine import queries, tables
from app.engine.starts import StartRequest
from tests.benchmarks import flows
from tests.benchmarks.durable_child import Installation

ITEMS = list(range(1000))
FLOWS: dict[str, tuple[str, Callable[[], bytes], dict[str, Any], dict[str, Any]]] = {
    "multi_instance_1000": ("each", lambda: flows.each(sequential=False), {"items": ITEMS}, {"results": ITEMS}),
    "multi_instance_1000_in_order": ("each", lambda: flows.each(sequential=True), {"items": ITEMS}, {"results": ITEMS}),
    "subprocess_mi_100": ("sub_each", flows.sub_each, {"items": ITEMS[:100]}, {"results": list(range(1, 200, 2))}),
    "loop_1000": ("rounds", lambda: flows.rounds(1000), {}, {"n": 1000}),
    "line_600": ("line600", lambda: flows.line(600), {"order_id": "O"}, {"r": "R-1"}),
    "parallel_50": ("branches", lambda: flows.branches(50), {}, {"r": {f"b{n}": n for n in range(50)}}),
}


def main(name: str) -> None:
    process_id, draw, variables, expected = FLOWS[name]
    with tempfile.TemporaryDirectory() as folder:
        house = Installation(Path(folder), [draw(), flows.line(5)])
        house.line(5, 3, "warm")
        done = sa.select(sa.func.count()).where(tables.process_instance.c.ended_at.is_not(None))
        began = time.perf_counter()
        with house.database.transaction() as tx:
            instance_id = house.engine.start(tx, StartRequest(process_id, variables)).instance_id
        house.wait(done, 4)
        print(time.perf_counter() - began)
        with house.database.reading() as connection:
            found = {row.name: row.value for row in queries.variables(connection, instance_id)}
            assert queries.open_tokens(connection, instance_id) == []
        assert found == variables | expected, {name: found.get(name) for name in expected}
        house.worker.drain(5)
        house.database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
