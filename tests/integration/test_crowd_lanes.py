"""Operators, people, messages, timers and results at one instance at once: nothing is lost, nothing happens twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import SystemClock
from app.core.db import Database
from app.engine import watchdog
from app.engine.tables import arrival, history, message_delivery, token
from tests.factories.lanes import LANES, Crowd, crowded
from tests.factories.sites import Site

COMPLETED = 64  # as SpiffWorkflow numbers it


def test_everything_that_is_done_to_one_instance_at_once_is_found_again_exactly_once(database: Database) -> None:
    play_crowd(database, rounds=8, patience_s=60, seed=1)


def play_crowd(database: Database, rounds: int, patience_s: float, seed: int) -> Crowd:
    """On SQLite one process works on it, on PostgreSQL two."""
    crowd = Crowd(rounds, seed)
    sites = [Site(database, SystemClock(), crowd.handlers()) for _ in range(1 if database.is_sqlite else 2)]
    crowd.site = sites[0]
    crowd.site.deploy(crowded(rounds))
    try:
        for site in sites:
            site.dispatch.start()
        instance_id = crowd.site.start(order=f"o-{seed}")
        crowd.run(instance_id, f"o-{seed}", patience_s)
    finally:
        for site in sites:
            site.end()
    assert crowd.site.state(instance_id) == "completed", crowd.site.waits(instance_id)
    check_values(crowd)
    check_history(crowd, rows(database, crowd.instance_id))
    check_store(database, crowd.instance_id)
    return crowd


def check_values(crowd: Crowd) -> None:
    """Each round of each lane has one value, and each value that was accepted is that of one round."""
    found = crowd.variables()
    lanes = {name: found[f"all_{name}"] for name in ("hear", "make", "ask", "race", "tick")}
    assert {name: [len(kept) for kept in lane] for name, lane in lanes.items()} == dict.fromkeys(
        lanes, [crowd.rounds] * len(LANES)
    )
    values = {name: [value for kept in lane for value in kept] for name, lane in lanes.items()}
    assert [sorted(kept) for kept in lanes["hear"]] == [sorted(crowd.told[lane]) for lane in LANES]
    assert sorted(values["ask"]) == sorted(crowd.answered)
    key_of = {number: key for key, numbers in crowd.made.items() for number in numbers}
    by_handlers = [value for name in ("make", "race") for value in values[name] if value in key_of]
    assert max(Counter(key_of[value] for value in by_handlers).values()) == 1, "a step was completed twice"
    assert sorted({*values["make"]} - key_of.keys()) == sorted(crowd.skipped)
    assert {*values["race"]} - key_of.keys() <= {*crowd.halted}
    assert len({*values["make"], *values["race"]}) == 2 * crowd.rounds * len(LANES)


def check_history(crowd: Crowd, told: list[Any]) -> None:
    """Every attempt, message, answer and move is there, once."""
    kinds = Counter(row.kind for row in told)
    actions = Counter(row.detail["action"] for row in told if row.kind == "action")
    assert actions == crowd.acted
    assert kinds["task_completed"] == len(crowd.answered)
    assert kinds["failed"] + late(told, "Failed") == crowd.calls["failed"]
    assert kinds["refused"] + late(told, "Refused") == crowd.calls["refused"]
    messages = Counter(row.detail["message_id"] for row in told if row.kind in ("message", "late_message"))
    sent = [f"news-{number}-{crowd.order}" for numbers in crowd.told.values() for number in numbers]
    sent += [f"halt-{number}-{crowd.order}" for number in crowd.halted]
    assert messages == Counter(sent)


def late(told: list[Any], outcome: str) -> int:
    return sum(row.kind == "late_result" and row.detail["outcome"] == outcome for row in told)


def check_store(database: Database, instance_id: str) -> None:
    with database.reading() as connection:
        mine = token.c.instance_id == instance_id
        assert connection.execute(sa.select(sa.func.count()).where(mine, token.c.open == 1)).scalar_one() == 0
        done = sa.select(token.c.step_key).where(mine, token.c.state == COMPLETED, token.c.step_key.is_not(None))
        assert max(Counter(connection.execute(done).scalars()).values()) == 1
        assert connection.execute(sa.select(sa.func.count()).select_from(arrival)).scalar_one() == 0
        delivered = sa.select(message_delivery.c.message_id)
        assert max(Counter(connection.execute(delivered).scalars()).values()) == 1
        assert watchdog.find_stalled(connection, SystemClock().now() + timedelta(days=1)) == []


def rows(database: Database, instance_id: str) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(history).where(history.c.instance_id == instance_id)))
