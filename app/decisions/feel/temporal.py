"""Durations and instants from text.

For timers what cannot be read is an error that says what was found; for FEEL it is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.errors import InvalidInput
from app.decisions.feel.durations import Duration, read_duration
from app.decisions.feel.iso import read_date, read_date_time, read_time
from app.decisions.feel.values import YearsMonths

_LONGEST_SHOWN = 60
_NAMED_OFFSET = re.compile(r"(Z|[+-]\d\d:\d\d)\[[A-Za-z0-9_+/-]{1,60}\]$")


def parse_duration(text: str) -> Duration:
    """A duration such as PT5M, P1DT12H, P1M or P2W. `add_to` gives the datetime it leads to."""
    duration = read_duration(text.strip())
    if duration is None:
        raise _not_understood(text, "expected a duration in ISO 8601 such as PT5M, P1DT12H or P1M")
    return duration


def parse_instant(text: str) -> datetime:
    """An instant, aware and in UTC, from a date and time that has an offset or a zone (`...T09:00:00@Europe/Paris`).

    The zone that Camunda's modeler may write after an offset (`...T09:00:00+02:00[Europe/Paris]`) adds nothing to it.
    """
    moment = read_date_time(_NAMED_OFFSET.sub(r"\1", text.strip()))
    if moment is None:
        raise _not_understood(text, "expected a date and time in ISO 8601 such as 2026-05-01T09:00:00Z")
    if moment.tzinfo is None:
        raise _not_understood(text, "which has no zone: add Z for UTC, an offset such as +02:00, or @Europe/Paris")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise _not_understood(text, "which is outside the years 1 to 9999 in UTC") from error


def _not_understood(text: str, what: str) -> InvalidInput:
    shown = text[:_LONGEST_SHOWN]
    return InvalidInput(f"found {shown!r}, {what}", found=shown)


def feel_duration(text: str) -> timedelta | YearsMonths | None:
    """A FEEL duration is one of two kinds: years and months, or days and time. Both in one, and weeks, are none."""
    duration = None if "W" in text else read_duration(text)
    if duration is None:
        return None
    date_part, _, _ = text.partition("T")
    if "Y" in date_part or "M" in date_part:
        return YearsMonths(duration.months) if "D" not in text and "T" not in text else None
    return duration.elapsed


def parse_temporal(text: str) -> Any:
    """What `@"..."` stands for: a date, time, date and time or duration; None if it is none of them."""
    for reading in (read_date_time, read_date, read_time, feel_duration):
        value = reading(text)
        if value is not None:
            return value
    return None
