"""The room's parts, put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.core.clock import Clock
from app.core.db import Database
from app.identity.login import Login
from app.identity.passwords import Passwords
from app.identity.sessions import Sessions
from app.identity.tokens import Tokens
from app.identity.users import Users

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


def build_identity(
    database: Database,
    clock: Clock,
    *,
    idle: timedelta = IDLE,
    longest: timedelta = LONGEST,
    passwords: Passwords | None = None,
) -> Identity:
    passwords = passwords or Passwords()
    sessions = Sessions(clock, idle, longest)
    login = Login(database, clock, passwords, sessions)
    return Identity(database, clock, Users(clock, passwords), Tokens(clock), sessions, login)
