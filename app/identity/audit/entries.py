"""Entries of the audit: written in the transaction of what they tell of, or in one of their own when it was refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson
import sqlalchemy as sa

from app.core.db import Prepared, Transaction
from app.core.ids import new_id
from app.core.texts import as_text
from app.core.types import to_microseconds
from app.identity.audit.tables import audit_entry

LONGEST = 20_000  # bytes of JSON that are kept of what was there before, and of what was asked for
_DIGESTED = (
    *("id", "at", "by", "second", "via", "user_id", "token_id", "action", "door", "kind", "target", "process_id"),
    *("result", "code", "request_id", "reason", "before", "after", "address"),
)
_WRITE = Prepared(sa.insert(audit_entry))


@dataclass(frozen=True)
class Entry:
    """One deed. `before` and `after` are JSON; what is too long is cut down to its size and digest."""

    at: datetime
    by: str
    via: Literal["user", "token", "command"]
    action: str
    door: str
    second: str | None = None
    kind: str | None = None
    target: str | None = None
    process_id: str | None = None
    user_id: str | None = None
    token_id: str | None = None
    result: Literal["done", "refused"] = "done"
    code: str | None = None
    request_id: str | None = None
    reason: str | None = None
    before: Any = None
    after: Any = None
    address: str | None = None
    id: str = field(default_factory=new_id)


def write(tx: Transaction, entry: Entry) -> None:
    """Add it. Nobody waits for anybody: the chain is the sealer's."""
    row = {name: getattr(entry, name) for name in _DIGESTED}
    row = {name: as_text(value) if isinstance(value, str) else value for name, value in row.items()}
    row |= {"at": to_microseconds(entry.at), "before": _text(entry.before), "after": _text(entry.after)}
    row |= dict.fromkeys(("erased_at", "position", "digest", "chain"))
    _WRITE.run(tx.connection, [row])


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = orjson.dumps(value, default=str)
    if len(text) > LONGEST:
        text = orjson.dumps({"bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()})
    return text.decode()


def digest(row: sa.RowMapping) -> str:
    """Of an entry as it is stored."""
    told = {name: row[name] for name in _DIGESTED}
    told["at"] = to_microseconds(row["at"])
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def erase(tx: Transaction, entry_id: str, now: datetime) -> bool:
    """Forget what it says of people's data; that it was done, by whom and to what stays, and so does the chain.

    Only what is sealed: its digest tells later that it was not changed before. False for any other.
    """
    chosen = sa.and_(audit_entry.c.id == entry_id, audit_entry.c.position.is_not(None))
    gone = {"reason": None, "before": sa.null(), "after": sa.null(), "address": None, "erased_at": now}
    return bool(tx.connection.execute(sa.update(audit_entry).where(chosen).values(gone)).rowcount)
