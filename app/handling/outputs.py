"""A handler's outputs as JSON: exact amounts and dates become text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import JsonValue

from app.handling.faults import BadResult

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def to_json(type_: str, outputs: Mapping[str, Any]) -> dict[str, JsonValue]:
    """Copies the outputs, converted. BadResult names the handler and the output that JSON cannot hold."""
    return {
        name: value if type(value) in _AS_THEY_ARE else _convert(type_, name, value) for name, value in outputs.items()
    }


def _convert(type_: str, path: str, value: Any) -> JsonValue:
    match value:
        case Enum():
            return _convert(type_, path, value.value)
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case Decimal() if value.is_finite():
            return format(value, "f")
        case datetime() | date() | time():
            return value.isoformat()
        case list() | tuple():
            return [_convert(type_, f"{path}[{index}]", item) for index, item in enumerate(value)]
        case dict() if all(isinstance(key, str) for key in value):
            return {key: _convert(type_, f"{path}.{key}", item) for key, item in value.items()}
    raise BadResult(
        f"{type_} gave the output {path} as {type(value).__name__} {str(value)[:60]!r}, which JSON cannot hold. "
        f"Expected text, numbers that are finite, true/false, None, dates, Decimals, or lists and "
        f"text-keyed dicts of them: correct the handler.",
        handler=type_,
        output=path,
    )
