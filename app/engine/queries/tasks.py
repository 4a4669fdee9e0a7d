"""Tasks that wait for people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.errors import NotFound
from app.core.pages import Page, count, fetch, literal
from app.engine.tables import process_instance, token, user_task


class UnknownTask(NotFound):
    """No open user task has that id."""


@dataclass(frozen=True)
class UserTaskView:
    """`id` is `<instance id>:<token number>`; `assignee` is who took it, None while nobody has.

    `suspended`: its instance stands still, and the task waits until somebody resumes it. `groups` are those whose
    people it is for; `call` is the call activity's token whose called process it is part of, 0: the instance's own.
    """

    id: str
    instance_id: str
    business_key: str | None
    process_id: str
    element_id: str | None
    name: str | None
    since: datetime
    assignee: str | None
    inputs: Any = None
    suspended: bool = False
    groups: tuple[str, ...] = ()
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    version: int = 0
    call: int = 0


_IS_TOLD = sa.and_(user_task.c.instance_id == token.c.instance_id, user_task.c.number == token.c.number)
_IS_TASK = (token.c.kind == literal("user_task"), token.c.open == literal(1))
_SELECT = (
    sa.select(
        token.c.instance_id,
        token.c.number,
        token.c.element_id,
        token.c.name,
        token.c.since,
        token.c.claimed_by,
        token.c.inputs,
        process_instance.c.business_key,
        process_instance.c.process_id,
        process_instance.c.state,
        process_instance.c.version,
        token.c.call,
        user_task.c.groups,
        user_task.c.due_at.label("task_due_at"),
        user_task.c.follow_up_at,
    )
    .join_from(token, process_instance, process_instance.c.id == token.c.instance_id)
    .outerjoin(user_task, _IS_TOLD)
    .where(*_IS_TASK)
)


def list_user_tasks(
    connection: sa.Connection,
    *,
    assignee: str | None = None,
    process_id: str | None = None,
    instance_id: str | None = None,
    groups: Collection[str] | None = None,
    among: Collection[str] | None = None,
    by_due: bool = False,
    limit: int = 50,
    offset: int = 0,
) -> Page[UserTaskView]:
    """Those that have waited longest first; with `by_due`, those that are due first. `among`: of these processes.

    `groups`: only those that nobody has taken and that are for people of one of these.
    """
    where = []
    counted = sa.select(token.c.number).where(*_IS_TASK)
    if assignee is not None:
        where.append(token.c.claimed_by == assignee)
    if groups is not None:
        where += [token.c.claimed_by.is_(None), sa.or_(sa.false(), *(_is_for(group) for group in groups))]
        counted = counted.join(user_task, _IS_TOLD)
    if instance_id is not None:
        where.append(token.c.instance_id == instance_id)
    if process_id is not None:
        where.append(process_instance.c.process_id == process_id)
    if among is not None:
        where.append(process_instance.c.process_id.in_(sorted(among)))
    if process_id is not None or among is not None:
        counted = counted.join(process_instance, process_instance.c.id == token.c.instance_id)
    first = (user_task.c.due_at.is_(None), user_task.c.due_at) if by_due else ()
    query = _SELECT.where(*where).order_by(*first, token.c.since, token.c.instance_id, token.c.number)
    rows, total = fetch(connection, query, limit, offset, partial(count, connection, counted.where(*where)))
    return Page([_view(row) for row in rows], total)


def _is_for(group: str) -> sa.ColumnElement[bool]:
    """As the list is stored: JSON, each name in its quotes."""
    return sa.cast(user_task.c.groups, sa.Text).contains(orjson.dumps(group).decode(), autoescape=True)


def get_user_task(connection: sa.Connection, task_id: str) -> UserTaskView:
    """UnknownTask also when it was completed or cancelled: only open tasks are tasks."""
    instance_id, _, number = task_id.rpartition(":")
    row = None
    if number.isascii() and number.isdigit() and len(number) <= 18:
        query = _SELECT.where(token.c.instance_id == instance_id, token.c.number == int(number))
        row = connection.execute(query).first()
    if row is None:
        raise UnknownTask(f"There is no open user task '{task_id}'. It may have been completed.", task_id=task_id)
    return _view(row)


def _view(row: Any) -> UserTaskView:
    return UserTaskView(
        id=f"{row.instance_id}:{row.number}",
        instance_id=row.instance_id,
        business_key=row.business_key,
        process_id=row.process_id,
        element_id=row.element_id,
        name=row.name,
        since=row.since,
        assignee=row.claimed_by,
        inputs=row.inputs,
        suspended=row.state == "suspended",
        groups=tuple(row.groups or ()),
        due_at=row.task_due_at,
        follow_up_at=row.follow_up_at,
        version=row.version,
        call=row.call,
    )
