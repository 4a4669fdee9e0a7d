"""Names with spaces and signs."""

from decimal import Decimal as D
from typing import Any

import pytest

from app.decisions.feel import FeelSyntaxError, compile_feel

SCOPE: dict[str, Any] = {
    "order id": "o-7",
    "a-b": 5,
    "a": 3,
    "b": 1,
    "order": {"line count": 2},
    "date": True,
    "time": False,
}
KNOWN = frozenset({"order id", "a-b", "line count"})
CASES = {
    "order id": "o-7",
    "order   \n id": "o-7",
    'order id + "!"': "o-7!",
    "a-b": D(5),
    "a - b": D(5),
    "(a)-b": D(2),
    "order.line count": D(2),
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_a_known_name_is_found_whatever_its_spacing(text: str, expected: Any) -> None:
    assert compile_feel(text, KNOWN).evaluate(SCOPE) == expected


def test_the_longest_known_name_wins() -> None:
    scope = {"line speed": 1, "line speed limit": 2}
    assert compile_feel("line speed limit + line speed", frozenset(scope)).evaluate(scope) == 3


def test_without_being_known_the_same_words_are_what_they_look_like() -> None:
    assert compile_feel("a-b").evaluate(SCOPE) == 2
    with pytest.raises(FeelSyntaxError, match="line 1, column 7: found id, expected an operator or the end"):
        compile_feel("order id")
    with pytest.raises(FeelSyntaxError, match="found ids"):
        compile_feel("order ids", KNOWN)


def test_a_built_in_name_is_one_name_only_where_it_is_called() -> None:
    assert compile_feel("date and time").evaluate(SCOPE) is False
    assert compile_feel("date and time").names == {"date", "time"}
    assert compile_feel('date and time ( "2026-05-01T00:00:00Z" ).year').evaluate(SCOPE) == 2026


def test_keys_and_variables_with_spaces_are_names_from_where_they_are_declared() -> None:
    assert compile_feel("{first part: 2, a+b: 3, sum: first part + a+b}.sum").evaluate({}) == 5
    assert compile_feel("for next one in [1, 2] return next one * 2").evaluate({}) == [2, 4]
    assert compile_feel("some one more in [1] satisfies one more = 1").evaluate({}) is True


def test_words_of_the_language_are_names_behind_a_dot_and_before_a_colon() -> None:
    assert compile_feel("{in: {for: 1, and: 2}}.in.and").evaluate({}) == 2


def test_names_may_use_other_alphabets() -> None:
    assert compile_feel("größe * длина").evaluate({"größe": 2, "длина": 3}) == 6
