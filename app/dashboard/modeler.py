"""The modeler: what is drawn here or in Camunda Modeler, as drafts, until it is deployed."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, url_for
from werkzeug.exceptions import NotFound

from app.dashboard.blanks import blank
from app.dashboard.pages import Pages, definitions_seen, read_slice, seen
from app.drafts import store
from app.drafts.reading import DraftKind
from app.engine import queries
from app.handling.templates import element_templates
from app.handling.versions import VersionsKept
from app.identity.permissions import Permission
from app.web.acting import deed
from app.web.shield import PAGES

WORDS = {
    DraftKind.PROCESS: {"title": "Process", "ending": ".bpmn", "deploys": "definition.deploy"},
    DraftKind.DECISIONS: {"title": "Decisions", "ending": ".dmn", "deploys": "decision.deploy"},
    DraftKind.FORM: {"title": "Form", "ending": ".form", "deploys": "definition.deploy"},
}
# The editors of expressions make their style sheets themselves. Scripts are ours here as everywhere.
POLICY = PAGES.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class ModelerPages(Pages):
    """Where somebody begins to draw, and the page that they draw on."""

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/modeler", "modeler", self.show, methods=["GET"])
        templates = "/modeler/element-templates.json"
        blueprint.add_url_rule(templates, "element_templates", self.element_templates, methods=["GET"])
        blueprint.add_url_rule("/modeler/new/<kind>", "draw_new", self.draw_new, methods=["GET"])
        blueprint.add_url_rule("/modeler/drafts/<draft_id>", "draw_draft", self.draw_draft, methods=["GET"])
        version = "/modeler/processes/<process_id>/<int:version>"
        blueprint.add_url_rule(version, "draw_version", self.draw_version, methods=["GET"])
        model = "/modeler/decision-models/<model_row_id>"
        blueprint.add_url_rule(model, "draw_model", self.draw_model, methods=["GET"])
        form = "/modeler/forms/<form_id>/<int:version>"
        blueprint.add_url_rule(form, "draw_form", self.draw_form, methods=["GET"])

    def show(self) -> str:
        """Every draft that the reader may see, and what a new one can be begun from."""
        shown = read_slice()
        with self.parts.database.reading() as connection:
            reach = seen(Permission.READ_DEFINITIONS)
            drafts = store.listed(connection, reach, limit=shown.size, offset=shown.offset)
            processes = sorted(definitions_seen(connection, latest_only=True), key=lambda each: each.name.lower())
            facts = {"drafts": drafts, "shown": shown, "processes": processes, "kinds": WORDS}
            return self.page(connection, "modeler_home.html", **facts)

    def element_templates(self) -> Response:
        """The handlers, as the modeler's picker takes them."""
        return Response(self._templates, mimetype="application/json")

    @cached_property
    def _templates(self) -> str:
        return json.dumps(element_templates(self.parts.registry, VersionsKept()))

    def draw_new(self, kind: str) -> Response:
        if kind not in [*DraftKind]:
            raise NotFound
        chosen = DraftKind(kind)
        return self._draw(chosen, f"New {WORDS[chosen]['title'].lower()}", blank(chosen))

    def draw_draft(self, draft_id: str) -> Response:
        with self.parts.database.reading() as connection:
            found = store.read(connection, draft_id)
        deed().concerns(found.process_id)
        return self._draw(DraftKind(found.kind), found.name, found.document.decode(), draft=found)

    def draw_version(self, process_id: str, version: int) -> Response:
        with self.parts.database.reading() as connection:
            definition = queries.get_definition(connection, process_id, version)
            document = queries.definition_document(connection, definition.id).decode()
        return self._draw(DraftKind.PROCESS, definition.name, document, base_version=version, process_id=process_id)

    def draw_model(self, model_row_id: str) -> Response:
        """The latest version of decisions, to draw the next one from."""
        with self.parts.database.reading() as connection:
            document = queries.decision_document(connection, model_row_id).decode()
        return self._draw(DraftKind.DECISIONS, "Decisions", document)

    def draw_form(self, form_id: str, version: int) -> Response:
        """A version of a form, to draw the next one from."""
        with self.parts.database.reading() as connection:
            found = queries.get_form(connection, form_id, version)
            document = queries.form_document(connection, found.id).decode()
        return self._draw(DraftKind.FORM, form_id, document)

    def _draw(self, kind: DraftKind, name: str, document: str, **facts: Any) -> Response:
        draft: store.Draft | None = facts.pop("draft", None)
        known = {"base_version": draft and draft.base_version, "process_id": draft and draft.process_id} | facts
        with self.parts.database.reading() as connection:
            shown = {"kind": kind, "words": WORDS[kind], "name": name, "document": document, "draft": draft, **known}
            page = self.page(connection, "modeler.html", **{**shown, "posts": _posts(kind)})
        return Response(page, headers={"Content-Security-Policy": POLICY})


_DEPLOYERS = {
    DraftKind.PROCESS: "deploy_drawn",
    DraftKind.DECISIONS: "deploy_drawn_decisions",
    DraftKind.FORM: "deploy_drawn_form",
}


def _posts(kind: DraftKind) -> dict[str, str]:
    """Where the page's script sends what it does; DRAFT stands for an id."""
    found = {
        "check": url_for("dashboard.check_decisions" if kind is DraftKind.DECISIONS else "dashboard.check_drawn"),
        "convert": url_for("dashboard.convert_drawn"),
        "make": url_for("dashboard.make_draft"),
        "save": url_for("dashboard.save_draft", draft_id="DRAFT"),
        "remove": url_for("dashboard.remove_draft", draft_id="DRAFT"),
        "draft": url_for("dashboard.draw_draft", draft_id="DRAFT"),
        "deploy": url_for(f"dashboard.{_DEPLOYERS[kind]}"),
    }
    if kind is DraftKind.PROCESS:
        found["try"] = url_for("dashboard.try_draft", draft_id="DRAFT")
        found["test"] = url_for("dashboard.test_drawn")
        found["survey"] = url_for("dashboard.survey_drawn")
    return found
