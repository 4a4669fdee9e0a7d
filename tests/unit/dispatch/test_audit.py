"""Claims that no thread runs are found, and only when they are missing twice in a row."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.db import Database
from app.dispatch.audit import Audit, Claim
from app.dispatch.lanes import Lanes
from app.engine.steps import ClaimedStep
from app.engine.tables import process_definition, process_instance, token
from tests.unit.dispatch.conftest import NOW


@pytest.fixture
def claimed(store: Database) -> Database:
    """One step of instance `i`, number 7, at its second attempt, claimed by `me`."""
    with store.transaction() as tx:
        for table, row in (
            (
                process_definition,
                {
                    "id": "d",
                    "process_id": "p",
                    "version": 1,
                    "name": "P",
                    "digest": "",
                    "document": b"",
                    "deployed_at": NOW,
                },
            ),
            (
                process_instance,
                {
                    "id": "i",
                    "definition_id": "d",
                    "process_id": "p",
                    "version": 1,
                    "priority": 2,
                    "state": "active",
                    "incidents": 0,
                    "revision": 1,
                    "next_number": 8,
                    "rewinds": 0,
                    "writes": 0,
                    "started_at": NOW,
                    "updated_at": NOW,
                },
            ),
            (
                token,
                {
                    "instance_id": "i",
                    "number": 7,
                    "open": 1,
                    "parent": 0,
                    "inside": 0,
                    "call": 0,
                    "state": 0,
                    "spec": "a",
                    "internal": "{}",
                    "kind": "claim",
                    "attempt": 2,
                    "claimed_by": "me",
                    "entered_at": NOW,
                },
            ),
        ):
            tx.connection.execute(sa.insert(table).values(**row))
    return store


def look(audit: Audit, database: Database, owner: str = "me") -> list[Claim]:
    with database.reading() as connection:
        return audit.lost(connection, owner)


def test_a_claim_missing_twice_is_lost_and_said_once(claimed: Database) -> None:
    audit = Audit(Lanes())
    assert [look(audit, claimed) for _ in range(3)] == [[], [("i", 7, 2)], []]


def test_a_claim_that_runs_is_not_lost(claimed: Database) -> None:
    lanes = Lanes()
    lane = lanes.want("i")
    assert lane is not None
    lanes.settle(lane, [], [ClaimedStep("i", None, 7, "k", 2, "a", "t.a", {}, repeat=False)])
    audit = Audit(lanes)
    assert [look(audit, claimed) for _ in range(3)] == [[], [], []]


def test_an_earlier_attempt_that_runs_does_not_hide_a_lost_claim(claimed: Database) -> None:
    lanes = Lanes()
    lane = lanes.want("i")
    assert lane is not None
    lanes.settle(lane, [], [ClaimedStep("i", None, 7, "k", 1, "a", "t.a", {}, repeat=False)])
    audit = Audit(lanes)
    assert [look(audit, claimed) for _ in range(2)] == [[], [("i", 7, 2)]]


def test_other_workers_claims_are_their_own(claimed: Database) -> None:
    audit = Audit(Lanes())
    assert [look(audit, claimed, owner="you") for _ in range(2)] == [[], []]
