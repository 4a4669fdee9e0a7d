"""Calls of built-in functions.

The function, and the number or names of its arguments, are checked when compiled, in the author's words.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.builtins import FUNCTIONS, STANDARD_NAMES
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.errors import FeelSyntaxError, NotYetSupported
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.signature import Builtin


def call(compiler: Compiler, node: tree.Call) -> Run:
    builtin = _builtin(compiler, node)
    compiled = [compiler.compile(argument) if argument else None for argument in _in_order(builtin, node)]
    function = builtin.function

    def run(scope: Scope) -> Any:
        values = [argument(scope) if argument else None for argument in compiled]
        evaluation = scope.evaluation
        evaluation.spend(_cost(values))
        return function(evaluation, *values)

    return run


def _cost(values: Sequence[Any]) -> int:
    """As much as there is to read, so that a thousand calls with a large list are not free."""
    cost = 1
    for value in values:
        kind = type(value)
        if kind is list or kind is dict:
            cost += len(value)
        elif kind is str:
            cost += len(value) >> 4
    return cost


def _builtin(compiler: Compiler, node: tree.Call) -> Builtin:
    if not isinstance(node.function, tree.Name) or compiler.is_bound(node.function.name):
        raise NotYetSupported("only built-in functions can be called yet", node.at)
    name = node.function.name
    ways = FUNCTIONS.get(name, ())
    for builtin in ways:
        if builtin.takes(len(node.arguments), node.names):
            return builtin
    if ways:
        found = f"arguments named {', '.join(node.names)}" if node.names else _counted(len(node.arguments))
        usage = " or ".join(builtin.usage(name) for builtin in ways)
        raise FeelSyntaxError(f"found {found}, expected {usage}", node.at)
    if name in STANDARD_NAMES:
        raise NotYetSupported(f"the function {name} is not supported yet", node.at)
    close = difflib.get_close_matches(name, FUNCTIONS, n=1)
    hint = f"; did you mean {close[0]}" if close else ""
    raise FeelSyntaxError(f"there is no function called {name[:40]}{hint}", node.at)


def _counted(count: int) -> str:
    return "one argument" if count == 1 else f"{count or 'no'} arguments"


def _in_order(builtin: Builtin, node: tree.Call) -> list[tree.Node | None]:
    """The arguments as the function takes them; None for one that is left out."""
    if node.names:
        given = dict(zip(node.names, node.arguments, strict=True))
        return [given.get(name) for name in builtin.parameters]
    left_out = len(builtin.parameters) - len(node.arguments)
    return [*node.arguments, *([None] * left_out if not builtin.variadic else [])]
