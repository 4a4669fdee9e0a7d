"""Drafts: what authors draw, before it is deployed."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import PREFIX, ApiParts, refused, room, view
from app.core.db import Transaction
from app.drafts import store
from app.drafts.reading import LIMIT_BYTES, DraftKind
from app.web.acting import Deed, act, deed
from app.web.drafting import draws, draws_on
from app.web.models import Identity, Input, Name, Output, Parameters
from app.web.paging import PageQuery, answer_one, answer_page

_DOCUMENT = Field(
    max_length=LIMIT_BYTES,
    description="The BPMN or DMN file, or the form's JSON, as text",
    json_schema_extra={"example": "<bpmn:definitions ...>"},
)


class DraftIn(Input):
    """A file to be kept as a draft."""

    kind: DraftKind = Field(strict=False)
    name: Name = Field(examples=["Activate FTTH, with a second try"])
    document: str = _DOCUMENT
    base_version: int | None = Field(default=None, ge=1, description="Of the process, that it was begun from")


class SaveIn(Input):
    """What a draft is to say from now on."""

    name: Name
    document: str = _DOCUMENT
    revision: int = Field(ge=1, description="That was opened; if it was saved since, nothing is stored (409)")


class DraftOut(Output):
    """A draft, without its document."""

    id: str
    kind: DraftKind
    name: str
    process_id: str | None = Field(description="As the diagram says; null for other kinds")
    base_version: int | None
    revision: int
    made_by: str
    made_at: datetime
    saved_by: str
    saved_at: datetime
    href: str

    @classmethod
    def of(cls, found: store.DraftView) -> DraftOut:
        return cls.model_validate({**vars(found), "href": f"{PREFIX}/drafts/{found.id}"})


class WholeDraftOut(DraftOut):
    """A draft with its document."""

    document: str


class DraftList(RootModel[list[DraftOut]]):
    """Drafts, the newest first."""


class Removed(Output):
    """That it is gone."""

    id: str


class DraftPath(Parameters):
    draft_id: Identity


class DraftQuery(PageQuery):
    kind: DraftKind | None = None
    process_id: Name | None = Field(default=None, description="Only drafts of this process")


class Drafts:
    """The room of drafts. One whose diagram names no process concerns every process."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._clock = parts.callers.identity.clock
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("drafts", "drafts", "What authors draw, before it is deployed.", self._parts)
        made.get("", responses={200: DraftList})(view(self.list_drafts))
        made.post("", responses={201: DraftOut, **refused(415, 422)})(view(self.make_draft))
        made.get("/<draftId>", responses={200: WholeDraftOut, **refused(404)})(view(self.read_draft))
        saved = {200: DraftOut, **refused(404, 409, 415, 422)}
        made.post("/<draftId>", responses=saved)(view(self.save_draft))
        made.post("/<draftId>/remove", responses={200: Removed, **refused(404)})(view(self.remove_draft))
        return made

    def list_drafts(self, query: DraftQuery) -> Response:
        """List drafts

        The newest first, of the processes that you may see.
        """
        wanted = query.model_dump(exclude={"kind"}) | {"kind": query.kind and str(query.kind)}
        with self._database.reading() as connection:
            page = store.listed(connection, deed().reach, **wanted)
        return answer_page(map(DraftOut.of, page.items), page.total)

    def make_draft(self, body: DraftIn) -> Response:
        """Keep a file as a draft

        It may be unfinished, and is not checked as a deployment would be: only that it is a file of its kind. Whoever
        may deploy that kind may keep drafts of it.
        """
        new = store.NewDraft(body.kind, body.name, body.document.encode(), body.base_version)

        draws(body.kind)

        def work(tx: Transaction, deed: Deed) -> store.DraftView:
            done = store.make(tx, new, deed.by, self._clock.now())
            deed.concerns(done.process_id)
            return done

        made = DraftOut.of(act(self._database, work))
        return answer_one(made, 201, made.href)

    def read_draft(self, path: DraftPath) -> Response:
        """Read a draft with its document"""
        with self._database.reading() as connection:
            found = store.read(connection, path.draft_id)
        deed().concerns(found.process_id)
        shown = DraftOut.of(found).model_dump()
        return answer_one(WholeDraftOut(**shown, document=found.document.decode()))

    def save_draft(self, path: DraftPath, body: SaveIn) -> Response:
        """Save a draft over what you opened"""

        draws_on(self._database, path.draft_id)

        def work(tx: Transaction, deed: Deed) -> store.DraftView:
            deed.concerns(store.view(tx.connection, path.draft_id).process_id)
            facts = (body.name, body.document.encode(), body.revision, deed.by, self._clock.now())
            done = store.save(tx, path.draft_id, *facts)
            deed.concerns(done.process_id)
            return done

        return answer_one(DraftOut.of(act(self._database, work)))

    def remove_draft(self, path: DraftPath) -> Response:
        """Throw a draft away"""

        draws_on(self._database, path.draft_id)

        def work(tx: Transaction, deed: Deed) -> None:
            deed.concerns(store.view(tx.connection, path.draft_id).process_id)
            store.remove(tx, path.draft_id)

        act(self._database, work)
        return answer_one(Removed(id=path.draft_id))
