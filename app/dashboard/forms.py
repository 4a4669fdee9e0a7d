"""Forms that are deployed by themselves: which there are, in which versions, and where the next one is drawn from."""

from __future__ import annotations

from flask import Blueprint, Response

from app.dashboard.pages import Pages, read_slice
from app.engine import queries
from app.web.headers import download_as


class FormPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/forms", "forms", self.show, methods=["GET"])
        blueprint.add_url_rule("/forms/<form_id>", "form", self.form, methods=["GET"])
        document = "/forms/<form_id>/<int:version>.form"
        blueprint.add_url_rule(document, "form_document", self.document, methods=["GET"])

    def show(self) -> str:
        shown = read_slice()
        with self.parts.database.reading() as connection:
            forms = queries.list_forms(connection, limit=shown.size, offset=shown.offset)
            return self.page(connection, "forms.html", forms=forms, shown=shown)

    def form(self, form_id: str) -> str:
        """One form, version by version."""
        shown = read_slice()
        with self.parts.database.reading() as connection:
            newest = queries.get_form(connection, form_id)
            versions = queries.list_form_versions(connection, form_id, limit=shown.size, offset=shown.offset)
            return self.page(connection, "form.html", form=newest, versions=versions, shown=shown)

    def document(self, form_id: str, version: int) -> Response:
        """The JSON as it was deployed."""
        with self.parts.database.reading() as connection:
            found = queries.get_form(connection, form_id, version)
            document = queries.form_document(connection, found.id)
        return download_as(f"{found.form_id}.form", Response(document, mimetype="application/json"))
