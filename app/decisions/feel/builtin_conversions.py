"""Built-in functions that make a value of another kind, and `not` and `is defined`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal, DecimalException
from typing import Any

from app.decisions.feel.iso import offset_zone, read_date, read_date_time, read_time
from app.decisions.feel.output import as_text
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.temporal import feel_duration
from app.decisions.feel.values import CONTEXT, YearsMonths, whole

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPING, _DECIMAL = (" ", ",", ".", None), (",", ".", None)


def negation(_evaluation: Evaluation, value: Any) -> bool | None:
    return not value if type(value) is bool else None


def is_defined(_evaluation: Evaluation, value: Any) -> bool:
    """Not in the standard, but in Camunda: whether there is a value."""
    return value is not None


def string(evaluation: Evaluation, value: Any) -> str | None:
    return None if value is None else as_text(value, evaluation)


def number(_evaluation: Evaluation, text: Any, grouping: Any, point: Any) -> Decimal | None:
    if type(text) is Decimal:
        return text
    fits = grouping in _GROUPING and point in _DECIMAL and (grouping is None or grouping != point)
    if type(text) is not str or not fits:
        return None
    if grouping is not None:
        text = text.replace(grouping, "")
    if point is not None:
        text = text.replace(point, ".")
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return CONTEXT.create_decimal(text)
    except DecimalException:
        return None


def date_from(_evaluation: Evaluation, value: Any) -> date | None:
    if type(value) is datetime:
        return value.date()
    if type(value) is str:
        return read_date(value)
    return value if type(value) is date else None


def date_of_parts(_evaluation: Evaluation, year: Any, month: Any, day: Any) -> date | None:
    parts = [whole(part) for part in (year, month, day)]
    try:
        return date(*parts)  # type: ignore[arg-type]  # None is a TypeError, handled below
    except (TypeError, ValueError, OverflowError):
        return None


def time_from(_evaluation: Evaluation, value: Any) -> time | None:
    if type(value) is datetime:
        return value.timetz()
    if type(value) is date:
        return read_time("00:00:00Z")
    if type(value) is str:
        return read_time(value)
    return value if type(value) is time else None


def time_of_parts(_evaluation: Evaluation, hour: Any, minute: Any, second: Any, offset: Any) -> time | None:
    if type(second) is not Decimal or not (offset is None or type(offset) is timedelta):
        return None
    zone = offset_zone(offset) if offset is not None else None
    if offset is not None and zone is None:
        return None
    try:
        whole_second = int(second)
        microsecond = int((second - whole_second) * 1_000_000)
        return time(whole(hour), whole(minute), whole_second, microsecond, zone)  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError, OverflowError):
        return None


def date_time_from(_evaluation: Evaluation, value: Any) -> datetime | None:
    """Of a date it is midnight."""
    if type(value) is str:
        moment = read_date_time(value)
        value = moment if moment is not None else read_date(value)
    if type(value) is date:
        return datetime.combine(value, time())
    return value if type(value) is datetime else None


def date_time_of_parts(evaluation: Evaluation, day: Any, moment: Any) -> datetime | None:
    day = day.date() if type(day) is datetime else day
    if type(day) is not date or type(moment) is not time:
        return None
    return datetime.combine(day, moment)


def duration(_evaluation: Evaluation, value: Any) -> timedelta | YearsMonths | None:
    if type(value) in {timedelta, YearsMonths}:
        return value  # type: ignore[no-any-return]  # one of the two
    return feel_duration(value) if type(value) is str else None
