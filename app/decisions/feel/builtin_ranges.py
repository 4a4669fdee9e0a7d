"""Built-in functions on points and ranges (DMN 1.5, 10.3.4.8), and `range`.

Each is written once over the ends of two ranges; a point where the standard allows one, and the mirrored function
(`met by`, `during`, ...), come to the same. Null if the two do not compare, or are not of the kinds that it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from app.decisions.feel.builtin_conversions import number
from app.decisions.feel.compare import ORDERED, compare
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.temporal import parse_temporal
from app.decisions.feel.values import Range

_LITERAL = r'-?[0-9.eE+-]*?[0-9]|@?"[^"]*"|(?:date and time|date|time|duration)\("[^"]*"\)|'
_RANGE = re.compile(rf"\s*([\[(\]])\s*({_LITERAL})\s*\.\.\s*({_LITERAL})\s*([\])\[])\s*")

Decide = Callable[[Any, Any], bool]


class _Incomparable(Exception):
    """Of different kinds, or of a kind that has no order."""


class _End(NamedTuple):
    """An end of a range. `unlimited` is -1 or 1 for an end that lies beyond all values."""

    value: Any
    included: bool
    unlimited: int


def _start(range_: Range) -> _End:
    return _End(range_.low, range_.low_included, -1 if range_.low is None else 0)


def _end(range_: Range) -> _End:
    return _End(range_.high, range_.high_included, 1 if range_.high is None else 0)


def _at(point: Any) -> _End:
    return _End(point, True, 0)


def _order(one: _End, other: _End) -> int:
    """-1, 0 or 1, whether or not the ends are included."""
    if one.unlimited or other.unlimited:
        return (one.unlimited > other.unlimited) - (one.unlimited < other.unlimited)
    less, more = compare("<", one.value, other.value), compare(">", one.value, other.value)
    if less is None or more is None:
        raise _Incomparable
    return more - less


def _before_point_point(one: Any, other: Any) -> bool:
    return _order(_at(one), _at(other)) < 0


def _before_point_range(point: Any, range_: Range) -> bool:
    order = _order(_at(point), _start(range_))
    return order < 0 or (order == 0 and not range_.low_included)


def _before_range_point(range_: Range, point: Any) -> bool:
    order = _order(_end(range_), _at(point))
    return order < 0 or (order == 0 and not range_.high_included)


def _before_ranges(one: Range, other: Range) -> bool:
    order = _order(_end(one), _start(other))
    return order < 0 or (order == 0 and not (one.high_included and other.low_included))


def _meets(one: Range, other: Range) -> bool:
    return one.high_included and other.low_included and _order(_end(one), _start(other)) == 0


def _overlaps(one: Range, other: Range) -> bool:
    return not _before_ranges(one, other) and not _before_ranges(other, one)


def _overlaps_before(one: Range, other: Range) -> bool:
    starts, ends = _order(_start(one), _start(other)), _order(_end(one), _end(other))
    starts_before = starts < 0 or (starts == 0 and one.low_included and not other.low_included)
    ends_before = ends < 0 or (ends == 0 and (not one.high_included or other.high_included))
    return starts_before and ends_before and not _before_ranges(one, other)


def _finishes_point(point: Any, range_: Range) -> bool:
    return range_.high_included and _order(_at(point), _end(range_)) == 0


def _finishes(one: Range, other: Range) -> bool:
    starts, ends = _order(_start(one), _start(other)), _order(_end(one), _end(other))
    starts_within = starts > 0 or (starts == 0 and (not one.low_included or other.low_included))
    return ends == 0 and one.high_included == other.high_included and starts_within


def _includes_point(range_: Range, point: Any) -> bool:
    return not _before_point_range(point, range_) and not _before_range_point(range_, point)


def _includes(one: Range, other: Range) -> bool:
    starts, ends = _order(_start(one), _start(other)), _order(_end(one), _end(other))
    from_start = starts < 0 or (starts == 0 and (one.low_included or not other.low_included))
    to_end = ends > 0 or (ends == 0 and (one.high_included or not other.high_included))
    return from_start and to_end


def _starts_point(point: Any, range_: Range) -> bool:
    return range_.low_included and _order(_at(point), _start(range_)) == 0


def _starts(one: Range, other: Range) -> bool:
    starts, ends = _order(_start(one), _start(other)), _order(_end(one), _end(other))
    ends_within = ends < 0 or (ends == 0 and (not one.high_included or other.high_included))
    return starts == 0 and one.low_included == other.low_included and ends_within


def _coincides_points(one: Any, other: Any) -> bool:
    return _order(_at(one), _at(other)) == 0


def _coincides(one: Range, other: Range) -> bool:
    same_ends = (one.low_included, one.high_included) == (other.low_included, other.high_included)
    return same_ends and _order(_start(one), _start(other)) == 0 and _order(_end(one), _end(other)) == 0


def _swapped(decide: Decide) -> Decide:
    return lambda one, other: decide(other, one)


POINT_POINT, POINT_RANGE, RANGE_POINT, RANGES = "point1 point2", "point range", "range point", "range1 range2"
_Ways = dict[str, Decide]
_BEFORE: _Ways = {
    POINT_POINT: _before_point_point,
    POINT_RANGE: _before_point_range,
    RANGE_POINT: _before_range_point,
    RANGES: _before_ranges,
}
_DURING: _Ways = {POINT_RANGE: _swapped(_includes_point), RANGES: _swapped(_includes)}
RELATIONS: dict[str, _Ways] = {
    "before": _BEFORE,
    "after": {
        POINT_POINT: _swapped(_before_point_point),
        POINT_RANGE: _swapped(_before_range_point),
        RANGE_POINT: _swapped(_before_point_range),
        RANGES: _swapped(_before_ranges),
    },
    "meets": {RANGES: _meets},
    "met by": {RANGES: _swapped(_meets)},
    "overlaps": {RANGES: _overlaps},
    "overlaps before": {RANGES: _overlaps_before},
    "overlaps after": {RANGES: _swapped(_overlaps_before)},
    "finishes": {POINT_RANGE: _finishes_point, RANGES: _finishes},
    "finished by": {RANGE_POINT: _swapped(_finishes_point), RANGES: _swapped(_finishes)},
    "includes": {RANGE_POINT: _includes_point, RANGES: _includes},
    "during": _DURING,
    "starts": {POINT_RANGE: _starts_point, RANGES: _starts},
    "started by": {RANGE_POINT: _swapped(_starts_point), RANGES: _swapped(_starts)},
    "coincides": {POINT_POINT: _coincides_points, RANGES: _coincides},
}
"""What each function decides, by the names of its two parameters."""


_NAMES = {
    (False, False): POINT_POINT,
    (False, True): POINT_RANGE,
    (True, False): RANGE_POINT,
    (True, True): RANGES,
}


def relation(ways: _Ways) -> Callable[[Evaluation, Any, Any], bool | None]:
    def decided(_evaluation: Evaluation, one: Any, other: Any) -> bool | None:
        decide = ways.get(_NAMES[type(one) is Range, type(other) is Range])
        try:
            return decide(one, other) if decide else None
        except _Incomparable:
            return None

    return decided


def range_from(evaluation: Evaluation, text: Any) -> Range | None:
    """From a text such as `[18..21)`, `(..5]` or `[@"2026-05-01"..)`. An end that is left out is never included."""
    found = _RANGE.fullmatch(text) if type(text) is str else None
    if found is None or not (found[2] or found[3]):
        return None
    low, high = _literal(evaluation, found[2]), _literal(evaluation, found[3])
    low_included, high_included = found[1] == "[", found[4] == "]"
    if not _end_fits(found[2], low, low_included) or not _end_fits(found[3], high, high_included):
        return None
    kinds = {type(end) for end in (low, high) if end is not None}
    return Range(low, high, low_included, high_included) if len(kinds) == 1 else None


def _end_fits(written: str, value: Any, included: bool) -> bool:
    return type(value) in ORDERED if written else not included


def _literal(evaluation: Evaluation, written: str) -> Any:
    if written.startswith('"'):
        return written[1:-1]
    if '"' in written:
        return parse_temporal(written.split('"')[1])
    return number(evaluation, written, None, None)
