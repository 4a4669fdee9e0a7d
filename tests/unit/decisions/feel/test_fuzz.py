"""Whatever the text and the values are: an expression, or an error that says where."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.decisions.feel import (
    BudgetExceeded,
    Expression,
    FeelSyntaxError,
    NotStorable,
    compile_feel,
    compile_unary_tests,
)

PIECES = st.sampled_from(
    """1 2.5 "t" @"PT1H" @"2026-05-01" true false null a b item ? ( ) [ ] { } , : . .. + - * / ** = != < <= > >= -> and or if
    then else for in return some every satisfies between instance of function external number list<number> context<a:string>
    not( count( date( string( min( sort( matches( before( range( context( a: partial 'x' == # // /* */""".split()
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "item"]), inner, max_size=3),
    max_leaves=6,
)


def compiled(text: str) -> Expression | FeelSyntaxError:
    try:
        return compile_feel(text)
    except FeelSyntaxError as error:
        with suppress(FeelSyntaxError):
            compile_feel(text, lenient=True)
        return error


def try_out(text: str, scope: dict[str, Any]) -> None:
    found = compiled(text)
    if isinstance(found, FeelSyntaxError):
        assert 1 <= found.line <= text.count("\n") + 1
        assert 1 <= found.column <= len(text) + 1
        return
    found.evaluate(scope)
    with suppress(NotStorable):
        found.json(scope)


@settings(max_examples=400)
@given(st.lists(PIECES, min_size=1, max_size=12), st.fixed_dictionaries({"a": JSON, "b": JSON}))
def test_pieces_of_the_language_in_any_order_do_not_break_it(pieces: list[str], scope: dict[str, Any]) -> None:
    try_out(" ".join(pieces), scope)


@settings(max_examples=300)
@given(st.text(max_size=30), JSON)
@example("]1..2[", None)
@example("a[]", [])
@example("\ud800", None)
def test_any_text_does_not_break_it(text: str, a: Any) -> None:
    try_out(text, {"a": a})


OPERATORS = st.sampled_from(["+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or", "in"])
TAKE_TWO = [
    "list contains",
    "append",
    "union",
    "before",
    "includes",
    "is",
    "get value",
    "index of",
    "remove",
    "decimal",
]
TYPES = ["list<number>", "context<a: string>", "function<Any>->Any", "range<number>", "Null"]
TEXTS = st.recursive(
    st.sampled_from(
        ["1", "0.5", "-3", '"t"', "true", "null", "a", "b", "a.b", '@"PT1H"', '@"P1M"', '@"2026-05-01"', "[1..3]"]
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, OPERATORS, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{a: {}, b: {}}}".format, inner, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
        st.builds("(for b in {} return {})".format, inner, inner),
        st.builds("(some item in {} satisfies {})".format, inner, inner),
        st.builds("sum({}, {})".format, inner, inner),
        st.builds("(for b in {} return [partial, {}])".format, inner, inner),
        st.builds("(function(a, b) {})({}, {})".format, inner, inner, inner),
        st.builds("{{f: function(a: list<number>) {}, r: f({})}}.r".format, inner, inner),
        st.builds("sort({}, function(a, b) {})".format, inner, inner),
        st.builds("{}({}, {})".format, st.sampled_from(TAKE_TWO), inner, inner),
        st.builds("({} instance of {})".format, inner, st.sampled_from(TYPES)),
        st.builds("({} between {} and {})".format, inner, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@given(TEXTS, st.fixed_dictionaries({"a": JSON, "b": JSON}))
def test_every_well_formed_expression_has_a_value_and_the_same_one_again(text: str, scope: dict[str, Any]) -> None:
    expression = compile_feel(text)
    try:
        assert expression.evaluate(scope) == expression.evaluate(scope)
    except BudgetExceeded:
        assert "for" in text or "some" in text or "sort" in text
    assert not any(isinstance(found, int) and not isinstance(found, bool) for found in leaves(expression, scope))


@settings(max_examples=300)
@given(st.lists(st.one_of(PIECES, TEXTS), min_size=1, max_size=6), JSON)
def test_any_cell_is_an_answer_or_an_error(pieces: list[str], value: Any) -> None:
    text = " ".join(pieces)
    with suppress(FeelSyntaxError, BudgetExceeded):
        cell = compile_unary_tests(text, lenient=True)
        assert cell.constants() is None or all(cell.matches(one) for one in cell.constants() or ())
        assert cell.matches(value, {"a": value}) in {True, False, None}


def leaves(expression: Any, scope: dict[str, Any]) -> list[Any]:
    """What the value holds, all the way down: every number in it must be a Decimal by now."""
    waiting, found = [expression.evaluate(scope)], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        else:
            found.append(one)
    assert all(not isinstance(one, float) and (not isinstance(one, Decimal) or one.is_finite()) for one in found)
    return found
