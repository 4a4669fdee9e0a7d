"""Locks by name, where there is no row to lock yet; each is held until its transaction ends."""

import sqlalchemy as sa

from app.core.db import Prepared, Transaction

_HASH = sa.func.hashtextextended(sa.bindparam("name_"), sa.literal_column("0"))
_LOCK = Prepared(sa.select(sa.func.pg_advisory_xact_lock(_HASH)))
_TRY = Prepared(sa.select(sa.func.pg_try_advisory_xact_lock(_HASH)))


def lock(tx: Transaction, *words: str) -> None:
    """Exclude everybody else who wants this lock. SQLite's writers exclude each other already."""
    if tx.connection.dialect.name == "postgresql":
        _LOCK.rows(tx.connection, {"name_": "\n".join(words)})


def try_lock(tx: Transaction, *words: str) -> bool:
    """The lock, unless somebody else has it now: for those who hold others already and must not wait."""
    if tx.connection.dialect.name != "postgresql":
        return True
    return bool(_TRY.rows(tx.connection, {"name_": "\n".join(words)})[0][0])
