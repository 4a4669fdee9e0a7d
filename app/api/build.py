"""Joins the API's pieces to an application."""

from __future__ import annotations

from flask_openapi3.openapi import OpenAPI

from app.api import (
    approvals,
    audit,
    causes,
    conversions,
    decisions,
    definitions,
    deployments,
    drafts,
    forms,
    health,
    incidents,
    instances,
    jobs,
    messages,
    migrations,
    moves,
    outlooks,
    processes,
    scenarios,
    signals,
    surveys,
    systems,
    tasks,
    templates,
    trials,
    versions,
)
from app.api.room import ApiParts
from app.watch.desk import Desk
from app.web.callers import Callers

__all__ = ["ApiParts", "build_api", "build_health"]

_ROOMS = (
    definitions.Definitions,
    versions.VersionsRoom,
    outlooks.OutlooksRoom,
    surveys.SurveysRoom,
    decisions.Decisions,
    deployments.Deployments,
    drafts.Drafts,
    forms.Forms,
    instances.Instances,
    moves.Moves,
    processes.Processes,
    messages.Messages,
    signals.Signals,
    tasks.Tasks,
    causes.Causes,
    incidents.Incidents,
    migrations.Migrations,
    jobs.Jobs,
    audit.Audit,
    approvals.Approvals,
    systems.Systems,
    trials.Trials,
    scenarios.Scenarios,
    templates.ElementTemplates,
    conversions.Conversions,
)


def build_api(app: OpenAPI, parts: ApiParts) -> None:
    """Add every path of the API to the application."""
    for piece in _ROOMS:
        app.register_api(piece(parts).blueprint())
    build_health(app, parts.desk, parts.callers)


def build_health(app: OpenAPI, desk: Desk, callers: Callers) -> None:
    """Add the probes and the figures: also all that a process without an API of its own serves."""
    app.register_api(health.HealthRoom(desk, callers).blueprint())
