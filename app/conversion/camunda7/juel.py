"""JUEL, the expression language of Camunda 7, as FEEL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.conversion.camunda7.juel_calls import METHODS, RENAMED, WRAPPERS, Doubts, method_call
from app.conversion.terms import (
    ADD,
    AND,
    COMPARE,
    LONGEST,
    MULTIPLY,
    NEGATE,
    OR,
    POSTFIX,
    NotMapped,
    Term,
    as_source,
    binary,
    call,
    chosen,
    is_empty,
    is_index,
    item,
    literal,
    member,
    negated,
    together,
)

_PARTS = re.compile(r"[#$]\{((?:[^{}'\"]|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\{[^{}]*\})*)\}")
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[lLfFdD]?
  | (?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
  | (?P<name>[A-Za-z_$][\w$]*)
  | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]])
    )""",
    re.VERBOSE,
)
_PATH = re.compile(r"[A-Za-z_][\w.]*")
_WORDS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "and": "&&", "or": "||"}
_WORDS |= {"not": "!", "div": "/", "mod": "%"}
_BINARY = {
    "||": ("or", OR),
    "&&": ("and", AND),
    **{sign: (feel, COMPARE) for sign, feel in (("==", "="), ("!=", "!="), ("<", "<"), (">", ">"))},
    **{sign: (sign, COMPARE) for sign in ("<=", ">=")},
    **{sign: (sign, ADD) for sign in "+-"},
    **{sign: (sign, MULTIPLY) for sign in "*/%"},
}
_DEEPEST = 60


@dataclass(frozen=True)
class Mapped:
    """`source` is FEEL with its `=`, or a plain text; `doubts` say what may differ."""

    source: str
    doubts: tuple[str, ...] = ()


def is_expression(text: str) -> bool:
    return _PARTS.search(text) is not None


def map_text(text: str) -> Mapped:
    """A field of Camunda 7: a text, an expression, or a text with expressions in it. Raises NotMapped."""
    stripped = text.strip()
    if len(stripped) > LONGEST:
        raise NotMapped("it is too long")
    if not is_expression(stripped):
        if "${" in stripped or "#{" in stripped:
            raise NotMapped("its brackets do not match")
        # What begins with "=" would be FEEL here.
        return Mapped(as_source(literal(stripped)) if stripped.startswith("=") else stripped)
    doubts: Doubts = []
    parts = list(_parts(stripped, doubts))
    return Mapped(as_source(parts[0] if len(parts) == 1 else together(parts)), tuple(doubts))


def map_condition(text: str) -> Mapped:
    """What decides something: an expression, also where somebody has forgotten its brackets."""
    stripped = text.strip()
    return map_text(stripped if is_expression(stripped) else f"${{{stripped}}}")


def _parts(text: str, doubts: Doubts) -> Iterator[Term]:
    at = 0
    for found in _PARTS.finditer(text):
        if found.start() > at:
            yield literal(text[at : found.start()])
        yield _Reader(_tokens(found[1]), doubts).whole()
        at = found.end()
    if at < len(text):
        yield literal(text[at:])


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotMapped(f"{text[at : at + 20]!r} cannot be read")
        kind = match.lastgroup or ""
        value = match[kind]
        is_word = kind == "name" and value in _WORDS and (not found or found[-1][1] != ".")
        found.append(("sign", _WORDS[value]) if is_word else (kind, value))
        at = match.end()
    return [*found, ("end", "")]


