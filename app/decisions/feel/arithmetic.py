"""`+ - * / **` on numbers, text, dates, times and durations. What the standard has no result for is null."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from app.decisions.feel.durations import add_elapsed, add_months
from app.decisions.feel.values import CONTEXT, YearsMonths

_MICROSECOND = timedelta(microseconds=1)
_ONE = Decimal(1)
_MOST_MONTHS = 12 * 999_999_999


def power(base: Decimal, exponent: Decimal) -> Decimal:
    return CONTEXT.power(base, exponent) if exponent else _ONE


def _add_to_date(day: date, elapsed: timedelta) -> date:
    return (datetime.combine(day, time()) + elapsed).date()


def _add_to_time(moment: time, elapsed: timedelta) -> time:
    """Round the clock, as often as it takes."""
    return (datetime.combine(date(2000, 1, 1), moment) + elapsed % timedelta(days=1)).timetz()


def _between_moments(later: datetime, earlier: datetime) -> timedelta | None:
    if (later.tzinfo is None) != (earlier.tzinfo is None):
        return None
    return later.astimezone(UTC) - earlier.astimezone(UTC) if later.tzinfo else later - earlier


def _between_times(later: time, earlier: time) -> timedelta | None:
    if (later.utcoffset() is None) != (earlier.utcoffset() is None):
        return None
    day = date(2000, 1, 1)
    return datetime.combine(day, later) - datetime.combine(day, earlier)


def _midnight(day: date) -> datetime:
    """A date is taken as its midnight in UTC where a date and time is needed."""
    return datetime.combine(day, time(), UTC)


def _microseconds(elapsed: timedelta) -> Decimal:
    return Decimal(elapsed // _MICROSECOND)


def _scaled(elapsed: timedelta, factor: Decimal) -> timedelta:
    return timedelta(microseconds=int(CONTEXT.multiply(_microseconds(elapsed), factor)))


def _divided(elapsed: timedelta, divisor: Decimal) -> timedelta:
    return timedelta(microseconds=int(CONTEXT.divide(_microseconds(elapsed), divisor)))


def _months(number: Decimal | int) -> YearsMonths:
    count = int(number)
    if abs(count) > _MOST_MONTHS:
        raise OverflowError("too many months")
    return YearsMonths(count)


def _scaled_months(months: YearsMonths, factor: Decimal) -> YearsMonths:
    return _months(CONTEXT.multiply(Decimal(months.months), factor))


def _divided_months(months: YearsMonths, divisor: Decimal) -> YearsMonths:
    return _months(CONTEXT.divide(Decimal(months.months), divisor))


Operation = Callable[[Any, Any], Any]


def _swapped(operation: Operation) -> Operation:
    return lambda left, right: operation(right, left)


_ADD: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): CONTEXT.add,
    (date, timedelta): _add_to_date,
    (datetime, timedelta): add_elapsed,
    (time, timedelta): _add_to_time,
    (date, YearsMonths): lambda day, months: add_months(day, months.months),
    (datetime, YearsMonths): lambda moment, months: add_months(moment, months.months),
    (timedelta, timedelta): lambda a, b: a + b,
    (YearsMonths, YearsMonths): lambda a, b: _months(a.months + b.months),
}
_ADD |= {(right, left): _swapped(operation) for (left, right), operation in _ADD.items() if left is not right}
_MULTIPLY: dict[tuple[type, type], Operation] = {
    (Decimal, Decimal): CONTEXT.multiply,
    (timedelta, Decimal): _scaled,
    (Decimal, timedelta): lambda factor, elapsed: _scaled(elapsed, factor),
    (YearsMonths, Decimal): _scaled_months,
    (Decimal, YearsMonths): lambda factor, months: _scaled_months(months, factor),
}
OPERATIONS: dict[str, dict[tuple[type, type], Operation]] = {
    "+": _ADD,
    "-": {
        (Decimal, Decimal): CONTEXT.subtract,
        (date, timedelta): lambda day, elapsed: _add_to_date(day, -elapsed),
        (datetime, timedelta): lambda moment, elapsed: add_elapsed(moment, -elapsed),
        (time, timedelta): lambda moment, elapsed: _add_to_time(moment, -elapsed),
        (date, YearsMonths): lambda day, months: add_months(day, -months.months),
        (datetime, YearsMonths): lambda moment, months: add_months(moment, -months.months),
        (timedelta, timedelta): lambda a, b: a - b,
        (YearsMonths, YearsMonths): lambda a, b: _months(a.months - b.months),
        (date, date): lambda later, earlier: later - earlier,
        (time, time): _between_times,
        (datetime, datetime): _between_moments,
        (datetime, date): lambda later, earlier: _between_moments(later, _midnight(earlier)),
        (date, datetime): lambda later, earlier: _between_moments(_midnight(later), earlier),
    },
    "*": _MULTIPLY,
    "/": {
        (Decimal, Decimal): CONTEXT.divide,
        (timedelta, Decimal): _divided,
        (YearsMonths, Decimal): _divided_months,
        (timedelta, timedelta): lambda a, b: CONTEXT.divide(_microseconds(a), _microseconds(b)),
        (YearsMonths, YearsMonths): lambda a, b: CONTEXT.divide(Decimal(a.months), Decimal(b.months)),
    },
    "**": {(Decimal, Decimal): power},
}


def apply(sign: str, left: Any, right: Any) -> Any:
    """One operation; null for what is too large, divided by nothing, or not defined for these kinds."""
    operation = OPERATIONS[sign].get((type(left), type(right)))
    if operation is None:
        return None
    try:
        return operation(left, right)
    except (DecimalException, OverflowError, ValueError):
        return None


def negated(value: Any) -> Any:
    if type(value) is Decimal:
        return CONTEXT.minus(value)
    if type(value) is timedelta:
        return -value if value > timedelta.min else None
    return YearsMonths(-value.months) if type(value) is YearsMonths else None
