"""Scripts that only assign variables, as one FEEL expression."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from app.conversion.arena.python import Reader, parse_script
from app.conversion.arena.python_calls import Doubts
from app.conversion.terms import ADD, MULTIPLY, NotMapped, Term, as_source, binary, call, chosen, literal


@dataclass(frozen=True)
class Assigned:
    """`steps`: names in the expression and their values. `results`: variable -> the name that has its last value."""

    steps: tuple[tuple[str, Term], ...]
    results: dict[str, str]
    doubts: tuple[str, ...]


def map_script(text: str) -> Assigned:
    """Raises NotMapped for what does anything but assign."""
    writer = _Writer(Reader())
    for statement in parse_script(text):
        writer.statement(statement)
    if not writer.steps:
        raise NotMapped("it assigns nothing")
    found = Assigned(tuple(writer.steps), dict(writer.reader.names), tuple(writer.reader.doubts))
    as_source(context_of(found))
    return found


def context_of(assigned: Assigned) -> Term:
    """Each entry sees those before it."""
    return Term(f"{{{', '.join(f'{name}: {value.text}' for name, value in assigned.steps)}}}")


class _Writer:
    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.steps: list[tuple[str, Term]] = []

    @property
    def doubts(self) -> Doubts:
        return self.reader.doubts

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                self.assign(target, self.reader.term(value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, self.reader.term(value))
            case ast.AugAssign(
                target=ast.Name() as target, op=ast.Add() | ast.Sub() | ast.Mult() as operator, value=value
            ):
                sign, level = {ast.Add: ("+", ADD), ast.Sub: ("-", ADD)}.get(type(operator), ("*", MULTIPLY))
                self.assign(target, binary(sign, self.reader.term(target), self.reader.term(value), level))
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr="append"), args=[value], keywords=[])):
                self.assign(target, call("append", self.reader.term(target), self.reader.term(value)))
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr="update"), args=[value], keywords=[])):
                merged = Term(f"[{self.reader.term(target).text}, {self.reader.term(value).text}]")
                self.assign(target, call("context merge", merged))
            case ast.If(test=test, body=[ast.Assign(targets=[target], value=value)], orelse=rest):
                self.assign(
                    target, chosen(self.reader.condition(test), self.reader.term(value), self.other(target, rest))
                )
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return
            case _:
                raise NotMapped(f"{ast.unparse(node).splitlines()[0][:60]!r} does more than assign a variable")

    def other(self, target: ast.expr, rest: list[ast.stmt]) -> Term:
        """What it is otherwise: another value of the same variable, or the one that it has."""
        match rest:
            case []:
                return self.reader.term(target)
            case [ast.Assign(targets=[same], value=value)] if ast.unparse(same) == ast.unparse(target):
                return self.reader.term(value)
            case [ast.If(test=test, body=[ast.Assign(targets=[same], value=value)], orelse=more)]:
                if ast.unparse(same) == ast.unparse(target):
                    return chosen(self.reader.condition(test), self.reader.term(value), self.other(target, more))
        raise NotMapped("its branches do not assign the same variable")

    def assign(self, target: ast.expr, value: Term) -> None:
        """`a["b"] = x` gives another `a`."""
        match target:
            case ast.Name(id=name):
                step = self.reader.names.get(name)
                number = 1 + sum(1 for each, _ in self.steps if each == name or each.startswith(f"{name}_v"))
                called = name if step is None else f"{name}_v{number}"
                self.steps.append((called, value))
                self.reader.names[name] = called
            case ast.Attribute(value=holder, attr=key):
                self.assign(holder, call("context put", self.reader.term(holder), literal(key), value))
            case ast.Subscript(value=holder, slice=ast.Constant(value=str() as key)):
                self.assign(holder, call("context put", self.reader.term(holder), literal(key), value))
            case _:
                raise NotMapped(f"it assigns {ast.unparse(target)[:60]}")