@dataclass
class _Reader:
    """Reads tokens by precedence and gives FEEL."""

    tokens: list[tuple[str, str]]
    doubts: Doubts
    at: int = 0
    depth: int = field(default=0)

    def whole(self) -> Term:
        term = self.choice()
        if self.tokens[self.at][0] != "end":
            raise NotMapped(f"{self.tokens[self.at][1]!r} stands where an operator or the end was expected")
        return term

    def choice(self) -> Term:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotMapped("it is nested too deeply")
        condition = self.binary(OR)
        if self.takes("?"):
            yes = self.choice()
            self.expect(":")
            condition = chosen(condition, yes, self.choice())
        self.depth -= 1
        return condition

    def binary(self, least: int) -> Term:
        left = self.unary()
        while (found := _BINARY.get(self.sign())) and found[1] >= least:
            self.at += 1
            operator, level = found
            right = self.binary(level + 1)
            left = call("modulo", left, right) if operator == "%" else binary(operator, left, right, level)
        return left

    def unary(self) -> Term:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotMapped("it is nested too deeply")
        term = self.signed()
        self.depth -= 1
        return term

    def signed(self) -> Term:
        if self.takes("!"):
            return _denied(self.unary())
        if self.takes("-"):
            return Term(f"-{self.unary().within(NEGATE)}", NEGATE)
        if self.tokens[self.at] == ("name", "empty"):
            self.at += 1
            return is_empty(self.unary())
        return self.postfix(self.primary())

    def primary(self) -> Term:
        kind, value = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Term(value)
        if kind == "text":
            return literal(_unquoted(value))
        if kind == "name":
            return self.name(value)
        if value == "(":
            inner = self.choice()
            self.expect(")")
            return Term(inner.within(POSTFIX))
        raise NotMapped(f"{value or 'its end'!r} stands where a value was expected")

    def name(self, name: str) -> Term:
        if self.sign() == "(":
            arguments = self.arguments()
            if name in WRAPPERS and len(arguments) == 1:
                return arguments[0]
            if name in ("now", "dateTime") and not arguments:
                return call("now")
            raise NotMapped(f"it calls the function {name}")
        if name == "execution":
            return self.execution()
        if self.sign() == "." and self.tokens[self.at + 1][1] not in METHODS and self.tokens[self.at + 2][1] == "(":
            raise NotMapped(f"it calls {name}.{self.tokens[self.at + 1][1]}, which is Java")
        return RENAMED.get(name, Term(name))

    def execution(self) -> Term:
        self.expect(".")
        method = self.tokens[self.at][1]
        self.at += 1
        arguments = self.arguments() if self.sign() == "(" else []
        if len(arguments) == 1 and arguments[0].text.startswith('"'):
            variable = json.loads(arguments[0].text)
            if method in ("getVariable", "getVariableLocal", "getVariableTyped"):
                return RENAMED.get(variable, Term(variable))
            if method in ("hasVariable", "hasVariableLocal"):
                return binary("!=", Term(variable), Term("null"), COMPARE)
        raise NotMapped(f"it asks the engine for {method}")

    def postfix(self, term: Term) -> Term:
        while True:
            if self.takes("."):
                kind, name = self.tokens[self.at]
                if kind != "name":
                    raise NotMapped(f"{name!r} stands where a property was expected")
                self.at += 1
                has_arguments = self.sign() == "("
                term = method_call(term, name, self.arguments(), self.doubts) if has_arguments else member(term, name)
            elif self.takes("["):
                key_kind = self.tokens[self.at][0]
                key = self.choice()
                self.expect("]")
                term = self.subscript(term, key, key_kind)
            else:
                return term

    def subscript(self, term: Term, key: Term, kind: str) -> Term:
        if key.text.startswith('"'):
            return member(term, json.loads(key.text))
        if kind == "number" and is_index(key.text):
            return item(term, int(key.text))
        raise NotMapped(f"it looks for [{key.text}], and whether that is a place in a list or a key is not said")

    def arguments(self) -> list[Term]:
        self.expect("(")
        found: list[Term] = []
        while not self.takes(")"):
            found.append(self.choice())
            if self.sign() != ")":
                self.expect(",")
        return found

    def sign(self) -> str:
        kind, value = self.tokens[self.at]
        return value if kind == "sign" else ""

    def takes(self, sign: str) -> bool:
        taken = self.sign() == sign
        self.at += taken
        return taken

    def expect(self, sign: str) -> None:
        if not self.takes(sign):
            raise NotMapped(f"{sign!r} was expected, found {self.tokens[self.at][1]!r}")


def _denied(term: Term) -> Term:
    """What is not set counts as false in JUEL, and as neither in FEEL."""
    return binary("!=", term, Term("true"), COMPARE) if _PATH.fullmatch(term.text) else negated(term)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
