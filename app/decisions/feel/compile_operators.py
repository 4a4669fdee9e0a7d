"""Arithmetic, comparison, `between`, `in`, `and`, `or`, `if`. The common pairs of kinds come first, for speed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, Overflow
from typing import Any

from app.decisions.feel import arithmetic as operations
from app.decisions.feel import tree
from app.decisions.feel.compare import MIRRORED, ORDERS, compare, equal, passes
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.values import CONTEXT

_FAST: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": CONTEXT.add,
    "-": CONTEXT.subtract,
    "*": CONTEXT.multiply,
}
_PLAIN = {Decimal, str, bool, type(None)}
"""Kinds whose equality is Python's own."""


def arithmetic(compiler: Compiler, node: tree.Arithmetic) -> Run:
    run = compiler.compile(node.first)
    if len(node.rest) == 1:
        sign, operand = node.rest[0]
        return _operation(sign, run, compiler.compile(operand))
    rest = [(sign, compiler.compile(operand)) for sign, operand in node.rest]

    def chained(scope: Scope) -> Any:
        value = run(scope)
        for sign, operand in rest:
            value = _apply(sign, value, operand(scope), scope)
        return value

    return chained


def _operation(sign: str, left: Run, right: Run) -> Run:
    fast = _FAST.get(sign)
    if fast is None:
        return lambda scope: _apply(sign, left(scope), right(scope), scope)

    def run(scope: Scope) -> Any:
        a, b = left(scope), right(scope)
        if type(a) is Decimal and type(b) is Decimal:
            try:
                return fast(a, b)
            except Overflow:
                return None
        return _apply(sign, a, b, scope)

    return run


def _apply(sign: str, left: Any, right: Any, scope: Scope) -> Any:
    if type(left) is str and type(right) is str:
        if sign != "+":
            return None
        scope.evaluation.spend_text(len(left) + len(right))
        return left + right
    return operations.apply(sign, left, right)


def negate(compiler: Compiler, node: tree.Negate) -> Run:
    operand = compiler.compile(node.operand)
    return lambda scope: operations.negated(operand(scope))


def comparison(compiler: Compiler, node: tree.Compare) -> Run:
    left, right = compiler.compile(node.left), compiler.compile(node.right)
    if node.operator in {"=", "!="}:
        if isinstance(node.right, tree.Literal) and type(node.right.value) in _PLAIN:
            return _equals_constant(left, node.right.value, node.operator == "=")
        return _equality(left, right, node.operator == "=")
    if isinstance(node.right, tree.Literal):
        return _ordered_by_constant(left, node.operator, node.right.value)
    if isinstance(node.left, tree.Literal):
        return _ordered_by_constant(right, MIRRORED[node.operator], node.left.value)
    return _ordered(left, node.operator, right)


def _equality(left: Run, right: Run, wanted: bool) -> Run:
    def run(scope: Scope) -> bool | None:
        found = equal(left(scope), right(scope), scope.evaluation)
        return None if found is None else found is wanted

    return run


def _equals_constant(left: Run, constant: Any, wanted: bool) -> Run:
    kind = type(constant)

    def run(scope: Scope) -> bool | None:
        value = left(scope)
        if type(value) is kind:
            return (value == constant) is wanted
        return not wanted if value is None or constant is None else None

    return run


def _ordered_by_constant(left: Run, sign: str, constant: Any) -> Run:
    if type(constant) is not Decimal:
        return lambda scope: compare(sign, left(scope), constant)
    order = ORDERS[sign]

    def run(scope: Scope) -> Any:
        value = left(scope)
        return order(value, constant) if type(value) is Decimal else None

    return run


def _ordered(left: Run, sign: str, right: Run) -> Run:
    order = ORDERS[sign]

    def run(scope: Scope) -> bool | None:
        a, b = left(scope), right(scope)
        if type(a) is Decimal and type(b) is Decimal:
            return bool(order(a, b))
        return compare(sign, a, b)

    return run


def between(compiler: Compiler, node: tree.Between) -> Run:
    """`x >= low and x <= high`, in three-valued logic."""
    subject, low, high = (compiler.compile(part) for part in (node.subject, node.low, node.high))

    def run(scope: Scope) -> bool | None:
        value = subject(scope)
        return both(compare(">=", value, low(scope)), compare("<=", value, high(scope)))

    return run


def membership(compiler: Compiler, node: tree.In) -> Run:
    """Some test passes; null if none does and some cannot be told."""
    subject = compiler.compile(node.subject)
    tests = [value_test(compiler, test) for test in node.tests]

    def run(scope: Scope) -> bool | None:
        value = subject(scope)
        answer: bool | None = False
        for test in tests:
            passed = test(value, scope)
            if passed:
                return True
            if passed is None:
                answer = None
        return answer

    return run


def value_test(compiler: Compiler, node: tree.Node) -> Callable[[Any, Scope], bool | None]:
    """One test on the right of `in`, over the value on its left."""
    if isinstance(node, (tree.Equal, tree.Unequal)):
        operand, wanted = compiler.compile(node.operand), isinstance(node, tree.Equal)

        def same(value: Any, scope: Scope) -> bool | None:
            found = equal(value, operand(scope), scope.evaluation)
            return None if found is None else found is wanted

        return same
    test = compiler.compile(node)
    return lambda value, scope: passes(value, test(scope), scope.evaluation)


def logic(compiler: Compiler, node: tree.Logic) -> Run:
    """The standard's three-valued tables; what is not a boolean counts as null. Stops where the answer is certain."""
    operands = [compiler.compile(operand) for operand in node.operands]
    decisive = node.kind == "or"

    def run(scope: Scope) -> Any:
        answer: bool | None = not decisive
        for operand in operands:
            value = operand(scope)
            if value is decisive:
                return decisive
            if value is not (not decisive):
                answer = None
        return answer

    return run


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def conditional(compiler: Compiler, node: tree.If) -> Run:
    """Only true takes `then`; false, null and anything else take `else`."""
    condition, then, otherwise = (compiler.compile(part) for part in (node.condition, node.then, node.otherwise))
    return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)
