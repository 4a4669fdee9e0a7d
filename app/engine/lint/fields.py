"""Expressions that look for something where it never is: a field that an object does not have, a part of a text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from app.core.errors import InvalidInput
from app.decisions.feel.looks import Look, looks_of
from app.decisions.feel.members import PARTS
from app.engine.diagram import Diagram, Finding
from app.engine.lint.reads import Reading, readings
from app.engine.lint.shapes import SchemaShape, Shapes
from app.engine.lint.slips import NEARLY, Slips
from app.engine.lint.variables import Handlers

_OF_TIMES = {name for parts in PARTS.values() for name in parts}
MOST_NAMED = 8


def check_fields(diagram: Diagram, known_handlers: Handlers) -> Iterator[Finding]:
    """Warnings. Where a schema leaves room for others, only a name that is nearly one that is declared is told."""
    shapes, slips = Shapes(diagram, known_handlers), Slips()
    for reading in readings(diagram, known_handlers):
        if "." not in reading.text:
            continue
        try:
            looks = list(looks_of(reading.text, partial(shapes.of, at=reading.at, sees=reading.sees)))
        except InvalidInput:
            continue  # told elsewhere
        told = set[tuple[str, str]]()
        for look in looks:
            if (look.written, look.name) not in told:
                told.add((look.written, look.name))
                yield from _check_look(reading, look, slips)


def _check_look(reading: Reading, look: Look, slips: Slips) -> Iterator[Finding]:
    owner = look.owner
    if not isinstance(owner, SchemaShape) or look.name in owner.names:
        return
    near = slips.meant(look.name, owner.names, 0.6 if owner.is_closed else NEARLY)
    if owner.is_closed or (near is not None and slips.is_slip(look.name, near)):
        whose = f"'{look.written[:100]}'" if look.written else "what stands before the dot"
        message = f"{reading.begun} reads '{look.name[:60]}' of {whose}, which has no such field."
        yield Finding.warning(reading.shown, "unknown_field", message, _remedy(look, owner, near))


def _remedy(look: Look, owner: SchemaShape, near: str | None) -> str:
    if near is not None:
        return f"Did you mean {near}?"
    if owner.names:
        has = ", ".join(owner.names[:MOST_NAMED])
        return f"It has {has}: correct the name, or declare the field where the others are."
    if look.name in _OF_TIMES:
        return f"Times are kept as text: read it first, as in date({look.written or '...'}).{look.name}."
    return f"It is one value without fields: read it without '.{look.name[:60]}'."
