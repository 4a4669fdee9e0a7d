"""Four eyes: what needs a second person is asked for, seconded by somebody else who may do it, and then done, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.ids import new_id
from app.core.pages import Page, fetch
from app.identity.authority import Person
from app.identity.permissions import IN_WORDS, Permission
from app.identity.tables import approval

HOLDS_FOR = timedelta(hours=24)


class NeedsSecondPerson(Conflict):
    """It is done once somebody else has seconded it."""


class OwnRequest(Forbidden):
    """Nobody is their own second person."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants to do: `digest` is equal for the same request sent again."""

    who: Person
    action: Permission
    door: str
    target: str | None
    process_id: str | None
    reason: str | None
    body: Any
    digest: str

    @property
    def asker(self) -> str:
        return _key(self.who)


@dataclass(frozen=True)
class ApprovalView:
    """`seconded_by` None: it waits. It is over when it was done, turned down or not seconded in time."""

    id: str
    action: str
    door: str
    target: str | None
    process_id: str | None
    reason: str | None
    body: Any
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    seconded_by: str | None
    seconded_at: datetime | None
    refused_by: str | None
    refused_at: datetime | None
    done_at: datetime | None


_COLUMNS = [approval.c[name] for name in ApprovalView.__dataclass_fields__]


class Approvals:
    """`needed` are the permissions whose use needs a second person."""

    def __init__(self, clock: Clock, needed: frozenset[Permission] = frozenset()) -> None:
        self._clock = clock
        self.needed = needed

    def use(self, tx: Transaction, asked: Asked) -> str | None:
        """Who has seconded it: it may be done now, once. None if nobody has."""
        now = self._clock.now()
        found = (
            sa.select(approval.c.id, approval.c.seconded_by)
            .where(approval.c.digest == asked.digest, approval.c.asker == asked.asker, approval.c.done_at.is_(None))
            .where(approval.c.seconded_at.is_not(None), approval.c.refused_at.is_(None), approval.c.expires_at > now)
        )
        row = tx.connection.execute(found.order_by(approval.c.id).limit(1).with_for_update()).first()
        if row is None:
            return None
        tx.connection.execute(sa.update(approval).where(approval.c.id == row.id).values(done_at=now))
        return str(row.seconded_by)

    def ask(self, tx: Transaction, asked: Asked) -> NeedsSecondPerson:
        """File it, unless it is filed already; what to tell whoever asked."""
        now = self._clock.now()
        same = sa.select(approval.c.id).where(
            approval.c.digest == asked.digest, approval.c.asker == asked.asker, *_waiting(now)
        )
        approval_id = tx.connection.execute(same.limit(1)).scalar()
        if approval_id is None:
            approval_id = new_id()
            row = {
                "id": approval_id,
                "action": str(asked.action),
                "door": asked.door,
                "target": asked.target,
                "process_id": asked.process_id,
                "reason": asked.reason,
                "body": asked.body,
                "digest": asked.digest,
                "asker": asked.asker,
                "asked_by": asked.who.name,
                "asked_at": now,
                "expires_at": now + HOLDS_FOR,
            }
            tx.connection.execute(sa.insert(approval).values(row))
        return NeedsSecondPerson(
            f"To {IN_WORDS[asked.action]} needs a second person here. What you want is filed as {approval_id}: ask "
            "somebody who may do it too to second it on the page Approvals, then send the same again within a day.",
            approval_id=approval_id,
        )

    def second(self, tx: Transaction, approval_id: str, who: Person) -> ApprovalView:
        """Let it be done. OwnRequest, MissingPermission, Conflict, NotFound."""
        return self._decide(tx, approval_id, who, "seconded")

    def refuse(self, tx: Transaction, approval_id: str, who: Person) -> ApprovalView:
        """Turn it down; whoever asked may take it back that way too."""
        return self._decide(tx, approval_id, who, "refused")

    def _decide(self, tx: Transaction, approval_id: str, who: Person, how: str) -> ApprovalView:
        now, chosen = self._clock.now(), approval.c.id == approval_id
        row = tx.connection.execute(sa.select(approval).where(chosen).with_for_update()).first()
        if row is None:
            raise NotFound(f"There is no request '{approval_id}' that needs a second person.")
        if row.asker == _key(who):
            if how == "seconded":
                raise OwnRequest(f"{who.name} has asked for it: somebody else has to second it.")
        else:
            who.require(Permission(row.action), row.process_id)
        if row.done_at or row.refused_at or row.seconded_at or row.expires_at <= now:
            raise Conflict("It waits for nobody any more: it was decided, or a day has passed. Reload to see.")
        values = {f"{how}_by": who.name, f"{how}_at": now}
        tx.connection.execute(sa.update(approval).where(chosen).values(values))
        return view(tx.connection, approval_id)


def view(connection: sa.Connection, approval_id: str) -> ApprovalView:
    row = connection.execute(sa.select(*_COLUMNS).where(approval.c.id == approval_id)).first()
    if row is None:
        raise NotFound(f"There is no request '{approval_id}' that needs a second person.")
    return ApprovalView(**row._mapping)


def listed(connection: sa.Connection, who: Person, limit: int, offset: int) -> Page[ApprovalView]:
    """One's own, and those that one could second; the youngest first."""
    may = [str(each) for each in Permission if who.authority.permits(each)]
    query = sa.select(*_COLUMNS).where(sa.or_(approval.c.asker == _key(who), approval.c.action.in_(may)))
    rows, total = fetch(connection, query.order_by(approval.c.id.desc()), limit, offset)
    views = [ApprovalView(**row._mapping) for row in rows]
    return Page([each for each in views if _concerns(who, each)], total)


def count_waiting(connection: sa.Connection, who: Person, now: datetime) -> int:
    """How many wait for this person to second them."""
    query = sa.select(approval.c.action, approval.c.process_id).where(approval.c.asker != _key(who), *_waiting(now))
    return sum(who.may(Permission(row.action), row.process_id) for row in connection.execute(query.limit(1000)))


def _concerns(who: Person, each: ApprovalView) -> bool:
    return each.asked_by == who.name or who.may(Permission(each.action), each.process_id)


def _waiting(now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    open_ = (approval.c.done_at, approval.c.refused_at, approval.c.seconded_at)
    return [*(column.is_(None) for column in open_), approval.c.expires_at > now]


def _key(who: Person) -> str:
    """The same for all that one person acts through."""
    return who.user_id or f"token:{who.token_id}"
