"""Versions are withdrawn and put back: nothing new starts on one that is withdrawn, and what runs on it goes on."""

from typing import Any

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict
from app.engine import definitions, triggers
from app.engine.actions import Action
from app.engine.doors import Engine
from app.engine.locks import lock
from app.engine.tables import process_definition


class Versions:
    """Each door takes the caller's transaction and commits nothing. `by` and `reason` stand beside the version."""

    def __init__(self, engine: Engine) -> None:
        self._desk = engine.desk

    def withdraw(self, tx: Transaction, process_id: str, version: int, by: str, reason: str) -> None:
        """From now on nothing new starts on it; UnknownProcess, and Conflict if it is withdrawn already.

        What is to start on the newest starts on the newest that is left; so does what events and other processes start.
        """
        Action("withdraw", by, reason)
        marks = {"withdrawn_at": self._desk.clock.now(), "withdrawn_by": by, "withdrawn_reason": reason}
        self._mark(tx, process_id, version, marks, f"Version {version} of '{process_id}' is withdrawn already.")

    def restore(self, tx: Transaction, process_id: str, version: int, by: str, reason: str) -> None:
        """Let it be started again; UnknownProcess, and Conflict if it is not withdrawn."""
        Action("restore", by, reason)
        marks = dict.fromkeys(("withdrawn_at", "withdrawn_by", "withdrawn_reason"))
        self._mark(tx, process_id, version, marks, f"Version {version} of '{process_id}' is not withdrawn.")

    def _mark(self, tx: Transaction, process_id: str, version: int, marks: dict[str, Any], told: str) -> None:
        lock(tx, "versions", process_id)
        definition_id = definitions.find(tx.connection, process_id, version).id
        before = _newest(tx, process_id)
        withdrawn_at = process_definition.c.withdrawn_at
        is_other = withdrawn_at.is_(None) if marks["withdrawn_at"] is not None else withdrawn_at.is_not(None)
        changed = sa.update(process_definition).where(process_definition.c.id == definition_id, is_other)
        if tx.connection.execute(changed.values(marks)).rowcount != 1:
            raise Conflict(told)
        after = _newest(tx, process_id)
        if after is None:
            triggers.remove(tx, process_id)
        elif after != before:
            diagram = self._desk.programs.program(tx.connection, after).diagram
            triggers.replace(tx, diagram, after, self._desk.clock)


def _newest(tx: Transaction, process_id: str) -> str | None:
    """The definition that something new starts on; None if every one is withdrawn."""
    table = process_definition.c
    query = sa.select(table.id).where(table.process_id == process_id, table.withdrawn_at.is_(None))
    return tx.connection.execute(query.order_by(table.version.desc()).limit(1)).scalar()
