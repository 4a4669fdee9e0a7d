"""What the dashboard is given; nothing else reaches its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from app.core.clock import Clock
from app.core.db import Database
from app.engine.doors import Engine
from app.engine.operators import Operators
from app.handling.registry import Registry
from app.web.personal import PersonalData


@dataclass(frozen=True)
class DashboardParts:
    """`token` is what the login page asks for: an empty one lets nobody in, an expired one opens nothing.

    `session_secret` signs the session cookie and outlives restarts.
    """

    database: Database
    engine: Engine
    operators: Operators
    registry: Registry
    clock: Clock
    token: str
    session_secret: str
    token_expires_at: datetime | None = None
    personal: PersonalData = field(default_factory=PersonalData)
