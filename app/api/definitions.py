"""Process definitions: deploy diagrams, look at what is deployed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel
from werkzeug.exceptions import UnsupportedMediaType

from app.api.room import PREFIX, ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.engine import queries
from app.engine.definitions import Deployment
from app.engine.diagram import DiagramRefused, Finding
from app.web.acting import Deed, act, deed
from app.web.headers import download_as
from app.web.models import PRINTABLE, Name, Output, Parameters
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.problems import FindingOut
from app.web.requests import StrictRequest

DIAGRAM_LIMIT_BYTES = 5_000_000
_ENVELOPE_BYTES = 10_000  # what multipart puts around a file
_XML = ("application/xml", "text/xml")
SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The BPMN file as the modeler saved it",
        "content": {
            **{kind: {"schema": {"type": "string", "example": "<bpmn:definitions ...>"}} for kind in _XML},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


class DefinitionOut(Output):
    """One version of a process."""

    id: str
    process_id: str = Field(examples=["ftth_activate"])
    version: int = Field(examples=[3])
    name: str = Field(examples=["Activate FTTH"])
    digest: str = Field(description="SHA-256 of what the diagram says; equal for equal content")
    deployed_at: datetime
    deployed_by: str | None = Field(description="Null: the installation itself, from its files", examples=["olga"])
    reason: str | None = Field(description="Why it was deployed", examples=["Speeds over 1 Gbit/s"])
    withdrawn_at: datetime | None = Field(description="Since when nothing new starts on it; null: it is in use")
    withdrawn_by: str | None
    withdrawn_reason: str | None
    href: str

    @classmethod
    def of(cls, view: queries.DefinitionView) -> DefinitionOut:
        href = f"{PREFIX}/process-definitions/{view.process_id}?version={view.version}"
        return cls.model_validate({**vars(view), "href": href})


class DefinitionList(RootModel[list[DefinitionOut]]):
    """Versions of processes."""


class StartTriggerOut(Output):
    """A start event that starts instances by itself."""

    element_id: str
    kind: Literal["message", "signal", "timer"]
    name: str | None = Field(description="Of the message or signal")
    due_at: datetime | None = Field(description="When a timer starts the next instance; null when it has no time left")
    cycle: str | None = Field(description="ISO 8601 repeating interval", examples=["R/PT1H"])
    remaining: int | None = Field(description="How many times are left; null: no end")


class StartTriggerList(RootModel[list[StartTriggerOut]]):
    """What starts instances of a process."""


class Deployed(Output):
    """What came of a deployment."""

    created: bool = Field(description="False: the latest version already says the same, and stays the latest")
    definition: DefinitionOut
    findings: list[FindingOut] = Field(description="Warnings; a diagram with errors is refused")


class Checked(Output):
    """What a deployment would say."""

    deployable: bool
    findings: list[FindingOut]


class DefinitionPath(Parameters):
    process_id: Name


class VersionPath(Parameters):
    process_id: Name
    version: int = Field(ge=1, le=2_000_000_000)


class VersionQuery(Parameters):
    version: int | None = Field(default=None, ge=1, le=2_000_000_000, description="The latest if none is given")


class DeployQuery(Parameters):
    reason: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        pattern=PRINTABLE,
        description="Why: it stands beside the version",
        json_schema_extra={"example": "Speeds over 1 Gbit/s"},
    )


class DefinitionQuery(PageQuery):
    all_versions: bool = Field(default=False, description="Every version, not only the latest of each process")


class Definitions:
    """The room of process definitions."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("process_definitions", "process-definitions", "Diagrams and their versions.", self._parts)
        refusals = refused(415, 422)
        deployed: Responses = {201: Deployed, 200: Deployed, **refusals}
        made.post("", responses=deployed, openapi_extensions=SENT)(view(self.deploy_diagram))
        made.post("/check", responses={200: Checked, **refusals}, openapi_extensions=SENT)(view(self.check_diagram))
        made.get("", responses={200: DefinitionList})(view(self.list_definitions))
        made.get("/<processId>", responses={200: DefinitionOut, **refused(404)})(view(self.read_definition))
        xml: Responses = {200: _XML_ANSWER, **refused(404)}
        started: Responses = {200: StartTriggerList, **refused(404)}
        made.get("/<processId>/start-triggers", responses=started)(view(self.list_start_triggers))
        made.get("/<processId>/<version>/diagram", responses=xml)(view(self.read_diagram))
        return made

    def deploy_diagram(self, query: DeployQuery) -> Response:
        """Deploy a diagram as the next version of its process

        The process id is the one in the diagram. The same content as the latest version is that version (200); other
        content is a new one (201). A diagram with an error is refused (422) with a finding for each, and nothing is
        stored. Instances that run stay on their version.
        """
        document, file_name = read_diagram()
        # Outside the transaction first: a diagram that takes long to refuse holds up no writer.
        _raise_errors(self._engine.check(document, file_name))

        def deploy(tx: Transaction, deed: Deed) -> Deployment:
            done = self._engine.deploy(tx, document, file_name, by=deed.by, reason=query.reason)
            deed.concerns(done.process_id)
            return done

        done = act(self._database, deploy)
        with self._database.reading() as connection:
            view = queries.get_definition(connection, done.process_id, done.version)
        shown = DefinitionOut.of(view)
        body = Deployed(created=done.created, definition=shown, findings=_shown(done.findings))
        return answer_one(body, 201 if done.created else 200, shown.href)

    def check_diagram(self) -> Response:
        """Check a diagram without deploying it

        Answers 200 with every finding, whether it could be deployed or not: what is wrong in itself, and what it needs
        and is not deployed.
        """
        document, file_name = read_diagram()
        try:
            with self._database.reading() as connection:
                findings = self._engine.check(document, file_name, beside=connection)
        except DiagramRefused as error:  # not even XML; here that is an answer
            findings = list(error.findings)
        deployable = all(finding.severity != "error" for finding in findings)
        return answer_one(Checked(deployable=deployable, findings=_shown(findings)))

    def list_definitions(self, query: DefinitionQuery) -> Response:
        """List deployed processes

        By process id, the latest version first.
        """
        with self._database.reading() as connection:
            found = queries.list_definitions(connection, latest_only=not query.all_versions)
        reach = deed().reach
        views = [view for view in found if reach is None or view.process_id in reach]
        page = views[query.offset : query.offset + query.limit]
        return answer_page(map(DefinitionOut.of, page), len(views))

    def read_definition(self, path: DefinitionPath, query: VersionQuery) -> Response:
        """Read one version of a process"""
        with self._database.reading() as connection:
            view = queries.get_definition(connection, path.process_id, query.version)
        return answer_one(DefinitionOut.of(view))

    def list_start_triggers(self, path: DefinitionPath) -> Response:
        """List what starts instances of a process

        The start events of its latest version that wait for a message, a signal or a time.
        """
        with self._database.reading() as connection:
            views = queries.start_triggers(connection, path.process_id)
        return answer_page(map(StartTriggerOut.model_validate, views), len(views))

    def read_diagram(self, path: VersionPath) -> Response:
        """Read a diagram as it was deployed, byte for byte"""
        with self._database.reading() as connection:
            view = queries.get_definition(connection, path.process_id, path.version)
            document = queries.definition_document(connection, view.id)
        response = download_as(f"{view.process_id}.bpmn", Response(document, mimetype="application/xml"))
        # XML may carry scripts of other vocabularies: no browser is to run them under our origin.
        response.headers["Content-Security-Policy"] = "sandbox"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


