"""Who did what, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from app.dashboard.pages import Pages, read_slice, wants_fragment
from app.identity.audit import search
from app.identity.audit.search import EntryView, Wanted
from app.identity.permissions import Permission

FIELDS = ("by", "action", "target", "process_id", "result", "via")


class AuditPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/audit", "audit", self.show, methods=["GET"])
        blueprint.add_url_rule("/audit/export.ndjson", "export_audit", self.export, methods=["GET"])

    def show(self) -> str:
        shown, asked = read_slice(), _asked()
        with self.parts.database.reading() as connection:
            found = search.find(connection, Wanted(**asked), shown.size, shown.offset)
            found = replace(found, items=[self.parts.personal.entry(each) for each in found.items])
            facts = {"found": found, "shown": shown, "asked": asked, "actions": [*Permission]}
            if wants_fragment():
                return self.update(connection, "audit_list.html", **facts)
            return self.page(connection, "audit.html", **facts)

    def export(self) -> Response:
        """All that the filters let through, the oldest first, one JSON object a line."""
        asked = _asked()

        def lines() -> Iterator[str]:
            with self.parts.database.reading() as connection:
                for entry in search.every(connection, Wanted(**asked)):
                    yield _line(self.parts.personal.entry(entry))

        answer = Response(stream_with_context(lines()), mimetype="application/x-ndjson")
        answer.headers["Content-Disposition"] = 'attachment; filename="audit.ndjson"'
        return answer


def _line(entry: EntryView) -> str:
    def plain(value: object) -> str:
        return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)

    return json.dumps(asdict(entry), default=plain, ensure_ascii=False) + "\n"


def _asked() -> dict[str, Any]:
    """What the page's fields say; an empty one says nothing."""
    given = {name: request.args.get(name, "").strip()[:255] for name in FIELDS}
    return {name: value for name, value in given.items() if value}
