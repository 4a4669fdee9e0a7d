"""Values on their way out: as a whole FEEL value, as JSON to store, as text to read."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.decisions.feel import iso
from app.decisions.feel.durations import write_elapsed, write_months
from app.decisions.feel.errors import NotStorable
from app.decisions.feel.names import is_name, tidy
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import Function, Range, YearsMonths, read

_LEAST_INT, _MOST_INT = -(2**63), 2**64 - 1
"""What JSON readers and writers keep whole. Beyond it a number is stored as a float."""


def settled(value: Any, evaluation: Evaluation, depth: int = 0) -> Any:
    """A value whose lists and contexts are copies with every number read, so that nothing of the scope leaks out."""
    kind = type(value)
    if kind is list:
        evaluation.go_into(depth)
        return [settled(element, evaluation, depth + 1) for element in value]
    if kind is dict:
        evaluation.go_into(depth)
        return {key: settled(element, evaluation, depth + 1) for key, element in value.items()}
    evaluation.spend(1)
    return read(value)


def value_to_json(value: Any, evaluation: Evaluation | None = None) -> Any:
    """A value as it is stored: whole numbers as int, others as float, temporal values and ranges as their text.

    Raises NotStorable for a number beyond the range of a float, BudgetExceeded for more than JSON should carry.
    """
    return _json(value, evaluation or Evaluation(), 0)


def _json(value: Any, evaluation: Evaluation, depth: int) -> Any:
    kind = type(value)
    if kind is Decimal:
        return _json_number(value)
    if kind is str:
        evaluation.spend(1 + (len(value) >> 4))
        return value
    if kind is list:
        evaluation.go_into(depth)
        return [_json(element, evaluation, depth + 1) for element in value]
    if kind is dict:
        evaluation.go_into(depth)
        return {key: _json(element, evaluation, depth + 1) for key, element in value.items()}
    evaluation.spend(1)
    if value is None or kind is bool or kind is int:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, Function):
        raise NotStorable("A function cannot be stored; store what it gives", found=as_text(value, evaluation))
    return as_text(value, evaluation)


def _json_number(number: Decimal) -> int | float:
    if number == number.to_integral_value() and _LEAST_INT <= number <= _MOST_INT:
        return int(number)
    stored = float(number)
    if not math.isfinite(stored):
        problem = f"The number {number} is too large to be stored; keep it as text with string(...)"
        raise NotStorable(problem, found=str(number))
    return stored


def number_text(number: Decimal) -> str:
    """Digits without exponent and without zeros at the end of the fraction."""
    written = f"{number:f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def as_text(value: Any, evaluation: Evaluation, depth: int = 0) -> str:
    """What `string(value)` gives. Inside of lists and contexts text stands in quotes."""
    value = read(value)
    evaluation.go_into(depth)
    if isinstance(value, str):
        evaluation.spend_text(len(value))
        return value if depth == 0 else _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        written = number_text(value)
        evaluation.spend_text(len(written))
        return written
    if isinstance(value, (date, time, datetime)):
        return iso.write(value)
    if isinstance(value, timedelta):
        return write_elapsed(value)
    if isinstance(value, YearsMonths):
        return write_months(value.months)
    if isinstance(value, Function):
        return f"function({', '.join(parameter.name for parameter in value.parameters)})"
    if isinstance(value, Range):
        return _range_text(value, evaluation, depth)
    return _collection_text(value, evaluation, depth)


def _range_text(value: Range, evaluation: Evaluation, depth: int) -> str:
    low, high = (as_text(end, evaluation, depth + 1) if end is not None else "" for end in (value.low, value.high))
    if not low:
        return f"({'<=' if value.high_included else '<'} {high})"
    if not high:
        return f"({'>=' if value.low_included else '>'} {low})"
    return f"{'[' if value.low_included else '('}{low}..{high}{']' if value.high_included else ')'}"


def _key_text(key: str) -> str:
    """A key that is no name stands in quotes, as it would have to be written."""
    return key if is_name(key) and tidy(key) == key else _quoted(key)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _collection_text(value: Any, evaluation: Evaluation, depth: int) -> str:
    if isinstance(value, dict):
        parts = [f"{_key_text(key)}: {as_text(element, evaluation, depth + 1)}" for key, element in value.items()]
        opening, closing = "{", "}"
    else:
        parts = [as_text(element, evaluation, depth + 1) for element in value]
        opening, closing = "[", "]"
    evaluation.spend_text(sum(map(len, parts)))
    return opening + ", ".join(parts) + closing
