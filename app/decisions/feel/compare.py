"""Equality and order. Between kinds that do not compare the answer is null."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import KINDS, Range, YearsMonths, read

ORDERED = frozenset({Decimal, str, date, time, datetime, timedelta, YearsMonths})
ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def equal(left: Any, right: Any, evaluation: Evaluation, depth: int = 0) -> bool | None:
    """Null equals only null. Lists and contexts are equal if all that is in them is."""
    left, right = read(left), read(right)
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is not type(right):
        return None
    if kind is list:
        evaluation.go_into(depth)
        same = len(left) == len(right)
        return same and all(equal(a, b, evaluation, depth + 1) for a, b in zip(left, right, strict=True))
    if kind is dict:
        evaluation.go_into(depth)
        return left.keys() == right.keys() and all(equal(left[key], right[key], evaluation, depth + 1) for key in left)
    if kind is Range:
        return _equal_ranges(left, right, evaluation, depth)
    evaluation.spend(1)
    if kind is datetime or kind is time:
        return _same_time(left, right)
    return bool(left == right) if kind in KINDS else None


def _same_time(left: Any, right: Any) -> bool:
    """The same instant where both have an offset. One without is never one with an offset, nor with another zone."""
    if left.tzinfo == right.tzinfo:
        return bool(left.replace(tzinfo=None) == right.replace(tzinfo=None) and left.utcoffset() == right.utcoffset())
    if left.utcoffset() is None or right.utcoffset() is None:
        return False
    # Not ==, which Python has answer False in the hour that clocks repeat.
    return left - right == timedelta(0) if type(left) is datetime else bool(left == right)


def _equal_ranges(left: Range, right: Range, evaluation: Evaluation, depth: int) -> bool:
    ends = (left.low_included, left.high_included) == (right.low_included, right.high_included)
    evaluation.go_into(depth)
    return (
        ends
        and equal(left.low, right.low, evaluation, depth + 1) is True
        and equal(left.high, right.high, evaluation, depth + 1) is True
    )


def compare(sign: str, left: Any, right: Any) -> bool | None:
    """Order within one kind. A time or date and time with a zone does not compare with one without.

    Nor does a time in a zone such as @Europe/Paris with one in another: its offset depends on the day.
    """
    kind = type(left)
    if kind is not type(right) or kind not in ORDERED:
        return None
    if kind is time and left.utcoffset() is right.utcoffset() is None and left.tzinfo != right.tzinfo:
        return None
    try:
        return bool(ORDERS[sign](left, right))
    except TypeError:
        return None


def within(value: Any, range_: Range) -> bool | None:
    """Whether the value lies in the range: null if it does not compare with an end."""
    low = high = True if value is not None else None
    if range_.low is not None:
        low = compare(">=" if range_.low_included else ">", value, range_.low)
    if range_.high is not None:
        high = compare("<=" if range_.high_included else "<", value, range_.high)
    if low is False or high is False:
        return False
    return None if low is None or high is None else True


def passes(value: Any, test: Any, evaluation: Evaluation) -> bool | None:
    """`value in test` for one test: in a range, in a list of values and ranges, or equal."""
    if type(test) is Range:
        return within(value, test)
    if type(test) is list:
        evaluation.spend(len(test))
        if type(value) is list and equal(value, test, evaluation):
            return True
        return any(_fits(value, read(element), evaluation) for element in test)
    return equal(value, test, evaluation)


def _fits(value: Any, element: Any, evaluation: Evaluation) -> bool:
    if type(element) is Range and type(value) is not Range:
        return within(value, element) is True
    return equal(value, element, evaluation) is True
