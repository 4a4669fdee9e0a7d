"""JSON from a stranger: standard, unambiguous, not deep."""

from __future__ import annotations

import json
from typing import Any

import orjson

from app.core.errors import InvalidInput

DEPTH_LIMIT = 60


class MalformedJson(InvalidInput):
    """The body is not JSON, or JSON that two readers would read in two ways."""


def read_object(body: bytes) -> dict[str, Any]:
    """The body's JSON object, whole numbers exact. MalformedJson names the place.

    Refuses NaN and infinities, lone surrogates, names given twice, and more than DEPTH_LIMIT levels.
    """
    if not body.strip():
        raise MalformedJson("The body is empty. Send a JSON object.", path="$")
    value = read_value(body, "The body")
    if not isinstance(value, dict):
        raise MalformedJson(f"Expected a JSON object, found {_kind(value)}.", path="$")
    return value


def read_value(text: bytes | str, what: str) -> Any:
    """Any JSON value, held to the same rules. `what` says in errors where it stands."""
    try:
        checked = orjson.loads(text)  # the stricter reader: RFC 8259 to the letter, and its own limit to depth
    except orjson.JSONDecodeError as error:
        raise MalformedJson(f"{what} is not JSON: {error}. Correct it there.", path="$") from error
    if not isinstance(checked, dict | list):
        return json.loads(text)  # a whole number past 64 bits is no float
    _check_depth(checked)
    return _read_again(text)


def json_path(*steps: str | int) -> str:
    """`$.variables.speed_mbps`, `$.items[0]`, `$['odd name']`."""
    return "$" + "".join(_step(step) for step in steps)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    shown = step if len(step) <= 80 else step[:80] + "..."
    return f".{shown}" if shown.isidentifier() else f"[{shown!r}]"


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "null")


def _check_depth(value: Any) -> None:
    ahead: list[tuple[Any, tuple[str | int, ...]]] = [(value, ())]
    while ahead:
        at, path = ahead.pop()
        inner = at.items() if isinstance(at, dict) else enumerate(at)
        if len(path) >= DEPTH_LIMIT:
            raise MalformedJson(
                f"Objects and arrays are nested more than {DEPTH_LIMIT} deep. Flatten them.", path=json_path(*path[:8])
            )
        ahead.extend((one, (*path, step)) for step, one in inner if isinstance(one, dict | list))


def _read_again(text: bytes | str) -> Any:
    """Once more with the standard reader, which shows repeated names and keeps long whole numbers."""
    repeated: list[tuple[dict[str, Any], str]] = []

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and not repeated:
            names = [name for name, _ in pairs]
            repeated.append((made, next(name for name in names if names.count(name) > 1)))
        return made

    value = json.loads(text, object_pairs_hook=as_object)
    if repeated:
        holder, name = repeated[0]
        path = json_path(*_place(value, holder), name)
        raise MalformedJson(f"The name {name!r} is given twice in one object. Keep one of them.", path=path)
    return value


def _place(root: Any, wanted: Any) -> tuple[str | int, ...]:
    ahead: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    while ahead:
        at, path = ahead.pop()
        if at is wanted:
            return path
        inner = at.items() if isinstance(at, dict) else enumerate(at) if isinstance(at, list) else ()
        ahead.extend((one, (*path, step)) for step, one in inner)
    return ()  # inside a value that a repeated name has replaced
