"""Who did what: the audit, searched and exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from flask import Response, stream_with_context
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import ApiParts, Responses, room, view
from app.identity.audit import search
from app.identity.audit.search import EntryView, Wanted
from app.web.models import Instant, Name, Output, Parameters
from app.web.paging import PageQuery, answer_page


class EntryOut(Output):
    """What somebody did, or was not permitted to do."""

    id: str
    at: datetime
    by: str
    second: str | None = Field(description="Who seconded it, where that is needed")
    via: Literal["user", "token", "command"]
    action: str = Field(description="The permission by which it was done", examples=["incident.retry"])
    door: str = Field(description="Where it was done", examples=["dashboard.retry"])
    kind: str | None = Field(description="What the target is", examples=["incident"])
    target: str | None
    process_id: str | None
    result: Literal["done", "refused"]
    code: str | None = Field(description="Of the refusal", examples=["MissingPermission"])
    reason: str | None
    before: Any = Field(description="What was changed, as it was")
    after: Any = Field(description="What was asked for; passwords and tokens are left out")
    address: str | None
    request_id: str | None
    erased_at: datetime | None = Field(description="Since when reason, before, after and address are gone")
    position: int | None = Field(description="In the chain; null until it is sealed, some seconds later")
    digest: str | None = Field(description="SHA-256 of the entry as it was written")
    chain: str | None = Field(description="SHA-256 of position, the chain before it, and the digest")

    @classmethod
    def of(cls, entry: EntryView) -> EntryOut:
        return cls.model_validate(vars(entry))


class EntryList(RootModel[list[EntryOut]]):
    """Entries, the youngest first."""


class Filters(Parameters):
    """Each as a whole; what is not named is not looked at."""

    by: Name | None = None
    action: Name | None = Field(default=None, json_schema_extra={"example": "incident.retry"})
    target: Name | None = Field(default=None, description="The id of an instance, an incident, a user, ...")
    process_id: Name | None = None
    result: Literal["done", "refused"] | None = None
    via: Literal["user", "token", "command"] | None = Field(default=None, description="A person, a program, a command")
    since: Instant | None = None
    until: Instant | None = None


class EntryQuery(PageQuery, Filters):
    pass


class ExportQuery(Filters):
    pass


def wanted(query: Filters) -> Wanted:
    """What a query looks for."""
    names = ("by", "action", "target", "process_id", "result", "via", "since", "until")
    return Wanted(**{name: getattr(query, name) for name in names})


class Audit:
    """The room of the audit."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("audit", "audit", "Who did what, when and why.", self._parts)
        content = {"application/x-ndjson": {"schema": {"type": "string"}}}
        lines: Responses = {200: {"description": "One JSON object a line", "content": content}}
        made.get("", responses={200: EntryList})(view(self.list_entries))
        made.get("/export", responses=lines)(view(self.export_entries))
        return made

    def list_entries(self, query: EntryQuery) -> Response:
        """List what people did, the youngest first"""
        with self._database.reading() as connection:
            page = search.find(connection, wanted(query), query.limit, query.offset)
        return answer_page(map(EntryOut.of, map(self._parts.personal.entry, page.items)), page.total)

    def export_entries(self, query: ExportQuery) -> Response:
        """Export all of it, the oldest first, one JSON object a line"""

        def lines() -> Iterator[bytes]:
            with self._database.reading() as connection:
                for entry in search.every(connection, wanted(query)):
                    yield EntryOut.of(self._parts.personal.entry(entry)).model_dump_json(by_alias=True).encode() + b"\n"

        return Response(stream_with_context(lines()), mimetype="application/x-ndjson")
