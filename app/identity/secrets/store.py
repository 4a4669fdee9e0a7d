"""Secrets in the database. They are read by name, one at a time, when a handler asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Database, Transaction
from app.core.errors import NotFound
from app.identity.secrets.keys import Keyring
from app.identity.secrets.names import check_name, check_value
from app.identity.secrets.tables import secret


class UnknownSecret(NotFound):
    """Nothing is stored under that name."""


@dataclass(frozen=True)
class SecretRow:
    """A stored secret without its value."""

    name: str
    key_id: str
    changed_at: datetime
    changed_by: str


class Store:
    """Where secrets are looked for last. `keys` is asked each time: files of keys change while processes run."""

    def __init__(self, database: Database, keys: Callable[[], Keyring]) -> None:
        self._database = database
        self._keys = keys

    def find(self, name: str) -> str | None:
        with self._database.reading() as connection:
            row = connection.execute(sa.select(secret.c.key_id, secret.c.sealed).where(secret.c.name == name)).first()
        return None if row is None else self._keys().of(row.key_id, name).open(name, row.sealed)

    def place(self, name: str) -> str:
        return "the encrypted store (turnup secret set)"


def put(tx: Transaction, keys: Keyring, name: str, value: str, by: str, now: datetime) -> None:
    """Store the secret, in the place of one that is there under that name."""
    key = keys.first
    facts = {
        "key_id": key.id,
        "sealed": key.seal(check_name(name), check_value(name, value)),
        "changed_at": now,
        "changed_by": by,
    }
    # SQLite understands what comes of it, as of every upsert that is written for PostgreSQL.
    statement = insert(secret).values(name=name, **facts)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=facts))


def listed(connection: sa.Connection) -> list[SecretRow]:
    """By name."""
    columns = (secret.c.name, secret.c.key_id, secret.c.changed_at, secret.c.changed_by)
    return [SecretRow(**row._mapping) for row in connection.execute(sa.select(*columns).order_by(secret.c.name))]


def remove(tx: Transaction, name: str) -> None:
    if not tx.connection.execute(sa.delete(secret).where(secret.c.name == name)).rowcount:
        raise UnknownSecret(f"No secret {name!r} is stored. `turnup secret list` shows those that are.", name=name)


def not_yet_rotated(connection: sa.Connection, keys: Keyring) -> list[str]:
    """The names of those that another key than the first encrypts."""
    query = sa.select(secret.c.name).where(secret.c.key_id != keys.first.id).order_by(secret.c.name)
    return list(connection.execute(query).scalars())


def rotate(tx: Transaction, keys: Keyring, name: str) -> None:
    """Encrypt one secret under the first key. Safe to repeat; one that was set or removed meanwhile is left alone."""
    row = tx.connection.execute(sa.select(secret.c.key_id, secret.c.sealed).where(secret.c.name == name)).first()
    if row is None or row.key_id == keys.first.id:
        return
    value = keys.of(row.key_id, name).open(name, row.sealed)
    tx.connection.execute(
        sa.update(secret)
        .where(secret.c.name == name, secret.c.sealed == row.sealed)
        .values(key_id=keys.first.id, sealed=keys.first.seal(name, value))
    )
