"""Three-valued logic."""

import operator
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.feel import compile_feel

WRITTEN = {"true": True, "false": False, "null": None, "1": None, '"true"': None}
OPERAND = st.sampled_from(sorted(WRITTEN))


def kleene_and(left: bool | None, right: bool | None) -> bool | None:
    """The least of the two, where null lies between false and true."""
    return min(left, right, key=[False, None, True].index)


def kleene_or(left: bool | None, right: bool | None) -> bool | None:
    return max(left, right, key=[False, None, True].index)


@pytest.mark.parametrize("left", WRITTEN)
@pytest.mark.parametrize("right", WRITTEN)
def test_and_and_or_follow_the_truth_tables(left: str, right: str) -> None:
    assert compile_feel(f"{left} and {right}").evaluate({}) is kleene_and(WRITTEN[left], WRITTEN[right])
    assert compile_feel(f"{left} or {right}").evaluate({}) is kleene_or(WRITTEN[left], WRITTEN[right])


@given(st.lists(OPERAND, min_size=2, max_size=6))
def test_a_chain_of_operands_is_folded_and_some_and_every_are_the_same_chain(operands: list[str]) -> None:
    values = [WRITTEN[operand] for operand in operands]
    listed = ", ".join(operands)
    assert compile_feel(" and ".join(operands)).evaluate({}) is reduce(kleene_and, values)
    assert compile_feel(" or ".join(operands)).evaluate({}) is reduce(kleene_or, values)
    assert compile_feel(f"every x in [{listed}] satisfies x").evaluate({}) is reduce(kleene_and, values)
    assert compile_feel(f"some x in [{listed}] satisfies x").evaluate({}) is reduce(kleene_or, values)


@given(OPERAND, OPERAND, OPERAND)
def test_and_binds_tighter_than_or(a: str, b: str, c: str) -> None:
    expected = kleene_or(WRITTEN[a], kleene_and(WRITTEN[b], WRITTEN[c]))
    assert compile_feel(f"{a} or {b} and {c}").evaluate({}) is expected


@given(OPERAND, OPERAND)
def test_not_obeys_de_morgan(a: str, b: str) -> None:
    assert compile_feel(f"not({a} and {b}) ").evaluate({}) is compile_feel(f"not({a}) or not({b})").evaluate({})


@given(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]))
def test_numbers_compare_as_numbers(a: int, b: int, sign: str) -> None:
    python = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "=": operator.eq,
        "!=": operator.ne,
    }
    expected = python[sign](a, b)
    assert compile_feel(f"a {sign} b").evaluate({"a": a, "b": b}) is expected
    assert compile_feel(f"a {sign} {b}").evaluate({"a": a}) is expected
    assert compile_feel(f"{a} {sign} b").evaluate({"b": float(b)}) is expected
