"""Built-in functions on numbers."""

from __future__ import annotations

import decimal
from datetime import timedelta
from decimal import Decimal, DecimalException
from typing import Any

from app.decisions.feel.arithmetic import negated
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import CONTEXT, YearsMonths


def absolute(_evaluation: Evaluation, value: Any) -> Any:
    """Of numbers and of both durations."""
    if type(value) is Decimal:
        return CONTEXT.abs(value)
    if type(value) is timedelta:
        return negated(value) if value < timedelta(0) else value
    return YearsMonths(abs(value.months)) if type(value) is YearsMonths else None


def floor(_evaluation: Evaluation, value: Any) -> Decimal | None:
    return value.to_integral_value(decimal.ROUND_FLOOR) if type(value) is Decimal else None


def ceiling(_evaluation: Evaluation, value: Any) -> Decimal | None:
    return value.to_integral_value(decimal.ROUND_CEILING) if type(value) is Decimal else None


def modulo(_evaluation: Evaluation, dividend: Any, divisor: Any) -> Decimal | None:
    """What is left of a division rounded down: it has the sign of the divisor."""
    if type(dividend) is not Decimal or type(divisor) is not Decimal:
        return None
    try:
        rest = CONTEXT.remainder(dividend, divisor)
        return CONTEXT.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else CONTEXT.plus(rest)
    except DecimalException:
        return None
