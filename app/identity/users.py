"""Users: people with a name, a password and what they were granted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import Conflict, InvalidInput, NotFound
from app.core.ids import new_id
from app.identity.authority import Grant
from app.identity.passwords import Passwords, check_password
from app.identity.permissions import Role
from app.identity.tables import user_account, user_session

# As handlers, histories and mail addresses have them: no spaces, nothing that is markup
_NAME = re.compile(r"\w[\w.@+-]{0,63}")


class UnknownUser(NotFound):
    """No user has that name."""


class LastAdmin(Conflict):
    """Nobody would be left who can manage users."""


@dataclass(frozen=True)
class UserView:
    """`subject` is who they are to the provider that logs them in; None: they have a password."""

    id: str
    name: str
    subject: str | None
    grants: Sequence[Grant]
    groups: Sequence[str]
    created_at: datetime
    created_by: str
    logged_in_at: datetime | None
    disabled_at: datetime | None


_VIEW = sa.select(*(user_account.c[name] for name in UserView.__dataclass_fields__)).order_by(user_account.c.name_key)


class Users:
    """What is done to users. `by` is who does it; a door commits."""

    def __init__(self, clock: Clock, passwords: Passwords) -> None:
        self._clock = clock
        self._passwords = passwords

    def add(self, tx: Transaction, name: str, password: str, grants: Iterable[Grant], by: str) -> str:
        """The new user's id. Conflict if somebody has that name, in any case of its letters."""
        check_name(name)
        check_password(password, name)
        return self._insert(tx, name, grants, by, password_hash=self._passwords.hash(password))

    def _insert(self, tx: Transaction, name: str, grants: Iterable[Grant], by: str, **values: Any) -> str:
        if find_by_name(tx.connection, name) is not None:
            raise Conflict(f"There is a user '{name}' already. Choose another name.", path="$.name")
        user_id = new_id()
        row = {"id": user_id, "name": name, "name_key": name.casefold(), "grants": pack(grants), "created_by": by}
        tx.connection.execute(sa.insert(user_account).values(**row, created_at=self._clock.now(), **values))
        return user_id

    def add_first(self, tx: Transaction, password: str) -> bool:
        """Add `admin` with that password if there is no user at all; whether it did."""
        if tx.connection.execute(sa.select(user_account.c.id).limit(1)).first() is not None:
            return False
        self.add(tx, "admin", password, [Grant(Role.ADMIN)], "first start")
        return True

    def let_in(
        self, tx: Transaction, subject: str, name: str, grants: Iterable[Grant], by: str, groups: Sequence[str] = ()
    ) -> str | None:
        """The id of whom a provider knows by that subject, with these grants and groups from now on; None if they may
        do nothing.

        Somebody new is added. Conflict if another user has the name: a provider takes nobody's account over.
        """
        row = tx.connection.execute(_VIEW.where(user_account.c.subject == subject)).first()
        given = list(grants)
        if row is None:
            return self._insert(tx, name, given, by, subject=subject, groups=list(groups)) if given else None
        self._update(tx, row.id, grants=pack(given), groups=list(groups))
        if not given:
            _end_sessions(tx, row.id)
        return str(row.id) if given and row.disabled_at is None else None

    def change_password(self, tx: Transaction, name: str, password: str) -> None:
        """Ends all their sessions."""
        user = get(tx.connection, name)
        if user.subject is not None:
            raise Conflict(f"{user.name} is logged in by a provider, who keeps the password.")
        check_password(password, user.name)
        self._update(tx, user.id, password_hash=self._passwords.hash(password))
        _end_sessions(tx, user.id)

    def grant(self, tx: Transaction, name: str, grants: Iterable[Grant]) -> None:
        """Give them these and no others; it holds from their next request on."""
        user = get(tx.connection, name)
        self._update(tx, user.id, grants=pack(grants))
        _check_somebody_manages(tx)

    def put_in_groups(self, tx: Transaction, name: str, groups: Iterable[str]) -> None:
        """These and no others: their tasks are offered to them from the next request on."""
        named = list(dict.fromkeys(each.strip() for each in groups if each.strip()))
        if any(len(each) > 64 or not each.isprintable() for each in named) or len(named) > 50:
            raise InvalidInput("A group's name has at most 64 characters; 50 groups at most.", path="$.groups")
        user = get(tx.connection, name)
        if user.subject is not None:
            raise Conflict(f"{user.name} is logged in by a provider, who says which groups they are in.")
        self._update(tx, user.id, groups=named)

    def disable(self, tx: Transaction, name: str) -> None:
        """Ends their sessions; their tokens open nothing any more. Safe to repeat."""
        user = get(tx.connection, name)
        if user.disabled_at is None:
            self._update(tx, user.id, disabled_at=self._clock.now())
        _end_sessions(tx, user.id)
        _check_somebody_manages(tx)

    def enable(self, tx: Transaction, name: str) -> None:
        """Let them in again. Safe to repeat."""
        self._update(tx, get(tx.connection, name).id, disabled_at=None)

    def _update(self, tx: Transaction, user_id: str, **values: Any) -> None:
        tx.connection.execute(sa.update(user_account).where(user_account.c.id == user_id).values(**values))


def or_nobody(name: str) -> str:
    """The name, or one that is nobody's for what cannot be one: a stranger may write anything, NUL included."""
    return name if _NAME.fullmatch(name) else "?"


def check_name(name: str) -> None:
    """InvalidInput unless it can be a user's or a token's."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name[:80]!r} is no name: up to 64 letters, digits and . _ - + @, without spaces.", path="$.name"
        )


def list_users(connection: sa.Connection) -> list[UserView]:
    """By name."""
    return [_view(row) for row in connection.execute(_VIEW)]


def list_managers(connection: sa.Connection) -> list[str]:
    """The names of those who may give permissions."""
    return [user.name for user in list_users(connection) if _manages(user)]


def find_by_name(connection: sa.Connection, name: str) -> UserView | None:
    """Whatever the case of its letters; None also for what can be nobody's name."""
    if not _NAME.fullmatch(name):
        return None
    row = connection.execute(_VIEW.where(user_account.c.name_key == name.casefold())).first()
    return None if row is None else _view(row)


def get(connection: sa.Connection, name: str) -> UserView:
    """UnknownUser if there is none."""
    found = find_by_name(connection, name)
    if found is None:
        raise UnknownUser(f"There is no user '{name[:80]}'.", path="$.name")
    return found


def pack(grants: Iterable[Grant]) -> list[list[str]]:
    """Grants as they are stored."""
    return [[grant.gives, grant.process_id] for grant in sorted(set(grants))]


def unpack(stored: Iterable[Sequence[str]]) -> tuple[Grant, ...]:
    return tuple(Grant(gives, process_id) for gives, process_id in stored)


def _view(row: Any) -> UserView:
    return UserView(**{**row._mapping, "grants": unpack(row.grants), "groups": tuple(row.groups or ())})


def _manages(user: UserView) -> bool:
    return user.disabled_at is None and Grant(Role.ADMIN) in user.grants


def _check_somebody_manages(tx: Transaction) -> None:
    if not list_managers(tx.connection):
        raise LastAdmin("Nobody would be left who can manage users. Make another user admin first.")


def _end_sessions(tx: Transaction, user_id: str) -> None:
    tx.connection.execute(sa.delete(user_session).where(user_session.c.user_id == user_id))
