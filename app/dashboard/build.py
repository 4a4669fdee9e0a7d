"""The dashboard put together: its pages, its session, its error pages and what every answer carries."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Flask, Response, request, session
from markupsafe import Markup

from app.dashboard import words
from app.dashboard.access import SESSION_LIFETIME, Access, PageSessions
from app.dashboard.decisions import DecisionPages
from app.dashboard.diagrams import Diagrams, name_of
from app.dashboard.errors import handle_errors
from app.dashboard.incidents import IncidentPages
from app.dashboard.instance import InstancePage
from app.dashboard.instances import InstancePages
from app.dashboard.parts import DashboardParts
from app.dashboard.processes import ProcessPages
from app.dashboard.settle import SettlePages
from app.dashboard.systems import SystemPages
from app.dashboard.tasks import TaskPages
from app.dashboard.times import duration, relative, time_element

# Nothing is fetched from elsewhere and no script stands in a page. bpmn-js draws with style attributes and embeds its
# watermark's logo.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def build_dashboard(app: Flask, parts: DashboardParts) -> None:
    """Adds the pages to `app`, whose `static_folder` must be the project's `static/`."""
    app.secret_key = parts.session_secret
    app.session_interface = PageSessions()
    app.config.update(
        SESSION_COOKIE_NAME="turnup_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_LIFETIME,
    )
    blueprint = Blueprint("dashboard", __name__, template_folder="templates")
    Access(parts.token, parts.clock, parts.token_expires_at).routes(blueprint)
    diagrams = Diagrams()
    instance_page = InstancePage(parts, diagrams)
    for pages in (
        InstancePages(parts, diagrams),
        instance_page,
        SettlePages(instance_page),
        TaskPages(parts, diagrams),
        IncidentPages(parts, diagrams),
        ProcessPages(parts, diagrams),
        DecisionPages(parts, diagrams),
        SystemPages(parts, diagrams),
    ):
        pages.routes(blueprint)
    blueprint.after_request(_add_headers)
    handle_errors(app, blueprint)
    app.register_blueprint(blueprint)
    _teach_templates(app, parts)


def _add_headers(response: Response) -> Response:
    response.headers.extend(HEADERS)
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.vary.add("HX-Request")
    return response


def _teach_templates(app: Flask, parts: DashboardParts) -> None:
    def when(instant: datetime | None, style: str = "relative") -> Markup:
        return time_element(instant, parts.clock.now(), style)

    def took(start: datetime, end: datetime) -> str:
        return duration(end - start)

    app.jinja_env.globals.update(
        words=words,
        when=when,
        took=took,
        name_of=name_of,
        relative=relative,
        operator=lambda: session.get("by"),
        csrf=lambda: session.get("csrf", ""),
        here=lambda: request.endpoint,
    )
    for spell in (words.pretty, words.brief, words.counted, words.as_json, words.spoken, words.anchor):
        app.jinja_env.filters[spell.__name__] = spell
