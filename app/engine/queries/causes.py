"""Open incidents by what caused them: so many orders stuck at one place for one reason are one line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.errors import NotFound
from app.core.pages import Page, fetch
from app.engine.queries.incidents import IncidentView, incidents_of
from app.engine.signatures import mask, said
from app.engine.tables import incident

_STATES = ("open", "acted_on", "resolved")


class UnknownCause(NotFound):
    """No incident has that cause."""


@dataclass(frozen=True)
class CauseView:
    """`count` incidents are open, and of `under_way` nobody knows yet what came of what was done about them.

    `processes` says how many of the open ones are in each. `oldest` has waited longest; if none is open it is the last
    that was raised. `first_seen_at` and `last_seen_at` are those of all, settled ones included.
    """

    id: str
    count: int
    under_way: int
    processes: Mapping[str, int]
    first_seen_at: datetime
    last_seen_at: datetime
    oldest: IncidentView

    @property
    def message(self) -> str:
        """What all of them say."""
        return said(self.oldest.signature, self.oldest.code) or mask(self.oldest.message)

    @property
    def can_be_retried(self) -> bool:
        """No retry helps an instance as a whole."""
        return self.oldest.number != 0


def list_causes(
    connection: sa.Connection,
    *,
    process_id: str | None = None,
    handler: str | None = None,
    among: Collection[str] | None = None,
    limit: int = 25,
    offset: int = 0,
) -> Page[CauseView]:
    """Of what is open, the most frequent first. `among`: only in these processes."""
    where = _filters(process_id, among)
    grouped = _grouped(where)
    if handler is not None:
        grouped = grouped.having(_handler_of(incident.c.cause) == handler)
    number = grouped.selected_columns.number
    rows, total = fetch(connection, grouped.order_by(number.desc(), incident.c.cause), limit, offset)
    return Page(_views(connection, [(row.cause, row.number) for row in rows], where), total)


def get_cause(connection: sa.Connection, cause: str, among: Collection[str] | None = None) -> CauseView:
    """Also one of which nothing is open any more; UnknownCause."""
    where = _filters(None, among)
    row = connection.execute(_grouped([incident.c.cause == cause, *where])).first()
    found = _views(connection, [(cause, row.number if row is not None else 0)], where)
    if not found:
        raise UnknownCause(f"There is no cause '{cause}'.", cause=cause)
    return found[0]


def _grouped(where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[tuple[str, int]]:
    counted = sa.select(incident.c.cause, sa.func.count().label("number")).where(incident.c.state == "open", *where)
    return counted.group_by(incident.c.cause)


def _handler_of(cause: sa.ColumnElement[str]) -> sa.ScalarSelect[str | None]:
    """All incidents of a cause have one handler."""
    one = incident.alias()
    return sa.select(one.c.handler).where(one.c.state == "open", one.c.cause == cause).limit(1).scalar_subquery()


def _filters(process_id: str | None, among: Collection[str] | None) -> Sequence[sa.ColumnElement[bool]]:
    where: list[sa.ColumnElement[bool]] = []
    if process_id is not None:
        where.append(incident.c.process_id == process_id)
    if among is not None:
        where.append(incident.c.process_id.in_(sorted(among)))
    return where


def _views(
    connection: sa.Connection, counts: Sequence[tuple[str, int]], where: Sequence[sa.ColumnElement[bool]]
) -> list[CauseView]:
    edges = {cause: connection.execute(_edges(where), {"cause_": cause}).one() for cause, _ in counts}
    ids = {cause: row.open_id or row.acted_on_id or row.resolved_id for cause, row in edges.items()}
    oldest = incidents_of(connection, [each for each in ids.values() if each is not None])
    processes = _processes(connection, list(ids), where)
    return [
        CauseView(
            id=cause,
            count=count,
            under_way=edges[cause].under_way,
            processes=processes[cause],
            first_seen_at=min(_times(edges[cause], "first")),
            last_seen_at=max(_times(edges[cause], "last")),
            oldest=oldest[ids[cause]],
        )
        for cause, count in counts
        if ids[cause] in oldest
    ]


def _edges(where: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """When `cause_` was raised first and last, and one of its incidents: a look into the index for each state."""
    of_cause = (incident.c.cause == sa.bindparam("cause_"), *where)
    oldest, youngest = incident.c.raised_at.asc(), incident.c.raised_at.desc()

    def edge(column: sa.ColumnElement[Any], state: str, order: sa.UnaryExpression[Any]) -> sa.ScalarSelect[Any]:
        return sa.select(column).where(incident.c.state == state, *of_cause).order_by(order).limit(1).scalar_subquery()

    times = [
        edge(incident.c.raised_at, state, order).label(f"{name}_{state}")
        for state in _STATES
        for name, order in (("first", oldest), ("last", youngest))
    ]
    standing = {"open": oldest, "acted_on": youngest, "resolved": youngest}
    ids = [edge(incident.c.id, state, order).label(f"{state}_id") for state, order in standing.items()]
    acted_on = sa.select(sa.func.count()).where(incident.c.state == "acted_on", *of_cause).scalar_subquery()
    return sa.select(*times, *ids, acted_on.label("under_way"))


def _times(row: sa.Row[Any], edge: str) -> list[datetime]:
    return [at for state in _STATES if (at := row._mapping[f"{edge}_{state}"]) is not None]


def _processes(
    connection: sa.Connection, causes: Sequence[str], where: Sequence[sa.ColumnElement[bool]]
) -> Mapping[str, Mapping[str, int]]:
    """How many of each cause's open incidents are in each process, the most first."""
    number = sa.func.count().label("number")
    query = (
        sa.select(incident.c.cause, incident.c.process_id, number)
        .where(incident.c.state == "open", incident.c.cause.in_(causes), *where)
        .group_by(incident.c.cause, incident.c.process_id)
        .order_by(number.desc(), incident.c.process_id)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.cause][row.process_id] = row.number
    return found
