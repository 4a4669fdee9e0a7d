"""Values that concern a person, masked: by the names of their fields, and where texts repeat them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from app.core.secrecy import Scrubber

MASK = "•••"
# Shorter values are masked in their own fields, not in texts: half of what is written, or its times, would go.
SHORTEST, SHORTEST_NUMBER = 4, 6


def masked(value: Any, names: Collection[str]) -> Any:
    """A copy of the same shape in which each such field, however deep, is MASK; null stays, for it says nothing."""
    if isinstance(value, dict):
        return {
            key: MASK if key in names and inner is not None else masked(inner, names) for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(inner, names) for inner in value]
    return value


def personal_values(value: Any, names: Collection[str]) -> Iterator[str]:
    """The texts and numbers in such fields that a text may repeat."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner) if key in names else personal_values(inner, names)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from personal_values(inner, names)


def masking(values: Iterable[str]) -> Scrubber:
    """Puts MASK in the place of each of them."""
    scrubber = Scrubber()
    scrubber.learn_all(values, MASK)
    return scrubber


class PersonalInputs:
    """For the logger of an attempt: masks its lines. Nothing is computed for an attempt that logs nothing."""

    def __init__(self, inputs: Mapping[str, Any], names: Collection[str]) -> None:
        self._inputs = inputs
        self._names = names

    def value(self, line: Any) -> Any:
        return self._scrubber.value(masked(line, self._names))

    @cached_property
    def _scrubber(self) -> Scrubber:
        return masking(personal_values(dict(self._inputs), self._names))

    def __repr__(self) -> str:
        return MASK


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        text = str(value).strip()
        if len(text) >= (SHORTEST_NUMBER if text.isdecimal() else SHORTEST):
            yield text