_XML_ANSWER: dict[str, Any] = {
    "description": "The XML",
    "content": {"application/xml": {"schema": {"type": "string"}}},
}


def read_diagram() -> tuple[bytes, str | None]:
    """The diagram of the request, and its file name where one was sent."""
    sent: StrictRequest = request  # type: ignore[assignment]  # the application's request class
    if sent.mimetype in _XML:
        sent.max_content_length = DIAGRAM_LIMIT_BYTES
        return sent.whole_body(), None
    if sent.mimetype != "multipart/form-data":
        found = sent.mimetype or "none"
        raise UnsupportedMediaType(f"Expected Content-Type {', '.join(_XML)} or multipart/form-data, found {found}.")
    sent.max_content_length = DIAGRAM_LIMIT_BYTES + _ENVELOPE_BYTES
    file = sent.files.get("file")
    if file is None:
        raise InvalidInput("The form has no part `file` with the BPMN file in it.", path="$.file")
    return file.stream.read(), sent_name(file.filename)


def sent_name(file_name: str | None) -> str | None:
    """Of an uploaded file, without folders."""
    return (file_name or "").replace("\\", "/").rpartition("/")[2][:255] or None


def _raise_errors(findings: list[Finding]) -> None:
    if any(finding.severity == "error" for finding in findings):
        raise DiagramRefused(findings)


def _shown(findings: Iterable[Finding]) -> list[FindingOut]:
    return [FindingOut.model_validate(finding) for finding in findings]
