"""From what the parser recognises to our own tree; the only place that knows lark's way of calling."""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException
from typing import Any

from lark import Token, Transformer
from lark.visitors import v_args

from app.decisions.feel import tree
from app.decisions.feel.errors import FeelSyntaxError, Place
from app.decisions.feel.temporal import parse_temporal
from app.decisions.feel.values import CONTEXT

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def text_of(token: Token) -> str:
    """The text that a string literal stands for. An unknown escape stays as it is written: `"\\d"` is a pattern."""

    def unescaped(found: re.Match[str]) -> str:
        code = found.group(1)
        if len(code) > 1:
            number = int(code[1:], 16)
            if number > 0x10FFFF:
                raise FeelSyntaxError(f"there is no character with the number in \\{code}", _place(token))
            return chr(number)
        return _ESCAPED.get(code, found.group())

    written = token.value[token.value.index('"') + 1 : -1]
    text = _ESCAPE.sub(unescaped, written)
    text = _SURROGATES.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise FeelSyntaxError("the text has half a character (a lone surrogate such as \\ud83d)", _place(token))
    return text


def _place(token: Token) -> Place:
    return Place(token.line or 1, token.column or 1)


@v_args(inline=True)
class Builder(Transformer[Token, tree.Node]):
    """One method for each rule or alias of the grammar, called from the leaves up while the parser runs."""

    # Literals

    def number(self, token: Token) -> tree.Node:
        try:
            value = CONTEXT.create_decimal(token.value)
        except DecimalException:
            problem = f"the number {token.value[:40]} is too large: at most 34 digits and an exponent up to 6144"
            return tree.Invalid(_place(token), problem)
        return tree.Literal(_place(token), value)

    def string(self, token: Token) -> tree.Node:
        return tree.Literal(_place(token), text_of(token))

    def at_literal(self, token: Token) -> tree.Node:
        written = text_of(token)
        value = parse_temporal(written)
        if value is None:
            expected = 'expected a date, time, date and time or duration such as @"2026-05-01" or @"PT5M"'
            return tree.Invalid(_place(token), f'found @"{written[:40]}", {expected}')
        return tree.Literal(_place(token), value)

    def true(self, token: Token) -> tree.Node:
        return tree.Literal(_place(token), True)

    def false(self, token: Token) -> tree.Node:
        return tree.Literal(_place(token), False)

    def null(self, token: Token) -> tree.Node:
        return tree.Literal(_place(token), None)

    def name(self, token: Token) -> tree.Node:
        return tree.Name(_place(token), token.value)

    def parenthesised(self, _left: Token, inner: tree.Node, _right: Token) -> tree.Node:
        return inner

    def range(self, left: Token, low: tree.Node, high: tree.Node, right: Token) -> tree.Node:
        return tree.RangeOf(_place(left), low, high, left.type == "LSQB", right.type == "RSQB")

    def list(self, left: Token, items: tuple[tree.Node, ...] | None, _right: Token) -> tree.Node:
        return tree.ListOf(_place(left), items or ())

    def items(self, *items: tree.Node) -> Any:
        return items

    def context(self, left: Token, entries: tuple[tuple[Token, tree.Node], ...] | None) -> tree.Node:
        found: dict[str, tree.Node] = {}
        for token, node in entries or ():
            key = text_of(token) if token.type == "STRING" else token.value
            if key in found:
                return tree.Invalid(_place(token), f"the key {key!r} stands twice in this context")
            found[key] = node
        return tree.ContextOf(_place(left), tuple(found.items()))

    def entries(self, *entries: Any) -> Any:
        return entries

    def entry(self, key: Token, node: tree.Node) -> Any:
        return key, node

    # Operators

    def disjunction(self, *operands: tree.Node) -> tree.Node:
        return tree.Logic(operands[0].at, "or", operands)

    def conjunction(self, *operands: tree.Node) -> tree.Node:
        return tree.Logic(operands[0].at, "and", operands)

    def compare(self, left: tree.Node, operator: Token, right: tree.Node) -> tree.Node:
        return tree.Compare(left.at, operator.value, left, right)

    def between(self, subject: tree.Node, low: tree.Node, high: tree.Node) -> tree.Node:
        return tree.Between(subject.at, subject, low, high)

    def in_value(self, subject: tree.Node, test: tree.Node) -> tree.Node:
        return tree.In(subject.at, subject, (test,))

    def in_tests(self, subject: tree.Node, _left: Token, tests: tuple[tree.Node, ...], _right: Token) -> tree.Node:
        return tree.In(subject.at, subject, tests)

    def unary_tests(self, *tests: tree.Node) -> tree.Node:
        return tree.UnaryTests(tests[0].at, tests)

    def tests(self, *tests: tree.Node) -> Any:
        return tests

    def comparison_test(self, operator: Token, operand: tree.Node) -> tree.Node:
        at, sign = _place(operator), operator.value
        if sign == "!=":
            return tree.Unequal(at, operand)
        if sign == "=":
            return tree.Equal(at, operand)
        if sign in {"<", "<="}:
            return tree.RangeOf(at, None, operand, False, sign == "<=")
        return tree.RangeOf(at, operand, None, sign == ">=", False)

    def sum(self, first: tree.Node, *rest: Any) -> tree.Node:
        return tree.Arithmetic(first.at, first, _pairs(rest))

    def product(self, first: tree.Node, *rest: Any) -> tree.Node:
        return tree.Arithmetic(first.at, first, _pairs(rest))

    def power(self, first: tree.Node, *rest: tree.Node) -> tree.Node:
        return tree.Arithmetic(first.at, first, tuple(("**", operand) for operand in rest))

    def negate(self, sign: Token, operand: tree.Node) -> tree.Node:
        if isinstance(operand, tree.Literal) and isinstance(operand.value, Decimal):
            return tree.Literal(_place(sign), CONTEXT.minus(operand.value))
        return tree.Negate(_place(sign), operand)

    # What stands behind a value

    def path(self, base: tree.Node, name: Token) -> tree.Node:
        return tree.Path(_place(name), base, name.value)

    def filter(self, base: tree.Node, _left: Token, condition: tree.Node, _right: Token) -> tree.Node:
        return tree.Filter(base.at, base, condition)

    def call(self, function: tree.Node, _left: Token, arguments: Any, _right: Token) -> tree.Node:
        names, nodes = arguments or ((), ())
        return tree.Call(function.at, function, nodes, names)

    def positional(self, *nodes: tree.Node) -> Any:
        return (), nodes

    def named(self, *arguments: Any) -> Any:
        return tuple(name.value for name, _ in arguments), tuple(node for _, node in arguments)

    def named_argument(self, name: Token, node: tree.Node) -> Any:
        return name, node

    # If, loops, functions

    def conditional(self, word: Token, condition: tree.Node, then: tree.Node, otherwise: tree.Node) -> tree.Node:
        return tree.If(_place(word), condition, then, otherwise)

    def iteration(self, word: Token, iterators: tuple[tree.Iterator, ...], body: tree.Node) -> tree.Node:
        return tree.For(_place(word), iterators, body)

    def quantified(self, word: Token, iterators: tuple[tree.Iterator, ...], condition: tree.Node) -> tree.Node:
        return tree.Quantified(_place(word), "some" if word.type == "SOME" else "every", iterators, condition)

    def iterators(self, *iterators: tree.Iterator) -> Any:
        return iterators

    def iterator(self, name: Token, domain: tree.Node, end: tree.Node | None) -> tree.Node:
        return tree.Iterator(_place(name), name.value, domain, end)

    def function(self, word: Token, _l: Token, parameters: Any, _r: Token, external: Any, body: Any) -> tree.Node:
        return tree.Function(_place(word), parameters or (), body, external is not None)

    def parameters(self, *parameters: Any) -> Any:
        return parameters

    def parameter(self, name: Token, type_: tree.Type | None) -> Any:
        return name.value, type_

    # Types

    def instance_of(self, subject: tree.Node, type_: tree.Type) -> tree.Node:
        return tree.InstanceOf(subject.at, subject, type_)

    def type_name(self, name: Token) -> tree.Node:
        return tree.Type(_place(name), name.value)

    def type_of_types(self, name: Token, types: tuple[tree.Type, ...], result: tree.Type | None) -> tree.Node:
        return tree.Type(_place(name), name.value, types, (), result)

    def type_of_fields(self, name: Token, fields: Any) -> tree.Node:
        names = tuple(token.value for token, _ in fields)
        return tree.Type(_place(name), name.value, tuple(type_ for _, type_ in fields), names)

    def type_of_nothing(self, name: Token, result: tree.Type) -> tree.Node:
        return tree.Type(_place(name), name.value, (), (), result)

    def types(self, *types: tree.Type) -> Any:
        return types

    def fields(self, *fields: Any) -> Any:
        return fields

    def field(self, name: Token, type_: tree.Type) -> Any:
        return name, type_


def _pairs(rest: tuple[Any, ...]) -> tuple[tuple[str, tree.Node], ...]:
    return tuple((sign.value, node) for sign, node in zip(rest[::2], rest[1::2], strict=True))
