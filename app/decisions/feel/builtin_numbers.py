"""Built-in functions on numbers."""

from __future__ import annotations

import decimal
import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, DecimalException
from typing import Any

from app.decisions.feel.arithmetic import negated
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import CONTEXT, YearsMonths, whole

_LEAST_SCALE, _MOST_SCALE = -6111, 6176
_EXACT = decimal.Context(prec=12_500, Emin=-12_500, Emax=12_500)
"""Wide enough to round any number of decimal128 at any digit."""


def absolute(_evaluation: Evaluation, value: Any) -> Any:
    """Of numbers and of both durations."""
    if type(value) is Decimal:
        return CONTEXT.abs(value)
    if type(value) is timedelta:
        return negated(value) if value < timedelta(0) else value
    return YearsMonths(abs(value.months)) if type(value) is YearsMonths else None


def rounding(mode: str, *, needs_scale: bool = True) -> Callable[[Evaluation, Any, Any], Decimal | None]:
    """A function that rounds to so many digits behind the point; negative ones stand before it."""

    def rounded(_evaluation: Evaluation, value: Any, scale: Any) -> Decimal | None:
        if scale is None and not needs_scale:
            scale = Decimal(0)
        if type(value) is not Decimal or type(scale) is not Decimal or abs(scale) > _MOST_SCALE:
            return None
        digits = int(scale)
        if digits < _LEAST_SCALE:
            return None
        if digits >= -_exponent(value):
            return value
        try:
            return CONTEXT.plus(value.quantize(Decimal((0, (1,), -digits)), mode, _EXACT))
        except DecimalException:
            return None

    return rounded


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # nosec B101  # only infinity and NaN have none, and neither is a value of FEEL
    return exponent


def square_root(_evaluation: Evaluation, value: Any) -> Decimal | None:
    return _computed(CONTEXT.sqrt, value)


def logarithm(_evaluation: Evaluation, value: Any) -> Decimal | None:
    return _computed(CONTEXT.ln, value) if type(value) is Decimal and value > 0 else None


def exponential(_evaluation: Evaluation, value: Any) -> Decimal | None:
    return _computed(CONTEXT.exp, value)


def _computed(function: Callable[[Decimal], Decimal], value: Any) -> Decimal | None:
    try:
        return function(value) if type(value) is Decimal else None
    except DecimalException:
        return None


def odd(_evaluation: Evaluation, value: Any) -> bool | None:
    return _leaves(value, 1)


def even(_evaluation: Evaluation, value: Any) -> bool | None:
    return _leaves(value, 0)


def _leaves(value: Any, rest: int) -> bool | None:
    """What is not whole is neither odd nor even."""
    if type(value) is not Decimal:
        return None
    number = whole(value)
    return number is not None and number % 2 == rest


def random_number(_evaluation: Evaluation) -> Decimal:
    """Not in the standard, but in Camunda: from 0 up to, but not, 1."""
    return Decimal(repr(random.random()))  # nosec B311  # jitter and samples, never a secret


def modulo(_evaluation: Evaluation, dividend: Any, divisor: Any) -> Decimal | None:
    """What is left of a division rounded down: it has the sign of the divisor."""
    if type(dividend) is not Decimal or type(divisor) is not Decimal:
        return None
    try:
        rest = CONTEXT.remainder(dividend, divisor)
        return CONTEXT.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else CONTEXT.plus(rest)
    except DecimalException:
        return None
