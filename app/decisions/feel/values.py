"""What an expression computes with.

| FEEL | Python |
|---|---|
| number, string, boolean, null | Decimal, str, bool, None |
| list, context | list, dict |
| date, time, date and time | date, time, datetime (aware if a zone or offset was written) |
| days and time duration | timedelta |
| years and months duration | YearsMonths |
| range | Range |
| function | Function |

Lists and contexts of the scope are JSON and are not copied: their ints and floats become Decimals when they are taken
out (`read`).
Years outside 1 to 9999 and parts of a second beyond the microsecond do not exist here.
"""

from __future__ import annotations

import decimal
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.decisions.feel.scope import Evaluation
    from app.decisions.feel.types import Type

CONTEXT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""Decimal128, as the standard asks. Use its methods; they change nothing but its flags, which nobody reads."""


@dataclass(frozen=True, order=True, slots=True)
class YearsMonths:
    """A years and months duration: a whole number of months, negative ones included."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """Everything between two ends; an end that is None is unlimited, and then never included."""

    low: Any
    high: Any
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Type | None = None


class Function(ABC):
    """A value that can be called. It equals nothing and is not stored."""

    parameters: tuple[Parameter, ...] = ()
    result: Type | None = None
    """What it gives, as far as it is declared."""

    @abstractmethod
    def invoke(self, evaluation: Evaluation, values: Sequence[Any], names: Sequence[str] = ()) -> Any:
        """A call as it is written: all arguments by position, or all by name. Null if they do not fit."""


KINDS: dict[type, str] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    list: "list",
    dict: "context",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    YearsMonths: "years and months duration",
    Range: "range",
}


def read(value: Any) -> Any:
    """A value of the scope as FEEL has it: numbers as the Decimal of their own text, anything else as it is."""
    kind = type(value)
    if kind is int:
        return Decimal(value)
    if kind is float:
        return Decimal(repr(value)) if math.isfinite(value) else None
    return value


def whole(value: Any) -> int | None:
    """A number as an int if it is whole."""
    if type(value) is Decimal and value == value.to_integral_value():
        return int(value)
    return None
