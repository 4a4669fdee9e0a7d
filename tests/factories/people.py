"""Users, tokens and an identity whose passwords cost little."""

from __future__ import annotations

from datetime import timedelta

import argon2
import sqlalchemy as sa

from app.core.clock import Clock, SystemClock
from app.core.db import Database
from app.core.ids import new_id
from app.identity.authority import read_grant
from app.identity.doors import Identity, build_identity
from app.identity.passwords import Passwords
from app.identity.permissions import Permission
from app.identity.provider import ProviderSettings
from app.identity.tables import api_token
from app.identity.tokens import digest_of
from app.identity.users import pack

PASSWORD = "correct horse battery"


def quick_passwords() -> Passwords:
    return Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def an_identity(
    database: Database,
    clock: Clock,
    provider: ProviderSettings | None = None,
    four_eyes: frozenset[Permission] = frozenset(),
) -> Identity:
    return build_identity(database, clock, passwords=quick_passwords(), provider=provider, four_eyes=four_eyes)


def add_user(identity: Identity, name: str, *grants: str) -> str:
    """Their id. The password is PASSWORD."""
    with identity.database.transaction() as tx:
        return identity.users.add(tx, name, PASSWORD, map(read_grant, grants), "tests")


def add_token(
    database: Database,
    token: str,
    *grants: str,
    name: str = "api",
    user_id: str | None = None,
    clock: Clock | None = None,
) -> None:
    """A token that a test knows beforehand, unless it is there already."""
    now = (clock or SystemClock()).now()
    row = {"id": new_id(), "name": name, "digest": digest_of(token), "user_id": user_id, "created_by": "tests"}
    given = pack(map(read_grant, grants or ("admin",)))
    with database.transaction() as tx:
        if tx.connection.execute(sa.select(api_token.c.id).where(api_token.c.digest == row["digest"])).first() is None:
            values = {**row, "grants": given, "created_at": now, "expires_at": now + timedelta(days=30)}
            tx.connection.execute(sa.insert(api_token).values(values))
