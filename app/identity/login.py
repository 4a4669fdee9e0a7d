"""Logging in with a name and a password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.core.errors import Unauthorized
from app.identity.audit import entries
from app.identity.audit.entries import Entry
from app.identity.guesses import Guesses
from app.identity.passwords import Passwords
from app.identity.sessions import Sessions
from app.identity.tables import user_account
from app.identity.users import or_nobody

LOGIN = "login"


class LoginRefused(Unauthorized):
    """Name and password do not belong together; which of them is wrong, nobody is told."""


@dataclass(frozen=True)
class Visitor:
    """Where a log-in comes from."""

    address: str
    agent: str


class Login:
    """A door of its own: the count is stored before the password is looked at, which no transaction waits for."""

    def __init__(self, database: Database, clock: Clock, passwords: Passwords, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._sessions = sessions
        self._guesses = Guesses(clock)

    def enter(self, name: str, password: str, visitor: Visitor) -> str:
        """The new session's cookie. TooManyGuesses, LoginRefused."""
        user = self.check(name, password, visitor)
        dated = self._passwords.is_dated(user.password_hash)
        fresh = self._passwords.hash(password) if dated else None
        with self._database.transaction() as tx:
            return self.open(tx, user.id, visitor, fresh)

    def check(self, name: str, password: str, visitor: Visitor) -> Any:
        """The user's row, if the password is right. TooManyGuesses, LoginRefused."""
        name = or_nobody(name)
        with self._database.transaction() as tx:
            self._guesses.count(tx, name, visitor.address)
        with self._database.reading() as connection:
            query = sa.select(user_account).where(user_account.c.name_key == name.casefold())
            user = connection.execute(query).first()
        is_right = self._passwords.is_right(user.password_hash if user else None, password)
        if user is None or not is_right or user.disabled_at is not None:
            self._record(name, visitor)
            raise LoginRefused("That name and that password do not belong together.")
        with self._database.transaction() as tx:
            self._guesses.forgive(tx, name)
        return user

    def _record(self, name: str, visitor: Visitor) -> None:
        entry = Entry(
            at=self._clock.now(),
            by=name[:64],
            via="user",
            action=LOGIN,
            door=LOGIN,
            result="refused",
            code=LoginRefused.__name__,
            address=visitor.address,
        )
        with self._database.transaction() as tx:
            entries.write(tx, entry)

    def open(self, tx: Transaction, user_id: str, visitor: Visitor, password_hash: str | None = None) -> str:
        """A session for somebody who has proved who they are; with a new hash of their password, if it was dated."""
        values: dict[str, Any] = {"logged_in_at": self._clock.now()}
        if password_hash is not None:
            values["password_hash"] = password_hash
        chosen = sa.update(user_account).where(user_account.c.id == user_id).values(values)
        name = tx.connection.execute(chosen.returning(user_account.c.name)).scalar_one()
        now, address = self._clock.now(), visitor.address
        entries.write(tx, Entry(now, name, "user", LOGIN, LOGIN, user_id=user_id, address=address))
        return self._sessions.open(tx, user_id, visitor.address, visitor.agent)
