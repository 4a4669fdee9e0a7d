"""Literals, names, paths, lists, contexts, ranges."""

from __future__ import annotations

from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.builtin_values import BY_NAME
from app.decisions.feel.compare import ORDERED
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.members import member
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.values import Range, read


def literal(_compiler: Compiler, node: tree.Literal) -> Run:
    value = node.value
    return lambda _scope: value


def name(compiler: Compiler, node: tree.Name) -> Run:
    """The innermost value; null if nothing has the name. Decisions may hand on a built-in function."""
    compiler.mention(node.name)
    wanted = node.name
    otherwise = BY_NAME.get(wanted) if compiler.setting.lenient else None

    def run(scope: Scope) -> Any:
        inside: Scope | None = scope
        while inside is not None:
            try:
                return read(inside.names[wanted])
            except KeyError:
                inside = inside.outer
        return otherwise

    return run


def path(compiler: Compiler, node: tree.Path) -> Run:
    """A whole chain `a.b.c` in one closure."""
    base, parts = chain(node)
    find = compiler.compile(base)

    def run(scope: Scope) -> Any:
        value = find(scope)
        for part in parts:
            if type(value) is dict:
                value = value.get(part)
            else:
                value = member(value, part, scope.evaluation)
        return read(value)

    return run


def chain(node: tree.Node) -> tuple[tree.Node, tuple[str, ...]]:
    """What a path starts from, and the names behind it."""
    parts: list[str] = []
    while isinstance(node, tree.Path):
        parts.append(node.name)
        node = node.base
    return node, tuple(reversed(parts))


def list_of(compiler: Compiler, node: tree.ListOf) -> Run:
    items = [compiler.compile(item) for item in node.items]
    return lambda scope: [item(scope) for item in items]


def context_of(compiler: Compiler, node: tree.ContextOf) -> Run:
    entries: list[tuple[str, Run]] = []
    seen: list[str] = []
    for key, value in node.entries:
        with compiler.binding([*seen, key] if isinstance(value, tree.Function) else seen):
            entries.append((key, compiler.compile(value)))
        seen.append(key)

    def run(scope: Scope) -> dict[str, Any]:
        made: dict[str, Any] = {}
        inner = scope.inner(made)
        for key, value in entries:
            made[key] = value(inner)
        return made

    return run


def range_of(compiler: Compiler, node: tree.RangeOf) -> Run:
    """Null unless both ends are of one kind that has an order; an end that is null makes no range either."""
    low = compiler.compile(node.low) if node.low else None
    high = compiler.compile(node.high) if node.high else None

    def run(scope: Scope) -> Range | None:
        least = low(scope) if low else None
        most = high(scope) if high else None
        if (low and type(least) not in ORDERED) or (high and type(most) not in ORDERED):
            return None
        if low and high and type(least) is not type(most):
            return None
        return Range(least, most, node.low_included, node.high_included)

    return run


def point(compiler: Compiler, node: tree.Equal) -> Run:
    return range_of(compiler, tree.RangeOf(node.at, node.operand, node.operand, True, True))
