"""Finding entries of the audit, the youngest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.pages import Page, fetch
from app.identity.audit.tables import audit_entry

AT_ONCE = 1000


@dataclass(frozen=True)
class EntryView:
    """An entry as it is shown; `position` is None until it is sealed."""

    id: str
    at: datetime
    by: str
    second: str | None
    via: str
    action: str
    door: str
    kind: str | None
    target: str | None
    process_id: str | None
    result: str
    code: str | None
    reason: str | None
    before: Any
    after: Any
    address: str | None
    request_id: str | None
    erased_at: datetime | None
    position: int | None
    digest: str | None
    chain: str | None


@dataclass(frozen=True)
class Wanted:
    """What is looked for; None: anything. Names, actions and targets in full."""

    by: str | None = None
    action: str | None = None
    target: str | None = None
    process_id: str | None = None
    result: str | None = None
    via: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_COLUMNS = [audit_entry.c[name] for name in EntryView.__dataclass_fields__]


def find(connection: sa.Connection, wanted: Wanted, limit: int, offset: int) -> Page[EntryView]:
    query = _chosen(wanted).order_by(audit_entry.c.id.desc())
    rows, total = fetch(connection, query, limit, offset)
    return Page([EntryView(**row._mapping) for row in rows], total)


def find_about(connection: sa.Connection, targets: Sequence[str], prefix: str, limit: int) -> list[EntryView]:
    """The youngest about any of these targets, or one whose id begins so."""
    about = sa.or_(audit_entry.c.target.in_(targets), audit_entry.c.target.startswith(prefix, autoescape=True))
    query = sa.select(*_COLUMNS).where(about).order_by(audit_entry.c.id.desc()).limit(limit)
    return [EntryView(**row._mapping) for row in connection.execute(query)]


def every(connection: sa.Connection, wanted: Wanted) -> Iterator[EntryView]:
    """All of them, the oldest first, however many there are."""
    after = ""
    while True:
        query = _chosen(wanted).where(audit_entry.c.id > after).order_by(audit_entry.c.id).limit(AT_ONCE)
        rows = connection.execute(query).all()
        if not rows:
            return
        for row in rows:
            yield EntryView(**row._mapping)
        after = rows[-1].id


def _chosen(wanted: Wanted) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS)
    for name in ("by", "action", "target", "process_id", "result", "via"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(audit_entry.c[name] == value)
    if wanted.since is not None:
        query = query.where(audit_entry.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(audit_entry.c.at < wanted.until)
    return query
