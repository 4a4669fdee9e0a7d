"""Python, the language of SpiffArena's expressions and scripts, as FEEL. It is read, and never run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from app.conversion.arena.python_calls import FUNCTIONS, METHODS, Doubts, moment
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
    binary,
    call,
    chosen,
    item,
    literal,
    member,
    negated,
    together,
)

_OPERATORS: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", ADD),
    ast.Sub: ("-", ADD),
    ast.Mult: ("*", MULTIPLY),
    ast.Div: ("/", MULTIPLY),
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "=",
    ast.IsNot: "!=",
}
_DEEPEST = 100
_TRUTH = 'is taken for true or false; whether a list or a text is empty, list contains([null, "", []], ...) says'


def map_expression(text: str) -> tuple[Term, Doubts]:
    """Raises NotMapped."""
    tree = _parsed(text, "eval")
    assert isinstance(tree, ast.Expression)
    reader = Reader()
    return reader.term(tree.body), reader.doubts


def map_condition(text: str) -> tuple[Term, Doubts]:
    tree = _parsed(text, "eval")
    assert isinstance(tree, ast.Expression)
    reader = Reader()
    return reader.condition(tree.body), reader.doubts


def constant_of(text: str) -> Any:
    """The value of a Python constant; NotMapped if it is none."""
    try:
        return ast.literal_eval(_parsed(text, "eval").body)  # type: ignore[attr-defined]  # of an ast.Expression
    except ValueError as error:
        raise NotMapped("it is no constant") from error


def parse_script(text: str) -> list[ast.stmt]:
    tree = _parsed(text, "exec")
    assert isinstance(tree, ast.Module)
    return tree.body


def _parsed(text: str, mode: str) -> ast.AST:
    if len(text) > LONGEST:
        raise NotMapped("it is too long")
    try:
        tree = ast.parse(text.strip(), mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotMapped(f"it is no Python: {error}") from error
    if _depth(tree) > _DEEPEST:
        raise NotMapped("it is nested too deeply")
    return tree


def _depth(tree: ast.AST) -> int:
    level, depth = [tree], 0
    while level:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
    return depth


@dataclass
class Reader:
    """`names`: what a Python variable is called where the FEEL stands."""

    names: dict[str, str] = field(default_factory=dict)
    doubts: Doubts = field(default_factory=list)

    def term(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant(value=str() | int() | float() | bool() | None as value):
                return literal(value)
            case ast.Name(id=name):
                return Term(self.names.get(name, name))
            case ast.BinOp():
                return self.arithmetic(node)
            case ast.BoolOp(op=operator, values=values):
                word, level = ("and", AND) if isinstance(operator, ast.And) else ("or", OR)
                terms = [self.condition(value) for value in values]
                for each in terms[1:]:
                    terms[0] = binary(word, terms[0], each, level)
                return terms[0]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.denied(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Term(f"-{self.term(operand).within(NEGATE)}", NEGATE)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp(test=test, body=body, orelse=other):
                return chosen(self.condition(test), self.term(body), self.term(other))
            case ast.Attribute(value=value, attr=name):
                return member(self.term(value), name)
            case ast.Subscript(value=value, slice=key):
                return self.subscript(value, key)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return Term(f"[{', '.join(self.term(each).text for each in items)}]")
            case ast.Dict(keys=keys, values=values):
                return self.context(keys, values)
            case ast.JoinedStr(values=parts):
                return together([self.part(each) for each in parts] or [literal("")])
            case ast.ListComp(elt=element, generators=[loop]):
                return Term(f"for {self.loop(loop)} return {self.within(loop, element).text}", 0)
            case ast.Call():
                return self.call(node)
        raise NotMapped(f"{ast.unparse(node)[:60]!r} has no counterpart")

    def condition(self, node: ast.expr) -> Term:
        """What decides: Python takes anything for true or false, FEEL only true for true."""
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            self.doubts.append(f"{ast.unparse(node)} {_TRUTH}")
        return self.term(node)

    def denied(self, operand: ast.expr) -> Term:
        term = self.condition(operand)
        is_value = isinstance(operand, ast.Name | ast.Attribute | ast.Subscript)
        return binary("!=", term, Term("true"), COMPARE) if is_value else negated(term)

    def arithmetic(self, node: ast.BinOp) -> Term:
        left, right = self.term(node.left), self.term(node.right)
        if isinstance(node.op, ast.Mod):
            return call("modulo", left, right)
        if isinstance(node.op, ast.FloorDiv):
            return call("floor", binary("/", left, right, MULTIPLY))
        if isinstance(node.op, ast.Pow):
            return Term(f"{left.within(POSTFIX)} ** {right.within(POSTFIX)}", MULTIPLY)
        found = _OPERATORS.get(type(node.op))
        if found is None:
            raise NotMapped(f"{ast.unparse(node)[:60]!r} has no counterpart")
        return binary(found[0], left, right, found[1])

    def comparison(self, node: ast.Compare) -> Term:
        sides = [node.left, *node.comparators]
        terms = [
            self.compared(operator, left, right)
            for operator, left, right in zip(node.ops, sides, sides[1:], strict=False)
        ]
        for each in terms[1:]:
            terms[0] = binary("and", terms[0], each, AND)
        return terms[0]

    def compared(self, operator: ast.cmpop, left: ast.expr, right: ast.expr) -> Term:
        if isinstance(operator, ast.In | ast.NotIn):
            if not isinstance(right, ast.List | ast.Tuple):
                self.doubts.append(
                    f"`in` is taken for that of a list; {ast.unparse(right)} could be a text or an object"
                )
            found = call("list contains", self.term(right), self.term(left))
            return negated(found) if isinstance(operator, ast.NotIn) else found
        return binary(_COMPARISONS[type(operator)], self.term(left), self.term(right), COMPARE)

    def subscript(self, value: ast.expr, key: ast.expr) -> Term:
        match key:
            case ast.Constant(value=str() as name):
                return member(self.term(value), name)
            case ast.Constant(value=int() as index):
                return item(self.term(value), index)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as index)):
                return item(self.term(value), -index)
        raise NotMapped(f"whether [{ast.unparse(key)[:40]}] is a place in a list or a key is not said")

    def context(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Term:
        entries = []
        for key, value in zip(keys, values, strict=True):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                raise NotMapped("an object's keys are texts")
            entries.append(f"{literal(key.value).text}: {self.term(value).text}")
        return Term(f"{{{', '.join(entries)}}}")

    def part(self, node: ast.expr) -> Term:
        if isinstance(node, ast.FormattedValue):
            if node.format_spec is not None:
                raise NotMapped("it formats a value")
            return self.term(node.value)
        return self.term(node)

    def loop(self, loop: ast.comprehension) -> str:
        """`x in xs`, with what it leaves out as a filter."""
        if not isinstance(loop.target, ast.Name) or loop.is_async:
            raise NotMapped("it goes through several at once")
        name, found = loop.target.id, self.term(loop.iter)
        for test in loop.ifs:
            inner = Reader({**self.names, name: "item"}, self.doubts).condition(test)
            found = Term(f"{found.within(POSTFIX)}[{inner.text}]")
        return f"{name} in {found.text}"

    def within(self, loop: ast.comprehension, node: ast.expr, *, decides: bool = False) -> Term:
        names = {key: value for key, value in self.names.items() if key != getattr(loop.target, "id", None)}
        reader = Reader(names, self.doubts)
        return reader.condition(node) if decides else reader.term(node)

    def call(self, node: ast.Call) -> Term:
        if (found := moment(node)) is not None:
            return found
        match node:
            case ast.Call(
                func=ast.Name(id="any" | "all" as name), args=[ast.GeneratorExp(generators=[loop], elt=element)]
            ):
                word = "some" if name == "any" else "every"
                return Term(f"{word} {self.loop(loop)} satisfies {self.within(loop, element, decides=True).text}", 0)
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=pairs):
                keys: list[ast.expr | None] = [ast.Constant(pair.arg) for pair in pairs]
                return self.context(keys, [pair.value for pair in pairs])
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                return self.mapped(FUNCTIONS[name].get(len(arguments)), name, [self.term(each) for each in arguments])
            case ast.Call(func=ast.Attribute(value=target, attr=name), args=arguments, keywords=[]) if name in METHODS:
                terms = [self.term(each) for each in (target, *arguments)]
                return self.mapped(METHODS[name].get(len(arguments)), name, terms)
        raise NotMapped(f"it calls {ast.unparse(node.func)[:60]}")

    def mapped(self, function: Any, name: str, arguments: list[Term]) -> Term:
        if function is None:
            raise NotMapped(f"{name}() with so many arguments has no counterpart")
        made: Term = function(*arguments, self.doubts)
        return made
