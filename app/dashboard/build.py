"""The dashboard put together: its pages, its session, its error pages and what every answer carries."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Flask, Response, request
from markupsafe import Markup

from app.dashboard import words
from app.dashboard.access import Access, person
from app.dashboard.account import AccountPages
from app.dashboard.approvals import ApprovalPages
from app.dashboard.audit import AuditPages
from app.dashboard.causes import CausePages
from app.dashboard.cookies import proof
from app.dashboard.coverage import CoveragePages
from app.dashboard.decisions import DecisionPages
from app.dashboard.diagrams import Diagrams, name_of
from app.dashboard.drawn import Drawn
from app.dashboard.errors import handle_errors
from app.dashboard.forms import FormPages
from app.dashboard.handlers import HandlerPages
from app.dashboard.home import HomePage
from app.dashboard.instance import InstancePage
from app.dashboard.instances import InstancePages
from app.dashboard.jobs import JobPages
from app.dashboard.login import LoginPages
from app.dashboard.migrations import MigrationPages
from app.dashboard.modeler import ModelerPages
from app.dashboard.moves import MovePages
from app.dashboard.outlook import OutlookPages
from app.dashboard.parts import DashboardParts
from app.dashboard.processes import ProcessPages
from app.dashboard.settle import SettlePages
from app.dashboard.surveys import SurveyPages
from app.dashboard.systems import SystemPages
from app.dashboard.tasks import TaskPages
from app.dashboard.times import duration, relative, time_element
from app.dashboard.trials import TrialPages
from app.dashboard.users import UserPages
from app.dashboard.versions import VersionPages
from app.dashboard.workers import WorkerPages
from app.identity.permissions import Permission
from app.identity.users import list_managers


def build_dashboard(app: Flask, parts: DashboardParts) -> None:
    """Adds the pages to `app`, whose `static_folder` must be the project's `static/`."""
    blueprint = Blueprint("dashboard", __name__, template_folder="templates")
    Access(parts).routes(blueprint)
    LoginPages(parts).routes(blueprint)
    diagrams = Diagrams()
    instance_page = InstancePage(parts, diagrams)
    for pages in (
        HomePage(parts, diagrams),
        InstancePages(parts, diagrams),
        instance_page,
        SettlePages(instance_page),
        MovePages(instance_page),
        TaskPages(parts, diagrams),
        CausePages(parts, diagrams),
        JobPages(parts, diagrams),
        ProcessPages(parts, diagrams),
        ModelerPages(parts, diagrams),
        Drawn(parts, diagrams),
        VersionPages(parts, diagrams),
        MigrationPages(parts, diagrams),
        OutlookPages(parts, diagrams),
        SurveyPages(parts, diagrams),
        DecisionPages(parts, diagrams),
        FormPages(parts, diagrams),
        AccountPages(parts, diagrams),
        UserPages(parts, diagrams),
        SystemPages(parts, diagrams),
        HandlerPages(parts, diagrams),
        WorkerPages(parts, diagrams),
        AuditPages(parts, diagrams),
        ApprovalPages(parts, diagrams),
        TrialPages(parts, diagrams),
        CoveragePages(parts, diagrams),
    ):
        pages.routes(blueprint)
    blueprint.after_request(_add_headers)

    def managers() -> list[str]:
        with parts.database.reading() as connection:
            return list_managers(connection)

    handle_errors(app, blueprint, managers)
    app.register_blueprint(blueprint)
    _teach_templates(app, parts)


def _add_headers(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("HX-Request")
    return response


def _name_of_operator() -> str | None:
    found = person()
    return None if found is None else found.name


def _may(permission: str, process_id: str | None = None) -> bool:
    """Whether whoever looks at the page may; in that process, or anywhere. Only what is shown depends on it."""
    found = person()
    return found is not None and found.may(Permission(permission), process_id)


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
        operator=_name_of_operator,
        may=_may,
        csrf=proof,
        here=lambda: request.endpoint,
    )
    for spell in (words.pretty, words.brief, words.counted, words.as_json, words.spoken, words.anchor):
        app.jinja_env.filters[spell.__name__] = spell
