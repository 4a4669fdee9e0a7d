"""Unary tests: the cells of decision tables."""

from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import FixedClock
from app.core.errors import InvalidInput
from app.decisions.feel import BudgetExceeded, FeelSyntaxError, Range, Type, compile_unary_tests

SCOPE: dict[str, Any] = {
    "limit": 100,
    "kinds": ["fibre", "cable"],
    "spans": [{"from": 1}],
    "active": True,
    "minimum age": 18,
}
CASES: list[tuple[str, Any, bool | None]] = [
    ('"fibre","cable"', "cable", True),
    ('"fibre","cable"', "dsl", False),
    ('"fibre"', None, False),
    ('"fibre"', 5, None),
    ('not("dsl")', "dsl", False),
    ('not("dsl", "cable")', "fibre", True),
    ("not(< 3, > 5)", 4, True),
    ("not(< 3, > 5)", 6, False),
    ("not([1..5])", 3, False),
    ("not(null)", None, False),
    ("not(null)", 1, True),
    ("not(< 3)", "a", None),
    ("not(true), not(false)", True, True),
    ("not(? > 5)", 6, False),
    ("not (? > 5)  ", 5, True),
    ("not(? > 5) and ? < 9", 4, True),
    ("[100..500]", 500, True),
    ("[100..500)", 500, False),
    ("]100..500[", 100, False),
    ("[100..500]", "x", None),
    ("[1..2], [4..5]", 4, True),
    ("< 10", 9.5, True),
    (">= 10", 9.5, False),
    ("< 10", None, None),
    ("< limit", 99, True),
    ("> limit * 2, < limit / 2", 49, True),
    ("= 5", 5, True),
    ('= "a"', "a", True),
    ("= true", True, True),
    ("!= 5", 5, False),
    ("!= 5", None, True),
    ("-", None, True),
    (" - ", 5, True),
    ("-5", -5, True),
    ("- 5, 3", 3, True),
    ("limit", 100, True),
    ("kinds", "cable", True),
    ("kinds", ["fibre", "cable"], True),
    ("kinds", "dsl", False),
    ("[1, 2, 3]", 2, True),
    ("[[1..2], [5..6]]", 5, True),
    ("null", None, True),
    ("null", 5, False),
    ("true", True, True),
    ("true", False, False),
    ("false", False, True),
    ("true", None, False),
    ("active", None, False),
    ("active", 5, None),
    ("active and limit > 5", None, True),
    ("is defined(limit)", None, True),
    ("active", True, True),
    ("active", False, False),
    ("limit > 50", 7, True),
    ("limit > 500", 7, False),
    ("limit > 50", False, False),
    ("? > 5 and ? < 7", 6, True),
    ("? > 5", None, None),
    ('contains(?, "ib")', "fibre", True),
    ("? * 2", 0, True),
    ("?.speed > 5", {"speed": 7}, True),
    ("count(?) = 2", [1, 2], True),
    ("some x in ? satisfies x > 2", [1, 3], True),
    (">= minimum age", 18, True),
    ('< @"2026-05-02"', 5, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "passes"), CASES)
def test_a_value_passes_a_cell(text: str, value: Any, passes: bool | None) -> None:
    assert compile_unary_tests(text, frozenset({"minimum age"}), lenient=True).matches(value, SCOPE) is passes


def test_a_cell_reads_the_given_clock() -> None:
    clock = FixedClock(datetime(2026, 5, 1, tzinfo=UTC))
    assert compile_unary_tests("< today()").matches(clock.now().date(), {}, clock) is False
    assert compile_unary_tests("<= today()").matches(clock.now().date(), {}, clock) is True


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ('"a", "b"', {"a", "b"}), ("1, -2, = 3", {D(1), D(-2), D(3)}), ("true", {True}), ("-", None), ('not("a")', None),
        ("1, true", None), ('"a", x', None), ("null", None), ("[1..2]", None), ('? = "a"', None), ("!= 1", None),
    ],
)  # fmt: skip
def test_constants_are_what_an_index_can_hold(text: str, constants: set[Any] | None) -> None:
    assert compile_unary_tests(text).constants() == (None if constants is None else frozenset(constants))


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("< 5", (Range(None, D(5), False, False),)),
        (">= -5", (Range(D(-5), None, True, False),)),
        ("(1..2]", (Range(D(1), D(2), False, True),)),
        ("7, = 8", (Range(D(7), D(7), True, True), Range(D(8), D(8), True, True))),
        ("-", None), ("not(< 5)", None), ("< x", None), ("[1..x]", None), ('"a"', None), ("[1, 2]", None), ("!= 5", None),
    ],
)  # fmt: skip
def test_intervals_are_what_gaps_are_looked_for_in(text: str, ranges: tuple[Range, ...] | None) -> None:
    assert compile_unary_tests(text).interval() == ranges


@pytest.mark.parametrize(
    ("text", "message"),
    {
        "": "line 1, column 1: the expression is empty",
        "< ": "line 1, column 2: found the end of the expression",
        "not(< )": "line 1, column 6: found the end of the expression",
        "not(1, 2": "line 1, column 9: found the end",
        "1,": "line 1, column 3: found the end of the expression",
        "-, 5": "line 1, column 2: found ,",
        'not("a"), !': "line 1, column 11: found !",
        "frobnicate(?)": "line 1, column 1: there is no function called frobnicate",
    }.items(),
)
def test_a_wrong_cell_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_unary_tests(text)
    assert caught.value.message.startswith(message)


def test_names_are_what_the_cell_takes_from_the_scope() -> None:
    cell = compile_unary_tests("? > limit, [a..b], item")
    assert cell.names == {"limit", "a", "b", "item"}
    assert compile_unary_tests("? > limit, [a..b], item") is cell
    assert compile_unary_tests("-").names == set()


def test_own_types_may_stand_in_a_cell() -> None:
    positive = Type("number", allows=lambda value: value > 0)
    cell = compile_unary_tests("? instance of tPositive", types={"tPositive": positive})
    assert [cell.matches(value) for value in (1, -1, "a")] == [True, False, False]


def test_what_is_not_text_is_refused_and_a_costly_cell_runs_out_of_budget() -> None:
    with pytest.raises(InvalidInput, match="found a int, expected the text of unary tests"):
        compile_unary_tests(5)  # type: ignore[arg-type]
    with pytest.raises(BudgetExceeded):
        compile_unary_tests("some i in 1..9999999 satisfies i < ?").matches(0)


@given(
    st.integers(-20, 20),
    st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 9), st.booleans(), st.booleans()), min_size=1, max_size=4),
)
def test_a_cell_and_its_negation_are_opposite_and_the_intervals_say_the_same(
    value: int, spans: list[tuple[int, int, bool, bool]]
) -> None:
    text = ", ".join(
        f"{'[' if low else '('}{start}..{start + width}{']' if high else ')'}" for start, width, low, high in spans
    )
    cell, opposite = compile_unary_tests(text), compile_unary_tests(f"not({text})")
    expected = any((start < value or (low and start == value)) and (value < start + width or (high and value == start + width))
                   for start, width, low, high in spans)  # fmt: skip
    assert cell.matches(value) is expected
    assert opposite.matches(value) is not expected
    assert len(cell.interval() or ()) == len(spans)
