"""Start variables to begin a trial with, made up from what the diagram declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 6
_FORMATS = {"date-time": "2026-03-02T12:00:00Z", "date": "2026-03-02", "time": "12:00:00", "email": "ada@example.net"}


def sample_of(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Whatever is required. A text that has to match a pattern is left to whoever reads it: it holds the pattern."""
    found = _value(schema or {}, "", 0)
    return found if isinstance(found, dict) else {}


def _value(schema: Any, name: str, depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return None
    for given in ("default", "const"):
        if given in schema:
            return schema[given]
    for several in ("examples", "enum"):
        if schema.get(several):
            return schema[several][0]
    match _type(schema):
        case "object":
            inner = schema.get("properties", {})
            return {each: _value(inner.get(each, {}), each, depth + 1) for each in schema.get("required", [])}
        case "array":
            return [_value(schema.get("items", {}), name, depth + 1)] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return False
        case "null":
            return None
    return schema.get("pattern") or _FORMATS.get(schema.get("format", ""), f"{name or 'text'}-1")


def _type(schema: Mapping[str, Any]) -> str:
    wanted = schema.get("type", "object" if "properties" in schema or "required" in schema else "string")
    return str(next(iter(wanted), "string")) if isinstance(wanted, list) else str(wanted)
