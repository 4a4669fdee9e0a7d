"""What a decision reads, against what it requires and of which type that is."""

from __future__ import annotations

from collections.abc import Iterator

from app.decisions.dmn import parts
from app.decisions.dmn.asked import Read, place_of, reads_of, required_names, type_name
from app.decisions.dmn.findings import Finding, shortened
from app.decisions.dmn.unit import Unit


def check_inputs(unit: Unit, decision: parts.Decision) -> Iterator[Finding]:
    required = required_names(unit, decision)
    told = set[str]()
    for read in reads_of(unit, decision):
        element = required.get(read.name)
        if element is None and read.name in unit.by_name and read.name not in told:
            told.add(read.name)
            yield _not_required(decision, read, unit.by_name[read.name])
        elif element is not None and read.column is not None and read.path == ():
            yield from _check_type(unit, decision, read, read.column, element)


def _not_required(decision: parts.Decision, read: Read, element: parts.Element) -> Finding:
    """Names that the model has are never looked for outside of it."""
    what = f"{place_of(decision, read)} reads '{read.name}', which the model has and the decision does not require"
    message = f"{what[0].upper()}{what[1:]}: it is never there."
    remedy = f"Draw the requirement from '{read.name}' to the decision."
    if element is decision:
        remedy = "It is the decision's own name: give one of the two another."
    return _finding("not_required", decision, message, remedy, read)


def _check_type(
    unit: Unit, decision: parts.Decision, read: Read, column: parts.InputColumn, element: parts.Element
) -> Iterator[Finding]:
    own, given = column.expression.type_ref, element.variable.type_ref
    names = {type_name(unit, own), type_name(unit, given)}
    if len(names) == 2 and "Any" not in names:
        message = f"{place_of(decision, read)} is of type {own}, and '{read.name}' is of type {given}."
        remedy = "Give both one type: cells are held against what is there."
        yield _finding("column_type", decision, f"{message[0].upper()}{message[1:]}", remedy, read)


def _finding(code: str, decision: parts.Decision, message: str, remedy: str, read: Read) -> Finding:
    place = decision.place if read.column is None else read.column.place
    label = None if read.column is None else read.column.label
    return Finding(
        "warning", place.id or decision.id, code, shortened(message), remedy, place.line, decision.id, column=label
    )
