"""Form fields for what a decision is made from, and the values that come back from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.errors import InvalidInput
from app.dashboard.decision_needs import Asked, item_of
from app.dashboard.fields import read_json
from app.decisions.dmn import parts
from app.decisions.feel import FeelSyntaxError, UnaryTests, compile_unary_tests, evaluate

PREFIX = "input."
_NUMBER = re.compile(r"[+-]?(\d{1,34}(\.\d{0,34})?|\.\d{1,34})")
_WIDGETS = {"string": "text", "number": "number", "boolean": "yes_no", "integer": "number", "long": "number"}
_WIDGETS |= {"double": "number", "Any": "any"}
# How a text becomes the value, and what one looks like.
_TEMPORAL = {
    "date": ("date(written)", "2026-11-23"),
    "time": ("time(written)", "14:30:00"),
    "date and time": ("date and time(written)", "2026-11-23T14:30:00Z"),
    "dateTime": ("date and time(written)", "2026-11-23T14:30:00Z"),
    "days and time duration": ("duration(written)", "P2DT4H"),
    "dayTimeDuration": ("duration(written)", "P2DT4H"),
    "years and months duration": ("duration(written)", "P1Y6M"),
    "yearMonthDuration": ("duration(written)", "P1Y6M"),
}
_SAMPLES = {"string": '"…"', "number": "0", "boolean": "true"}


@dataclass(frozen=True)
class Choice:
    shown: str
    value: Any


@dataclass(frozen=True)
class Field:
    """`widget`: text, number, yes_no, choice, temporal, json or any (JSON where it is JSON, else text)."""

    name: str
    type: str
    widget: str
    example: str = ""
    allowed: str | None = None
    choices: tuple[Choice, ...] = ()
    element_id: str | None = None
    suggested: tuple[str, ...] = ()

    @property
    def form_name(self) -> str:
        return PREFIX + self.name


@dataclass(frozen=True)
class Read:
    """What a form held: `written` as it was typed, `values` as they were understood, `problems` by field."""

    written: Mapping[str, str]
    values: Mapping[str, Any]
    problems: Mapping[str, str]


NOTHING_READ = Read({}, {}, {})


def fields_of(asked: Sequence[Asked], document: parts.Document) -> list[Field]:
    return [_field(one, document) for one in asked]


def _field(asked: Asked, document: parts.Document) -> Field:
    shown, element_id = asked.type_ref or "Any", asked.element_id
    item = item_of(document, asked.type_ref)
    if item is not None and (item.collection or item.components):
        return Field(asked.name, shown, "json", _sample(item, document), element_id=element_id)
    basic = (item.type_ref if item else asked.type_ref) or "Any"
    choices = _choices(asked.allowed)
    if choices:
        return Field(asked.name, shown, "choice", "", asked.allowed, choices, element_id)
    if basic in _TEMPORAL:
        return Field(asked.name, basic, "temporal", _TEMPORAL[basic][1], asked.allowed, (), element_id)
    widget = _WIDGETS.get(basic, "json")
    suggested = asked.compared if widget in ("text", "any") else ()
    return Field(asked.name, shown, widget, "", asked.allowed, (), element_id, suggested)


def _sample(item: parts.ItemDefinition, document: parts.Document, depth: int = 0) -> str:
    """What a value of the type looks like as JSON, for the empty field."""
    if item.components and depth < 3:
        inside = [f'"{one.name}": {_sample(one, document, depth + 1)}' for one in item.components]
        written = "{" + ", ".join(inside) + "}"
    else:
        other = document.items.get(item.type_ref or "") if depth < 3 else None
        written = _sample(other, document, depth + 1) if other else _SAMPLES.get(item.type_ref or "", '"…"')
    return f"[{written}]" if item.collection else written


def _choices(allowed: str | None) -> tuple[Choice, ...]:
    """The values in the order in which they are written; none unless the tests do nothing but list values."""
    tests = _tests(allowed)
    constants = tests.constants() if tests else None
    shown = [Choice(_shown(value), value) for value in constants or ()]
    return tuple(sorted(shown, key=lambda choice: (allowed or "").find(choice.shown)))


def _tests(allowed: str | None) -> UnaryTests | None:
    try:
        return compile_unary_tests(allowed, lenient=True) if allowed else None
    except FeelSyntaxError:
        return None


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_fields(fields: Sequence[Field], form: Mapping[str, str]) -> Read:
    """An empty field is null."""
    written = {field.name: form.get(field.form_name, "") for field in fields}
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in fields:
        text = written[field.name]
        try:
            values[field.name] = _allowed(field, _value(field, text)) if text.strip() else None
        except InvalidInput as error:
            problems[field.name] = error.message
    return Read(written, values, problems)


def _value(field: Field, text: str) -> Any:
    match field.widget:
        case "text":
            return text
        case "number":
            if not _NUMBER.fullmatch(text.strip()):
                raise InvalidInput(f"Expected a number such as 12.5, found {text.strip()[:40]!r}.")
            return Decimal(text.strip())
        case "yes_no" | "choice":
            return _chosen(field, text)
        case "temporal":
            value = evaluate(_TEMPORAL[field.type][0], {"written": text.strip()})
            if value is None:
                raise InvalidInput(f"Expected a {field.type} such as {field.example}, found {text.strip()[:40]!r}.")
            return value
        case "json":
            return read_json(text, f"$.{field.name}", "It")
    try:
        return read_json(text, f"$.{field.name}", "It")
    except InvalidInput:
        return text


def _chosen(field: Field, text: str) -> Any:
    choices = field.choices or (Choice("true", True), Choice("false", False))
    for choice in choices:
        if choice.shown == text:
            return choice.value
    raise InvalidInput(f"Choose one of {', '.join(choice.shown for choice in choices)}.")


def _allowed(field: Field, value: Any) -> Any:
    tests = _tests(field.allowed)
    if tests is not None and not tests.names and tests.matches(value) is not True:
        raise InvalidInput(f"Not allowed here: {field.allowed} is.")
    return value
