"""A handler's parameters, read from its typed signature, and JSON inputs checked and converted against them.

Checking is strict: "12" is no whole number and true is none either, because a diagram that mixes them up is wrong
somewhere before this step. What JSON has no type for is read from text: Decimal, dates, durations, enumerations.
"""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUserError

from app.handling.contract import Work
from app.handling.faults import BadHandler, BadParameter
from app.handling.personal import Personal

_PLAIN = (str, int, bool, float)  # exactly these types need no conversion and no copy
_WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Decimal: "an exact number (text or number)",
    date: "a date such as 2026-01-31",
    datetime: "a date and time such as 2026-01-31T12:00:00Z",
    time: "a time such as 12:00:00",
    timedelta: "a duration such as PT5M",
    dict: "an object",
    list: "a list",
    type(None): "null",
    Any: "anything",
}


@dataclass(frozen=True)
class Problem:
    """One input that does not fit. `path` leads into the input, such as `ports[2]`."""

    parameter: str
    path: str
    expected: str
    found: str


@dataclass(frozen=True)
class Parameter:
    name: str
    annotation: Any
    required: bool
    default: Any = None
    personal: bool = False
    plain: type | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plain", self.annotation if self.annotation in _PLAIN else None)

    @property
    def expected(self) -> str:
        return describe_type(self.annotation)

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.annotation)

    @cached_property
    def json_schema(self) -> dict[str, Any]:
        """What of JSON it may be read from; empty where that cannot be said."""
        try:
            return self.adapter.json_schema()
        except PydanticInvalidForJsonSchema:
            return {}

    def read(self, value: JsonValue) -> Any:
        """The value as the signature wants it, never the object that was passed in. Raises Misfit."""
        if self.annotation in (date, datetime) and isinstance(value, str) and value.isdecimal():
            # It would be read as seconds since 1970.
            raise Misfit(Problem(self.name, self.name, self.expected, describe_value(value)))
        try:
            return self.adapter.validate_json(json.dumps(value, allow_nan=False), strict=True)
        except ValidationError as error:
            raise Misfit(self._problem(value, error)) from error
        except (TypeError, ValueError) as error:
            raise Misfit(Problem(self.name, self.name, self.expected, f"what JSON cannot hold ({error})")) from error

    def _problem(self, value: JsonValue, error: ValidationError) -> Problem:
        first = error.errors(include_url=False, include_context=False)[0]
        path, inner = self.name, value
        for part in first["loc"]:
            # Parts of a location that name a union's branch lead nowhere in the value.
            if isinstance(inner, list) and isinstance(part, int):
                path, inner = f"{path}[{part}]", inner[part]
            elif isinstance(inner, dict) and part in inner:
                path, inner = f"{path}.{part}", inner[str(part)]
        reason = "" if inner is value else f" ({first['msg'].lower()})"
        return Problem(self.name, path, self.expected, describe_value(inner) + reason)


class Misfit(Exception):
    """A value that does not fit its parameter; `bind` gathers them into one BadParameter."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def read_parameters(function: Callable[..., Any], place: str) -> tuple[Parameter, ...]:
    """The parameters after `work`. BadHandler when the signature cannot be served; `place` is for its message."""
    try:
        hints, marked = get_type_hints(function), get_type_hints(function, include_extras=True)
    except NameError as error:
        raise BadHandler(
            f"{place}: an annotation names something unknown: {error}. Import it in the module."
        ) from error
    names = list(inspect.signature(function).parameters.values())
    if not names or hints.get(names[0].name) is not Work:
        raise BadHandler(f"{place}: the first parameter must be `work: Work`; found {inspect.signature(function)}")
    return tuple(
        replace(_parameter(found, hints, place), personal=_is_personal(marked.get(found.name))) for found in names[1:]
    )


def _is_personal(annotation: Any) -> bool:
    """Also within `Annotated[str, Personal] | None`."""
    marks = getattr(annotation, "__metadata__", ())
    return any(each is Personal or isinstance(each, Personal) for each in marks) or any(
        _is_personal(inner) for inner in get_args(annotation)
    )


def _parameter(found: inspect.Parameter, hints: Mapping[str, Any], place: str) -> Parameter:
    if found.kind not in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY):
        raise BadHandler(f"{place}: parameters are passed by name, so {found} cannot be served; name each one.")
    if found.name not in hints:
        raise BadHandler(f"{place}: parameter {found.name} has no type; write one, such as `{found.name}: str`.")
    required = found.default is found.empty
    parameter = Parameter(found.name, hints[found.name], required, None if required else found.default)
    try:
        parameter.adapter.core_schema  # noqa: B018  builds it, so that a type nobody can read is found at the scan
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise BadHandler(
            f"{place}: parameter {found.name} has the type {found.annotation}, which cannot be read from JSON."
        ) from error
    return parameter


def bind(type_: str, parameters: tuple[Parameter, ...], inputs: Mapping[str, JsonValue]) -> dict[str, Any]:
    """The call's arguments; inputs that no parameter names are left alone. BadParameter lists every misfit."""
    arguments: dict[str, Any] = {}
    problems: list[Problem] = []
    for parameter in parameters:
        name = parameter.name
        if name not in inputs:
            if parameter.required:
                problems.append(Problem(name, name, parameter.expected, "nothing"))
            else:
                arguments[name] = deepcopy(parameter.default)
        elif type(value := inputs[name]) is parameter.plain:
            arguments[name] = value
        else:
            try:
                arguments[name] = parameter.read(value)
            except Misfit as misfit:
                found = _kind(value) if parameter.personal else misfit.problem.found
                problems.append(replace(misfit.problem, found=found))
    if problems:
        raise _bad_parameter(type_, problems)
    return arguments


def _bad_parameter(type_: str, problems: list[Problem]) -> BadParameter:
    said = "; ".join(
        f"{problem.parameter} must be {problem.expected}, found {problem.found}"
        + (f" at {problem.path}" if problem.path != problem.parameter else "")
        for problem in problems
    )
    return BadParameter(
        f"{type_}: {said}. Map the input in the diagram, or correct the variable and retry.",
        path=f"$.{problems[0].path}",
        handler=type_,
        parameter=problems[0].parameter,
        problems=[vars(problem) for problem in problems],
    )


def describe_type(annotation: Any) -> str:
    """The type in an operator's words."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(describe_type(part) for part in inside)
    if origin is Literal:
        return "one of " + ", ".join(json.dumps(part) for part in inside)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(json.dumps(member.value, default=str) for member in annotation)
    if origin is list:
        return f"a list, each {describe_type(inside[0])}"
    if origin is dict:
        return "an object" if inside[1] is Any else f"an object, each value {describe_type(inside[1])}"
    return getattr(annotation, "__name__", str(annotation))


def _kind(value: JsonValue) -> str:
    """What may be told of a personal value where everybody reads it."""
    kinds = {str: "a text", bool: "true or false", list: "a list", dict: "an object", type(None): "null"}
    return f"{kinds.get(type(value), 'a number')}, which is personal and not shown"


def describe_value(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {json.dumps(value if len(value) <= 60 else value[:60] + '...', ensure_ascii=False)}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object with {', '.join(list(value)[:5])}" if value else "an empty object"
    return f"the number {value}"
