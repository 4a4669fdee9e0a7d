"""for, some, every."""

from datetime import date
from decimal import Decimal as D
from typing import Any

import pytest

from tests.unit.decisions.feel.reading import shape, value

LOOPS: dict[str, Any] = {
    "for x in [1, 2] return x * 10": [D(10), D(20)],
    "for x in order.lines return x.qty": [D(1), D(2)],
    "for x in 1..3 return x": [D(1), D(2), D(3)],
    "for x in 3..1 return x": [D(3), D(2), D(1)],
    "for x in -1..1 return x": [D(-1), D(0), D(1)],
    "for x in [1..3] return x": [D(1), D(2), D(3)],
    'for d in @"2026-02-27"..@"2026-03-01" return d': [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)],
    'for d in @"2026-03-01"..@"2026-02-28" return d.day': [D(1), D(28)],
    "for x in [1, 2], y in [10, 20] return x * y": [D(10), D(20), D(20), D(40)],
    "for x in [1, 2], y in 1..x return y": [D(1), D(1), D(2)],
    "for x in 1..2 return for y in 1..x return y": [[D(1)], [D(1), D(2)]],
    "for x in [] return x": [],
    "for x in 7 return x": [D(7)],
    "for x in null return x": None,
    "for x in 1..missing return x": None,
    "for x in 1..1.5 return x": None,
    "for x in (1..3) return x": [D(2)],
    "for x in [3..1) return x": [D(3), D(2)],
    "for x in (1..1) return x": [],
    "for x in 1..4 return if x = 1 then 1 else x * partial[-1]": [D(1), D(2), D(6), D(24)],
    "for x in 1..2, y in 1..2 return count(partial)": [D(0), D(1), D(2), D(3)],
    "for x in 1..3 return partial": [[], [[]], [[], [[]]]],
    "for x in 1..2 return for y in 1..2 return count(partial)": [[D(0), D(1)]] * 2,
    "for partial in 1..2 return partial": [D(1), D(2)],
    "for a line in order.lines return a line.sku": ["fibre", "tv"],
    "for x in [1], the rest in [2] return x + the rest": [D(3)],
    "(for x in [1, 2] return [])": [[], []],
    "for x in [1, 2] return active": [True, True],
    "some x in order.lines satisfies x.qty > 1": True,
    "every x in order.lines satisfies x.qty > 1": False,
    "some x in [], y in [1] satisfies true": False,
    "every x in [] satisfies false": True,
    "some x in null satisfies true": None,
    "some x in [1, 2], y in [2, 3] satisfies x = y": True,
    "every x in [1, 2], y in [x, 3] satisfies x <= y": True,
    "some x in [1, 2] satisfies x = 1 or x = 5": True,
}


@pytest.mark.parametrize(("text", "expected"), LOOPS.items())
def test_a_loop_goes_through_its_domains(text: str, expected: Any) -> None:
    assert shape(value(text)) == shape(expected)


def test_a_loops_variable_hides_the_scopes_name_only_inside_of_it() -> None:
    assert value("[for x in [1] return x, x]", {"x": 5}) == [[1], 5]
