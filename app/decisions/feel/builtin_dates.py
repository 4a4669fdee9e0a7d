"""Built-in functions on dates and times."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from app.decisions.feel.compare import equal
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import YearsMonths

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def now(evaluation: Evaluation) -> datetime:
    return evaluation.now()


def today(evaluation: Evaluation) -> date:
    """The date in UTC."""
    return evaluation.now().date()


def day_of_year(_evaluation: Evaluation, value: Any) -> Decimal | None:
    return Decimal(value.timetuple().tm_yday) if isinstance(value, date) else None


def day_of_week(_evaluation: Evaluation, value: Any) -> str | None:
    return _DAYS[value.weekday()] if isinstance(value, date) else None


def month_of_year(_evaluation: Evaluation, value: Any) -> str | None:
    return _MONTHS[value.month - 1] if isinstance(value, date) else None


def week_of_year(_evaluation: Evaluation, value: Any) -> Decimal | None:
    """As ISO 8601 counts: the first week holds the year's first Thursday."""
    return Decimal(value.isocalendar().week) if isinstance(value, date) else None


def years_and_months(_evaluation: Evaluation, start: Any, end: Any) -> YearsMonths | None:
    """Whole months from one day to the other, rounded toward nothing."""
    if not isinstance(start, date) or not isinstance(end, date):
        return None
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    if months < 0 and end.day > start.day:
        months += 1
    return YearsMonths(months)


def identical(evaluation: Evaluation, one: Any, other: Any) -> bool | None:
    """Equal, and of one kind and zone: 10:00Z is 10:00+00:00, but neither 11:00+01:00 nor 10:00."""
    if type(one) is not type(other):
        return False
    if type(one) in {time, datetime}:
        same_clock = one.replace(tzinfo=None) == other.replace(tzinfo=None)
        return same_clock and one.utcoffset() == other.utcoffset() and (one.tzinfo is None) == (other.tzinfo is None)
    return equal(one, other, evaluation)
