"""Texts and values made to hurt end in a clear error, soon."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.decisions.feel import BudgetExceeded, FeelSyntaxError, NotStorable, compile_feel, scope, value_to_json

REFUSED = {
    "too long": ("1" * 20_001, "more than the 20000 that are read"),
    "many brackets": ("(" * 5000 + "1" + ")" * 5000, "brackets are nested deeper than 100"),
    "many lists": ("[" * 101 + "]" * 101, "brackets are nested deeper than 100"),
    "many signs": ("-" * 15_000 + "x", "nested deeper than 100"),
    "many ifs": ("if a then b else " * 1000 + "c", "nested deeper than 100"),
    "many indexes": ("x" + "[1]" * 5000, "nested deeper than 100"),
    "many calls": ("f" + "(1)" * 5000, "nested deeper than 100"),
    "many types": ("x instance of " + "list<" * 200 + "number" + ">" * 200, "brackets are nested deeper than 100"),
    "many variables": ("for " + ",".join(f"v{i} in x" for i in range(1500)) + " return 1", "more than 100 variables"),
    "a huge exponent": ("1e999999999999999999", "too large"),
    "open comments": ("/* /" * 4000, "no end"),
    "open texts": ('"\\' * 9999, "no closing"),
    "spaces without end": ("{a" + " " * 15_000 + "b}", "expected"),
    "words without end": ("for " + "a " * 9000, "expected"),
}
COSTLY = {
    "long loop": "for i in 1..100000000 return i",
    "huge loop": "count(for i in 1..1e6000 return 1)",
    "loops in loops": "for a in 1..10000, b in 1..10000, c in 1..10000 return a",
    "loops beside loops": "[" + ",".join(["(some i in 1..9999999 satisfies i < 0)"] * 50) + "]",
    "a text that doubles": "{a0: s, " + ", ".join(f"a{i}: a{i - 1} + a{i - 1}" for i in range(1, 60)) + "}",
    "a list that doubles": "{a0: [1, 1], "
    + ", ".join(f"a{i}: concatenate(a{i - 1}, a{i - 1})" for i in range(1, 60))
    + "}",
    "a tree of one leaf": "{a0: [1], " + ", ".join(f"a{i}: [a{i - 1}, a{i - 1}]" for i in range(1, 60)) + "}",
    "two trees compared": "{a0: [1], b0: [1], "
    + ", ".join(f"a{i}: [a{i - 1}, a{i - 1}], b{i}: [b{i - 1}, b{i - 1}]" for i in range(1, 60))
    + ", c: a59 = b59}.c",
    "a tree as text": "string({a0: [1], " + ", ".join(f"a{i}: [a{i - 1}, a{i - 1}]" for i in range(1, 60)) + "})",
    "a tree searched": "{a0: [{x: 1}], "
    + ", ".join(f"a{i}: [a{i - 1}, a{i - 1}]" for i in range(1, 60))
    + ", c: a59.x}.c",
    "long texts again and again": "for i in 1..100000 return upper case(long)",
    "long numbers again and again": "for i in 1..1000000 return string(1e6000)",
    "sums again and again": "for i in 1..100000 return sum(numbers)",
    "lists in lists": "string(" + "[" * 90 + "deep" + "]" * 90 + ")",
}


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


SCOPE = {"s": "xxxxxxxx", "long": "x" * 1_000_000, "numbers": list(range(50_000)), "deep": nested(90)}


@pytest.fixture
def soon() -> Iterator[None]:
    """Generous, as other work shares the machine; without a budget these would take minutes to ages."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 8


def on_a_deep_stack(work: Callable[[], Any], frames: int = 400) -> Any:
    """As a caller would that stands deep in a web framework already."""
    return work() if frames == 0 else on_a_deep_stack(work, frames - 1)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_text_is_a_syntax_error(case: str) -> None:
    text, message = REFUSED[case]
    with pytest.raises(FeelSyntaxError, match=message) as caught:
        on_a_deep_stack(lambda: compile_feel(text))
    assert len(caught.value.message) < 300


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("case", COSTLY)
def test_a_costly_expression_runs_out_of_its_budget(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "BUDGET", scope.BUDGET // 20)
    expression = compile_feel(COSTLY[case])
    with pytest.raises(BudgetExceeded):
        on_a_deep_stack(lambda: expression.json(SCOPE))


def test_a_turn_of_a_loop_costs_what_its_body_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "BUDGET", 20_000)
    for loop in ("for i in 1..1000 return {}", "every i in 1..1000 satisfies {} > 0", "xs[{} > 0]"):
        small, large = (compile_feel(loop.format(body)) for body in ("7", "+".join(["7"] * 50)))
        small.evaluate({"xs": [1] * 1000})
        with pytest.raises(BudgetExceeded):
            large.evaluate({"xs": [1] * 1000})


@pytest.mark.usefixtures("soon")
def test_the_whole_budget_is_spent_soon() -> None:
    with pytest.raises(BudgetExceeded, match="more than the 2000000 operations"):
        compile_feel(COSTLY["loops beside loops"]).evaluate({})


@pytest.mark.usefixtures("soon")
def test_what_is_just_allowed_neither_overflows_the_stack_nor_takes_long() -> None:
    deepest = [
        "(" * 99 + "x" + ")" * 99,
        "[" * 99 + "x" + "]" * 99,
        "-" * 98 + "(x)",
        "if a then b else " * 98 + "c",
        "not(" * 98 + "x" + ")" * 98,
        "x" + "[item > 1]" * 90,
        "for a in x return " * 95 + "a",
        "for " + ",".join(f"v{i} in x" for i in range(100)) + " return 1",
        "+".join(["1"] * 10_000),
        " and ".join(["a"] * 3000),
        "a" + ".b" * 9000,
        "[" + ",".join("1" * 9000) + "]",
        "x in (" + ",".join("1" * 9000) + ")",
    ]
    for text in deepest:
        on_a_deep_stack(lambda text=text: compile_feel(text).evaluate({"x": [1]}))
    assert sys.getrecursionlimit() == 1000


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "text", ["deep = other", "deep", "[deep]", "string(deep)", "deep.a", "deep in [other]", "{a: deep} = {a: other}"]
)
def test_a_value_nested_too_deep_is_a_clear_error(text: str) -> None:
    with pytest.raises(BudgetExceeded, match="nested deeper than 100"):
        compile_feel(text).json({"deep": nested(900), "other": nested(900)})


@pytest.mark.parametrize("text", ["9**9**9**9", "1e6000 * 1e100", "9**(9**(9**9))", "x ** x", "2 ** 1e6000"])
def test_huge_powers_are_quick(text: str) -> None:
    began = time.monotonic()
    compile_feel(text).evaluate({"x": 10**300})
    assert time.monotonic() - began < 1


def test_a_number_beyond_a_float_cannot_be_stored() -> None:
    assert compile_feel("1e300 * 10").json({}) == 1e301
    with pytest.raises(NotStorable, match=r"too large to be stored; keep it as text"):
        compile_feel("1e400").json({})
    assert compile_feel("string(1e400)").json({}) == "1" + "0" * 400


def test_a_wide_value_is_stored_within_the_budget() -> None:
    assert value_to_json([{"a": 1.5}] * 100_000)[-1] == {"a": 1.5}
