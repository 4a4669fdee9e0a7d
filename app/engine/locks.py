"""Locks by name, where there is no row to lock yet; each is held until its transaction ends."""

import sqlalchemy as sa

from app.core.db import Prepared, Transaction

_LOCK = Prepared(
    sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("name_"), sa.text("0"))))
)


def lock(tx: Transaction, *words: str) -> None:
    """Exclude everybody else who wants this lock. SQLite's writers exclude each other already."""
    if tx.connection.dialect.name == "postgresql":
        _LOCK.rows(tx.connection, {"name_": "\n".join(words)})
