"""Forms in files of their own (`.form`, as form-js saves them): checked, numbered, kept as they came, bound to tasks.

A user task is bound when it begins (`find`), as Camunda 8 does it, and keeps its form to its end: whoever has begun to
fill it in is not given another one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import NotFound, Unprocessable
from app.core.ids import new_id
from app.engine.diagram import Binding, Finding, FormLink
from app.engine.forms import read_form
from app.engine.kept import Kept
from app.engine.locks import lock
from app.engine.tables import form, process_definition, user_task

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,254}")
REMEDY = "Correct the form in the editor: what a task's form says has to be held to."


class UnknownForm(NotFound):
    """No form with that id, or not in that version, is deployed."""


class FormRefused(Unprocessable):
    """The document is no form that can be shown here; `findings` say why."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        more = f" ({len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
        super().__init__(f"{first.message} {first.remedy}{more}", findings=[each.code for each in self.findings])


@dataclass(frozen=True)
class AcceptedForm:
    """A form without errors, ready to be stored."""

    document: bytes
    form_id: str
    version_tag: str | None
    digest: str  # equal for equal content, however it is spaced


@dataclass(frozen=True)
class FormDeployment:
    """`created` is False when the latest version already has this content."""

    id: str
    form_id: str
    version: int
    created: bool


def examine(document: bytes) -> tuple[AcceptedForm | None, list[Finding]]:
    """Everything wrong with a form; None when there is an error among it."""
    try:
        schema, problems = read_form(document.decode())
    except UnicodeDecodeError:
        schema, problems = None, ["It is not in UTF-8."]
    if schema is None:
        return None, [Finding("error", None, "form", problem, REMEDY, None) for problem in problems]
    form_id, tag = schema.get("id"), schema.get("versionTag") or None
    if not isinstance(form_id, str) or not _ID.fullmatch(form_id):
        message = f"The form has no id that can be one: {str(form_id)[:60]!r}."
        remedy = "User tasks name it, so give it one, of letters, digits, '_', '-' and '.'; each version has the same."
        return None, [Finding("error", None, "form_id", message, remedy, None)]
    if tag is not None and (not isinstance(tag, str) or len(tag) > 255 or not tag.isprintable()):
        message = f"The form's version tag cannot be one: {str(tag)[:60]!r}."
        return None, [Finding("error", None, "form", message, REMEDY, None)]
    return AcceptedForm(document, form_id, tag, _digest(schema)), []


def accept(document: bytes) -> AcceptedForm:
    """FormRefused lists every error."""
    accepted, findings = examine(document)
    if accepted is None:
        raise FormRefused(findings)
    return accepted


def _digest(schema: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


def deploy(
    tx: Transaction, accepted: AcceptedForm, clock: Clock, by: str | None = None, reason: str | None = None
) -> FormDeployment:
    """Store a form as its next version, unless the latest one is the same."""
    lock(tx, "form", accepted.form_id)
    query = sa.select(form.c.id, form.c.version, form.c.digest).where(form.c.form_id == accepted.form_id)
    latest = tx.connection.execute(query.order_by(form.c.version.desc()).limit(1)).first()
    if latest is not None and latest.digest == accepted.digest:
        return FormDeployment(latest.id, accepted.form_id, latest.version, False)
    row_id, version = new_id(), 1 if latest is None else latest.version + 1
    facts = {"id": row_id, "form_id": accepted.form_id, "version": version, "digest": accepted.digest}
    said = {"version_tag": accepted.version_tag, "deployed_by": by, "reason": reason}
    made = sa.insert(form).values(**facts, **said, document=accepted.document, deployed_at=clock.now())
    tx.connection.execute(made)
    return FormDeployment(row_id, accepted.form_id, version, True)


_IDS = sa.select(form.c.id).where(form.c.form_id == sa.bindparam("form_id_")).limit(sa.literal_column("1"))
_NEWEST = _IDS.order_by(form.c.version.desc())
_BESIDE = (
    sa.select(process_definition.c.deployed_at)
    .where(process_definition.c.id == sa.bindparam("definition_"))
    .scalar_subquery()
)
_FIND: dict[Binding, tuple[Prepared, ...]] = {  # the first that finds anything; as app.engine.callees for processes
    "latest": (Prepared(_NEWEST),),
    "deployment": (Prepared(_NEWEST.where(form.c.deployed_at <= _BESIDE)), Prepared(_IDS.order_by(form.c.version))),
    "versionTag": (Prepared(_NEWEST.where(form.c.version_tag == sa.bindparam("version_tag_"))),),
}
_BOUND = Prepared(
    sa.select(user_task.c.form_row_id).where(
        user_task.c.instance_id == sa.bindparam("instance_id_"), user_task.c.number == sa.bindparam("number_")
    )
)


def find(connection: sa.Connection, form_id: str, link: FormLink, definition_id: str) -> str | None:
    """The row of the version that a task of the definition begins with now; None if there is none."""
    asked = {"form_id_": form_id, "version_tag_": link.version_tag, "definition_": definition_id}
    ids = (row[0] for query in _FIND[link.binding] for row in query.rows(connection, asked))
    return next(ids, None)


class Forms:
    """Schemas of deployed forms by id, kept for this process; safe to use from many threads."""

    def __init__(self, size: int = 256) -> None:
        self._kept: Kept[dict[str, Any]] = Kept(size)

    def bound_to(self, connection: sa.Connection, instance_id: str, number: int) -> dict[str, Any] | None:
        """The form that a user task has begun with; None if that was none."""
        rows = _BOUND.rows(connection, {"instance_id_": instance_id, "number_": number})
        row_id = rows[0][0] if rows else None
        return None if row_id is None else self._kept.get(row_id, lambda: _schema(connection, row_id))


def _schema(connection: sa.Connection, row_id: str) -> dict[str, Any]:
    document = connection.execute(sa.select(form.c.document).where(form.c.id == row_id)).scalar_one()
    schema: dict[str, Any] = json.loads(document)
    return schema
