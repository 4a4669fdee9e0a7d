"""Dates and times as text: the lexical forms of the standard (XML Schema, and zones such as `@Europe/Paris`)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_DATE = r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
_TIME = (
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,18}))?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?|@[A-Za-z0-9_+/-]{1,60})?"
)
_DATE_ONLY = re.compile(_DATE)
_TIME_ONLY = re.compile(_TIME)
_DATE_TIME = re.compile(f"{_DATE}T{_TIME}")
_WIDEST_OFFSET = timedelta(hours=18)


def read_date(text: str) -> date | None:
    found = _DATE_ONLY.fullmatch(text)
    return _date_of(found) if found else None


def read_time(text: str) -> time | None:
    found = _TIME_ONLY.fullmatch(text)
    return _time_of(found) if found else None


def read_date_time(text: str) -> datetime | None:
    """Aware if the text has an offset or a zone."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    day, moment = _date_of(found), _time_of(found)
    return datetime.combine(day, moment) if day is not None and moment is not None else None


def _date_of(found: re.Match[str]) -> date | None:
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _time_of(found: re.Match[str]) -> time | None:
    microsecond = int((found["fraction"] or "").ljust(6, "0")[:6])
    zone = read_zone(found["zone"]) if found["zone"] else None
    if found["zone"] and zone is None:
        return None
    try:
        return time(int(found["hour"]), int(found["minute"]), int(found["second"]), microsecond, zone)
    except ValueError:
        return None


def read_zone(text: str) -> tzinfo | None:
    if text in {"Z", "z"}:
        return UTC
    if text.startswith("@"):
        try:
            return ZoneInfo(text[1:])
        except (KeyError, ValueError, OSError):  # unknown; outside of the zone data; a folder of zones
            return None
    hours, minutes, seconds = (int(part) for part in [*text[1:].split(":"), "0"][:3])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return offset_zone(-offset if text[0] == "-" else offset) if minutes < 60 and seconds < 60 else None


def offset_zone(offset: timedelta) -> tzinfo | None:
    """The zone of a fixed offset, if it is a possible one."""
    if abs(offset) > _WIDEST_OFFSET:
        return None
    return timezone(offset) if offset else UTC


def write(value: date | time | datetime) -> str:
    """The text that reads back as the same value. Parts of a second only if there are any."""
    if type(value) is date:
        return value.isoformat()
    assert isinstance(value, (time, datetime))  # nosec B101  # states an invariant
    written = value.replace(tzinfo=None, microsecond=0).isoformat()
    if value.microsecond:
        written += f".{value.microsecond:06d}".rstrip("0")
    return written + _write_zone(value)


def _write_zone(value: time | datetime) -> str:
    zone = value.tzinfo
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return f"@{zone.key}"
    offset = value.utcoffset()
    if not offset:
        return "Z"
    seconds = abs(int(offset.total_seconds()))
    written = f"{'-' if offset < timedelta(0) else '+'}{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return written + (f":{seconds % 60:02d}" if seconds % 60 else "")
