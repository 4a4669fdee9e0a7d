"""The functions on points and ranges, and range(...) from text."""

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.feel import Range, compile_feel
from tests.unit.decisions.feel.reading import value

CASES: dict[str, bool | None] = {
    "before(1, 10)": True,
    "before(10, 1)": False,
    "before(1, [1..10])": False,
    "before(1, (1..10])": True,
    "before([1..10), 10)": True,
    "before([1..10], 10)": False,
    "before([1..10], [10..20])": False,
    "before([1..10), [10..20])": True,
    "before([1..10], (10..20])": True,
    "before((< 5), (>= 5))": True,
    "before((< 5), 4)": False,
    "before(1, (> 1))": True,
    "before((> 1), 5)": False,
    "before((> 1), (< 1))": False,
    "after(10, 5)": True,
    "after(12, [1..10])": True,
    "after(10, [1..10))": True,
    "after([11..20], 10)": True,
    "after((10..20], 10)": True,
    "after([11..20], [1..10])": True,
    "after([10..20], [1..10])": False,
    "meets([1..5], [5..10])": True,
    "meets([1..5), [5..10])": False,
    "meets([1..5], (5..10])": False,
    "met by([5..10], [1..5])": True,
    "overlaps([1..5], [3..8])": True,
    "overlaps([1..5], [5..8])": True,
    "overlaps([1..5), [5..8])": False,
    "overlaps([1..5], (5..8])": False,
    "overlaps([6..8], [1..5])": False,
    "overlaps((> 3), (< 9))": True,
    "overlaps before([1..5], [3..8])": True,
    "overlaps before([1..5], [5..8])": True,
    "overlaps before([1..5), [1..5])": False,
    "overlaps before([1..5], (1..5])": True,
    "overlaps before([1..5], (1..5))": False,
    "overlaps before([3..8], [1..5])": False,
    "overlaps before([1..5], [1..5])": False,
    "overlaps after([3..8], [1..5])": True,
    "overlaps after((5..8], [1..5])": False,
    "overlaps after((1..5], [1..5))": True,
    "finishes(10, [1..10])": True,
    "finishes(10, [1..10))": False,
    "finishes([5..10], [1..10])": True,
    "finishes([5..10), [1..10])": False,
    "finishes([1..10], [1..10])": True,
    "finishes((1..10], [1..10])": True,
    "finished by([1..10], 10)": True,
    "finished by([1..10], (1..10])": True,
    "includes([1..10], 5)": True,
    "includes([1..10), 10)": False,
    "includes([1..10], 12)": False,
    "includes([1..10], [4..6])": True,
    "includes([1..10], [1..10])": True,
    "includes((1..10], [1..10])": False,
    "includes((> 1), [2..3])": True,
    "during(5, [1..10])": True,
    "during(1, (1..10])": False,
    "during([4..6], [1..10))": True,
    "during((1..10), [1..10])": True,
    "starts(1, [1..10])": True,
    "starts(1, (1..10])": False,
    "starts([1..5], [1..10])": True,
    "starts((1..5], [1..10])": False,
    "starts([1..10], [1..10])": True,
    "starts([1..10], [1..10))": False,
    "started by([1..10], 1)": True,
    "started by([1..10], [1..5))": True,
    "coincides(5, 5)": True,
    "coincides(5, 6)": False,
    "coincides([1..5], [1..5])": True,
    "coincides((1..5], [1..5])": False,
    "coincides(5, [5..5])": None,
    'before(1, "a")': None,
    "before(null, 1)": None,
    "before([1..2], null)": None,
    'before(["a".."b"], [1..2])': None,
    "meets(1, [1..2])": None,
    "before(true, false)": None,
    'before(@"2026-05-01", @"2026-05-02")': True,
    'before(@"2026-05-01", @"2026-05-02T00:00:00Z")': None,
    'during("b", ["a".."c"])': True,
    "before(point1: 1, point2: 2)": True,
    "before(range: [1..2], point: 3)": True,
    "during(range1: [2..3], range2: [1..4])": True,
    "includes(range: [1..3], point: 2)": True,
}
TEXTS: dict[str, Range | None] = {
    "[18..21)": Range(D(18), D(21), True, False),
    "]18..21[": Range(D(18), D(21), False, False),
    " ( -1.5 .. 2 ] ": Range(D("-1.5"), D(2), False, True),
    "[2..)": Range(D(2), None, True, False),
    "(..2]": Range(None, D(2), False, True),
    '["a".."c"]': Range("a", "c", True, True),
    "": None,
    "[..]": None,
    "(..)": None,
    "[2..]": None,
    "[..2]": None,
    '[1.."a"]': None,
    "[1..x]": None,
    '[@"tomorrow"..@"2026-05-01"]': None,
    "1..2": None,
    "[1..2": None,
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_points_and_ranges_lie_as_the_standard_says(text: str, expected: bool | None) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(("text", "expected"), TEXTS.items())
def test_a_range_is_read_from_text(text: str, expected: Range | None) -> None:
    assert compile_feel("range(t)").evaluate({"t": text}) == expected


def test_a_range_of_dates_is_read_from_text() -> None:
    for written in ('@"2026-05-01"..@"2026-05-31"', 'date("2026-05-01")..date("2026-05-31")'):
        assert compile_feel('range(t) = [@"2026-05-01"..@"2026-05-31"]').evaluate({"t": f"[{written}]"}) is True
    assert compile_feel("range(t).end").evaluate({"t": '(duration("PT1H")..@"PT2H")'}).seconds == 7200


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, int, bool, bool]:
    low = draw(st.integers(0, 5))
    return low, low + draw(st.integers(1, 4)), draw(st.booleans()), draw(st.booleans())


def members(one: tuple[int, int, bool, bool]) -> set[int]:
    """What of a fine grid lies in it: the ends stand for themselves, odd numbers for what lies between."""
    low, high, low_included, high_included = one
    return set(range(2 * low + (not low_included), 2 * high + high_included))


@given(ranges(), ranges())
def test_the_relations_say_what_the_members_say(
    one: tuple[int, int, bool, bool], other: tuple[int, int, bool, bool]
) -> None:
    scope: dict[str, Any] = {
        "a": Range(D(one[0]), D(one[1]), *one[2:]),
        "b": Range(D(other[0]), D(other[1]), *other[2:]),
    }
    mine, theirs = members(one), members(other)
    relations = {name: compile_feel(f"{name}(a, b)").evaluate(scope) for name in
                 ("before", "after", "overlaps", "includes", "during", "coincides")}  # fmt: skip
    assert relations["before"] is (max(mine) < min(theirs))
    assert relations["after"] is (min(mine) > max(theirs))
    assert relations["overlaps"] is bool(mine & theirs)
    assert relations["includes"] is (mine >= theirs)
    assert relations["during"] is (mine <= theirs)
    assert relations["coincides"] is (mine == theirs)


MIRRORED = [("before", "after"), ("meets", "met by"), ("overlaps before", "overlaps after"), ("finishes", "finished by"),
            ("includes", "during"), ("starts", "started by"), ("coincides", "coincides"), ("overlaps", "overlaps")]  # fmt: skip


@given(ranges(), ranges())
def test_each_relation_has_its_mirror(one: tuple[int, int, bool, bool], other: tuple[int, int, bool, bool]) -> None:
    scope: dict[str, Any] = {
        "a": Range(D(one[0]), D(one[1]), *one[2:]),
        "b": Range(D(other[0]), D(other[1]), *other[2:]),
    }
    for name, mirror in MIRRORED:
        assert compile_feel(f"{name}(a, b) = {mirror}(b, a)").evaluate(scope) is True
