"""Forms in files of their own, as they are deployed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa

from app.core.pages import Page, fetch
from app.engine.form_versions import UnknownForm
from app.engine.tables import form


@dataclass(frozen=True)
class FormView:
    """One version of a form."""

    id: str
    form_id: str
    version: int
    version_tag: str | None
    digest: str
    deployed_at: datetime
    deployed_by: str | None  # None: the installation itself, from its files
    reason: str | None


_COLUMNS = [form.c[field.name] for field in fields(FormView)]


def list_forms(connection: sa.Connection, *, limit: int, offset: int) -> Page[FormView]:
    """The latest version of each, by id."""
    other = form.alias()
    newest = sa.select(sa.func.max(other.c.version)).where(other.c.form_id == form.c.form_id).scalar_subquery()
    query = sa.select(*_COLUMNS).where(form.c.version == newest).order_by(form.c.form_id)
    return _page(connection, query, limit, offset)


def list_form_versions(connection: sa.Connection, form_id: str, *, limit: int, offset: int) -> Page[FormView]:
    """Of one form, the newest first; UnknownForm."""
    get_form(connection, form_id)
    query = sa.select(*_COLUMNS).where(form.c.form_id == form_id).order_by(form.c.version.desc())
    return _page(connection, query, limit, offset)


def get_form(connection: sa.Connection, form_id: str, version: int | None = None) -> FormView:
    """The latest version unless one is given; UnknownForm."""
    query = sa.select(*_COLUMNS).where(form.c.form_id == form_id).order_by(form.c.version.desc()).limit(1)
    if version is not None:
        query = query.where(form.c.version == version)
    row = connection.execute(query).first()
    if row is None:
        wanted = f"form '{form_id}'" if version is None else f"version {version} of form '{form_id}'"
        raise UnknownForm(f"There is no {wanted}. /api/v1/forms lists what is deployed.", path="$.formId")
    return FormView(**row._mapping)


def form_document(connection: sa.Connection, row_id: str) -> bytes:
    """The JSON as it came; UnknownForm."""
    row = connection.execute(sa.select(form.c.document).where(form.c.id == row_id)).first()
    if row is None:
        raise UnknownForm(f"There is no form with the id '{row_id}'.")
    return bytes(row.document)


def _page(connection: sa.Connection, query: sa.Select[tuple[object, ...]], limit: int, offset: int) -> Page[FormView]:
    rows, total = fetch(connection, query, limit, offset)
    return Page([FormView(**row._mapping) for row in rows], total)
