"""What a converted diagram or decision model looks like in an answer."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from app.conversion import Converted, Note
from app.core.db import Database
from app.decisions.dmn import DmnRefused
from app.decisions.dmn import Finding as DmnFinding
from app.engine import decisions
from app.engine.diagram import DiagramRefused, Finding
from app.engine.doors import Engine
from app.web.models import Output
from app.web.problems import FindingOut


class NoteOut(Output):
    """Something that could not be taken over, or that needs a look."""

    grade: str = Field(description="`lost`: it could not be taken over; `check`: it was, and needs a look")
    element_id: str | None
    element_name: str | None
    what: str = Field(examples=['camunda:class="com.example.ActivateLine"'])
    message: str
    remedy: str
    line: int | None = Field(description="In the file that was sent")


class ConvertedOut(Output):
    """A diagram or decision model of another dialect, as far as it goes."""

    dialect: str = Field(description="`camunda7`, `spiffarena`, or `camunda8`: then it comes back as it was")
    document: str
    has_layout: bool = Field(description="False: nothing says where its shapes are drawn")
    notes: list[NoteOut] = Field(description="Element by element, what could not be converted")
    findings: list[FindingOut] = Field(description="What a deployment would say of the outcome")


def shown(converted: Converted, engine: Engine, database: Database) -> ConvertedOut:
    """With what a deployment would say of it."""
    return ConvertedOut(
        dialect=converted.dialect,
        document=converted.document.decode(),
        has_layout=converted.has_layout,
        notes=[_note(each) for each in converted.notes],
        findings=[FindingOut.model_validate(each) for each in _findings(converted, engine, database)],
    )


def _note(note: Note) -> NoteOut:
    return NoteOut.model_validate(note)


def _findings(converted: Converted, engine: Engine, database: Database) -> Sequence[Finding | DmnFinding]:
    try:
        if converted.is_model:
            return decisions.examine(converted.document)[1]
        with database.reading() as connection:
            return engine.check(converted.document, beside=connection)
    except (DiagramRefused, DmnRefused) as refused:
        return list(refused.findings)
