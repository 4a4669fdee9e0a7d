"""Standing still: a suspended instance takes the results of what runs already, and nothing else moves it.

Nobody claims its steps, no time fires, no message reaches it, nobody works on its tasks. What comes meanwhile waits:
times as `held_due_at`, messages in the inbox. All in SQL, because a process may have very many instances: one revision
of each, so that whoever works on one loads it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from app.core.db import Prepared, Transaction
from app.core.errors import Conflict, NotFound
from app.engine import definitions
from app.engine.actions import Action, record
from app.engine.instances import ACTIVE, SUSPENDED
from app.engine.spiff.live import Live
from app.engine.tables import process_definition, process_instance, suspended_process, token

CHUNK = 500
With = Literal["instance", "process"]


class InstanceSuspended(Conflict):
    """The instance stands still until somebody resumes it."""


@dataclass(frozen=True)
class Range:
    """Some instances of a process, by their ids: those between these two, and these."""

    first_id: str
    last_id: str


_MARK = Prepared(
    sa.select(suspended_process.c.suspended_by, suspended_process.c.reason).where(
        suspended_process.c.process_id == sa.bindparam("process_id_")
    )
)


_TO_SUSPEND = process_instance.c.state == ACTIVE
_TO_RESUME = sa.and_(process_instance.c.state == SUSPENDED, process_instance.c.suspended_with == "process")


def check_awake(live: Live) -> None:
    """InstanceSuspended if the instance stands still."""
    if live.suspended:
        raise InstanceSuspended(
            f"Instance {live.instance_id} is suspended: its steps and tasks wait until it is resumed. Resume it first; "
            "suspended, it can be rewound, its tokens moved, or all of it cancelled."
        )


def suspend(tx: Transaction, instance_id: str, action: Action, at: datetime) -> None:
    """Let one instance stand still; Conflict if it does already, or has ended."""
    state = _lock(tx, instance_id)
    if state == SUSPENDED:
        raise Conflict(f"Instance {instance_id} is suspended already.")
    if state != ACTIVE:
        raise Conflict(f"Instance {instance_id} is {state}: nothing in it is left to suspend.")
    _suspend(tx, [instance_id], action, at, "instance")


def resume(tx: Transaction, instance_id: str, action: Action, at: datetime) -> None:
    """Let one instance go on, also one that was suspended with its process; Conflict if it is not suspended."""
    state = _lock(tx, instance_id)
    if state != SUSPENDED:
        raise Conflict(f"Instance {instance_id} is {state}, not suspended: there is nothing to resume.")
    _resume(tx, [instance_id], action, at)


def mark(tx: Transaction, process_id: str, action: Action, at: datetime) -> None:
    """From now on instances of the process begin suspended; those that are open follow (`open_ranges`).

    Safe to repeat: who suspended it first stays recorded. UnknownProcess if it is not deployed.
    """
    _lock_starts(tx, process_id)
    if not is_marked(tx.connection, process_id):
        row = {"suspended_at": at, "suspended_by": action.by, "reason": action.reason}
        tx.connection.execute(sa.insert(suspended_process).values(process_id=process_id, **row))


def unmark(tx: Transaction, process_id: str) -> None:
    """From now on instances of the process begin as usual. Safe to repeat."""
    _lock_starts(tx, process_id)
    tx.connection.execute(sa.delete(suspended_process).where(suspended_process.c.process_id == process_id))


def is_marked(connection: sa.Connection, process_id: str) -> bool:
    return bool(_MARK.rows(connection, {"process_id_": process_id}))


def _lock_starts(tx: Transaction, process_id: str) -> None:
    """Wait for starts that are under way, and let later ones wait for this transaction.

    PostgreSQL: an instance's foreign key locks its definition until the transaction that inserts it ends.
    """
    definitions.find(tx.connection, process_id)
    table = process_definition.c
    tx.connection.execute(sa.select(table.id).where(table.process_id == process_id).with_for_update()).all()


def open_ranges(tx: Transaction, process_id: str, size: int = CHUNK) -> list[Range]:
    """The instances that are to be suspended with their process now, by the order of their ids, so many at a time."""
    return _ranges(tx, process_id, _TO_SUSPEND, size)


def held_ranges(tx: Transaction, process_id: str, size: int = CHUNK) -> list[Range]:
    """Those that were suspended with their process, as `open_ranges`; those suspended by themselves stay so."""
    return _ranges(tx, process_id, _TO_RESUME, size)


def suspend_range(tx: Transaction, process_id: str, some: Range, action: Action, at: datetime) -> list[str] | None:
    """Let those of a range that still go stand still; their ids, or None if the process was resumed meanwhile."""
    if not is_marked(tx.connection, process_id):
        return None
    ids = _within(tx, process_id, some, _TO_SUSPEND)
    _suspend(tx, ids, action, at, "process")
    return ids


def resume_range(tx: Transaction, process_id: str, some: Range, action: Action, at: datetime) -> list[str] | None:
    """Let those of a range that stand still go on; their ids, or None if the process was suspended meanwhile."""
    if is_marked(tx.connection, process_id):
        return None
    ids = _within(tx, process_id, some, _TO_RESUME)
    _resume(tx, ids, action, at)
    return ids


def begin_suspended(tx: Transaction, process_id: str, instance_id: str, at: datetime) -> None:
    """Let an instance stand still from its start if its process does; after its row is inserted (`_lock_starts`)."""
    marked = _MARK.rows(tx.connection, {"process_id_": process_id})
    if marked:
        by, reason = marked[0]
        _suspend(tx, [instance_id], Action("suspend", by, reason, {"with": "process"}), at, "process")


def _ranges(tx: Transaction, process_id: str, wanted: sa.ColumnElement[bool], size: int) -> list[Range]:
    table = process_instance.c
    query = sa.select(table.id).where(table.process_id == process_id, wanted).order_by(table.id)
    ids = list(tx.connection.execute(query).scalars())
    return [Range(ids[first], ids[min(first + size, len(ids)) - 1]) for first in range(0, len(ids), size)]


def _within(tx: Transaction, process_id: str, some: Range, wanted: sa.ColumnElement[bool]) -> list[str]:
    """Locked, in the order of their ids."""
    table = process_instance.c
    query = sa.select(table.id).where(
        table.process_id == process_id, table.id.between(some.first_id, some.last_id), wanted
    )
    return list(tx.connection.execute(query.order_by(table.id).with_for_update()).scalars())


def _lock(tx: Transaction, instance_id: str) -> str:
    table = process_instance.c
    found = tx.connection.execute(sa.select(table.state).where(table.id == instance_id).with_for_update()).first()
    if found is None:
        raise NotFound(f"There is no process instance '{instance_id}'.", instance_id=instance_id)
    return str(found.state)


def _suspend(tx: Transaction, instance_ids: Sequence[str], action: Action, at: datetime, suspended_with: With) -> None:
    if instance_ids:
        changes = {"state": SUSPENDED, "suspended_with": suspended_with, "wake_at": None}
        record(tx, instance_ids, action, at, **changes)
        held = {"held_due_at": token.c.due_at, "due_at": None}
        tx.connection.execute(_open_tokens(instance_ids).where(token.c.due_at.is_not(None)).values(held))


def _resume(tx: Transaction, instance_ids: Sequence[str], action: Action, at: datetime) -> None:
    if instance_ids:
        record(tx, instance_ids, action, at, state=ACTIVE, suspended_with=None, wake_at=at)
        due = {"due_at": token.c.held_due_at, "held_due_at": None}
        tx.connection.execute(_open_tokens(instance_ids).where(token.c.held_due_at.is_not(None)).values(due))


def _open_tokens(instance_ids: Sequence[str]) -> sa.Update:
    is_open = token.c.open == sa.literal(1, literal_execute=True)  # written out: its index is partial
    return sa.update(token).where(token.c.instance_id.in_(instance_ids), is_open)
