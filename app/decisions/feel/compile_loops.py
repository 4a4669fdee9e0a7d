"""`for`, `some`, `every`, and the condition or index in brackets.

Each turn is paid for out of the evaluation's budget, at what its body costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.errors import FeelSyntaxError
from app.decisions.feel.lexer import DEEPEST_NESTING
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.values import Range, read, whole

TURN_COST = 4
_BOOLEAN_NODES = (tree.Compare, tree.Between, tree.In, tree.Logic, tree.Quantified, tree.InstanceOf)

Domain = Callable[[Scope], Iterable[Any]]


class _NoDomain(Exception):
    """What a loop should go through is null or has no elements to go through: the loop is null."""


def iteration(compiler: Compiler, node: tree.For) -> Run:
    names, domains = _domains(compiler, node.iterators)
    elsewhere = "partial" in compiler.free
    compiler.free.discard("partial")
    with compiler.binding(names):
        body, cost = compiler.sized(node.body)
    takes_partial = "partial" in compiler.free and "partial" not in names
    if not elsewhere:
        compiler.free.discard("partial")

    def run(scope: Scope) -> list[Any] | None:
        spend = scope.evaluation.spend
        results: list[Any] = []
        try:
            for inner in _turns(scope, names, domains):
                spend(cost)
                results.append(body(_with_partial(inner, results) if takes_partial else inner))
        except _NoDomain:
            return None
        return results

    return run


def _with_partial(scope: Scope, results: list[Any]) -> Scope:
    """`partial` is what came of the turns before: a copy, as the turn may keep it."""
    scope.evaluation.spend(len(results) >> 2)
    return scope.inner({"partial": results.copy()})


def quantified(compiler: Compiler, node: tree.Quantified) -> Run:
    """`some` is an `or` over the turns and `every` an `and`, in three-valued logic."""
    names, domains = _domains(compiler, node.iterators)
    with compiler.binding(names):
        condition, cost = compiler.sized(node.condition)
    decisive = node.kind == "some"

    def run(scope: Scope) -> Any:
        answer: bool | None = not decisive
        try:
            for inner in _turns(scope, names, domains):
                scope.evaluation.spend(cost)
                value = condition(inner)
                if value is decisive:
                    return decisive
                if value is not (not decisive):
                    answer = None
        except _NoDomain:
            return None
        return answer

    return run


def _turns(scope: Scope, names: Sequence[str], domains: Sequence[Domain]) -> Iterator[Scope]:
    """The scope of each turn; the last variable runs fastest, and a domain sees the variables before it."""
    name, rest = names[0], domains[1:]
    for value in domains[0](scope):
        scope.evaluation.spend(TURN_COST)
        inner = scope.inner({name: value})
        if rest:
            yield from _turns(inner, names[1:], rest)
        else:
            yield inner


def _domains(compiler: Compiler, iterators: Sequence[tree.Iterator]) -> tuple[list[str], list[Domain]]:
    if len(iterators) > DEEPEST_NESTING:
        raise FeelSyntaxError(f"a loop has more than {DEEPEST_NESTING} variables", iterators[DEEPEST_NESTING].at)
    names: list[str] = []
    domains = []
    for iterator in iterators:
        with compiler.binding(names):
            start = compiler.compile(iterator.domain)
            end = compiler.compile(iterator.end) if iterator.end else None
        names.append(iterator.name)
        domains.append(_domain(start, end))
    return names, domains


def _domain(start: Run, end: Run | None) -> Domain:
    if end is None:
        return lambda scope: _elements(start(scope))
    return lambda scope: _steps(start(scope), end(scope))


def _elements(domain: Any) -> Iterable[Any]:
    if type(domain) is list:
        return map(read, domain)
    if type(domain) is Range:
        return _steps(domain.low, domain.high, domain.low_included, domain.high_included)
    if domain is None:
        raise _NoDomain
    return (domain,)


def _steps(start: Any, end: Any, start_included: bool = True, end_included: bool = True) -> Iterator[Any]:
    """Whole numbers or days from start to end, up or down."""
    first, last = whole(start), whole(end)
    if first is not None and last is not None:
        distance = last - first
    elif type(start) is date and type(end) is date:
        distance = (end - start).days
    else:
        raise _NoDomain
    way = 1 if distance >= 0 else -1
    for count in range(0 if start_included else 1, abs(distance) + (1 if end_included else 0)):
        yield start + timedelta(days=way * count) if first is None else Decimal(first + way * count)


# Brackets behind a value


def filtered(compiler: Compiler, node: tree.Filter) -> Run:
    """A number picks an element (from 1, or from the end if negative); anything else keeps what it is true for."""
    base = compiler.compile(node.base)
    condition_node = node.condition
    if isinstance(condition_node, tree.Literal) and type(condition_node.value) is Decimal:
        position = condition_node.value
        return lambda scope: _picked(base(scope), position)
    with compiler.binding(("item",)):
        condition, cost = compiler.sized(condition_node)
    always_boolean = isinstance(condition_node, _BOOLEAN_NODES)

    def run(scope: Scope) -> Any:
        value = base(scope)
        if not always_boolean:
            scope.evaluation.spend(cost)
            index = condition(scope.inner({"item": None}))
            if type(index) is Decimal:
                return _picked(value, index)
        return _kept(value, condition, cost, scope)

    return run


def _picked(value: Any, position: Decimal) -> Any:
    elements = value if type(value) is list else [value]
    index = whole(position)
    if index is None or index == 0 or abs(index) > len(elements):
        return None
    return read(elements[index - 1 if index > 0 else index])


def _kept(value: Any, condition: Run, cost: int, scope: Scope) -> list[Any] | None:
    """`item` is the element, and the entries of an element that is a context are names of their own.

    Null for an element is no reason to keep it; anything else that is no boolean is no condition.
    """
    if value is None:
        return []
    kept = []
    for raw in value if type(value) is list else [value]:
        scope.evaluation.spend(TURN_COST + cost)
        element = read(raw)
        inner = scope.inner({"item": element})
        found = condition(inner.inner(element) if type(element) is dict else inner)
        if found is True:
            kept.append(element)
        elif found is not False and found is not None:
            return None
    return kept
