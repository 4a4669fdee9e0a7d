"""What is wrong with a text is said with line and column, in an author's words."""

import logging

import lark
import pytest

from app.core.errors import InvalidInput
from app.decisions.feel import FeelSyntaxError, compile_feel
from app.decisions.feel.grammar import GRAMMAR

ERRORS = {
    "": "line 1, column 1: the expression is empty",
    "  \n ": "line 1, column 1: the expression is empty",
    "1 +": 'line 1, column 4: found the end of the expression, expected a value, a name or "("',
    "1 +\n  * 2": 'line 2, column 3: found *, expected a value, a name or "("',
    "a b": "line 1, column 3: found b, expected an operator or the end",
    "(1": 'line 1, column 3: found the end of the expression, expected an operator or ")" or ".."',
    "[1, 2": 'line 1, column 6: found the end of the expression, expected an operator or "]" or ","',
    "1)": "line 1, column 2: found ), expected an operator or the end",
    "if a then b": 'line 1, column 12: found the end of the expression, expected an operator or "else"',
    "if a b": 'line 1, column 6: found b, expected an operator or "then"',
    "for x return x": 'line 1, column 7: found return, expected "in"',
    "for 1 in [1] return x": "line 1, column 5: found 1, expected a name",
    "some x in [1]": 'line 1, column 14: found the end of the expression, expected an operator or "," or ".." or "satisfies"',
    "a.1": "line 1, column 2: found .1, expected an operator or the end",
    "a.": "line 1, column 3: found the end of the expression, expected a name",
    "{a 1}": 'line 1, column 4: found 1, expected ":"',
    "x instance of": "line 1, column 14: found the end of the expression, expected a type name",
    "x == 1": "line 1, column 3: found ==; equality is written with one =",
    "a && b": "line 1, column 3: found &&; write and",
    "a || b": "line 1, column 3: found ||; write or",
    "!a": "line 1, column 1: found !; write not(...)",
    "'a'": "line 1, column 1: found '; text stands in double quotes",
    "10 % 3": "line 1, column 4: found %; write modulo(a, b)",
    "a ? b : c": "line 1, column 3: found ?, expected an operator or the end",
    "a # b": "line 1, column 3: found '#', which means nothing here",
    '1 + "abc': 'line 1, column 5: the text that starts here has no closing "',
    '"\\uD83D"': "line 1, column 1: the text has half a character",
    '"\\UFFFFFF"': "line 1, column 1: there is no character with the number",
    "1 /* open": "line 1, column 3: this comment has no end */",
    "5days": "line 1, column 2: found a letter right after the number 5",
    "x in (1, 2": 'line 1, column 11: found the end of the expression, expected an operator or ")" or ","',
}
NEVER = {
    "1 + contians(a, b)": "line 1, column 5: there is no function called contians; did you mean contains",
    "frobnicate(1)": "line 1, column 1: there is no function called frobnicate",
    "contains(a)": "line 1, column 1: found one argument, expected contains(string, match)",
    "now(1)": "line 1, column 1: found one argument, expected now()",
    "date(1, 2)": "line 1, column 1: found 2 arguments, expected date(from) or date(year, month, day)",
    "string()": "line 1, column 1: found no arguments, expected string(from)",
    "contains(text: a, match: b)": "line 1, column 1: found arguments named text, match, expected contains(string, match)",
    "substring(start position: 1)": "line 1, column 1: found arguments named start position, expected substring(string, start",
    "1e999999": "line 1, column 1: the number 1e999999 is too large",
    '@"tomorrow"': 'line 1, column 1: found @"tomorrow", expected a date, time, date and time or duration',
    "{a: 1, b: 2, a: 3}": "line 1, column 14: the key 'a' stands twice in this context",
    "x instance of list<number, string>": "line 1, column 15: list takes one type, such as list<number>",
    "x instance of context<number>": "line 1, column 15: the entries of a context type have names",
    "x instance of tOrder": "line 1, column 15: there is no type called tOrder",
    "x instance of list<tOrder>": "line 1, column 20: there is no type called tOrder",
    "x instance of function<number>": "line 1, column 15: a function type has types and what it gives",
    "x instance of list<number>->number": "line 1, column 15: list gives nothing; only function has ->",
    "(!= 5)": "line 1, column 2: a test with != stands only on the right of in",
    'function(x) external {java: {class: "a"}}': "line 1, column 1: external functions are not run",
    "function(x, x) x": "line 1, column 1: two parameters of this function have one name",
    "function(x: tOrder) x": "line 1, column 13: there is no type called tOrder",
}
"""Well formed, but without a meaning. The standard has null for it, which is what `lenient` gives."""


@pytest.mark.parametrize(("text", "message"), (ERRORS | NEVER).items())
def test_a_wrong_text_is_refused_with_its_place_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        compile_feel(text)
    assert caught.value.message.startswith(message)
    assert f"line {caught.value.line}, column {caught.value.column}: " in message


@pytest.mark.parametrize("text", NEVER)
def test_what_can_never_work_is_null_where_the_standards_leniency_is_wanted(text: str) -> None:
    assert compile_feel(text, lenient=True).evaluate({"x": 1}) is None


def test_a_syntax_error_is_an_invalid_input_with_its_place_as_facts() -> None:
    with pytest.raises(InvalidInput) as caught:
        compile_feel("1 +\n+")
    assert caught.value.code == "FeelSyntaxError"
    assert caught.value.facts == {"line": 2, "column": 1}


def test_what_is_not_text_is_an_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="found a int, expected the text of an expression"):
        compile_feel(5)  # type: ignore[arg-type]


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """lark settles a conflict silently, by shifting, unless it is asked to tell."""

    def conflicts(grammar: str) -> list[str]:
        caplog.clear()
        lark.Lark(grammar, parser="lalr", start=["expression", "unary_tests"], debug=True)
        return [record.message for record in caplog.records if "conflict" in record.message.lower()]

    monkeypatch.setattr(lark.logger, "propagate", True)
    with caplog.at_level(logging.DEBUG, logger=lark.logger.name):
        assert conflicts(GRAMMAR) == []
        assert conflicts(GRAMMAR + "%extend expression: IF expression _THEN expression") != []
