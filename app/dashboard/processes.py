"""Deployed processes: their versions, their diagrams, and deploying another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.fields import read_reason
from app.dashboard.pages import Pages, definitions_seen
from app.engine import queries
from app.engine.definitions import Deployment
from app.engine.diagram import DiagramRefused, DiagramTooLarge
from app.web.acting import Deed, act
from app.web.headers import download_as


class ProcessPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/processes", "processes", self.show, methods=["GET"])
        blueprint.add_url_rule("/processes", "deploy", self.deploy, methods=["POST"])
        base = "/processes/<process_id>/<int:version>"
        blueprint.add_url_rule(base, "process", self.process, methods=["GET"])
        blueprint.add_url_rule(f"{base}/diagram.bpmn", "diagram", self.diagram, methods=["GET"])

    def show(self) -> str:
        with self.parts.database.reading() as connection:
            return self._list(connection)

    def _list(self, connection: Any, **facts: Any) -> str:
        """Every process with its versions, newest first."""
        processes: dict[str, list[queries.DefinitionView]] = {}
        for definition in definitions_seen(connection, latest_only=False):
            processes.setdefault(definition.process_id, []).append(definition)
        for versions in processes.values():
            versions.sort(key=lambda definition: -definition.version)
        open_ = queries.open_by_version(connection)
        return self.page(connection, "processes.html", processes=processes, open_by_version=open_, **facts)

    def process(self, process_id: str, version: int) -> str:
        with self.parts.database.reading() as connection:
            definition = queries.get_definition(connection, process_id, version)
            every = queries.list_definitions(connection, latest_only=False)
            versions = [other for other in every if other.process_id == process_id]
            open_ = queries.open_by_version(connection, process_id)
            return self.page(
                connection, "process.html", definition=definition, versions=versions, open_by_version=open_
            )

    def diagram(self, process_id: str, version: int) -> Response:
        """The XML as it was deployed; it never changes, so browsers keep it."""
        with self.parts.database.reading() as connection:
            definition = queries.get_definition(connection, process_id, version)
            document = queries.definition_document(connection, definition.id)
        response = download_as(f"{process_id}.bpmn", Response(document, mimetype="application/xml"))
        response.set_etag(definition.digest)
        response.cache_control.private = True
        response.cache_control.no_cache = True
        response.make_conditional(request)
        return response

    def deploy(self) -> str | AnyResponse:
        """Deploys an uploaded diagram; a refused one is answered with every finding."""
        upload = request.files.get("diagram")
        if upload is None or not upload.filename:
            raise InvalidInput("Choose a .bpmn file.", path="$.diagram")
        document, file_name = upload.stream.read(), upload.filename
        reason = read_reason(request.form) if request.form.get("reason", "").strip() else None

        def work(tx: Transaction, deed: Deed) -> Deployment:
            done = self.parts.engine.deploy(tx, document, file_name, by=deed.by, reason=reason)
            deed.concerns(done.process_id)
            return done

        try:
            deployed = act(self.parts.database, work)
        except (DiagramRefused, DiagramTooLarge) as refused:
            with self.parts.database.reading() as connection:
                page = self._list(connection, refused=upload.filename, findings=refused.findings)
            return Response(page, refused.status)
        if not deployed.findings:
            where = url_for("dashboard.process", process_id=deployed.process_id, version=deployed.version)
            return redirect(where, 303)
        with self.parts.database.reading() as connection:
            return self._list(connection, deployed=deployed, findings=deployed.findings)
