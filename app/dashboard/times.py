"""Instants on a page: relative words, and a `<time>` element that a script turns to the reader's own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from markupsafe import Markup

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def iso(instant: datetime) -> str:
    """UTC with milliseconds, ending in Z."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """A length of time in its largest sensible unit, rounded down."""
    size, unit = next((step for step in _STEPS if seconds >= step[0]), _STEPS[-1])
    return f"{int(seconds // size)} {unit}"


def fine_span(seconds: float) -> str:
    """The same with the next smaller unit beside it, for what is waited for: `3 h 59 min`."""
    smaller = {"d": _STEPS[1], "h": _STEPS[2], "min": _STEPS[3]}
    size, unit = next((step for step in _STEPS if seconds >= step[0]), _STEPS[-1])
    rest = seconds % size
    more = f" {int(rest // smaller[unit][0])} {smaller[unit][1]}" if unit in smaller else ""
    return f"{int(seconds // size)} {unit}{more}"


def relative(instant: datetime, now: datetime) -> str:
    """`3 min ago`, `in 12 s`; `now` within a second. static/js/times.js says the same words."""
    seconds = (now - instant).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def duration(length: timedelta) -> str:
    """How long something took: milliseconds below a second, tenths below ten."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    return f"{seconds:.1f} s" if seconds < 10 else span(seconds)


def time_element(instant: datetime | None, now: datetime, style: str = "relative") -> Markup:
    """`style`: relative, countdown (finer; `due` once passed) or clock (time of day, for histories)."""
    if instant is None:
        return Markup("")
    shown = instant.strftime("%H:%M:%S") if style == "clock" else relative(instant, now)
    if style == "countdown":
        shown = "due" if instant <= now else f"in {fine_span((instant - now).total_seconds())}"
    return Markup('<time datetime="{0}" data-style="{1}" title="{0}">{2}</time>').format(iso(instant), style, shown)
