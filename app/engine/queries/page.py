"""A page of a list, and how many there are in all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """`total` counts everything that the filters let through, not only this page."""

    items: list[Item]
    total: int


def literal(value: str | int) -> sa.BindParameter[Any]:
    """A constant written into the statement: a partial index is used only where its condition is read in the text."""
    return sa.literal(value, literal_execute=True)


def fetch(connection: sa.Connection, query: sa.Select[Any], limit: int, offset: int) -> tuple[list[sa.Row[Any]], int]:
    """A page of an ordered query and the total; the count is left out where the page itself tells it."""
    rows = list(connection.execute(query.limit(limit).offset(offset)))
    if (rows or offset == 0) and len(rows) < limit:
        return rows, offset + len(rows)
    counted = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
    return rows, connection.execute(counted).scalar_one()
