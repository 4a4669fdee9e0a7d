"""Parses a text, and says in an author's words what is wrong with it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from lark import Lark, Token, UnexpectedToken

from app.decisions.feel import tree
from app.decisions.feel.builder import Builder
from app.decisions.feel.errors import FeelSyntaxError, Place, place_of
from app.decisions.feel.grammar import GRAMMAR
from app.decisions.feel.lexer import Lexer
from app.decisions.feel.names import KnownNames

EXPRESSION, UNARY_TESTS = "expression", "unary_tests"
LONGEST_TEXT = 20_000
LONGEST_SHOWN = 40

_WORDS = {
    "COMPARE": "a comparison", "_TYPE_OPEN": '"<"', "_TYPE_CLOSE": '">"', "TYPE": "a type name", "RPAR": '")"',
    "RSQB": '"]"', "_RBRACE": '"}"', "_COMMA": '","', "_COLON": '":"', "_DOTS": '".."', "_ARROW": '"->"', "LPAR": '"("',
}  # fmt: skip
_OPERATORS = {"PLUS", "MINUS", "STAR", "SLASH", "_POWER", "_DOT", "LSQB", "COMPARE", "_AND", "_OR", "_IN", "_BETWEEN",
              "_INSTANCE", "CLOSE_REVERSED"}  # fmt: skip

_SAID = {"NAME", "STRING", "$END"}
"""Said in other words."""

_lock = threading.Lock()
_parsers: list[Lark] = []


def _parser() -> Lark:
    """Made once in a process, when first needed (it takes 50 ms). Parsing shares nothing that changes."""
    with _lock:
        if not _parsers:
            _parsers.append(Lark(GRAMMAR, parser="lalr", start=["expression", "unary_tests"], transformer=Builder()))
        return _parsers[0]


def parse(text: str, functions: KnownNames, known: Iterable[str] = (), start: str = EXPRESSION) -> tree.Node:
    """The tree of a text. `known` are names of the scope that are not one plain word. Raises FeelSyntaxError."""
    if len(text) > LONGEST_TEXT:
        problem = f"the expression has {len(text)} characters, more than the {LONGEST_TEXT} that are read"
        raise FeelSyntaxError(problem, Place(1, 1))
    if not text.strip():
        raise FeelSyntaxError("the expression is empty", Place(1, 1))
    run = _parser().parse_interactive(start=start)
    accepted: list[Token] = []
    for token in _with_end(text, Lexer(text, functions, KnownNames(known)).tokens()):
        try:
            result = run.feed_token(token)
        except UnexpectedToken as error:
            problem = f"found {_found(token)}, expected {_expected(_possible_after(accepted, start))}"
            raise FeelSyntaxError(problem, Place(token.line or 1, token.column or 1)) from error
        accepted.append(token)
    return result  # type: ignore[no-any-return]  # lark does not know what the builder makes


def _with_end(text: str, tokens: Iterator[Token]) -> Iterator[Token]:
    yield from tokens
    end = place_of(text, len(text.rstrip()))
    yield Token("$END", "", len(text), end.line, end.column)


def _possible_after(tokens: list[Token], start: str) -> set[str]:
    """Parsed anew, as the parser has already gone on from there when it finds that a token does not fit."""
    run = _parser().parse_interactive(start=start)
    for token in tokens:
        run.feed_token(token)
    return set(run.accepts())  # type: ignore[no-untyped-call]  # lark leaves it untyped


def _found(token: Token) -> str:
    if token.type == "$END":
        return "the end of the expression"
    written = str(token.value)
    return written if len(written) <= LONGEST_SHOWN else written[:LONGEST_SHOWN] + "..."


def _expected(kinds: set[str]) -> str:
    words = []
    if "NUMBER" in kinds:
        words.append('a value, a name or "("')
    elif "NAME" in kinds:
        words.append("a name")
    if not words and "_OR" in kinds:
        words.append("an operator")
        kinds = kinds - _OPERATORS - {"LPAR"}
    if "NUMBER" not in kinds:
        words += [_WORDS.get(kind, f'"{kind.strip("_").lower()}"') for kind in sorted(kinds - _SAID)]
    if "$END" in kinds:
        words.append("the end")
    return " or ".join(words)
