"""What the page that draws asks for while somebody draws: JSON there and back, and refusals as the API has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TypeVar

from flask import Blueprint, Response, request, url_for
from pydantic import Field, ValidationError

from app.conversion import convert
from app.core.db import Transaction
from app.core.errors import TurnupError
from app.dashboard.pages import Pages
from app.decisions.dmn import DmnRefused
from app.decisions.dmn import Finding as DmnFinding
from app.drafts import store
from app.drafts.reading import LIMIT_BYTES, DraftKind
from app.engine import form_versions
from app.engine.decisions import accept
from app.engine.definitions import Deployment
from app.engine.diagram import DiagramRefused, Finding
from app.identity.authority import MissingPermission
from app.web.acting import Deed, act
from app.web.conversion import shown
from app.web.drafting import draws, draws_on
from app.web.json_in import read_object
from app.web.models import Input, Name, Output, Reason
from app.web.problems import FindingOut, body_of, refuse

Document = TypeVar("Document", bound=Input)


class DrawnIn(Input):
    """A file as it stands on the page."""

    kind: DraftKind = Field(default=DraftKind.PROCESS, strict=False)
    document: str = Field(max_length=LIMIT_BYTES)


class KeptIn(DrawnIn):
    name: Name
    base_version: int | None = Field(default=None, ge=1)
    revision: int | None = Field(default=None, ge=1)


class DeployIn(DrawnIn):
    reason: Reason
    draft_id: str | None = None
    revision: int | None = Field(default=None, ge=1)


class FoundOut(Output):
    findings: list[FindingOut]


class KeptOut(Output):
    id: str
    revision: int
    saved_by: str
    saved_at: str
    process_id: str | None


class DeployedOut(Output):
    created: bool
    name: str
    version: int
    href: str
    findings: list[FindingOut]


class Drawn(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        for path, endpoint, method in (
            ("/modeler/check", "check_drawn", self.check),
            ("/modeler/check-decisions", "check_decisions", self.check_decisions),
            ("/modeler/convert", "convert_drawn", self.convert),
            ("/modeler/drafts", "make_draft", self.make),
            ("/modeler/drafts/<draft_id>/save", "save_draft", self.save),
            ("/modeler/drafts/<draft_id>/remove", "remove_draft", self.remove),
            ("/modeler/deploy", "deploy_drawn", self.deploy),
            ("/modeler/deploy-decisions", "deploy_drawn_decisions", self.deploy_decisions),
            ("/modeler/deploy-form", "deploy_drawn_form", self.deploy_form),
        ):
            blueprint.add_url_rule(path, endpoint, in_json(method), methods=["POST"])

    def check(self) -> Output:
        """What a deployment would say of a diagram, or of a form."""
        drawn = read_body(DrawnIn)
        if drawn.kind is DraftKind.FORM:
            return _found(form_versions.examine(drawn.document.encode())[1])
        try:
            with self.parts.database.reading() as connection:
                return _found(self.parts.engine.check(drawn.document.encode(), beside=connection))
        except DiagramRefused as refused:
            return _found(refused.findings)

    def convert(self) -> Output:
        """What a diagram or decision model of another dialect becomes."""
        return shown(convert(read_body(DrawnIn).document.encode()), self.parts.engine, self.parts.database)

    def check_decisions(self) -> Output:
        try:
            return _found(accept(read_body(DrawnIn).document.encode()).findings)
        except DmnRefused as refused:
            return _found(refused.findings)

    def make(self) -> Output:
        sent = read_body(KeptIn)
        new = store.NewDraft(sent.kind, sent.name, sent.document.encode(), sent.base_version)

        draws(sent.kind)

        def work(tx: Transaction, deed: Deed) -> store.DraftView:
            made = store.make(tx, new, deed.by, self.parts.clock.now())
            deed.concerns(made.process_id)
            return made

        return _kept(act(self.parts.database, work))

    def save(self, draft_id: str) -> Output:
        sent = read_body(KeptIn)
        draws_on(self.parts.database, draft_id)

        def work(tx: Transaction, deed: Deed) -> store.DraftView:
            deed.concerns(store.view(tx.connection, draft_id).process_id)
            facts = (sent.name, sent.document.encode(), sent.revision or 0, deed.by, self.parts.clock.now())
            saved = store.save(tx, draft_id, *facts)
            deed.concerns(saved.process_id)
            return saved

        return _kept(act(self.parts.database, work))

    def remove(self, draft_id: str) -> Output:
        draws_on(self.parts.database, draft_id)
        act(self.parts.database, lambda tx, deed: _remove(tx, deed, draft_id))
        return _found([])

    def deploy(self) -> Output:
        """Deploys what is drawn, and throws its draft away with that."""
        sent = read_body(DeployIn)
        document = sent.document.encode()
        findings = self.parts.engine.check(document)  # with no transaction open: what takes long holds up no writer
        if any(finding.severity == "error" for finding in findings):
            raise DiagramRefused(findings)

        def work(tx: Transaction, deed: Deed) -> Deployment:
            done = self.parts.engine.deploy(tx, document, by=deed.by, reason=sent.reason)
            if sent.draft_id:
                _remove(tx, deed, sent.draft_id, sent.revision)
            deed.concerns(done.process_id)
            return done

        done = act(self.parts.database, work)
        href = url_for("dashboard.process", process_id=done.process_id, version=done.version)
        return _deployed(done.created, done.process_id, done.version, href, done.findings)

    def deploy_decisions(self) -> Output:
        sent = read_body(DeployIn)
        accepted = accept(sent.document.encode())

        def work(tx: Transaction, deed: Deed) -> tuple[bool, str, int, str]:
            done = self.parts.engine.deploy_decisions(tx, accepted)
            if sent.draft_id:
                store.remove(tx, sent.draft_id, sent.revision)
            href = url_for("dashboard.decision", decision_id=done.decisions[0])
            return done.created, done.name, done.version, href

        return _deployed(*act(self.parts.database, work), accepted.findings)


    def deploy_form(self) -> Output:
        sent = read_body(DeployIn)
        accepted = form_versions.accept(sent.document.encode())

        def work(tx: Transaction, deed: Deed) -> form_versions.FormDeployment:
            done = self.parts.engine.deploy_form(tx, accepted, by=deed.by, reason=sent.reason)
            if sent.draft_id:
                store.remove(tx, sent.draft_id, sent.revision)
            return done

        done = act(self.parts.database, work)
        return _deployed(done.created, done.form_id, done.version, url_for("dashboard.form", form_id=done.form_id), ())


def in_json(method: Callable[..., Output]) -> Callable[..., Response]:
    """The view of a method: its answer, or its refusal, as JSON. What nobody may goes on to the page that says so."""

    @wraps(method)
    def call(**values: str) -> Response:
        try:
            return Response(method(**values).model_dump_json(by_alias=True), mimetype="application/json")
        except MissingPermission:
            raise
        except TurnupError as error:
            told = body_of(error).model_dump_json(by_alias=True)
            return Response(told, error.status, mimetype="application/json")

    return call


def read_body(model: type[Document]) -> Document:
    try:
        return model.model_validate(read_object(request.get_data()))
    except ValidationError as error:
        raise refuse(error) from error


def _remove(tx: Transaction, deed: Deed, draft_id: str, revision: int | None = None) -> None:
    deed.concerns(store.view(tx.connection, draft_id).process_id)
    store.remove(tx, draft_id, revision)


def _found(findings: Iterable[Finding] | Iterable[DmnFinding]) -> FoundOut:
    return FoundOut(findings=[FindingOut.model_validate(finding) for finding in findings])


def _kept(found: store.DraftView) -> KeptOut:
    return KeptOut(**{**vars(found), "saved_at": found.saved_at.isoformat()})


def _deployed(
    created: bool, name: str, version: int, href: str, findings: Iterable[Finding] | Iterable[DmnFinding]
) -> DeployedOut:
    return DeployedOut(created=created, name=name, version=version, href=href, findings=_found(findings).findings)
