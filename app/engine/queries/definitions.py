"""Deployed diagrams: which there are, and the XML as it came."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.pages import Page, fetch
from app.engine.definitions import UnknownProcess, find
from app.engine.tables import process_definition, start_trigger


@dataclass(frozen=True)
class DefinitionView:
    id: str
    process_id: str
    version: int
    name: str
    digest: str
    deployed_at: datetime
    deployed_by: str | None = None  # None: the installation itself, from its files
    reason: str | None = None
    withdrawn_at: datetime | None = None  # since then nothing new starts on it
    withdrawn_by: str | None = None
    withdrawn_reason: str | None = None


@dataclass(frozen=True)
class StartTriggerView:
    """What starts instances of a process's latest version by itself: `kind` is message, signal or timer.

    `due_at` is a timer's next time, None when it has none left; `cycle` is ISO 8601, `remaining` None without an end.
    """

    element_id: str
    kind: str
    name: str | None
    due_at: datetime | None
    cycle: str | None
    remaining: int | None


_COLUMNS = [process_definition.c[field.name] for field in fields(DefinitionView)]


def list_definitions(connection: sa.Connection, latest_only: bool = True) -> list[DefinitionView]:
    """By process id, the latest version of each first."""
    query = sa.select(*_COLUMNS).order_by(process_definition.c.process_id, process_definition.c.version.desc())
    if latest_only:
        other = process_definition.alias()
        newest = sa.select(sa.func.max(other.c.version)).where(other.c.process_id == process_definition.c.process_id)
        query = query.where(process_definition.c.version == newest.scalar_subquery())
    return [_view(row) for row in connection.execute(query)]


def list_versions(connection: sa.Connection, process_id: str, limit: int, offset: int) -> Page[DefinitionView]:
    """Of one process, the newest first; UnknownProcess."""
    find(connection, process_id)
    query = sa.select(*_COLUMNS).where(process_definition.c.process_id == process_id)
    rows, total = fetch(connection, query.order_by(process_definition.c.version.desc()), limit, offset)
    return Page([_view(row) for row in rows], total)


def version_before(connection: sa.Connection, process_id: str, version: int) -> int | None:
    """The next older one; None if there is none."""
    table = process_definition.c
    older = sa.select(sa.func.max(table.version)).where(table.process_id == process_id, table.version < version)
    return connection.execute(older).scalar()


def get_definition(connection: sa.Connection, process_id: str, version: int | None = None) -> DefinitionView:
    """The latest version unless one is given; UnknownProcess."""
    found = find(connection, process_id, version)
    return _view(connection.execute(sa.select(*_COLUMNS).where(process_definition.c.id == found.id)).one())


def start_triggers(connection: sa.Connection, process_id: str) -> list[StartTriggerView]:
    """The start events that wait, by element id; UnknownProcess."""
    find(connection, process_id)
    names = ("element_id", "kind", "name", "due_at", "cycle", "remaining")
    query = sa.select(*(start_trigger.c[name] for name in names)).where(start_trigger.c.process_id == process_id)
    return [StartTriggerView(**row._mapping) for row in connection.execute(query.order_by(start_trigger.c.element_id))]


def definition_document(connection: sa.Connection, definition_id: str) -> bytes:
    """The XML as it came; UnknownProcess."""
    query = sa.select(process_definition.c.document).where(process_definition.c.id == definition_id)
    row = connection.execute(query).first()
    if row is None:
        raise UnknownProcess(f"There is no process definition '{definition_id}'.", definition_id=definition_id)
    return bytes(row.document)


def _view(row: sa.Row[Any]) -> DefinitionView:
    return DefinitionView(**row._mapping)
