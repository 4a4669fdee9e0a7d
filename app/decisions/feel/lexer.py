"""Text to tokens. Decides by what stands before and around, which a grammar of one token ahead cannot.

Hand-made, because the kind of a word depends on its surroundings: after a dot every word is a name, before a colon it
is a key, after `instance of` a type, and a known name may hold spaces. The brackets of open ranges (`]1..5[`) likewise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token

from app.decisions.feel.errors import FeelSyntaxError, Place, place_of
from app.decisions.feel.names import BEFORE_COLON, BEFORE_END, BEFORE_IN, NAME_PART, SPACE, WORD, KnownNames, tidy

DEEPEST_NESTING = 100

KEYWORDS = {
    "if": "IF", "then": "_THEN", "else": "_ELSE", "for": "FOR", "in": "_IN", "return": "_RETURN", "some": "SOME",
    "every": "EVERY", "satisfies": "_SATISFIES", "between": "_BETWEEN", "and": "_AND", "or": "_OR",
    "instance": "_INSTANCE", "null": "NULL", "true": "TRUE", "false": "FALSE",
}  # fmt: skip
SIGNS = {
    "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "_RBRACE", ",": "_COMMA", ":": "_COLON",
    ".": "_DOT", "..": "_DOTS", "+": "PLUS", "-": "MINUS", "*": "STAR", "/": "SLASH", "**": "_POWER", "->": "_ARROW",
    "=": "COMPARE", "!=": "COMPARE", "<": "COMPARE", "<=": "COMPARE", ">": "COMPARE", ">=": "COMPARE",
}  # fmt: skip
OPERAND_ENDS = {"NUMBER", "STRING", "AT_STRING", "TRUE", "FALSE", "NULL", "NAME", "TYPE", "RPAR", "RSQB", "_RBRACE",
                "CLOSE_REVERSED", "_TYPE_CLOSE"}  # fmt: skip
TYPES_WITH_ARGUMENTS = {"list", "range", "context", "function"}
AFTER_A_DOT = KnownNames(["time offset", "start included", "end included"])

_SKIPPED = re.compile(rf"(?:[{SPACE}]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SIGN = re.compile(r"\*\*|\.\.|->|<=|>=|!=|[-+*/=<>()\[\]{},:.]")
_TYPE = re.compile(
    rf"(?:date[{SPACE}]+and[{SPACE}]+time|days[{SPACE}]+and[{SPACE}]+time[{SPACE}]+duration"
    rf"|years[{SPACE}]+and[{SPACE}]+months[{SPACE}]+duration)(?![{NAME_PART}])|{WORD.pattern}(?:\.{WORD.pattern})*"
)
# What follows `[` when it ends a range such as `[1..5[`: nothing that could start a condition.
_AFTER_A_RANGE = re.compile(
    rf"[{SPACE}]*(?:$|[)\],}}=!*/<>]|(?:and|or|then|else|return|satisfies|between|instance|in)(?![{NAME_PART}]))"
)
_COLON_FOLLOWS = re.compile(rf"[{SPACE}]*:")
_OPENS_CALL = re.compile(rf"[{SPACE}]*\(")
# What people write who know other languages.
HINTS = {
    "==": "equality is written with one =", "&&": "write and", "||": "write or", "!": "write not(...), or !=",
    "'": 'text stands in double quotes: "..."', "%": "write modulo(a, b)", ";": "one expression only, no ; behind it",
    "`": "names are written without backquotes", "^": "a power is written with **", "\\": "no \\ outside of text",
    "“": 'text stands in straight double quotes: "..."', "”": 'text stands in straight double quotes: "..."',
}  # fmt: skip


@dataclass
class _Bracket:
    kind: str
    """The sign that opened it, or `function(` around parameters."""
    loops: int = 0
    """For, some and every that were begun in it and have not reached return or satisfies."""
    dots: bool = False


class Lexer:
    """The tokens of one text, once. Made anew for each text, as it learns the names that the text declares."""

    def __init__(self, text: str, functions: KnownNames, known: KnownNames) -> None:
        self._text = text
        self._functions = functions
        self._known = known
        self._at = 0
        self._brackets = [_Bracket("")]
        self._previous = ""
        self._previous_type = ""

    def tokens(self) -> Iterator[Token]:
        text = self._text
        while True:
            skipped = _SKIPPED.match(text, self._at)
            if skipped:
                self._at = skipped.end()
            if self._at >= len(text):
                return
            token = self._next()
            self._previous = token.type
            yield token

    def _next(self) -> Token:
        text, at = self._text, self._at
        if word := WORD.match(text, at):
            return self._word(word)
        if number := _NUMBER.match(text, at):
            if WORD.match(text, number.end()):
                raise self._error(number.end(), f"found a letter right after the number {number.group()[:40]}")
            return self._token("NUMBER", number.end())
        if text[at] == '"':
            return self._string("STRING", at)
        if text.startswith('@"', at):
            return self._string("AT_STRING", at + 1)
        if text.startswith("/*", at):
            raise self._error(at, "this comment has no end */")
        if text.startswith("==", at):
            raise self._error(at, f"found ==; {HINTS['==']}")
        if sign := _SIGN.match(text, at):
            return self._sign(sign)
        found = text[at : at + 2] if text[at : at + 2] in HINTS else text[at]
        hint = HINTS.get(found)
        raise self._error(at, f"found {found}; {hint}" if hint else f"found {found!r}, which means nothing here")

    # Words

    def _word(self, word: re.Match[str]) -> Token:
        text, before = self._text, self._previous
        if before == "_DOT":
            known = self._known.match(text, word) or AFTER_A_DOT.match(text, word)
            return self._token("NAME", known[1], known[0]) if known else self._token("NAME", word.end())
        if self._type_expected():
            found = _TYPE.match(text, word.start())
            assert found is not None  # nosec B101  # a word is a type name
            return self._token("TYPE", found.end(), tidy(found.group()))
        if declared := self._declared(word):
            return declared
        if known := self._known.match(text, word):
            return self._token("NAME", known[1], known[0])
        function = self._functions.match(text, word)
        if function and _OPENS_CALL.match(text, function[1]):
            return self._token("NAME", function[1], function[0])
        return self._token(self._kind_of(word), word.end())

    def _kind_of(self, word: re.Match[str]) -> str:
        written = word.group()
        if written == "of" and self._previous == "_INSTANCE":
            return "_OF"
        if written == "external" and self._previous == "RPAR":
            return "EXTERNAL"
        if written == "function" and _OPENS_CALL.match(self._text, word.end()):
            return "FUNCTION"
        kind = KEYWORDS.get(written, "NAME")
        if kind in {"FOR", "SOME", "EVERY"}:
            self._brackets[-1].loops += 1
        elif kind in {"_RETURN", "_SATISFIES"}:
            self._brackets[-1].loops -= 1
        return kind

    def _type_expected(self) -> bool:
        around = self._brackets[-1].kind
        if self._previous in {"_OF", "_ARROW"}:
            return True
        if self._previous == "_COLON":
            return around in {"<", "function("}
        starts = self._previous in {"_TYPE_OPEN", "_COMMA"} and around == "<"
        return starts and not BEFORE_COLON.match(self._text, self._at)

    def _declared(self, word: re.Match[str]) -> Token | None:
        """A name where the text itself says that one stands: a key, a parameter, the variable of a loop."""
        before, bracket = self._previous, self._brackets[-1]
        pattern = None
        if before in {"FOR", "SOME", "EVERY"} or (before == "_COMMA" and bracket.loops > 0):
            pattern = BEFORE_IN.match(self._text, word.start())
        elif before in {"LPAR", "LBRACE", "_COMMA", "_TYPE_OPEN"} and bracket.kind in {"(", "{", "<", "function("}:
            pattern = BEFORE_COLON.match(self._text, word.start())
            if pattern is None and bracket.kind == "function(":
                pattern = BEFORE_END.match(self._text, word.start())
        if pattern is None:
            return None
        name = tidy(pattern.group())
        if bracket.kind != "(":
            self._known.learn(name)
        return self._token("NAME", pattern.end(), name)

    # Text and signs

    def _string(self, kind: str, start: int) -> Token:
        found = _STRING.match(self._text, start)
        if found is None:
            raise self._error(self._at, 'the text that starts here has no closing "')
        in_context = self._previous in {"LBRACE", "_COMMA"} and self._brackets[-1].kind == "{"
        if in_context and _COLON_FOLLOWS.match(self._text, found.end()):
            self._known.learn(found.group()[1:-1])
        return self._token(kind, found.end(), found.group())

    def _sign(self, sign: re.Match[str]) -> Token:
        written, bracket = sign.group(), self._brackets[-1]
        if written == "<" and self._previous == "TYPE" and self._previous_type in TYPES_WITH_ARGUMENTS:
            self._open("<")
            return self._token("_TYPE_OPEN", sign.end())
        if written in {">", ">="} and bracket.kind == "<":
            self._brackets.pop()
            return self._token("_TYPE_CLOSE", sign.start() + 1)
        if written == "]" and self._previous not in OPERAND_ENDS | {"LSQB"}:
            self._open("]")
            return self._token("OPEN_REVERSED", sign.end())
        if written == "[" and self._ends_a_range(sign.end()):
            self._close()
            return self._token("CLOSE_REVERSED", sign.end())
        if written in {"(", "[", "{"}:
            self._open("function(" if self._previous == "FUNCTION" else written)
        elif written in {")", "]", "}"}:
            self._close()
        elif written == "..":
            bracket.dots = True
        return self._token(SIGNS[written], sign.end())

    def _ends_a_range(self, behind: int) -> bool:
        may_end = self._brackets[-1].dots and self._previous in OPERAND_ENDS
        return may_end and _AFTER_A_RANGE.match(self._text, behind) is not None

    def _open(self, kind: str) -> None:
        self._brackets.append(_Bracket(kind))
        if len(self._brackets) > DEEPEST_NESTING + 1:
            raise self._error(self._at, f"brackets are nested deeper than {DEEPEST_NESTING}")

    def _close(self) -> None:
        if len(self._brackets) > 1:  # one too many is for the parser to refuse
            self._brackets.pop()

    def _token(self, kind: str, end: int, value: str | None = None) -> Token:
        place = self._place(self._at)
        written = self._text[self._at : end]
        token = Token(kind, written if value is None else value, self._at, place.line, place.column)
        self._previous_type = token.value if kind == "TYPE" else ""
        self._at = end
        return token

    def _place(self, offset: int) -> Place:
        return place_of(self._text, offset)

    def _error(self, offset: int, problem: str) -> FeelSyntaxError:
        return FeelSyntaxError(problem, self._place(offset))
