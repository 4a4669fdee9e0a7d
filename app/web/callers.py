"""Whose a request's bearer token is; asked of the database once in a few seconds."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

from flask import request

from app.core.errors import Unauthorized
from app.identity import tokens
from app.identity.authority import Person
from app.identity.doors import Identity
from app.identity.tokens import Known, digest_of
from app.web.acting import enter
from app.web.rates import Rate

REMEMBERED_FOR = timedelta(seconds=5)
_REMEMBERED = 1000
WRONG_PER_S = 10  # from one address. Right tokens from there are let in all the same: it may be a proxy's.


class TokenMissing(Unauthorized):
    """The request carries no bearer token."""


class Callers:
    """Lets callers pass who send a token, through the doors that it opens."""

    def __init__(self, identity: Identity, rate: Rate) -> None:
        self._identity = identity
        self._rate = rate
        self._wrong = Rate(WRONG_PER_S)
        self._known: OrderedDict[str, tuple[Known, datetime]] = OrderedDict()  # by the token's digest
        self._lock = Lock()

    @property
    def identity(self) -> Identity:
        return self._identity

    def guard(self) -> None:
        """To be run before every request of the API."""
        enter(self.person(), self._identity)

    def person(self) -> Person:
        """Who calls. TokenMissing, TokenWrong, TokenExpired, TokenRevoked, TooManyRequests."""
        try:
            known = self._find(_sent())
            tokens.check_time(known, self._identity.clock.now())
        except Unauthorized:
            self._wrong.take(request.remote_addr or "")
            raise
        self._rate.take(str(known.person.token_id))
        return known.person

    def _find(self, token: str) -> Known:
        digest, now = digest_of(token), self._identity.clock.now()
        with self._lock:
            found = self._known.get(digest)
        if found is not None and now - found[1] < REMEMBERED_FOR:
            return found[0]
        with self._identity.database.reading() as connection:
            known = tokens.find(connection, token)
        self._note_use(known, now)
        with self._lock:
            self._known[digest] = (known, now)
            self._known.move_to_end(digest)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known

    def _note_use(self, known: Known, now: datetime) -> None:
        """Not synced: what a power cut may take is a minute of when it was used."""
        if known.used_at is None or now - known.used_at >= tokens.NOTED_EVERY:
            with self._identity.database.transaction(synced=False) as tx:
                self._identity.tokens.note_use(tx, str(known.person.token_id))


def _sent() -> str:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not sent.strip():
        raise TokenMissing(
            "No bearer token was sent. Send `Authorization: Bearer <token>`; make one on the page Account of the "
            "dashboard, or with `turnup token add`."
        )
    return sent.strip()
