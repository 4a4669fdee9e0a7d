"""The door's transaction, opened again when another writer was first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from app.core.db import Database, Transaction
from app.engine.instances import StaleInstance

TRIES = 5
DEADLOCK = "40P01"  # PostgreSQL's code
Result = TypeVar("Result")


def commit(database: Database, work: Callable[[Transaction], Result]) -> Result:
    """Do `work` in a transaction and return once it is stored, synced.

    `work` is done again, in a transaction of its own, when another writer of the same instance (or of the same unique
    key) was first, or when PostgreSQL ended this one of two that waited for each other: it must read all that it
    decides on. The last try's error is raised as it is.
    """
    for _ in range(TRIES - 1):
        try:
            with database.transaction() as tx:
                return work(tx)
        except (StaleInstance, sa.exc.IntegrityError):
            continue
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != DEADLOCK:
                raise
    with database.transaction() as tx:
        return work(tx)
