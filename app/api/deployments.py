"""Deployments of several files at once: diagrams, decision models and forms of one folder, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field
from werkzeug.exceptions import UnsupportedMediaType

from app.api.definitions import DIAGRAM_LIMIT_BYTES, sent_name
from app.api.room import ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.engine.bundle import ENDINGS, DeployedFile, Examined, File, FileKind, accept
from app.engine.diagram import Diagram
from app.identity.permissions import Permission
from app.web.acting import Deed, act
from app.web.models import Output
from app.web.paging import answer_one
from app.web.problems import FindingOut, file_findings, with_files
from app.web.requests import StrictRequest

MOST_FILES = 500
LONGEST_REASON = 1000
ALL_LIMIT_BYTES = 20_000_000
_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The files as the modeler saved them; their names end in .bpmn, .dmn or .form",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            },
        },
    }
}


class DeployedFileOut(Output):
    """What came of one file."""

    file: str = Field(examples=["ftth_activate.bpmn"])
    kind: FileKind
    id: str = Field(description="Of the process, the decision model or the form", examples=["ftth_activate"])
    version: int
    created: bool = Field(description="False: the latest version already says the same, and stays the latest")


class DeploymentOut(Output):
    """What came of a deployment."""

    files: list[DeployedFileOut] = Field(description="Decision models, forms, diagrams; each kind by name")
    findings: list[FindingOut] = Field(description="Warnings; with an error in one file, none is deployed")


class FilesChecked(Output):
    """What a deployment would say."""

    deployable: bool
    findings: list[FindingOut]


class Deployments:
    """The room of deployments."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("deployments", "deployments", "Several files at once, all or none.", self._parts)
        refusals = refused(415, 422)
        deployed: Responses = {201: DeploymentOut, 200: DeploymentOut, **refusals}
        made.post("", responses=deployed, openapi_extensions=_SENT)(view(self.deploy_files))
        checked: Responses = {200: FilesChecked, **refused(415)}
        made.post("/check", responses=checked, openapi_extensions=_SENT)(view(self.check_files))
        return made

    def deploy_files(self) -> Response:
        """Deploy several files, all or none

        Diagrams (.bpmn), decision models (.dmn) and forms (.form), checked together with each other and with what is
        deployed. With an error in any of them (422; each finding names its `file`) nothing is stored. A file that says
        what the latest version says stays that version; 200 when all of them do.
        """
        # Outside the transaction: what takes long to check holds up no writer.
        examined, reason = accept(self._examine(_read_files())), _read_reason()

        def deploy(tx: Transaction, deed: Deed) -> list[DeployedFile]:
            _permit(tx, deed, examined)
            return self._engine.deploy_all(tx, examined, by=deed.by, reason=reason)

        done = act(self._database, deploy)
        files = [DeployedFileOut.model_validate(each) for each in done]
        findings = with_files((each.file, one) for each in done for one in each.findings)
        body = DeploymentOut(files=files, findings=findings)
        return answer_one(body, 201 if any(each.created for each in done) else 200)

    def check_files(self) -> Response:
        """Check several files without deploying them

        Answers 200 with every finding of every file, whether they could be deployed or not.
        """
        examined = self._examine(_read_files())
        deployable = all(each.content is not None for each in examined)
        return answer_one(FilesChecked(deployable=deployable, findings=file_findings(examined)))

    def _examine(self, files: list[File]) -> list[Examined]:
        with self._database.reading() as connection:
            return self._engine.examine_all(files, connection)


def _permit(tx: Transaction, deed: Deed, examined: Sequence[Examined]) -> None:
    """A diagram needs the permission for its process, a decision model that for decisions, wherever they are asked, a
    form that for every process: any task may name it.
    """
    processes = [each.content.process_id for each in examined if isinstance(each.content, Diagram)]
    for process_id in processes:
        deed.concerns(process_id)
    if any(each.file.kind == "form" for each in examined):
        deed.who.require(Permission.DEPLOY_DEFINITION, None)
    if any(each.file.kind == "decisions" for each in examined):
        deed.who.require(Permission.DEPLOY_DECISIONS, None)
        deed.needs_too(tx, Permission.DEPLOY_DECISIONS)
    deed.is_told = True
    if len(examined) != 1:
        deed.process_id = None


def _read_files() -> list[File]:
    """Those of the request. InvalidInput when there is none, or two have one name."""
    sent: StrictRequest = request  # type: ignore[assignment]  # the application's request class
    if sent.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(f"Expected Content-Type multipart/form-data, found {sent.mimetype or 'none'}.")
    sent.max_content_length = ALL_LIMIT_BYTES
    parts = sent.files.getlist("file")
    if not 0 < len(parts) <= MOST_FILES:
        message = f"The form has {len(parts)} parts `file`; expected are 1 to {MOST_FILES}, a file in each."
        raise InvalidInput(message, path="$.file")
    files = [File(_name(part.filename), part.stream.read(DIAGRAM_LIMIT_BYTES + 1)) for part in parts]
    names = [file.name for file in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"Two files are called '{twice}'. Give each a name of its own.", path="$.file")
    return files


def _read_reason() -> str | None:
    """Why, if the form says so. InvalidInput."""
    reason = request.form.get("reason", "").strip()
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        message = f"Expected one line of at most {LONGEST_REASON} characters, found {len(reason)}."
        raise InvalidInput(message, path="$.reason")
    return reason or None


def _name(file_name: str | None) -> str:
    name = sent_name(file_name) or ""
    if not name.lower().endswith(tuple(ENDINGS)):
        raise InvalidInput(f"'{name}' is no .bpmn, .dmn or .form file. Send those alone.", path="$.file")
    return name
