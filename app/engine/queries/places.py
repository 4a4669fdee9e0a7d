"""Where instances stand, element by element."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from app.engine.tables import process_instance, token

_BESIDE = ("attached", "child")  # tokens that stand because another one does


def count_at(connection: sa.Connection, process_id: str, version: int) -> dict[str, int]:
    """How many tokens of a version's instances stand at each of its elements; what has ended is not looked at."""
    table = process_instance.c
    is_open = (table.process_id == process_id, table.state.in_(("active", "suspended")))
    of_version = sa.select(table.id).where(*is_open, table.version == version)
    query = sa.select(token.c.element_id, sa.func.count()).where(token.c.instance_id.in_(of_version), *_stands())
    return {row[0]: row[1] for row in connection.execute(query.group_by(token.c.element_id))}


def places_of(connection: sa.Connection, instance_ids: Sequence[str]) -> dict[str, list[str]]:
    """The elements at which each of them stands, in the order in which it has come there."""
    query = sa.select(token.c.instance_id, token.c.element_id).where(token.c.instance_id.in_(instance_ids), *_stands())
    found: dict[str, list[str]] = {}
    for instance_id, element_id in connection.execute(query.order_by(token.c.instance_id, token.c.number)):
        found.setdefault(instance_id, []).append(element_id)
    return found


def _stands() -> tuple[sa.ColumnElement[bool], ...]:
    is_shown = sa.or_(token.c.kind.is_(None), token.c.kind.not_in(_BESIDE))
    return (token.c.open == 1, token.c.call == 0, token.c.element_id.is_not(None), is_shown)
