"""Functions as values: defined in a text, built in, or lent by the host."""

from collections.abc import Mapping
from decimal import Decimal as D
from typing import Any

import pytest

from app.decisions.feel import (
    BudgetExceeded,
    Declared,
    Evaluation,
    FeelSyntaxError,
    NotStorable,
    Parameter,
    Type,
    compile_feel,
    evaluate,
)
from tests.unit.decisions.feel.reading import shape, value

NUMBER = Type("number")
CASES: dict[str, Any] = {
    "(function(x) x + 1)(2)": D(3),
    "(function() 5)()": D(5),
    "(function(a, b) a - b)(b: 1, a: 5)": D(4),
    "(function(a, b) a - b)(b: 1)": None,
    "(function(a) a)(b: 1)": None,
    "(function(a) a)()": None,
    "(function(a) a)(1, 2)": None,
    "{f: function(a, b) a * b, r: f(2, 3)}.r": D(6),
    "{f: function(n) if n <= 1 then 1 else n * f(n - 1), r: f(20)}.r": D(2432902008176640000),
    "{y: 5, f: function(x) x + y, g: function(y) f(y), r: g(1)}.r": D(6),
    "{make: function(a) function(b) a + b, r: make(1)(2)}.r": D(3),
    "{f: {g: function(x) x * 2}, r: f.g(4)}.r": D(8),
    "for f in [function(x) x + 1, function(x) x * 10] return f(5)": [D(6), D(50)],
    "(function(f: function<number>->Any, x: number) f(x))(function(a: number) a + 1, 2)": D(3),
    "(function(f: function<number>->Any) 1)(function(a: string) a)": None,
    "(function(a: number) a)(1)": D(1),
    '(function(a: number) a)("1")': None,
    "(function(a: number) 7)(null)": D(7),
    "(function(a: number) a)([1])": D(1),
    "(function(a: number) a)([1, 2])": None,
    "(function(a: list<number>) a)(1)": [D(1)],
    '(function(a: list<number>) a)("1")': None,
    '(function(a: date and time) a.hour)(@"2026-05-01")': D(0),
    "(function(a b: number) a b + 1)(2)": D(3),
    "(function(a b) a b + 1)(a b: 2)": D(3),
    "(5)(1)": None,
    "order.id(1)": None,
    "(function(a) a) = (function(a) a)": None,
    "string(function(a, b) a)": "function(a, b)",
    "[1, 2, 3][(function(x) x > 1)(item)]": [D(2), D(3)],
}
KINDS = {
    "(function(a, b) 1) instance of function<Any, Any>->Any": True,
    "(function(a, b) 1) instance of function<number, string>->number": True,
    "(function(a) 1) instance of function<number, string>->number": False,
    "(function(a: number) a) instance of function<string>->Any": False,
    "(function(a: Any) a) instance of function<string>->Any": True,
    '(function() "a") instance of function<>->string': True,
    '(function() "a") instance of function<>->number': False,
    "(function() a) instance of function<>->number": False,
    "(function() null) instance of function<>->number": True,
    "(function() 1) instance of function": True,
    "(function() 1) instance of Any": True,
    "(function() 1) instance of number": False,
    "1 instance of function": False,
    "(function(a: list<number>) 1) instance of function<list<number>>->Any": True,
    "(function(a: list<number>) 1) instance of function<list<string>>->Any": False,
    "(function(a: context<x: number>) 1) instance of function<context<x: number, y: string>>->Any": True,
    "(function(a: context<x: number>) 1) instance of function<context<y: string>>->Any": False,
}


@pytest.mark.parametrize(("text", "expected"), (CASES | KINDS).items())
def test_a_function_is_a_value_and_can_be_called(text: str, expected: Any) -> None:
    assert shape(value(text)) == shape(expected)


class Discount(Declared):
    """As business knowledge of DMN lends itself."""

    parameters = (Parameter("price", NUMBER), Parameter("the rate", NUMBER))
    result = NUMBER

    def call(self, evaluation: Evaluation, arguments: Mapping[str, Any]) -> Any:
        return compile_feel("price * (1 - the rate)", frozenset({"the rate"})).evaluate(
            arguments, evaluation=evaluation
        )


def test_a_host_lends_its_own_functions() -> None:
    scope = {"my discount": Discount(), "now": Discount(), "order": {"price": 10}}
    assert evaluate("my discount(order.price, 0.5)", scope) == 5
    assert evaluate("my discount(the rate: 0.5, price: 4)", scope) == 2
    assert evaluate('my discount("a", 0.5)', scope) is None
    assert evaluate("now(2, 0.5)", scope) == 1
    assert evaluate("my discount instance of function<number, number>->number", scope) is True
    assert evaluate("(for i in 1..3 return my discount(i, 0))[3]", scope) == 3


def test_a_name_that_the_scope_may_hold_is_called_only_if_it_is_known() -> None:
    with pytest.raises(FeelSyntaxError, match="there is no function called discount"):
        compile_feel("discount(1, 0)")
    assert compile_feel("discount(1, 0)", frozenset({"discount"})).evaluate({"discount": Discount()}) == 1
    assert compile_feel("discount(1, 0)", frozenset({"discount"})).names == {"discount"}
    assert compile_feel("discount(1, 0)", lenient=True).evaluate({}) is None


def test_built_in_functions_are_values_where_the_standard_is_followed_to_the_letter() -> None:
    assert evaluate("(function(f) f(-1))(abs)") == 1
    assert evaluate('{f: contains, r: f(match: "a", string: "ba")}.r') is True
    assert evaluate("{f: abs, r: f(1, 2)}.r") is None
    assert evaluate("abs", {"abs": 5}) == 5
    assert compile_feel("date").evaluate({}) is None


def test_what_functions_cost_is_paid_for() -> None:
    with pytest.raises(BudgetExceeded, match="too deep"):
        value("{f: function(n) f(n + 1), r: f(1)}.r")
    with pytest.raises(BudgetExceeded, match="operations"):
        value("{f: function(n) if n = 0 then 0 else f(n - 1) + f(n - 1), r: f(40)}.r")
    with pytest.raises(NotStorable, match="A function cannot be stored"):
        compile_feel("[function(a) a]").json({})


def test_the_names_of_a_function_are_not_those_of_its_parameters() -> None:
    assert compile_feel("{f: function(a) a + f(a) + b, r: f(c)}").names == {"b", "c"}
