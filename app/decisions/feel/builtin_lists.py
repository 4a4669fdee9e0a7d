"""Built-in functions on lists. Where a list is expected, anything that is not one stands for a list of itself.

Positions count from 1, or from the end if they are negative.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from app.decisions.feel.compare import equal
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import Function, read, whole


def listed(value: Any) -> list[Any] | None:
    if value is None:
        return None
    return value if type(value) is list else [value]


def _index(elements: list[Any], position: Any) -> int | None:
    number = whole(position)
    if not number or abs(number) > len(elements):
        return None
    return number - 1 if number > 0 else len(elements) + number


def append(_evaluation: Evaluation, value: Any, *items: Any) -> list[Any] | None:
    elements = listed(value)
    return None if elements is None else [*elements, *items]


def concatenate(evaluation: Evaluation, *values: Any) -> list[Any] | None:
    joined: list[Any] = []
    for value in values:
        elements = listed(value)
        if elements is None:
            return None
        joined += elements
    evaluation.spend(len(joined))
    return joined


def list_contains(evaluation: Evaluation, value: Any, element: Any) -> bool | None:
    elements = listed(value)
    if elements is None:
        return None
    return any(equal(one, element, evaluation) is True for one in elements)


def sublist(_evaluation: Evaluation, value: Any, start: Any, length: Any) -> list[Any] | None:
    """Null if it would reach beyond the list."""
    elements = listed(value)
    first = None if elements is None else _index(elements, start)
    if elements is None or first is None:
        return None
    if length is None:
        return elements[first:]
    count = whole(length)
    fits = count is not None and count >= 1 and first + count <= len(elements)
    return elements[first : first + count] if fits and count else None


def insert_before(_evaluation: Evaluation, value: Any, position: Any, item: Any) -> list[Any] | None:
    elements = listed(value)
    index = None if elements is None else _index(elements, position)
    return None if elements is None or index is None else [*elements[:index], item, *elements[index:]]


def remove(_evaluation: Evaluation, value: Any, position: Any) -> list[Any] | None:
    elements = listed(value)
    index = None if elements is None else _index(elements, position)
    return None if elements is None or index is None else [*elements[:index], *elements[index + 1 :]]


def list_replace(evaluation: Evaluation, value: Any, which: Any, item: Any) -> list[Any] | None:
    """At a position, or wherever a function of the element and the new item is true."""
    elements = listed(value)
    if elements is None:
        return None
    if isinstance(which, Function):
        return _replace_matching(evaluation, elements, which, item)
    index = _index(elements, which)
    return None if index is None else [*elements[:index], item, *elements[index + 1 :]]


def _replace_matching(evaluation: Evaluation, elements: list[Any], match: Function, item: Any) -> list[Any] | None:
    replaced = []
    for raw in elements:
        element = read(raw)
        found = match.invoke(evaluation, [element, item])
        if type(found) is not bool:
            return None
        replaced.append(item if found else element)
    return replaced


def reverse(_evaluation: Evaluation, value: Any) -> list[Any] | None:
    elements = listed(value)
    return None if elements is None else elements[::-1]


def index_of(evaluation: Evaluation, value: Any, match: Any) -> list[Any] | None:
    elements = listed(value)
    if elements is None:
        return None
    return [Decimal(at) for at, one in enumerate(elements, 1) if equal(one, match, evaluation) is True]


def distinct_values(evaluation: Evaluation, value: Any) -> list[Any] | None:
    """Each once, where it stands first."""
    elements = listed(value)
    if elements is None:
        return None
    kept: list[Any] = []
    for element in elements:
        if not _holds(kept, element, evaluation):
            kept.append(element)
    return kept


def duplicate_values(evaluation: Evaluation, value: Any) -> list[Any] | None:
    """Not in the standard, but in Camunda: each value that stands there more than once, once."""
    elements = listed(value)
    if elements is None:
        return None
    seen: list[Any] = []
    twice: list[Any] = []
    for element in elements:
        if not _holds(seen, element, evaluation):
            seen.append(element)
        elif not _holds(twice, element, evaluation):
            twice.append(element)
    return twice


def _holds(elements: list[Any], wanted: Any, evaluation: Evaluation) -> bool:
    return any(equal(element, wanted, evaluation) is True for element in elements)


def union(evaluation: Evaluation, *values: Any) -> list[Any] | None:
    return distinct_values(evaluation, concatenate(evaluation, *values))


def flatten(evaluation: Evaluation, value: Any) -> list[Any] | None:
    elements = listed(value)
    return None if elements is None else _flat(elements, evaluation, 0)


def _flat(elements: list[Any], evaluation: Evaluation, depth: int) -> list[Any]:
    evaluation.go_into(depth)
    flat: list[Any] = []
    for element in elements:
        if type(element) is list:
            flat += _flat(element, evaluation, depth + 1)
        else:
            flat.append(element)
    evaluation.spend(len(flat))
    return flat


class _NoOrder(Exception):
    """The function says neither true nor false of two elements."""


def sort(evaluation: Evaluation, value: Any, precedes: Any) -> list[Any] | None:
    """Elements of which neither precedes the other stay as they stand."""
    elements = listed(value)
    if elements is None or not isinstance(precedes, Function):
        return None

    def before(one: Any, other: Any) -> bool:
        found = precedes.invoke(evaluation, [one, other])
        if type(found) is not bool:
            raise _NoOrder
        return found

    def order(one: Any, other: Any) -> int:
        if before(one, other):
            return -1
        return 1 if before(other, one) else 0

    try:
        return sorted(map(read, elements), key=cmp_to_key(order))
    except _NoOrder:
        return None
