"""The audit: added to and never changed; its chain shows what was changed, taken out or moved all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import FixedClock
from app.core.db import Database
from app.identity.audit import entries, seal
from app.identity.audit.entries import Entry
from app.identity.audit.seal import Head
from app.identity.audit.tables import audit_entry, audit_head

KINDS = ("changed", "missing", "reordered", "unsealed")


class Audit:
    """Five entries, sealed."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.ids = [self.write(n) for n in range(5)]
        assert self.seal() == 5

    def write(self, n: int, **facts: Any) -> str:
        entry = Entry(self.clock.now(), "olga", "user", "incident.retry", "retry", target=f"i-{n}", **facts)
        with self.database.transaction() as tx:
            entries.write(tx, entry)
        return entry.id

    def seal(self) -> int:
        with self.database.transaction() as tx:
            return seal.seal(tx)

    def head(self) -> Head:
        with self.database.reading() as connection:
            return seal.head(connection)

    def found(self, expected: Head | None = None) -> list[tuple[str, int | None]]:
        with self.database.reading() as connection:
            findings = list(seal.verify(connection, self.clock.now(), expected))
        assert {each.kind for each in findings} <= set(KINDS)
        return [(each.kind, each.position) for each in findings]

    def behind_its_back(self, *statements: str) -> None:
        """As whoever owns the database could do it."""
        with self.database.transaction() as tx:
            if self.database.is_sqlite:
                for trigger in ("audit_entry_stays", "audit_entry_is_not_changed"):
                    tx.connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
            else:
                tx.connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for statement in statements:
                tx.connection.exec_driver_sql(statement)


@pytest.fixture
def audit(database: Database, clock: FixedClock) -> Audit:
    return Audit(database, clock)


def test_what_was_written_is_sealed_in_order_and_verified(audit: Audit) -> None:
    assert audit.found() == []
    assert audit.head().position == 5
    audit.write(6, reason="again", before={"speed": 1.5}, after=["a", None, {"ü": "\u2028"}], address="10.0.0.1")
    assert (audit.seal(), audit.seal()) == (1, 0)
    assert audit.found(audit.head()) == []


def test_an_empty_audit_is_in_order(database: Database, clock: FixedClock) -> None:
    with database.reading() as connection:
        assert list(seal.verify(connection, clock.now(), seal.head(connection))) == []


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit_entry SET reason = 'another' WHERE position = 2"], [("changed", 2)]),
        (["UPDATE audit_entry SET at = at + 1 WHERE position = 5"], [("changed", 5)]),
        (["UPDATE audit_entry SET \"by\" = 'eve', digest = 'x' WHERE position = 3"], [("changed", 3), ("reordered", 3)]),
        (["DELETE FROM audit_entry WHERE position = 2"], [("missing", 2)]),
        (["DELETE FROM audit_entry WHERE position = 5"], [("missing", 5)]),
        (
            [
                "UPDATE audit_entry SET position = 100 WHERE position = 2",
                "UPDATE audit_entry SET position = 2 WHERE position = 3",
                "UPDATE audit_entry SET position = 3 WHERE position = 100",
            ],
            [("reordered", 2), ("reordered", 3), ("reordered", 4)],
        ),
    ],
    ids=["changed", "moved in time", "another name", "taken out", "the end cut off", "reordered"],
)
def test_what_is_done_behind_its_back_is_found(
    audit: Audit, statements: Sequence[str], expected: list[tuple[str, int]]
) -> None:
    audit.behind_its_back(*statements)
    assert audit.found() == expected


def test_a_head_that_was_noted_elsewhere_shows_that_the_end_and_its_trace_were_cut_off(audit: Audit) -> None:
    noted = audit.head()
    last = "SELECT chain FROM audit_entry WHERE position = 4"
    audit.behind_its_back(
        "DELETE FROM audit_entry WHERE position = 5", f"UPDATE audit_head SET position = 4, chain = ({last})"
    )
    assert audit.found() == []
    assert audit.found(noted) == [("missing", 5)]


def test_an_entry_that_nobody_has_sealed_is_found_once_it_is_old(audit: Audit) -> None:
    audit.write(7)
    audit.clock.advance(timedelta(minutes=9))
    assert audit.found() == []
    audit.clock.advance(timedelta(minutes=2))
    assert audit.found() == [("unsealed", None)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET \"by\" = 'eve'",
        "UPDATE audit_entry SET reason = 'another'",
        "UPDATE audit_entry SET result = 'refused', erased_at = 7, reason = NULL",
        "UPDATE audit_entry SET chain = 'x'",
        "UPDATE audit_entry SET position = NULL",
    ],
)
def test_the_store_itself_refuses_to_change_it(audit: Audit, statement: str) -> None:
    refused = pytest.raises(sa.exc.DBAPIError, match="what the audit says is not changed")
    with refused, audit.database.transaction() as tx:
        tx.connection.exec_driver_sql(statement)


def test_what_it_says_of_people_is_erased_and_the_chain_stays(audit: Audit) -> None:
    entry_id = audit.write(8, reason="Mrs Smith asked", after={"customer": "Smith"}, address="10.1.2.3")
    with audit.database.transaction() as tx:
        assert not entries.erase(tx, entry_id, audit.clock.now()), "it was not sealed yet"
    audit.seal()
    with audit.database.transaction() as tx:
        assert entries.erase(tx, entry_id, audit.clock.now())
    with audit.database.reading() as connection:
        row = connection.execute(sa.select(audit_entry).where(audit_entry.c.id == entry_id)).one()
    assert (row.reason, row.before, row.after, row.address) == (None, None, None, None)
    assert (row.by, row.target, row.erased_at) == ("olga", "i-8", audit.clock.now())
    assert audit.found() == []


def test_what_is_too_long_is_kept_as_its_size_and_digest(audit: Audit) -> None:
    entry_id = audit.write(9, after={"xml": "x" * 50_000})
    with audit.database.reading() as connection:
        kept = connection.execute(sa.select(audit_entry.c.after).where(audit_entry.c.id == entry_id)).scalar_one()
    assert kept["bytes"] == 50_010
    assert len(kept["sha256"]) == 64


def test_what_no_store_can_hold_is_marked(audit: Audit) -> None:
    entry_id = audit.write(10, reason="a\0b\ud800", after={"c\0": "d\0"})
    with audit.database.reading() as connection:
        row = connection.execute(sa.select(audit_entry).where(audit_entry.c.id == entry_id)).one()
    assert (row.reason, row.after) == ("a\ufffdb?", {"c\0": "d\0"})
    audit.seal()
    assert audit.found() == []


def test_two_sealers_do_not_wait_for_each_other(postgres_database: Database, clock: FixedClock) -> None:
    audit = Audit(postgres_database, clock)
    with audit.database.transaction() as tx:
        tx.connection.execute(sa.select(audit_head).with_for_update())
        audit.write(1)
        assert audit.seal() == 0
    assert audit.seal() == 1
