"""FEEL text put together from parts, with brackets where they are needed; and what has no counterpart in FEEL."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import TurnupError
from app.decisions.feel import compile_feel

# How tightly a term holds together
CHOICE: Final = 0
LONGEST: Final = 5000  # characters of an expression that is looked at
OR, AND, COMPARE, ADD, MULTIPLY, NEGATE, POSTFIX = range(1, 8)
_NAME = re.compile(r"[A-Za-z_]\w*")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class NotMapped(Exception):
    """Something that FEEL cannot say; its text tells what."""


@dataclass(frozen=True)
class Term:
    text: str
    level: int = POSTFIX

    def within(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


def literal(value: Any) -> Term:
    try:
        return Term(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError as error:  # no number, or one of thousands of digits
        raise NotMapped("it holds a number that cannot be written") from error


def binary(operator: str, left: Term, right: Term, level: int) -> Term:
    """Comparisons do not chain, and what stands right of `-` and `/` holds together."""
    loose = level if level in (OR, AND) else level + 1
    first = level + 1 if level == COMPARE else level
    return Term(f"{left.within(first)} {operator} {right.within(loose)}", level)


def call(name: str, *arguments: Term) -> Term:
    return Term(f"{name}({', '.join(each.text for each in arguments)})")


def negated(term: Term) -> Term:
    return call("not", term)


def chosen(condition: Term, yes: Term, no: Term) -> Term:
    return Term(f"if {condition.text} then {yes.text} else {no.text}", CHOICE)


def member(target: Term, name: str) -> Term:
    if _NAME.fullmatch(name):
        return Term(f"{target.within(POSTFIX)}.{name}")
    return call("get value", target, literal(name))


def is_index(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def item(target: Term, index: int) -> Term:
    """`index` counts from 0, as both languages do; FEEL counts from 1, and from the end with negative numbers."""
    return Term(f"{target.within(POSTFIX)}[{index + 1 if index >= 0 else index}]")


def is_empty(term: Term) -> Term:
    return Term(f'list contains([null, "", []], {term.text})')


def together(parts: list[Term]) -> Term:
    """Texts and values in a row, as one text."""
    texts = [each if each.text.startswith('"') else call("string", each) for each in parts]
    joined = texts[0]
    for each in texts[1:]:
        joined = binary("+", joined, each, ADD)
    return joined


def is_writable(text: str) -> bool:
    """Whether it may stand in XML."""
    return _UNWRITABLE.search(text) is None


def rounds(number: str) -> str:
    """The list that a loop of so many rounds goes through; `number` is digits, or FEEL with its `=`."""
    if _COUNT.fullmatch(number):
        return f"=for i in 1..{number} return i"
    plain = number.removeprefix("=")
    return f"=if ({plain}) < 1 then [] else for i in 1..({plain}) return i"


def as_source(term: Term) -> str:
    """A field's FEEL, `=` and all. NotMapped if it is none after all, such as for a name that FEEL has for itself."""
    if not is_writable(term.text):
        raise NotMapped("it holds characters that no XML may")
    try:
        compile_feel(term.text)
    except TurnupError as error:
        raise NotMapped(f"it would be {term.text[:120]}, which is no FEEL: {error.message}") from error
    return f"={term.text}"
