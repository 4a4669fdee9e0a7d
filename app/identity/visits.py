"""Log-ins by the provider: begun here, remembered while the browser is there, ended when it comes back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Database, Transaction
from app.identity.login import Login, Visitor
from app.identity.provider import Provider, ProviderRefused, Visit
from app.identity.tables import login_visit
from app.identity.tokens import digest_of
from app.identity.users import Users

REMEMBERED_FOR = timedelta(minutes=10)
_STRANGE = re.compile(r"[^\w.@+-]+")


class ProviderLogin:
    """A door of its own: the provider is asked while no transaction is open."""

    def __init__(self, database: Database, clock: Clock, provider: Provider, users: Users, login: Login) -> None:
        self.provider = provider
        self._database = database
        self._clock = clock
        self._users = users
        self._login = login

    def begin(self, cookie: str, redirect_uri: str, target: str) -> str:
        """Where the browser with that cookie is sent."""
        url, visit = self.provider.begin(redirect_uri)
        row = {"state_digest": digest_of(visit.state), "visit_digest": digest_of(cookie), "target": target}
        more = {"nonce": visit.nonce, "verifier": visit.verifier, "redirect_uri": redirect_uri}
        now = self._clock.now()
        with self._database.transaction() as tx:
            tx.connection.execute(sa.delete(login_visit).where(login_visit.c.begun_at <= now - REMEMBERED_FOR))
            tx.connection.execute(sa.insert(login_visit).values(**row, **more, begun_at=now))
        return url

    def finish(self, cookie: str, answered: Mapping[str, str], address: str, visitor: Visitor) -> tuple[str, str]:
        """The new session's cookie, and the page that was wanted. ProviderRefused, ProviderSilent."""
        with self._database.transaction() as tx:
            visit, target = self._take(tx, cookie, answered.get("state", ""))
        known = self.provider.finish(visit, answered, address)
        name = _STRANGE.sub("-", known.name).strip("-.@+")[:64] or "somebody"
        with self._database.transaction() as tx:
            user_id = self._users.let_in(
                tx, known.subject, name, known.grants, self.provider.settings.name, known.groups
            )
            session = None if user_id is None else self._login.open(tx, user_id, visitor)
        if session is None:
            raise ProviderRefused(
                f"{self.provider.settings.name} knows you as {name}, and you may do nothing here: an administrator "
                "has disabled you, or none of your groups has a role. Ask for one that has."
            )
        return session, target

    def _take(self, tx: Transaction, cookie: str, state: str) -> tuple[Visit, str]:
        """What was remembered, once, for the browser that was sent there and no other."""
        wanted = (
            login_visit.c.state_digest == digest_of(state),
            login_visit.c.visit_digest == digest_of(cookie),
            login_visit.c.begun_at > self._clock.now() - REMEMBERED_FOR,
        )
        row = tx.connection.execute(sa.delete(login_visit).where(*wanted).returning(*login_visit.c)).first()
        if row is None:
            raise ProviderRefused("This log-in was not begun in this browser, or too long ago. Begin again.")
        return Visit(state, row.nonce, row.verifier, row.redirect_uri), row.target
