"""Durations: their text, and adding them to dates and times."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from app.core.errors import InvalidInput

_DURATION = re.compile(
    r"(?P<sign>-)?P(?=[0-9T])(?:(?P<weeks>[0-9]{1,9})W|"
    r"(?:(?P<years>[0-9]{1,12})Y)?(?:(?P<months>[0-9]{1,12})M)?(?:(?P<days>[0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,12})H)?(?:(?P<minutes>[0-9]{1,12})M)?"
    r"(?:(?P<seconds>[0-9]{1,12})(?:\.(?P<fraction>[0-9]{1,18}))?S)?)?)"
)
Day = TypeVar("Day", date, datetime)


@dataclass(frozen=True, slots=True)
class Duration:
    """Calendar months and an elapsed time, of one sign. FEEL has the two apart; a timer may say `P1MT2H`."""

    months: int
    elapsed: timedelta

    def add_to(self, start: datetime) -> datetime:
        """The months first, on the calendar (31 January + P1M is the last of February), then the elapsed time.

        An aware start stays in its zone: months keep the hour on its clock, elapsed time passes as it passes in UTC.
        """
        try:
            return add_elapsed(add_months(start, self.months), self.elapsed)
        except (OverflowError, ValueError) as error:
            raise InvalidInput(f"{start.isoformat()} plus {self} is outside the years 1 to 9999") from error

    def __str__(self) -> str:
        if self.months and self.elapsed:
            return write_months(self.months) + write_elapsed(self.elapsed).lstrip("-").removeprefix("P")
        return write_months(self.months) if self.months else write_elapsed(self.elapsed)


def read_duration(text: str) -> Duration | None:
    """A duration if the text is one. Weeks stand alone (`P2W`), as ISO 8601 has it."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    part = {name: int(digits or 0) for name, digits in found.groupdict().items() if name not in {"sign", "fraction"}}
    sign = -1 if found["sign"] else 1
    try:
        elapsed = timedelta(
            days=part["days"] + 7 * part["weeks"],
            seconds=3600 * part["hours"] + 60 * part["minutes"] + part["seconds"],
            microseconds=int((found["fraction"] or "").ljust(6, "0")[:6]),
        )
        return Duration(sign * (12 * part["years"] + part["months"]), sign * elapsed)
    except OverflowError:
        return None


def write_months(months: int) -> str:
    years, rest = divmod(abs(months), 12)
    written = (f"{years}Y" if years else "") + (f"{rest}M" if rest or not years else "")
    return ("-P" if months < 0 else "P") + written


def write_elapsed(elapsed: timedelta) -> str:
    positive = abs(elapsed)
    hours, minutes, seconds = positive.seconds // 3600, positive.seconds // 60 % 60, positive.seconds % 60
    fraction = f".{positive.microseconds:06d}".rstrip("0") if positive.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    days = f"{positive.days}D" if positive.days else ""
    written = days + (f"T{clock}" if clock else "")
    return ("-P" if elapsed < timedelta(0) else "P") + (written or "T0S")


def add_months(start: Day, months: int) -> Day:
    """The same day so many months on, or the last day of that month. ValueError outside the years 1 to 9999."""
    if not months:
        return start
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= years <= 9999:
        raise ValueError(f"year {years}")
    return start.replace(year=years, month=month + 1, day=min(start.day, monthrange(years, month + 1)[1]))


def add_elapsed(start: datetime, elapsed: timedelta) -> datetime:
    """As time passes in UTC: over a change of clocks an hour is an hour. OverflowError outside the years 1 to 9999."""
    if start.tzinfo is None or start.tzinfo is UTC:
        return start + elapsed
    return (start.astimezone(UTC) + elapsed).astimezone(start.tzinfo)
