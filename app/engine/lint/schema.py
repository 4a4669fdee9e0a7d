"""The JSON Schema that a process declares for its variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson
import regex
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

SIZE_LIMIT = 200_000
DEPTH_LIMIT = 50
LARGEST_UNROLLED = 50_000
_TOKEN = regex.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(\d*(?:,\d*)?)\}|.", regex.DOTALL)


@lru_cache(maxsize=64)  # a diagram is read again whenever it is built, and most of its reading is this
def read_schema(text: str) -> tuple[dict[str, Any] | None, str | None]:
    """The schema, or what is wrong with it. Nothing it refers to lies outside of it."""
    if len(text) > SIZE_LIMIT:
        return None, f"it has {len(text)} characters; {SIZE_LIMIT} are allowed."
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return None, f"it is not JSON: {error}."
    if not isinstance(schema, dict):
        return None, "a JSON object is expected."
    if schema.get("type", "object") != "object":
        return None, f"variables are an object, so its type must be 'object', found {schema['type']!r}."
    problem = next(_problems(schema), None)
    if problem is not None:
        return None, problem
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return None, f"it is no valid JSON Schema: {error.message[:200]} (at {error.json_path})."
    return schema, None


def _problems(schema: dict[str, Any]) -> Iterator[str]:
    """What a validator would stumble over only when an order comes in."""
    ahead: list[tuple[Any, int]] = [(schema, 0)]
    while ahead:
        value, depth = ahead.pop()
        if isinstance(value, dict) and isinstance(value.get("unevaluatedProperties"), bool | dict):
            yield "unevaluatedProperties is not supported; additionalProperties is."
            return
        if depth > DEPTH_LIMIT:
            yield f"it is nested more than {DEPTH_LIMIT} deep."
            return
        if isinstance(value, dict):
            yield from _reference_problems(schema, value)
            if isinstance(pattern := value.get("pattern"), str):
                yield from _pattern_problems(pattern)
            if isinstance(patterns := value.get("patternProperties"), dict):
                for pattern in patterns:
                    yield from _pattern_problems(pattern)
            ahead.extend((inner, depth + 1) for inner in value.values())
        elif isinstance(value, list):
            ahead.extend((inner, depth + 1) for inner in value)


def _reference_problems(schema: dict[str, Any], value: dict[str, Any]) -> Iterator[str]:
    for key in ("$dynamicRef", "$id"):
        if key in value and isinstance(value[key], str):
            yield f"{key} is not supported."
    seen: set[str] = set()
    while isinstance(reference := value.get("$ref"), str):
        if not reference.startswith("#/"):
            yield f"$ref '{reference[:80]}' leads out of the schema; only '#/...' is followed."
            return
        target = _resolve(schema, reference)
        if target is None or reference in seen:
            yield f"$ref '{reference[:80]}' leads nowhere."
            return
        seen.add(reference)
        value = target


def followed(root: Mapping[str, Any], schema: Any) -> dict[str, Any] | None:
    """What a part of a schema that was read stands for; None where it says nothing."""
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(reference := schema.get("$ref"), str):
        if reference in seen or len(schema) > 1:  # what stands beside a reference holds as well
            return None
        seen.add(reference)
        schema = _resolve(root, reference)
    return schema if isinstance(schema, dict) else None


def _resolve(schema: Mapping[str, Any], reference: str) -> dict[str, Any] | None:
    at: Any = schema
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        at = at.get(name) if isinstance(at, dict) else None
    return at if isinstance(at, dict) else None


def _pattern_problems(pattern: str) -> Iterator[str]:
    shown = f"the pattern '{pattern[:80]}'"
    if _unrolled(pattern) > LARGEST_UNROLLED:
        yield f"{shown} repeats more than {LARGEST_UNROLLED} times, one count within another multiplied."
        return
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        yield f"{shown} is no regular expression: {error}."


def _unrolled(pattern: str) -> int:
    """How many atoms it has with what must be repeated written out, which is what compiling it costs."""
    sizes, last = [0], 0  # of the groups that are open; of the last atom
    for found in _TOKEN.finditer(pattern):
        if found[0] == "(":
            sizes.append(0)
            last = 0
        elif found[0] == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif found[1]:
            times = max(1, int(found[1].split(",")[0][:9] or 1))
            sizes[-1] += last * (times - 1)
            last *= times
        else:
            last = 1
            sizes[-1] += 1
    return sum(sizes)
