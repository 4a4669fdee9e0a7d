"""Built-in functions on contexts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.decisions.feel.builtin_lists import listed
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import read


def context(_evaluation: Evaluation, entries: Any) -> dict[str, Any] | None:
    """From `[{key: "a", value: 1}, ...]`. Null if an entry is none, or a key stands there twice."""
    made: dict[str, Any] = {}
    elements = listed(entries)
    for entry in elements or []:
        key = entry.get("key") if type(entry) is dict and "value" in entry else None
        if type(key) is not str or key in made:
            return None
        made[key] = entry["value"]
    return None if elements is None else made


def context_put(evaluation: Evaluation, value: Any, key: Any, new: Any) -> dict[str, Any] | None:
    """A copy with the entry set. A list of keys is a way through contexts in contexts, all of which must be there."""
    keys = key if type(key) is list else [key]
    if type(value) is not dict or not keys or not all(type(one) is str for one in keys):
        return None
    evaluation.go_into(len(keys))
    return _put(value, keys, new)


def _put(value: dict[str, Any], keys: Sequence[str], new: Any) -> dict[str, Any] | None:
    key, *rest = keys
    if rest:
        inner = value.get(key)
        new = _put(inner, rest, new) if type(inner) is dict else None
        if new is None:
            return None
    return {**value, key: new}


def context_merge(evaluation: Evaluation, contexts: Any) -> dict[str, Any] | None:
    """Of entries with one key the last."""
    merged: dict[str, Any] = {}
    elements = listed(contexts)
    for one in elements or []:
        if type(one) is not dict:
            return None
        evaluation.spend(len(one))
        merged |= one
    return None if elements is None else merged


def get_value(_evaluation: Evaluation, value: Any, key: Any) -> Any:
    return read(value.get(key)) if type(value) is dict and type(key) is str else None


def get_entries(_evaluation: Evaluation, value: Any) -> list[dict[str, Any]] | None:
    """`[{key: "a", value: 1}, ...]`"""
    return [{"key": key, "value": one} for key, one in value.items()] if type(value) is dict else None
