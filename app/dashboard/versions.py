"""The versions of a process: who deployed them and why, what sets two of them apart, which start and which do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.causes import leave_for
from app.dashboard.diagrams import Diagrams
from app.dashboard.fields import read_object, read_reason
from app.dashboard.pages import Pages, read_slice
from app.dashboard.parts import DashboardParts
from app.engine import definitions, queries
from app.engine.definitions import VersionWithdrawn
from app.engine.difference import Change, difference
from app.engine.migration.outlook import Outlooks
from app.engine.queries.definitions import DefinitionView
from app.engine.starts import StartRequest
from app.engine.versions import Versions
from app.web.acting import Deed, act
from app.web.watching import trace_parent

KEY_LIMIT = 255
MOST_OFFERED = 100  # of versions to choose from; older ones by the list
Marks = dict[str, dict[str, dict[str, Any]]]  # of which diagram, of which element
_BLANKS = {"string": "", "number": 0, "integer": 0, "boolean": False, "array": [], "object": {}}


class VersionPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._versions = Versions(parts.engine)
        self._outlooks = Outlooks(parts.engine)

    def routes(self, blueprint: Blueprint) -> None:
        base = "/processes/<process_id>"
        blueprint.add_url_rule(base, "versions", self.show, methods=["GET"])
        blueprint.add_url_rule(f"{base}/compare", "compare", self.compare, methods=["GET"])
        blueprint.add_url_rule(f"{base}/start", "start_instance", self.start, methods=["POST"])
        version = f"{base}/<int:version>"
        blueprint.add_url_rule(f"{version}/withdraw", "withdraw_version", self.withdraw, methods=["POST"])
        blueprint.add_url_rule(f"{version}/restore", "restore_version", self.restore, methods=["POST"])

    def show(self, process_id: str) -> str:
        shown = read_slice()
        with self.parts.database.reading() as connection:
            return self.page(
                connection,
                "versions.html",
                process_id=process_id,
                found=queries.list_versions(connection, process_id, shown.size, shown.offset),
                shown=shown,
                name=queries.get_definition(connection, process_id).name,
                newest=_newest_in_use(connection, process_id),
                open_by_version=queries.open_by_version(connection, process_id),
                blank=_blank_variables(connection, process_id),
            )

    def compare(self, process_id: str) -> str:
        with self.parts.database.reading() as connection:
            old, new = read_pair(connection, process_id)
            changes = difference(
                self._outlooks.program(connection, process_id, old.version).diagram,
                self._outlooks.program(connection, process_id, new.version).diagram,
            )
            versions = choices_of(connection, process_id, old, new)
            facts = {"process_id": process_id, "versions": versions, "old": old, "new": new, "changes": changes}
            return self.page(connection, "compare.html", **facts, marks=marks_of(changes))

    def start(self, process_id: str) -> Response:
        key = request.form.get("business_key", "").strip()
        if len(key) > KEY_LIMIT or not key.isprintable():
            raise InvalidInput(f"Write at most {KEY_LIMIT} characters, on one line.", path="$.business_key")
        variables = read_object(request.form.get("variables", ""), "$.variables", "Variables")
        version = _read_version(request.form.get("version", ""))
        asked = StartRequest(process_id, variables, version, key or None, trace_parent=trace_parent())

        self.parts.intake.admit(asked.priority, None)  # before any transaction, as the API does

        def start(tx: Transaction, deed: Deed) -> str:
            return self.parts.engine.start(tx, asked).instance_id

        return leave_for(url_for("dashboard.instance", instance_id=act(self.parts.database, start)))

    def withdraw(self, process_id: str, version: int) -> Response:
        return self._switch(process_id, version, self._versions.withdraw)

    def restore(self, process_id: str, version: int) -> Response:
        return self._switch(process_id, version, self._versions.restore)

    def _switch(
        self, process_id: str, version: int, switch: Callable[[Transaction, str, int, str, str], None]
    ) -> Response:
        reason = read_reason(request.form)

        def work(tx: Transaction, deed: Deed) -> None:
            switch(tx, process_id, version, deed.by, reason)

        act(self.parts.database, work)
        return leave_for(url_for("dashboard.versions", process_id=process_id))


def choices_of(connection: sa.Connection, process_id: str, *chosen: DefinitionView) -> list[DefinitionView]:
    """The newest versions, and those that are chosen already; the newest first."""
    newest = queries.list_versions(connection, process_id, MOST_OFFERED, 0).items
    by_number = {each.version: each for each in (*newest, *chosen)}
    return [by_number[number] for number in sorted(by_number, reverse=True)]


def read_pair(connection: sa.Connection, process_id: str) -> tuple[DefinitionView, DefinitionView]:
    """Those that the request names: unless it does, the newest in use and the one before it; UnknownProcess."""
    asked, other = _read_version(request.values.get("to", "")), _read_version(request.values.get("from", ""))
    new = None if asked is not None else _newest_in_use(connection, process_id)
    if new is None:
        new = queries.get_definition(connection, process_id, asked)
    if other is None:
        other = queries.version_before(connection, process_id, new.version)
    return (new if other is None else queries.get_definition(connection, process_id, other)), new


def marks_of(changes: Sequence[Change]) -> Marks:
    """What is marked on the diagram of the old version, and on that of the new."""
    return {
        "old": {change.id: {"kind": change.kind} for change in changes if change.kind != "added"},
        "new": {change.id: {"kind": change.kind} for change in changes if change.kind != "removed"},
    }


def _read_version(written: str) -> int | None:
    """None for the newest, which is written as nothing."""
    if not written:
        return None
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise InvalidInput("Choose a version.", path="$.version")
    return int(written)


def _newest_in_use(connection: sa.Connection, process_id: str) -> DefinitionView | None:
    """None: every version is withdrawn."""
    try:
        found = definitions.find_in_use(connection, process_id)
    except VersionWithdrawn:
        return None
    return queries.get_definition(connection, process_id, found.version)


def _blank_variables(connection: sa.Connection, process_id: str) -> str:
    """What the newest version declares of its start variables, to be filled in."""
    try:
        schema = definitions.find_in_use(connection, process_id).variables_schema or {}
    except VersionWithdrawn:
        return "{}"
    declared = schema.get("properties")
    if not isinstance(declared, dict):
        return "{}"
    required = schema.get("required", [])
    blanks = {name: _blank(what) for name, what in declared.items() if not required or name in required}
    return json.dumps(blanks, ensure_ascii=False, indent=2)


def _blank(what: Any) -> Any:
    if not isinstance(what, dict):
        return ""
    if "default" in what:
        return what["default"]
    examples = what.get("examples") or what.get("enum")
    return examples[0] if isinstance(examples, list) and examples else _BLANKS.get(str(what.get("type")), "")
