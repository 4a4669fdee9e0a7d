"""Drafts in the database: kept by whom and when, and never saved over what somebody else has saved meanwhile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.core.db import Transaction
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.core.pages import Page, fetch
from app.drafts.reading import DraftKind, subject_of
from app.drafts.tables import draft


class UnknownDraft(NotFound):
    """No draft has that id: it was deployed or thrown away."""


class SavedMeanwhile(Conflict):
    """Somebody has saved the draft since it was opened."""


@dataclass(frozen=True)
class DraftView:
    """`process_id` is what the diagram says, None for other kinds; `base_version` the version of it that the draft was
    begun from.
    """

    id: str
    kind: str
    name: str
    process_id: str | None
    base_version: int | None
    revision: int
    made_by: str
    made_at: datetime
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True)
class Draft(DraftView):
    document: bytes


@dataclass(frozen=True)
class NewDraft:
    kind: DraftKind
    name: str
    document: bytes
    base_version: int | None = None


_COLUMNS = [draft.c[name] for name in DraftView.__dataclass_fields__]


def make(tx: Transaction, new: NewDraft, by: str, now: datetime) -> DraftView:
    """Keep another draft. DraftRefused, TooLarge, XmlRefused."""
    facts = {
        "id": new_id(),
        "kind": str(new.kind),
        "name": new.name,
        "process_id": subject_of(new.kind, new.document),
        "base_version": new.base_version,
        "revision": 1,
        "made_by": by,
        "made_at": now,
        "saved_by": by,
        "saved_at": now,
    }
    tx.connection.execute(sa.insert(draft).values(**facts, document=new.document))
    return view(tx.connection, str(facts["id"]))


def save(
    tx: Transaction, draft_id: str, name: str, document: bytes, revision: int, by: str, now: datetime
) -> DraftView:
    """Save over what was opened as that revision. SavedMeanwhile, UnknownDraft, and what `make` raises."""
    kind = DraftKind(view(tx.connection, draft_id).kind)
    facts = {"name": name, "process_id": subject_of(kind, document), "document": document}
    saved = (
        sa.update(draft)
        .where(draft.c.id == draft_id, draft.c.revision == revision)
        .values(**facts, revision=draft.c.revision + 1, saved_by=by, saved_at=now)
    )
    if not tx.connection.execute(saved).rowcount:
        raise _saved_meanwhile(view(tx.connection, draft_id))
    return view(tx.connection, draft_id)


def remove(tx: Transaction, draft_id: str, revision: int | None = None) -> None:
    """Throw it away; with a revision, only if it is still that one. SavedMeanwhile, UnknownDraft."""
    gone = sa.delete(draft).where(draft.c.id == draft_id)
    if revision is not None:
        gone = gone.where(draft.c.revision == revision)
    if not tx.connection.execute(gone).rowcount:
        raise _saved_meanwhile(view(tx.connection, draft_id))


def read(connection: sa.Connection, draft_id: str) -> Draft:
    """With its document. UnknownDraft."""
    row = connection.execute(sa.select(*_COLUMNS, draft.c.document).where(draft.c.id == draft_id)).first()
    if row is None:
        raise _unknown(draft_id)
    return Draft(**row._mapping)


def view(connection: sa.Connection, draft_id: str) -> DraftView:
    row = connection.execute(sa.select(*_COLUMNS).where(draft.c.id == draft_id)).first()
    if row is None:
        raise _unknown(draft_id)
    return DraftView(**row._mapping)


def listed(
    connection: sa.Connection,
    reach: Collection[str] | None,
    *,
    kind: str | None = None,
    process_id: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Page[DraftView]:
    """The newest first; of these processes only, unless `reach` is None."""
    query = sa.select(*_COLUMNS).order_by(draft.c.id.desc())
    if reach is not None:
        query = query.where(draft.c.process_id.in_(reach))
    if kind is not None:
        query = query.where(draft.c.kind == kind)
    if process_id is not None:
        query = query.where(draft.c.process_id == process_id)
    rows, total = fetch(connection, query, limit, offset)
    return Page([DraftView(**row._mapping) for row in rows], total)


def _saved_meanwhile(found: DraftView) -> SavedMeanwhile:
    return SavedMeanwhile(
        f"{found.saved_by} has saved this draft since you opened it, at {found.saved_at:%Y-%m-%d %H:%M} UTC. Keep "
        "yours as another draft, or open theirs and draw yours into it.",
        path="$.revision",
        revision=found.revision,
        saved_by=found.saved_by,
    )


def _unknown(draft_id: str) -> UnknownDraft:
    return UnknownDraft(f"There is no draft '{draft_id}': it was deployed or thrown away. /api/v1/drafts lists them.")
