"""What waits for a worker is counted, and no further than is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.db import Database
from app.engine.queries.backlog import count_backlog
from tests.factories.rows import START, Rows, at

NOW = START + timedelta(seconds=100)


@pytest.fixture
def rows(database: Database) -> Rows:
    rows = Rows(database)
    rows.definition()
    return rows


def count(database: Database, most: int = 1000) -> int:
    with database.reading() as connection:
        return count_backlog(connection, NOW, most)


def test_instances_that_wait_for_a_look_and_steps_that_nobody_claimed_count(database: Database, rows: Rows) -> None:
    rows.instance("fresh", wake_at=at(50))
    rows.instance("later", wake_at=at(500))
    rows.instance("runs")
    rows.token("runs", "a", "job", since=at(10))
    rows.token("runs", "b", "job", since=at(10))
    rows.token("runs", "c", "claim", claimed_by="w")
    rows.token("runs", "d", "timer", due_at=at(2000))
    assert count(database) == 3


def test_what_is_suspended_waits_for_no_worker(database: Database, rows: Rows) -> None:
    rows.instance("still", state="suspended")
    rows.token("still", "a", "job", since=at(10))
    assert count(database) == 0


def test_of_either_no_more_are_counted_than_asked(database: Database, rows: Rows) -> None:
    for n in range(5):
        rows.instance(f"i{n}", wake_at=at(50))
        rows.token(f"i{n}", "a", "job", since=at(10))
    assert (count(database, 3), count(database)) == (6, 10)
