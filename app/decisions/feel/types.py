"""Types: what `instance of` asks for, what parameters declare, and what a value is fitted to (DMN 1.5, 10.3.2.9).

Item definitions of DMN become a `Type` too: a collection is a `list`, a structure a `context`, and `allows` holds the
allowed values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import KINDS, Function, Range, read

SCALARS = frozenset(KINDS.values()) - {"list", "context", "range"}


@dataclass(frozen=True, slots=True)
class Type:
    """`list<number>` is list, (number,); the fields of a context are named; `result` belongs to a function."""

    name: str
    arguments: tuple[Type, ...] = ()
    names: tuple[str, ...] = ()
    result: Type | None = None
    allows: Callable[[Any], bool] | None = field(default=None, compare=False)
    """A test of its own on top, for a value that is not null."""
    closed: bool = False
    """Of a function type: whether it lists its parameters (`function` alone is any function)."""


ANY = Type("Any")
NULL = Type("Null")


def is_instance(value: Any, type_: Type, evaluation: Evaluation | None = None, depth: int = 0) -> bool:
    """Null is an instance of Null only. Of Any is whatever is not null."""
    evaluation = evaluation or Evaluation()
    value = read(value)
    evaluation.go_into(depth)
    if type_.name == "Null":
        return value is None
    if value is None or not _has_shape(value, type_, evaluation, depth):
        return False
    return type_.allows is None or type_.allows(value)


def fits(value: Any, type_: Type, evaluation: Evaluation | None = None, depth: int = 0) -> bool:
    """As `is_instance`, but null stands for a missing value of any type."""
    return read(value) is None or is_instance(value, type_, evaluation, depth)


def _has_shape(value: Any, type_: Type, evaluation: Evaluation, depth: int) -> bool:
    if type_.name == "Any":
        return True
    if isinstance(value, Function):
        return type_.name == "function" and (not type_.closed or conforms(type_of_function(value), type_))
    if KINDS.get(type(value)) != type_.name:
        return False
    if type_.name == "list" and type_.arguments:
        return all(fits(element, type_.arguments[0], evaluation, depth + 1) for element in value)
    if type_.name == "context":
        parts = zip(type_.names, type_.arguments, strict=True)
        return all(name in value and fits(value[name], part, evaluation, depth + 1) for name, part in parts)
    if isinstance(value, Range) and type_.arguments:
        return all(fits(end, type_.arguments[0], evaluation, depth + 1) for end in (value.low, value.high))
    return True


def type_of_function(function: Function) -> Type:
    """What is not declared is Any."""
    parameters = tuple(parameter.type or ANY for parameter in function.parameters)
    return Type("function", parameters, (), function.result or ANY, closed=True)


def conforms(one: Type, other: Type) -> bool:
    """Whether every value of the one type is of the other (10.3.2.9.2). Parameters of functions go the other way."""
    if other.name == "Any" or one.name == "Null":
        return True
    if one.name != other.name:
        return False
    if other.name == "function":
        return not other.closed or (one.closed and _function_conforms(one, other))
    if other.name == "context":
        own = dict(zip(one.names, one.arguments, strict=True))
        wanted = zip(other.names, other.arguments, strict=True)
        return all(name in own and conforms(own[name], part) for name, part in wanted)
    return not other.arguments or (bool(one.arguments) and conforms(one.arguments[0], other.arguments[0]))


def _function_conforms(one: Type, other: Type) -> bool:
    same = len(one.arguments) == len(other.arguments)
    taken = all(conforms(*pair) for pair in zip(other.arguments, one.arguments, strict=False))
    return same and taken and conforms(one.result or ANY, other.result or ANY)


def coerce(value: Any, type_: Type | None, evaluation: Evaluation | None = None) -> Any:
    """The value as the type wants it, else null (10.3.2.9.4).

    A value becomes a list of itself, a list of one its element, and a date midnight in UTC, where only that fits.
    """
    value = read(value)
    if type_ is None or fits(value, type_, evaluation):
        return value
    for changed in _conversions(value, type_):
        if is_instance(changed, type_, evaluation):
            return changed
    return None


def _conversions(value: Any, type_: Type) -> list[Any]:
    changed: list[Any] = []
    if type_.name == "list" and type(value) is not list:
        changed.append([value])
    if type_.name != "list" and type(value) is list and len(value) == 1:
        value = read(value[0])
        changed.append(value)
    if type_.name == "date and time" and type(value) is date:
        changed.append(datetime.combine(value, time(), UTC))
    return changed
