"""Built-in functions on lists, and those that sum them up."""

import statistics
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.feel import compile_feel
from tests.unit.decisions.feel.reading import shape, value

LISTS: dict[str, Any] = {
    "sublist([1, 2, 3], 2)": [D(2), D(3)],
    "sublist([1, 2, 3], -2, 1)": [D(2)],
    "sublist(list: [1, 2, 3], start position: 1, length: 2)": [D(1), D(2)],
    "sublist([1, 2, 3], 2, 3)": None,
    "sublist([1, 2, 3], 0)": None,
    "sublist([1, 2, 3], 4)": None,
    "sublist([1, 2, 3], 1, 0)": None,
    "sublist(1, 1)": [D(1)],
    "insert before([1, 3], 2, 2)": [D(1), D(2), D(3)],
    "insert before([1, 3], -1, 2)": [D(1), D(2), D(3)],
    "insert before([1, 3], 1, null)": [None, D(1), D(3)],
    "insert before([1, 3], 3, 2)": None,
    "insert before([], 1, 2)": None,
    "remove([1, 2, 3], 2)": [D(1), D(3)],
    "remove([1, 2, 3], -1)": [D(1), D(2)],
    "remove([1], 1)": [],
    "remove([1], 0)": None,
    "remove([1], 1.5)": None,
    "list replace([2, 4, 7, 8], 3, 6)": [D(2), D(4), D(6), D(8)],
    "list replace([2, 4, 7, 8], -1, 6)": [D(2), D(4), D(7), D(6)],
    "list replace([2, 4, 7, 8], 5, 6)": None,
    "list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)": [D(5), D(5), D(7), D(8)],
    "list replace(list: [1, 2], match: function(item, newItem) item = 2, newItem: 3)": [D(1), D(3)],
    "list replace([1, 2], function(item, newItem) item, 3)": None,
    "list replace([1, 2], function(item) true, 3)": None,
    "reverse([1, 2])": [D(2), D(1)],
    "reverse(null)": None,
    "index of([1, 2, null, 2], 2)": [D(2), D(4)],
    "index of([1, null], null)": [D(2)],
    "index of([1, 2], 3)": [],
    "distinct values([1, 2, 1, null, 1.0, null])": [D(1), D(2), None],
    'distinct values([[1], [1], {a: 1}, {a: 1}, "1"])': [[D(1)], {"a": D(1)}, "1"],
    "duplicate values([1, 2, 1, 1, [2], [2]])": [D(1), [D(2)]],
    "union([1, 2], [2, 3], 3)": [D(1), D(2), D(3)],
    "union([1], null)": None,
    "flatten([[1, 2], [[3]], 4, []])": [D(1), D(2), D(3), D(4)],
    "flatten(1)": [D(1)],
    "flatten(null)": None,
    "sort([3, 1, 2], function(x, y) x < y)": [D(1), D(2), D(3)],
    "sort(list: [3, 1, 2], precedes: function(x, y) x > y)": [D(3), D(2), D(1)],
    "sort([{a: 2, b: 1}, {a: 1, b: 2}, {a: 2, b: 3}], function(x, y) x.a < y.a).b": [D(2), D(1), D(3)],
    "sort([3, 1], function(x, y) null)": None,
    'sort([3, "a"], function(x, y) x < y)': None,
    "sort([3, 1], function(x) true)": None,
    "sort([3, 1], 5)": None,
    "sort([], function(x, y) x < y)": [],
    "sort(null, function(x, y) x < y)": None,
}
SUMMED: dict[str, Any] = {
    "product([2, 3, 4])": D(24),
    "product(2, 3)": D(6),
    "product([])": None,
    'product([2, "3"])': None,
    "product([9e6144, 9])": None,
    "mean([1, 2, 3, 4])": D("2.5"),
    "mean(1)": D(1),
    "mean([])": None,
    "median([6, 1, 2, 3])": D("2.5"),
    "median(8, 2, 5)": D(5),
    "median([])": None,
    "median([1, null])": None,
    "stddev([2, 4, 7, 5])": D("2.081665999466132735282297706979931"),
    "stddev([1, 1])": D(0),
    "stddev([1])": None,
    "stddev([])": None,
    "mode([6, 3, 9, 6, 6])": [D(6)],
    "mode([6, 1, 9, 6, 1])": [D(1), D(6)],
    "mode(1, 2, 2)": [D(2)],
    "mode([])": [],
    "mode([1, null])": None,
    "mode(null)": None,
    "all([true, true])": True,
    "all([true, null])": None,
    "all([null, false])": False,
    "all([])": True,
    "all(true, false)": False,
    "all(null)": None,
    "all(1)": None,
    "any([false, true])": True,
    "any([null, true])": True,
    "any([false, null])": None,
    "any([])": False,
    "any(list: [false])": False,
    "count(list: [1, 2])": D(2),
    "concatenate(list: [1, 2])": [D(1), D(2)],
    "append(list: [1], item: [2])": [D(1), [D(2)]],
    'string join(list: ["a", "b"], delimiter: ", ")': "a, b",
}


@pytest.mark.parametrize(("text", "expected"), (LISTS | SUMMED).items())
def test_a_function_on_lists_answers(text: str, expected: Any) -> None:
    assert shape(value(text)) == shape(expected)


NUMBERS = st.lists(st.integers(-1000, 1000), min_size=1, max_size=20)


@given(NUMBERS)
def test_sorting_gives_what_python_sorts_and_reverse_turns_it(numbers: list[int]) -> None:
    scope = {"xs": numbers}
    assert compile_feel("sort(xs, function(a, b) a < b)").evaluate(scope) == sorted(numbers)
    assert compile_feel("reverse(reverse(xs)) = xs").evaluate(scope) is True
    assert compile_feel("distinct values(xs)").evaluate(scope) == list(dict.fromkeys(numbers))


@given(NUMBERS)
def test_summing_up_gives_what_pythons_statistics_give(numbers: list[int]) -> None:
    scope = {"xs": numbers}
    exact = [D(number) for number in numbers]
    assert compile_feel("sum(xs)").evaluate(scope) == sum(numbers)
    assert compile_feel("[min(xs), max(xs)]").evaluate(scope) == [min(numbers), max(numbers)]
    assert compile_feel("median(xs)").evaluate(scope) == statistics.median(exact)
    assert compile_feel("mode(xs)").evaluate(scope) == sorted(statistics.multimode(exact))
    assert abs(compile_feel("mean(xs)").evaluate(scope) - statistics.mean(exact)) < D("1e-20")
    if len(numbers) > 1:
        assert abs(compile_feel("stddev(xs)").evaluate(scope) - statistics.stdev(exact)) < D("1e-15")


@given(st.lists(st.integers(0, 3), max_size=6), st.integers(-7, 7))
def test_what_is_inserted_can_be_removed_again(numbers: list[int], position: int) -> None:
    scope = {"xs": numbers, "p": position}
    inserted = compile_feel("insert before(xs, p, 9)").evaluate(scope)
    assert (inserted is None) is (position == 0 or abs(position) > len(numbers))
    if inserted is not None and position > 0:
        assert compile_feel("remove(xs, p)").evaluate({"xs": inserted, "p": position}) == numbers
        assert inserted[position - 1] == 9
