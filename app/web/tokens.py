"""Who may call the API: whoever holds the bootstrap token, until it expires."""

from __future__ import annotations

import hmac
from datetime import datetime

from flask import request

from app.core.clock import Clock
from app.core.errors import Unauthorized

_SEND = "Send `Authorization: Bearer <token>`, the value of TURNUP_TOKEN that the server was started with."


class TokenMissing(Unauthorized):
    """The request carries no bearer token."""


class TokenWrong(Unauthorized):
    """The token is not the one the server knows."""


class TokenExpired(Unauthorized):
    """The token was right, and its time is over."""


class TokenCheck:
    """Lets callers pass who send the token. An empty token lets nobody pass."""

    def __init__(self, token: str, clock: Clock, expires_at: datetime | None = None) -> None:
        self._token = token.encode()
        self._clock = clock
        self._expires_at = expires_at

    def guard(self) -> None:
        """To be run before every request of a blueprint."""
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not sent.strip():
            raise TokenMissing(f"No bearer token was sent. {_SEND}")
        if not hmac.compare_digest(sent.strip().encode(), self._token):
            raise TokenWrong(f"The bearer token is not the right one. {_SEND}")
        if self._expires_at is not None and self._clock.now() >= self._expires_at:
            ended = self._expires_at.isoformat().replace("+00:00", "Z")
            raise TokenExpired(f"The token expired at {ended}. Start the server with a new TURNUP_TOKEN.")
