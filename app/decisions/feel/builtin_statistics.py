"""Built-in functions that sum lists up. Those that take elements too take them as `sum([1, 2])` or `sum(1, 2)`."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, DecimalException
from functools import reduce
from typing import Any

from app.decisions.feel.builtin_lists import listed
from app.decisions.feel.compare import compare
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import CONTEXT, read


def _all_of(values: tuple[Any, ...]) -> list[Any]:
    return [read(element) for element in (values[0] if len(values) == 1 and type(values[0]) is list else values)]


def _numbers(values: tuple[Any, ...]) -> list[Decimal] | None:
    """None of nothing, and if anything in it is not a number."""
    elements = _all_of(values)
    return elements if elements and all(type(element) is Decimal for element in elements) else None


def count(_evaluation: Evaluation, value: Any) -> Decimal | None:
    elements = listed(value)
    return None if elements is None else Decimal(len(elements))


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


def total(_evaluation: Evaluation, *values: Any) -> Decimal | None:
    numbers = _numbers(values)
    try:
        return reduce(CONTEXT.add, numbers, Decimal(0)) if numbers else None
    except DecimalException:
        return None


def product(_evaluation: Evaluation, *values: Any) -> Decimal | None:
    numbers = _numbers(values)
    try:
        return reduce(CONTEXT.multiply, numbers) if numbers else None
    except DecimalException:
        return None


def mean(_evaluation: Evaluation, *values: Any) -> Decimal | None:
    numbers = _numbers(values)
    try:
        return _mean(numbers) if numbers else None
    except DecimalException:
        return None


def _mean(numbers: list[Decimal]) -> Decimal:
    return CONTEXT.divide(reduce(CONTEXT.add, numbers), Decimal(len(numbers)))


def median(_evaluation: Evaluation, *values: Any) -> Decimal | None:
    """The middle one, or the mean of the two in the middle."""
    numbers = sorted(_numbers(values) or [])
    middle = len(numbers) // 2
    try:
        return _mean(numbers[(len(numbers) - 1) // 2 : middle + 1]) if numbers else None
    except DecimalException:
        return None


def stddev(_evaluation: Evaluation, *values: Any) -> Decimal | None:
    """Of a sample, which has at least two elements."""
    numbers = _numbers(values)
    if numbers is None or len(numbers) < 2:
        return None
    try:
        middle = _mean(numbers)
        distances = [CONTEXT.subtract(number, middle) for number in numbers]
        squares = reduce(CONTEXT.add, [CONTEXT.multiply(distance, distance) for distance in distances])
        return CONTEXT.sqrt(CONTEXT.divide(squares, Decimal(len(numbers) - 1)))
    except DecimalException:
        return None


def mode(_evaluation: Evaluation, *values: Any) -> list[Decimal] | None:
    """What stands there most often, the least first; of nothing, nothing."""
    if values == ([],):
        return []
    numbers = _numbers(values)
    if numbers is None:
        return None
    counts = Counter(numbers)
    most = max(counts.values())
    return sorted(number for number, times in counts.items() if times == most)


def all_true(_evaluation: Evaluation, *values: Any) -> bool | None:
    """The `and` of the elements."""
    return _decided(values, decisive=False)


def any_true(_evaluation: Evaluation, *values: Any) -> bool | None:
    """The `or` of the elements."""
    return _decided(values, decisive=True)


def _decided(values: tuple[Any, ...], *, decisive: bool) -> bool | None:
    elements = _all_of(values)
    if any(element is decisive for element in elements):
        return decisive
    return not decisive if all(type(element) is bool for element in elements) else None
