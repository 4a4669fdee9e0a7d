"""Diagrams of other dialects, from files: converted, laid out, and what is left to do said."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from app.cli.layout import NoLayout, lay_out
from app.conversion import Converted, Dialect, Note
from app.conversion import convert as convert_document

_DIALECTS = {Dialect.CAMUNDA_7: "Camunda 7", Dialect.SPIFF_ARENA: "SpiffArena", Dialect.CAMUNDA_8: "Camunda 8"}


@click.command("convert")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--to", type=click.Path(file_okay=False, path_type=Path), help="The folder to write to; else one is printed."
)
@click.option(
    "--layout/--no-layout", default=True, show_default=True, help="Lay out diagrams that have no layout (by Node)."
)
def convert(files: tuple[Path, ...], to: Path | None, layout: bool) -> None:
    """Convert diagrams of Camunda 7 or SpiffArena and decisions of Camunda 7; say element by element what could not be.

    `turnup check` says what is left to do with the outcome. The exit status is 1 if anything was lost.
    """
    if to is None and len(files) > 1:
        raise click.BadParameter("Name the folder that several files are written to.", param_hint="--to")
    lost = False
    for file in files:
        converted = convert_document(file.read_bytes())
        document = _laid_out(file, converted) if layout and not converted.has_layout else converted.document
        _show(file, converted)
        lost |= any(note.grade == "lost" for note in converted.notes)
        if to is None:
            sys.stdout.buffer.write(document)
        else:
            to.mkdir(parents=True, exist_ok=True)
            (to / file.name).write_bytes(document)
    raise SystemExit(1 if lost else 0)


def _laid_out(file: Path, converted: Converted) -> bytes:
    """What Node makes of it; without Node it stays as it is, which is said."""
    try:
        return lay_out(converted.document)
    except NoLayout as problem:
        click.echo(f"{file}: {problem.message}", err=True)
        return converted.document


def _show(file: Path, converted: Converted) -> None:
    notes = converted.notes
    if converted.dialect is Dialect.CAMUNDA_8:
        click.echo(f"{file}: a diagram for Camunda 8 already; nothing to convert", err=True)
        return
    counts = {grade: sum(note.grade == grade for note in notes) for grade in ("lost", "check")}
    said = f"{counts['lost']} could not be converted, {counts['check']} to look at"
    click.echo(f"{file}: from {_DIALECTS[converted.dialect]}: {said}", err=True)
    _show_notes(file, notes)


def _show_notes(file: Path, notes: Iterable[Note]) -> None:
    for note in notes:
        element = f" {note.element_id}:" if note.element_id else ""
        line = f"{file}:{note.line or 0}: {note.grade}:{element} {note.what}: {note.message} {note.remedy}"
        click.echo(line, err=True)
