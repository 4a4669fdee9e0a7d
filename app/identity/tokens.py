"""Tokens: what a program sends instead of a name and a password.

A token is 256 random bits, so a plain SHA-256 of it is enough to store: there is nothing to guess that hashing slowly
would protect, and a request costs one read by an index.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import InvalidInput, NotFound, Unauthorized
from app.core.ids import new_id
from app.identity.authority import Authority, Grant, Person
from app.identity.tables import api_token, user_account
from app.identity.users import check_name, pack, unpack

PREFIX = "turnup_"  # so that one that was published by mistake is recognised
LONGEST = timedelta(days=366)
NOTED_EVERY = timedelta(minutes=1)  # how exactly the last use is known


class TokenWrong(Unauthorized):
    """No token is like that."""


class TokenExpired(Unauthorized):
    """The token was right, and its time is over."""


class TokenRevoked(Unauthorized):
    """The token was right, and somebody has taken it back, or its user is disabled."""


class UnknownToken(NotFound):
    """No token has that id."""


@dataclass(frozen=True)
class NewToken:
    """`user_id` is whose it is: it reaches no further than they do, and acts in their name. None: a system's own."""

    name: str
    grants: Sequence[Grant]
    expires_at: datetime
    user_id: str | None = None


@dataclass(frozen=True)
class TokenView:
    """`used_at` is right to the minute."""

    id: str
    name: str
    user: str | None
    grants: Sequence[Grant]
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True)
class Known:
    """Whose a token is, until when, and when it was last used."""

    person: Person
    expires_at: datetime
    used_at: datetime | None


_FIND = (
    sa.select(
        *(api_token.c[name] for name in ("id", "name", "grants", "expires_at", "used_at", "revoked_at", "user_id")),
        user_account.c.name.label("user"),
        user_account.c.grants.label("user_grants"),
        user_account.c.disabled_at,
    )
    .join_from(api_token, user_account, user_account.c.id == api_token.c.user_id, isouter=True)
    .where(api_token.c.digest == sa.bindparam("digest_"))
)
_VIEW = sa.select(
    *(api_token.c[name] for name in TokenView.__dataclass_fields__ if name != "user"), user_account.c.name.label("user")
).join_from(api_token, user_account, user_account.c.id == api_token.c.user_id, isouter=True)


class Tokens:
    """What is done to tokens. `by` is who does it; a door commits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def issue(self, tx: Transaction, new: NewToken, by: str) -> tuple[str, str]:
        """Its id, and the token itself, which nobody can be told again."""
        check_name(new.name)
        now = self._clock.now()
        if not new.grants:
            raise InvalidInput("A token that may do nothing is of no use. Give it a role.", path="$.grants")
        if not now < new.expires_at <= now + LONGEST:
            raise InvalidInput(f"A token holds for at most {LONGEST.days} days from now.", path="$.expiresAt")
        token_id, token = new_id(), PREFIX + secrets.token_urlsafe(32)
        row = {"id": token_id, "name": new.name, "digest": digest_of(token), "user_id": new.user_id, "created_by": by}
        values = {**row, "grants": pack(new.grants), "created_at": now, "expires_at": new.expires_at}
        tx.connection.execute(sa.insert(api_token).values(values))
        return token_id, token

    def revoke(self, tx: Transaction, token_id: str, user_id: str | None = None) -> None:
        """It opens nothing any more. Safe to repeat. UnknownToken if there is none, or it is not that user's."""
        if not token_id.isprintable():  # PostgreSQL takes no NUL
            raise UnknownToken("There is no token with such an id.")
        wanted = [api_token.c.id == token_id]
        if user_id is not None:
            wanted.append(api_token.c.user_id == user_id)
        revoked = sa.func.coalesce(api_token.c.revoked_at, sa.literal(self._clock.now(), api_token.c.revoked_at.type))
        done = tx.connection.execute(sa.update(api_token).where(*wanted).values(revoked_at=revoked))
        if not done.rowcount:
            raise UnknownToken(f"There is no token with the id '{token_id[:80]}'.")

    def note_use(self, tx: Transaction, token_id: str) -> None:
        """That it is used now; once a minute, however many servers see it."""
        now = self._clock.now()
        used = api_token.c.used_at
        dated = sa.or_(used.is_(None), used <= now - NOTED_EVERY)
        tx.connection.execute(sa.update(api_token).where(api_token.c.id == token_id, dated).values(used_at=now))


def find(connection: sa.Connection, token: str) -> Known:
    """Whose a token is. TokenWrong, TokenRevoked; whether it has expired is asked anew each time."""
    row = connection.execute(_FIND, {"digest_": digest_of(token)}).first()
    if row is None:
        raise TokenWrong("No token is like that. Make one on the page Tokens, or with `turnup token add`.")
    if row.revoked_at is not None or row.disabled_at is not None:
        why = "was revoked" if row.revoked_at is not None else "is of a user who is disabled"
        raise TokenRevoked(f"The token '{row.name}' {why}. Ask an administrator for another.")
    authority = Authority(unpack(row.grants))
    if row.user_id is not None:
        authority = authority.within(Authority(unpack(row.user_grants)))
    person = Person(row.user or row.name, authority, "token", row.user_id, row.id)
    return Known(person, row.expires_at, row.used_at)


def check_time(known: Known, now: datetime) -> None:
    """TokenExpired from that moment on."""
    if now >= known.expires_at:
        ended = known.expires_at.isoformat().replace("+00:00", "Z")
        raise TokenExpired(f"The token expired at {ended}. Make another: page Tokens, or `turnup token add`.")


def list_tokens(connection: sa.Connection, user_id: str | None = None) -> list[TokenView]:
    """The youngest first; all of them, or a user's."""
    query = _VIEW.order_by(api_token.c.id.desc())
    if user_id is not None:
        query = query.where(api_token.c.user_id == user_id)
    return [TokenView(**{**row._mapping, "grants": unpack(row.grants)}) for row in connection.execute(query)]


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
