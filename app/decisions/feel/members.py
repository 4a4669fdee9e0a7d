"""What stands behind a dot: entries of a context or of each in a list; parts of dates, times, durations and ranges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import Range, YearsMonths, read

Part = Callable[[Any], Any]


def _offset(value: time | datetime) -> timedelta | None:
    return value.utcoffset()


def _zone(value: time | datetime) -> str | None:
    return value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None


def _toward_zero(total: int, unit: int) -> int:
    return total // unit if total >= 0 else -(-total // unit)


def _seconds(value: timedelta) -> int:
    return _toward_zero(value // timedelta(microseconds=1), 1_000_000)


def _part_of_seconds(unit: int, modulus: int | None = None) -> Part:
    def part(value: timedelta) -> Decimal:
        total = _seconds(value)
        count = _toward_zero(total, unit)
        return Decimal(count if modulus is None else count - _toward_zero(count, modulus) * modulus)

    return part


_OF_DATE: dict[str, Part] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
_OF_TIME: dict[str, Part] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": lambda value: Decimal(value.second),
    "time offset": _offset,
    "timezone": _zone,
}
PARTS: dict[type, dict[str, Part]] = {
    date: _OF_DATE,
    time: _OF_TIME,
    datetime: {**_OF_DATE, **_OF_TIME},
    timedelta: {
        "days": _part_of_seconds(86400),
        "hours": _part_of_seconds(3600, 24),
        "minutes": _part_of_seconds(60, 60),
        "seconds": _part_of_seconds(1, 60),
    },
    YearsMonths: {
        "years": lambda value: Decimal(_toward_zero(value.months, 12)),
        "months": lambda value: Decimal(value.months - _toward_zero(value.months, 12) * 12),
    },
    Range: {
        "start": lambda value: value.low,
        "end": lambda value: value.high,
        "start included": lambda value: value.low_included,
        "end included": lambda value: value.high_included,
    },
}


def member(value: Any, name: str, evaluation: Evaluation, depth: int = 0) -> Any:
    """`value.name`; null for whatever has no such member. A list gives the list of its elements' members."""
    kind = type(value)
    if kind is dict:
        return read(value.get(name))
    if kind is list:
        evaluation.go_into(depth)
        evaluation.spend(len(value))
        return [member(element, name, evaluation, depth + 1) for element in value]
    part = PARTS.get(kind, {}).get(name)
    return part(value) if part else None
