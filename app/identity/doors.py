"""The room's parts, put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.core.clock import Clock
from app.core.db import Database
from app.identity.approvals import Approvals
from app.identity.login import Login
from app.identity.passwords import Passwords
from app.identity.permissions import Permission
from app.identity.provider import Provider, ProviderSettings
from app.identity.sessions import Sessions
from app.identity.tokens import Tokens
from app.identity.users import Users
from app.identity.visits import ProviderLogin

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)


@dataclass(frozen=True)
class Identity:
    """Who may do what."""

    database: Database
    clock: Clock
    users: Users
    tokens: Tokens
    sessions: Sessions
    login: Login
    approvals: Approvals
    provider_login: ProviderLogin | None = None  # where the organisation has a provider


def build_identity(
    database: Database,
    clock: Clock,
    *,
    idle: timedelta = IDLE,
    longest: timedelta = LONGEST,
    passwords: Passwords | None = None,
    provider: ProviderSettings | None = None,
    four_eyes: frozenset[Permission] = frozenset(),
) -> Identity:
    passwords = passwords or Passwords()
    sessions = Sessions(clock, idle, longest)
    login = Login(database, clock, passwords, sessions)
    users = Users(clock, passwords)
    by_provider = ProviderLogin(database, clock, Provider(provider, clock), users, login) if provider else None
    approvals = Approvals(clock, four_eyes)
    return Identity(database, clock, users, Tokens(clock), sessions, login, approvals, by_provider)
