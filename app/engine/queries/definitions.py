"""Deployed diagrams: which there are, and the XML as it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.engine.definitions import UnknownProcess, find
from app.engine.tables import process_definition


@dataclass(frozen=True)
class DefinitionView:
    id: str
    process_id: str
    version: int
    name: str
    digest: str
    deployed_at: datetime


_COLUMNS = [process_definition.c[name] for name in ("id", "process_id", "version", "name", "digest", "deployed_at")]


def list_definitions(connection: sa.Connection, latest_only: bool = True) -> list[DefinitionView]:
    """By process id, the latest version of each first."""
    query = sa.select(*_COLUMNS).order_by(process_definition.c.process_id, process_definition.c.version.desc())
    if latest_only:
        other = process_definition.alias()
        newest = sa.select(sa.func.max(other.c.version)).where(other.c.process_id == process_definition.c.process_id)
        query = query.where(process_definition.c.version == newest.scalar_subquery())
    return [_view(row) for row in connection.execute(query)]


def get_definition(connection: sa.Connection, process_id: str, version: int | None = None) -> DefinitionView:
    """The latest version unless one is given; UnknownProcess."""
    found = find(connection, process_id, version)
    return _view(connection.execute(sa.select(*_COLUMNS).where(process_definition.c.id == found.id)).one())


def definition_document(connection: sa.Connection, definition_id: str) -> bytes:
    """The XML as it came; UnknownProcess."""
    query = sa.select(process_definition.c.document).where(process_definition.c.id == definition_id)
    row = connection.execute(query).first()
    if row is None:
        raise UnknownProcess(f"There is no process definition '{definition_id}'.", definition_id=definition_id)
    return bytes(row.document)


def _view(row: sa.Row[Any]) -> DefinitionView:
    return DefinitionView(**row._mapping)
