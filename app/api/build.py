"""Joins the API's pieces to an application."""

from __future__ import annotations

from datetime import datetime

from flask_openapi3.openapi import OpenAPI

from app.api import (
    decisions,
    definitions,
    health,
    incidents,
    instances,
    jobs,
    messages,
    migrations,
    moves,
    processes,
    signals,
    systems,
    tasks,
)
from app.api.room import ApiParts
from app.core.clock import Clock
from app.watch.desk import Desk
from app.web.tokens import TokenCheck

__all__ = ["ApiParts", "build_api", "build_health"]

_ROOMS = (
    definitions.Definitions,
    decisions.Decisions,
    instances.Instances,
    moves.Moves,
    processes.Processes,
    messages.Messages,
    signals.Signals,
    tasks.Tasks,
    incidents.Incidents,
    migrations.Migrations,
    jobs.Jobs,
    systems.Systems,
)


def build_api(app: OpenAPI, parts: ApiParts) -> None:
    """Add every path of the API to the application."""
    for piece in _ROOMS:
        app.register_api(piece(parts).blueprint())
    build_health(app, parts.desk, parts.clock, parts.token, parts.token_expires_at)


def build_health(app: OpenAPI, desk: Desk, clock: Clock, token: str, token_expires_at: datetime | None = None) -> None:
    """Add the probes and the figures: also all that a process without an API of its own serves."""
    guard = TokenCheck(token, clock, token_expires_at).guard
    app.register_api(health.HealthRoom(desk, guard).blueprint())
