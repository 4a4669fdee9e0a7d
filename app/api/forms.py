"""Forms in files of their own: deploy them, look at what is deployed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import ConfigDict, Field, JsonValue, RootModel

from app.api.definitions import DeployQuery, VersionQuery
from app.api.room import PREFIX, ApiParts, Responses, refused, room, view
from app.core.db import Transaction
from app.engine import queries
from app.engine.form_versions import FormDeployment, accept
from app.web.acting import Deed, act
from app.web.headers import download_as
from app.web.models import Input, Name, Output, Parameters
from app.web.paging import PageQuery, answer_one, answer_page
from app.web.requests import StrictRequest

_JSON = "application/json"
_ANSWER: dict[str, Any] = {"description": "The form", "content": {_JSON: {"schema": {"type": "object"}}}}


class FormIn(Input):
    """A .form file as the form editor or Camunda Modeler saved it; its content is kept byte for byte."""

    model_config = ConfigDict(extra="allow")

    id: Name = Field(description="What user tasks name", json_schema_extra={"example": "visit"})
    components: list[dict[str, JsonValue]] = Field(
        max_length=1000, json_schema_extra={"example": [{"type": "textfield", "key": "technician"}]}
    )


class FormOut(Output):
    """One version of a form."""

    id: str
    form_id: str = Field(examples=["visit"])
    version: int = Field(examples=[3])
    version_tag: str | None = Field(description="Of the file; user tasks may be bound to it")
    digest: str = Field(description="SHA-256 of what the form says; equal for equal content")
    deployed_at: datetime
    deployed_by: str | None = Field(description="Null: the installation itself, from its files", examples=["olga"])
    reason: str | None = Field(description="Why it was deployed")
    href: str

    @classmethod
    def of(cls, view: queries.FormView) -> FormOut:
        href = f"{PREFIX}/forms/{view.form_id}?version={view.version}"
        return cls.model_validate({**vars(view), "href": href})


class FormList(RootModel[list[FormOut]]):
    """Versions of forms."""


class FormDeployed(Output):
    """What came of a deployment."""

    created: bool = Field(description="False: the latest version already says the same, and stays the latest")
    form: FormOut


class FormPath(Parameters):
    form_id: Name


class FormVersionPath(FormPath):
    version: int = Field(ge=1, le=2_000_000_000)


class Forms:
    """The room of forms."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("forms", "forms", "Forms of user tasks, in files of their own.", self._parts)
        deployed: Responses = {201: FormDeployed, 200: FormDeployed, **refused(415, 422)}
        made.post("", responses=deployed)(view(self.deploy_form))
        made.get("", responses={200: FormList})(view(self.list_forms))
        made.get("/<formId>", responses={200: FormOut, **refused(404)})(view(self.read_form))
        made.get("/<formId>/versions", responses={200: FormList, **refused(404)})(view(self.list_form_versions))
        document: Responses = {200: _ANSWER, **refused(404)}
        made.get("/<formId>/<version>/document", responses=document)(view(self.read_form_document))
        return made

    def deploy_form(self, query: DeployQuery, body: FormIn) -> Response:
        """Deploy a form as its next version

        The same content as the latest version is that version (200); other content is a new one (201). A form that
        could not be held to its word is refused (422). User tasks that have begun keep the version that they have.
        """
        sent: StrictRequest = request  # type: ignore[assignment]  # the application's request class
        accepted = accept(sent.whole_body())

        def deploy(tx: Transaction, deed: Deed) -> FormDeployment:
            return self._engine.deploy_form(tx, accepted, by=deed.by, reason=query.reason)

        done = act(self._database, deploy)
        with self._database.reading() as connection:
            shown = FormOut.of(queries.get_form(connection, done.form_id, done.version))
        return answer_one(FormDeployed(created=done.created, form=shown), 201 if done.created else 200, shown.href)

    def list_forms(self, query: PageQuery) -> Response:
        """List deployed forms

        By id, each in its latest version.
        """
        with self._database.reading() as connection:
            page = queries.list_forms(connection, limit=query.limit, offset=query.offset)
        return answer_page(map(FormOut.of, page.items), page.total)

    def read_form(self, path: FormPath, query: VersionQuery) -> Response:
        """Read one version of a form"""
        with self._database.reading() as connection:
            found = queries.get_form(connection, path.form_id, query.version)
        return answer_one(FormOut.of(found))

    def list_form_versions(self, path: FormPath, query: PageQuery) -> Response:
        """List the versions of a form, the newest first"""
        with self._database.reading() as connection:
            page = queries.list_form_versions(connection, path.form_id, limit=query.limit, offset=query.offset)
        return answer_page(map(FormOut.of, page.items), page.total)

    def read_form_document(self, path: FormVersionPath) -> Response:
        """Read a form as it was deployed, byte for byte"""
        with self._database.reading() as connection:
            found = queries.get_form(connection, path.form_id, path.version)
            document = queries.form_document(connection, found.id)
        return download_as(f"{found.form_id}.form", Response(document, mimetype=_JSON))
