"""Joins the API's pieces to an application."""

from __future__ import annotations

from flask_openapi3.openapi import OpenAPI

from app.api import decisions, definitions, health, incidents, instances, jobs, messages, migrations, tasks
from app.api.room import ApiParts

__all__ = ["ApiParts", "build_api"]

_ROOMS = (
    definitions.Definitions,
    decisions.Decisions,
    instances.Instances,
    messages.Messages,
    tasks.Tasks,
    incidents.Incidents,
    migrations.Migrations,
    jobs.Jobs,
)


def build_api(app: OpenAPI, parts: ApiParts) -> None:
    """Add every path of the API to the application."""
    for piece in _ROOMS:
        app.register_api(piece(parts).blueprint())
    app.register_api(health.blueprint())
