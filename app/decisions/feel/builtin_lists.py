"""Built-in functions on lists. Where a list is expected, anything that is not one stands for a list of itself."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from functools import reduce
from typing import Any

from app.decisions.feel.compare import compare, equal
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import CONTEXT, read


def _listed(value: Any) -> list[Any] | None:
    if value is None:
        return None
    return value if type(value) is list else [value]


def _all_of(values: tuple[Any, ...]) -> list[Any]:
    """The elements of a call that takes one list or the elements themselves."""
    return [read(element) for element in (values[0] if len(values) == 1 and type(values[0]) is list else values)]


def count(_evaluation: Evaluation, value: Any) -> Decimal | None:
    elements = _listed(value)
    return None if elements is None else Decimal(len(elements))


def total(_evaluation: Evaluation, *values: Any) -> Decimal | None:
    """Null of nothing, and if anything in it is not a number."""
    elements = _all_of(values)
    if not elements or not all(type(element) is Decimal for element in elements):
        return None
    try:
        return reduce(CONTEXT.add, elements, Decimal(0))
    except DecimalException:
        return None


def least(_evaluation: Evaluation, *values: Any) -> Any:
    return _extreme("<", values)


def greatest(_evaluation: Evaluation, *values: Any) -> Any:
    return _extreme(">", values)


def _extreme(sign: str, values: tuple[Any, ...]) -> Any:
    """Null of nothing, and if the elements do not all compare with one another."""
    elements = _all_of(values)
    best = elements[0] if elements else None
    for element in elements:
        better = compare(sign, element, best)
        if better is None:
            return None
        if better:
            best = element
    return best


def append(_evaluation: Evaluation, value: Any, *items: Any) -> list[Any] | None:
    elements = _listed(value)
    return None if elements is None else [*elements, *items]


def concatenate(_evaluation: Evaluation, *values: Any) -> list[Any] | None:
    lists = [_listed(value) for value in values]
    joined: list[Any] = []
    for elements in lists:
        if elements is None:
            return None
        joined += elements
    return joined


def list_contains(evaluation: Evaluation, value: Any, element: Any) -> bool | None:
    elements = _listed(value)
    if elements is None:
        return None
    return any(equal(one, element, evaluation) is True for one in elements)
