"""Sessions: what a browser holds instead of a name and a password, until nobody uses it or its day is over."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.identity.authority import Authority, Person
from app.identity.tables import user_account, user_session
from app.identity.tokens import digest_of
from app.identity.users import unpack

NOTED_EVERY = timedelta(minutes=1)  # how exactly the last use is known


@dataclass(frozen=True)
class SessionView:
    """`here` is the one that asks."""

    opened_at: datetime
    seen_at: datetime
    address: str
    agent: str
    here: bool


@dataclass(frozen=True)
class Found:
    """Whose a session is, and whether its use is to be noted."""

    person: Person
    is_due: bool


_FIND = (
    sa.select(
        *(user_session.c[name] for name in ("user_id", "opened_at", "seen_at")),
        *(user_account.c[name] for name in ("name", "grants", "groups", "disabled_at")),
    )
    .join_from(user_session, user_account, user_account.c.id == user_session.c.user_id)
    .where(user_session.c.digest == sa.bindparam("digest_"))
)


class Sessions:
    """`idle`: unused for so long, a session is over; `longest`: it is over whatever happens."""

    def __init__(self, clock: Clock, idle: timedelta, longest: timedelta) -> None:
        self._clock = clock
        self._idle = idle
        self.longest = longest

    def open(self, tx: Transaction, user_id: str, address: str, agent: str) -> str:
        """What the browser is to keep: always a new one, so that nobody can prepare one. Sweeps those that are over."""
        now, cookie = self._clock.now(), secrets.token_urlsafe(32)
        self._sweep(tx, now)
        row = {"digest": digest_of(cookie), "user_id": user_id, "address": address[:64], "agent": agent[:255]}
        tx.connection.execute(sa.insert(user_session).values(**row, opened_at=now, seen_at=now))
        return cookie

    def find(self, connection: sa.Connection, cookie: str) -> Found | None:
        """Whose it is; None when it is over, was closed, or never was."""
        row = connection.execute(_FIND, {"digest_": digest_of(cookie)}).first()
        if row is None or row.disabled_at is not None:
            return None
        now = self._clock.now()
        if now >= min(row.seen_at + self._idle, row.opened_at + self.longest):
            return None
        person = Person(row.name, Authority(unpack(row.grants)), "user", row.user_id, groups=tuple(row.groups or ()))
        return Found(person, now - row.seen_at >= NOTED_EVERY)

    def note_use(self, tx: Transaction, cookie: str) -> None:
        now = self._clock.now()
        wanted = (user_session.c.digest == digest_of(cookie), user_session.c.seen_at <= now - NOTED_EVERY)
        tx.connection.execute(sa.update(user_session).where(*wanted).values(seen_at=now))

    def close(self, tx: Transaction, cookie: str) -> None:
        tx.connection.execute(sa.delete(user_session).where(user_session.c.digest == digest_of(cookie)))

    def close_all(self, tx: Transaction, user_id: str) -> None:
        """Log a user out everywhere."""
        tx.connection.execute(sa.delete(user_session).where(user_session.c.user_id == user_id))

    def list_of(self, connection: sa.Connection, user_id: str, cookie: str) -> list[SessionView]:
        """A user's open sessions, the one used last first."""
        now, here = self._clock.now(), digest_of(cookie)
        query = sa.select(user_session).where(
            user_session.c.user_id == user_id,
            user_session.c.seen_at > now - self._idle,
            user_session.c.opened_at > now - self.longest,
        )
        rows = connection.execute(query.order_by(user_session.c.seen_at.desc()))
        return [SessionView(row.opened_at, row.seen_at, row.address, row.agent, row.digest == here) for row in rows]

    def _sweep(self, tx: Transaction, now: datetime) -> None:
        is_over = sa.or_(
            user_session.c.seen_at <= now - self._idle,
            user_session.c.opened_at <= now - self.longest,
        )
        tx.connection.execute(sa.delete(user_session).where(is_over))


def proof_of(cookie: str) -> str:
    """What a page puts into its forms: made from the cookie, which no other site can read, and of no use as one."""
    return hashlib.sha256(b"proof of a form\n" + cookie.encode()).hexdigest()
