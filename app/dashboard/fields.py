"""Form fields from a handler's parameters, and the inputs that come back from them.

Fields are read leniently and judged by the engine: what does not parse travels on as text, so that the one message an
operator meets is the handler's own (what was expected, what was found).
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from app.core.errors import InvalidInput
from app.handling.parameters import Parameter
from app.web.json_in import MalformedJson, read_value

PREFIX = "input."
REASON_LIMIT = 1000
_WIDGETS: dict[Any, str] = {str: "text", int: "whole", float: "number", bool: "yes_no"}
_WRITTEN_AS_TEXT = (Decimal, date, datetime, time, timedelta)


@dataclass(frozen=True)
class Field:
    """`widget`: text, whole, number, yes_no, choice or json. `shown` is what the form holds at first."""

    name: str
    widget: str
    expected: str
    required: bool
    optional: bool  # may be null
    shown: str
    choices: tuple[str, ...] = ()

    @property
    def form_name(self) -> str:
        return PREFIX + self.name


def fields_of(parameters: tuple[Parameter, ...], inputs: Mapping[str, Any]) -> list[Field]:
    return [_field(parameter, inputs) for parameter in parameters]


def _field(parameter: Parameter, inputs: Mapping[str, Any]) -> Field:
    annotation, optional = _unwrap(parameter.annotation)
    widget, choices = _widget(annotation)
    value = inputs.get(parameter.name, parameter.default)
    if widget != "json" and isinstance(value, dict | list):
        widget, choices = "json", ()  # what stands there now is of the wrong kind; it must still be seen whole
    return Field(
        parameter.name, widget, parameter.expected, parameter.required, optional, _shown(value, widget), choices
    )


def _unwrap(annotation: Any) -> tuple[Any, bool]:
    """`int | None` -> (int, True)."""
    if get_origin(annotation) in (Union, types.UnionType):
        inside = [part for part in get_args(annotation) if part is not type(None)]
        optional = len(inside) < len(get_args(annotation))
        return (inside[0] if len(inside) == 1 else annotation), optional
    return annotation, False


def _widget(annotation: Any) -> tuple[str, tuple[str, ...]]:
    if annotation in _WIDGETS:
        return _WIDGETS[annotation], ()
    if annotation in _WRITTEN_AS_TEXT:
        return "text", ()
    values: tuple[Any, ...] = ()
    if get_origin(annotation) is Literal:
        values = get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        values = tuple(member.value for member in annotation)
    if values and all(isinstance(value, str) for value in values):
        return "choice", values
    return "json", ()


def _shown(value: Any, widget: str) -> str:
    if widget == "json":
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def read_changes(
    parameters: tuple[Parameter, ...], inputs: Mapping[str, Any], form: Mapping[str, str]
) -> dict[str, Any]:
    """The inputs that the form changes. InvalidInput names the field whose JSON cannot be read.

    A field left empty is null where its type allows that, else the handler's default where it has one.
    """
    changes: dict[str, Any] = {}
    for parameter, field in zip(parameters, fields_of(parameters, inputs), strict=True):
        if field.form_name in form:
            value, was = _value(parameter, field, inputs, form[field.form_name]), inputs.get(field.name)
            if value != was or type(value) is not type(was):
                changes[field.name] = value
    return changes


def _value(parameter: Parameter, field: Field, inputs: Mapping[str, Any], written: str) -> Any:
    blank = written == "" if field.widget == "text" else not written.strip()
    if not blank or (field.required and not field.optional):
        return _read(field, written)
    if field.optional or field.name not in inputs:
        return None
    return json.loads(json.dumps(parameter.default, default=str))


def _read(field: Field, written: str) -> Any:
    if field.widget in ("text", "choice"):
        return written
    if field.widget == "json":
        return read_json(written, f"$.inputs.{field.name}", field.name)
    try:
        value = read_value(written, field.name)
    except MalformedJson:
        return written
    return value if isinstance(value, int | float) else written


def read_json(written: str, path: str, what: str) -> Any:
    try:
        return read_value(written, what)
    except MalformedJson as error:
        raise InvalidInput(f"{what} must be JSON: {error.message}", path=path) from error


def read_object(written: str, path: str, what: str) -> dict[str, Any]:
    """A JSON object; nothing written is an empty one."""
    value = read_json(written, path, what) if written.strip() else {}
    if not isinstance(value, dict):
        raise InvalidInput(f'{what} must be a JSON object such as {{"ont_id": "x"}}', path=path)
    return value


def read_number(form: Mapping[str, str], name: str, least: float, most: float, *, whole: bool) -> Any:
    """A number from `least` to `most`; None where nothing is written. InvalidInput names the field."""
    written = form.get(name, "").strip()
    if not written:
        return None
    try:
        number = int(written) if whole and len(written) < 20 else float(written)
    except ValueError:
        number = least - 1
    if not least <= number <= most or (whole and number != int(number)):
        kind = f"a whole number from {least:,}" if whole else f"a number from {least:g}"
        raise InvalidInput(f"Write {kind} to {most:,.0f}.", path=f"$.{name}")
    return number


def read_reason(form: Mapping[str, str]) -> str:
    """Why somebody does what the form asks for."""
    reason = form.get("reason", "").strip()
    if not reason:
        raise InvalidInput("Say why: the reason stands beside your name.", path="$.reason")
    if len(reason) > REASON_LIMIT:
        raise InvalidInput(f"Keep the reason under {REASON_LIMIT} characters.", path="$.reason")
    return reason
