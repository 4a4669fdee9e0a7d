"""What decisions take from whoever asks them: input data that they read, and names that no element of the model has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.decisions.dmn import parts
from app.decisions.dmn.model import Model
from app.decisions.dmn.names import names_of
from app.decisions.dmn.unit import Unit
from app.decisions.feel import FeelSyntaxError, compile_feel, tree
from app.decisions.feel.builtin_values import BY_NAME
from app.decisions.feel.compile_values import chain
from app.decisions.feel.compiling import Setting
from app.decisions.feel.kinds import ANY, Kinds
from app.decisions.feel.rules import read_text

_PLAIN = {"number": "number", "string": "string", "boolean": "boolean", "context": "object", "list": "array"}
_TIMES = frozenset({"date", "time", "date and time", "days and time duration", "years and months duration"})
_TIME = re.compile(r"\b(date|time|date and time|duration|now|today)\s*\(|@\s*\"")  # a cell that holds one


@dataclass(frozen=True)
class Asked:
    """Something that a decision reads. Any of `names` will do; `path` leads on from there.

    `kinds` are those of JSON that fit; none where it is held against times, which JSON has none of.
    """

    names: tuple[str, ...]
    path: tuple[str, ...]
    kinds: Kinds
    type_ref: str | None
    place: str


@dataclass(frozen=True)
class Read:
    """A free name in a text of a decision. `path` None: the text is no column's, or more than the name and a path."""

    name: str
    path: tuple[str, ...] | None
    column: parts.InputColumn | None


def asked_by(model: Model, decision_id: str) -> list[Asked]:
    """By the decision and all that it requires in its own document, where that is a table or a text."""
    unit = next(unit for unit in model.units if unit.document is model.document)
    order = unit.order(decision_id, {}) if decision_id in unit.decisions else ()
    found = (asked for one in order for asked in _asked(unit, unit.decisions[one].part))
    return list(dict.fromkeys(found))


def _asked(unit: Unit, decision: parts.Decision) -> Iterator[Asked]:
    required = required_names(unit, decision)
    for read in reads_of(unit, decision):
        place = place_of(decision, read)
        element = required.get(read.name)
        column_type = read.column.expression.type_ref if read.column is not None else None
        if isinstance(element, parts.InputData):
            names = tuple(dict.fromkeys((element.variable.name, element.name, element.id)))
            type_ref = element.variable.type_ref
            yield Asked(names, (), _fitted(unit, type_ref), type_ref, place)
        elif element is None and read.name not in unit.by_name and read.path is None:
            yield Asked((read.name,), (), ANY, None, place)
        elif element is None and read.name not in unit.by_name and read.path is not None:
            yield Asked((read.name,), read.path, _compared(unit, decision, read.column), column_type, place)


def required_names(unit: Unit, decision: parts.Decision) -> dict[str, parts.Element]:
    """What the decision requires of its own document, by all names that it has there."""
    needs = unit.decisions[decision.id].needs
    return {name: element for of, element in needs if of is unit for name in names_of(element)}


def reads_of(unit: Unit, decision: parts.Decision) -> Iterator[Read]:
    """In its table's inputs and outputs, or in its text; what functions and imports bring is not among them."""
    compiled = unit.decisions[decision.id]
    brought = {*compiled.functions, *unit.import_names.values(), *BY_NAME}
    brought |= {name for of, element in compiled.needs if of is not unit for name in names_of(element)}
    seen = unit.members.union(required_names(unit, decision), brought - BY_NAME.keys())
    for text, column in _texts(decision.logic):
        try:
            names = compile_feel(text, seen).names  # mostly kept from when the model was loaded
            whole, path = _whole(text, seen) if column is not None and names else (None, ())
        except FeelSyntaxError:
            continue  # told elsewhere
        for name in sorted(names - brought):
            if "[" not in text or name in text.partition("[")[0]:  # within brackets it may be an element's entry
                yield Read(name, path if name == whole else None, column)


def _whole(text: str, seen: frozenset[str]) -> tuple[str | None, tuple[str, ...]]:
    """Of a text that is a name, and names behind it."""
    base, path = chain(read_text(text, Setting(seen))[0])
    return (base.name, path) if isinstance(base, tree.Name) else (None, ())


def place_of(decision: parts.Decision, read: Read) -> str:
    """In words."""
    label = f"the column '{read.column.label}'" if read.column is not None else "an expression"
    return f"{label} of '{decision.name or decision.id}'"


def _texts(logic: parts.Boxed | None) -> Iterator[tuple[str, parts.InputColumn | None]]:
    if isinstance(logic, parts.Literal):
        yield logic.text, None
    elif isinstance(logic, parts.Table):
        for column in logic.inputs:
            if isinstance(column.expression, parts.Literal):
                yield column.expression.text, column
        for rule in logic.rules:
            yield from ((cell.text, None) for cell in rule.outputs if isinstance(cell, parts.Literal) and cell.text)


def _fitted(unit: Unit, type_ref: str | None) -> Kinds:
    """What of JSON becomes input data of a type: times are read from text, a list of one is its element."""
    name = type_name(unit, type_ref)
    if name in _TIMES:
        return frozenset({"string", "array"})
    return ANY if name not in _PLAIN or name == "list" else frozenset({_PLAIN[name], "array"})


def _compared(unit: Unit, decision: parts.Decision, column: parts.InputColumn | None) -> Kinds:
    """What of JSON a column's cells can match, as far as its type says so: nothing there is read as a time."""
    name = type_name(unit, None if column is None else column.expression.type_ref)
    if name not in _TIMES or column is None or not isinstance(decision.logic, parts.Table):
        return frozenset({_PLAIN[name]}) if name in _PLAIN else ANY
    number = decision.logic.inputs.index(column)
    cells = [rule.tests[number].text for rule in decision.logic.rules if number < len(rule.tests)]
    return frozenset() if any(_TIME.search(text) for text in cells) else ANY


def type_name(unit: Unit, type_ref: str | None) -> str:
    """FEEL's own name of what a type is made of."""
    type_ = unit.book.find(type_ref)
    return "Any" if type_ is None else type_.name
