"""The rows that benchmarks are made on are the engine's own: a small population lives on like any other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine import queries, sweeps, watchdog
from app.engine.tables import incident, process_instance, token
from tests.conftest import NOON
from tests.factories.engines import Bench
from tests.factories.populations import CODES, PROCESSES, SHARES, key_of, populate
from tests.factories.steps import HANDLERS
from tests.unit.watch.test_figures import plans

COUNT = 3000


@pytest.fixture
def town(database: Database) -> Bench:
    populate(database, COUNT, NOON)
    return Bench(database, FixedClock(NOON), HANDLERS)


def read(bench: Bench, query: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with bench.database.reading() as connection:
        return query(connection, *arguments, **options)


def youngest(bench: Bench, state: str, kind: str | None = None) -> str:
    """The id of an instance that is a copy."""
    for row in read(bench, queries.list_instances, state=state, limit=200).items:
        if kind in (None, row.waiting_kind) and row.business_key and "T" not in row.business_key:
            return str(row.id)
    raise AssertionError(f"none {state} {kind}")


def test_a_population_has_everything_and_nothing_that_is_due(town: Bench) -> None:
    counts = read(town, queries.count_by_state)
    assert counts["completed"] > 0.9 * COUNT
    assert min(counts.values()) > 0
    assert sum(counts.values()) == COUNT + 2 * len(PROCESSES) * (len(SHARES) + len(CODES))
    assert read(town, watchdog.find_stalled, NOON + timedelta(minutes=5)) == []
    assert read(town, sweeps.due_instances, NOON) == {}
    with town.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.max(process_instance.c.started_at))).scalar_one() <= NOON
        keys = connection.execute(sa.select(token.c.step_key).where(token.c.step_key.is_not(None))).scalars().all()
        assert max(Counter(keys).values()) == 1
        strangers = sa.select(incident.c.id).where(incident.c.instance_id.not_in(sa.select(process_instance.c.id)))
        assert connection.execute(strangers).all() == []


def test_copies_go_on_to_their_ends(town: Bench) -> None:
    waits = youngest(town, "active", "message")
    town.publish("installed", read(town, queries.get_instance, waits).business_key)
    town.run(waits)
    visited = youngest(town, "active", "user_task")
    town.complete(visited)
    town.run(visited)
    stuck = youngest(town, "fallen_out")
    town.act("skip", stuck, {"r": 1})
    assert town.run(stuck).claimed == []
    asleep = youngest(town, "suspended")
    town.operate("resume", asleep)
    town.publish("installed", read(town, queries.get_instance, asleep).business_key)
    town.run(asleep)
    assert [town.state(each) for each in (waits, visited, asleep)] == ["completed"] * 3
    assert town.standing(stuck) == {"word": "message"}
    assert read(town, watchdog.find_stalled, NOON + timedelta(minutes=5)) == []


def test_copies_are_found_and_opened(town: Bench) -> None:
    (found,) = read(town, queries.list_instances, search=key_of(17).lower()).items
    assert found.business_key == key_of(17)
    assert town.variables(found.id)["order"]["id"] == key_of(17)
    told = [row.element_id for row in town.history(found.id)]
    assert (told[0], {"plan", "network", "router"} <= set(told)) == ("e", True)
    assert read(town, queries.list_incidents, limit=1).total == read(town, queries.count_open_incidents)


LISTS: dict[str, dict[str, Any]] = {
    "all": {},
    "completed": {"state": "completed"},
    "active": {"state": "active"},
    "fallen out": {"state": "fallen_out"},
    "of a process": {"process_id": "voice"},
    "active of a process": {"process_id": "voice", "state": "active"},
    "by its key": {"business_key": key_of(5)},
    "searched": {"search": key_of(5)},
}


def test_no_list_reads_all_that_is_stored(town: Bench) -> None:
    walks = re.compile(r"Seq Scan on (process_instance|token)|SCAN (process_instance|token)(?! USING)")
    for name, filters in LISTS.items():

        def listed(connection: sa.Connection, filters: dict[str, Any] = filters) -> object:
            return queries.list_instances(connection, limit=5, **filters)

        found = [plan for plan in plans(town.database, listed) if walks.search(plan)]
        # Most are completed: whoever counts them up to a limit may as well begin at the table's beginning.
        stopped = name == "completed" and all(re.search(r"Limit .*\n *-> +Seq Scan", plan) for plan in found)
        assert found == [] or stopped, name
