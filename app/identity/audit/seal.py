"""The chain: each entry is sealed with all that were sealed before it, so none can be changed, taken out or moved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.core.db import Transaction
from app.identity.audit.entries import digest
from app.identity.audit.tables import audit_entry, audit_head

AT_ONCE = 2000
LATE = timedelta(minutes=10)  # the sealer comes every few seconds: what is unsealed by then was added behind its back
_NOTHING = "0" * 64


@dataclass(frozen=True)
class Head:
    """The end of the chain: noted elsewhere, it shows later that nothing before it was taken away."""

    position: int
    chain: str

    def __str__(self) -> str:
        return f"{self.position}:{self.chain}"


@dataclass(frozen=True)
class Finding:
    """`changed`: the row is another than was sealed; `missing`: rows were taken out, or the end was cut off;
    `reordered`: they stand in another order; `unsealed`: it was added without the sealer."""

    kind: Literal["changed", "missing", "reordered", "unsealed"]
    message: str
    entry_id: str | None = None
    position: int | None = None


def is_wanted(connection: sa.Connection) -> bool:
    """Is there anything to seal?"""
    unsealed = sa.select(audit_entry.c.id).where(audit_entry.c.position.is_(None))
    return connection.execute(unsealed.limit(1)).first() is not None


def seal(tx: Transaction) -> int:
    """Seal what has been written since, in the order of ids; the number. Nothing while another process is at it."""
    empty = postgresql.insert(audit_head).values(id=1, position=0, chain=_NOTHING)
    tx.connection.execute(empty.on_conflict_do_nothing(index_elements=["id"]))
    held = sa.select(audit_head.c.position, audit_head.c.chain).where(audit_head.c.id == 1)
    found = tx.connection.execute(held.with_for_update(skip_locked=True)).first()
    if found is None:
        return 0
    position, chain = found.position, found.chain
    unsealed = sa.select(audit_entry).where(audit_entry.c.position.is_(None)).order_by(audit_entry.c.id).limit(AT_ONCE)
    rows = tx.connection.execute(unsealed).mappings().all()
    sealed = []
    for row in rows:
        position, own = position + 1, digest(row)
        chain = link(position, chain, own)
        sealed.append({"id_": row["id"], "position_": position, "digest_": own, "chain_": chain})
    if sealed:
        given: dict[str, Any] = {name: sa.bindparam(f"{name}_") for name in ("position", "digest", "chain")}
        tx.connection.execute(
            sa.update(audit_entry).where(audit_entry.c.id == sa.bindparam("id_")).values(given), sealed
        )
        tx.connection.execute(sa.update(audit_head).values(position=position, chain=chain))
    return len(sealed)


def link(position: int, before: str, own: str) -> str:
    """What an entry's place in the chain comes to."""
    return hashlib.sha256(f"{position}\n{before}\n{own}".encode()).hexdigest()


def head(connection: sa.Connection) -> Head:
    found = connection.execute(sa.select(audit_head.c.position, audit_head.c.chain)).first()
    return Head(0, _NOTHING) if found is None else Head(found.position, found.chain)


def verify(connection: sa.Connection, now: datetime, expected: Head | None = None) -> Iterator[Finding]:
    """Everything that is not as it was sealed. `expected`: a head that was noted earlier, elsewhere."""
    position, chain, seen = 0, _NOTHING, None
    for row in _in_order(connection):
        if row["position"] != position + 1:
            yield Finding("missing", f"Entries {position + 1} to {row['position'] - 1} are gone.", None, position + 1)
            chain = ""
        position = row["position"]
        if row["erased_at"] is None and digest(row) != row["digest"]:
            yield Finding("changed", "It says something else than when it was sealed.", row["id"], position)
        if chain and link(position, chain, row["digest"]) != row["chain"]:
            yield Finding("reordered", "What stands before it is not what stood there.", row["id"], position)
        chain = row["chain"]
        if expected is not None and position == expected.position:
            seen = chain
    end = head(connection)
    if (end.position, end.chain) != (position, chain or end.chain):
        yield Finding("missing", f"The chain ended at {end.position}; its end is gone.", None, position + 1)
    if expected is not None and expected.position and seen != expected.chain:
        yield Finding("missing", f"Entry {expected.position} is not the one that was noted.", None, expected.position)
    yield from _unsealed(connection, now)


def _in_order(connection: sa.Connection) -> Iterator[sa.RowMapping]:
    after = 0
    while True:
        query = sa.select(audit_entry).where(audit_entry.c.position > after).order_by(audit_entry.c.position)
        rows = connection.execute(query.limit(AT_ONCE)).mappings().all()
        if not rows:
            return
        yield from rows
        after = rows[-1]["position"]


def _unsealed(connection: sa.Connection, now: datetime) -> Iterator[Finding]:
    late = sa.select(audit_entry.c.id).where(audit_entry.c.position.is_(None), audit_entry.c.at < now - LATE)
    for entry_id in connection.execute(late.order_by(audit_entry.c.id)).scalars():
        yield Finding("unsealed", "It has not been sealed, although it is old.", entry_id)
