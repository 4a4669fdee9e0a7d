"""A page of a list, and how many there are in all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

Item = TypeVar("Item")
COUNT_LIMIT = 10_000  # no list costs more because more is stored


@dataclass(frozen=True)
class Page(Generic[Item]):
    """`total` counts everything that the filters let through, not only this page: up to COUNT_LIMIT, and beyond that
    as far as this page and one more, if there is any. So whoever reads on while `total` says so reads everything.
    """

    items: list[Item]
    total: int


def is_all(counted: int) -> bool:
    """False of a number that counting has stopped at."""
    return counted < COUNT_LIMIT


def literal(value: str | int) -> sa.BindParameter[Any]:
    """A constant written into the statement: a partial index is used only where its condition is read in the text."""
    return sa.literal(value, literal_execute=True)


def fetch(
    connection: sa.Connection,
    query: sa.Select[Any],
    limit: int,
    offset: int,
    counted: Callable[[], int] | None = None,
) -> tuple[list[sa.Row[Any]], int]:
    """A page of an ordered query and the total, as `Page` has it; not counted where the page itself tells it.

    `counted` counts the same for less.
    """
    rows = list(connection.execute(query.limit(limit + 1).offset(offset)))
    seen = offset + len(rows)
    if (rows or offset == 0) and len(rows) <= limit:
        return rows, seen
    total = counted() if counted is not None else count(connection, query)
    return rows[:limit], max(total, seen) if rows else total


def count(connection: sa.Connection, query: sa.Select[Any]) -> int:
    """How many rows there are, up to COUNT_LIMIT."""
    bare: sa.Select[Any] = query.with_only_columns(sa.literal_column("1"), maintain_column_froms=True).order_by(None)
    bounded = bare.limit(COUNT_LIMIT).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one())
