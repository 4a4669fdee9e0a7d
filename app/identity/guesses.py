"""Guessing passwords takes ever longer: counted for each name and each address, where all servers see it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.clock import Clock
from app.core.db import Transaction
from app.core.errors import TooMany
from app.identity.tables import login_guess

FREE = {"name": 5, "address": 30}  # so many are not held against anybody
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)


class TooManyGuesses(TooMany):
    """A log-in was tried too often."""

    def __init__(self, retry_after_s: int) -> None:
        message = f"Too many attempts to log in. Try again in {_in_words(retry_after_s)}."
        super().__init__(message, retry_after_s=retry_after_s)


class Guesses:
    """A guess is counted before it is looked at, so that many at once are no way round."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def count(self, tx: Transaction, name: str, address: str) -> None:
        """One more for the name and for the address; TooManyGuesses, uncounted, while either has to pause."""
        now = self._clock.now()
        tx.connection.execute(sa.delete(login_guess).where(login_guess.c.last_at <= now - FORGOTTEN_AFTER))
        keys = (("address", address[:64]), ("name", name.casefold()[:64]))
        for kind, of in keys:
            _add_one(tx, kind, of, now)

    def forgive(self, tx: Transaction, name: str) -> None:
        """It was right: the name begins anew. The address does not: it may have guessed others' in between."""
        wanted = (login_guess.c.kind == "name", login_guess.c.of == name.casefold()[:64])
        tx.connection.execute(sa.delete(login_guess).where(*wanted))


def _add_one(tx: Transaction, kind: str, of: str, now: datetime) -> None:
    """The row is locked by the insertion, also where it is there already: two at once see each other."""
    new = insert(login_guess).values(kind=kind, of=of, guesses=0, last_at=now)
    same = new.on_conflict_do_update(index_elements=["kind", "of"], set_={"guesses": login_guess.c.guesses})
    row = tx.connection.execute(same.returning(login_guess.c.guesses, login_guess.c.last_at)).one()
    wait = row.last_at + pause_after(kind, row.guesses) - now
    if wait > timedelta(0):
        raise TooManyGuesses(math.ceil(wait.total_seconds()))
    wanted = (login_guess.c.kind == kind, login_guess.c.of == of)
    tx.connection.execute(sa.update(login_guess).where(*wanted).values(guesses=row.guesses + 1, last_at=now))


def pause_after(kind: str, count: int) -> timedelta:
    """Nothing for the free ones, then a second, two, four, up to LONGEST_PAUSE."""
    beyond = count - FREE[kind]
    if beyond < 0:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(beyond, 12)), LONGEST_PAUSE)


def _in_words(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} second{'s' if seconds != 1 else ''}"
    return f"{math.ceil(seconds / 60)} minutes"
