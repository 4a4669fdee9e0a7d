"""Calls of built-in functions and of functions that are values.

A built-in function, and the number or names of its arguments, are checked when compiled, in the author's words.
"""

from __future__ import annotations

import difflib
from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.builtins import FUNCTIONS
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.signature import way_of
from app.decisions.feel.values import Function


def call(compiler: Compiler, node: tree.Call) -> Run:
    name = node.function.name if isinstance(node.function, tree.Name) else None
    if name is None or compiler.is_bound(name) or name in compiler.setting.known:
        return _call_of_value(compiler, node)
    if name in FUNCTIONS:
        return _call_of_builtin(compiler, node, name)
    if compiler.setting.lenient:
        return _call_of_value(compiler, node)
    close = difflib.get_close_matches(name, FUNCTIONS, n=1)
    hint = f"; did you mean {close[0]}" if close else ""
    return compiler.refuse(f"there is no function called {name[:40]}{hint}", node.at)


def _call_of_value(compiler: Compiler, node: tree.Call) -> Run:
    """Null if the value is no function or the arguments are not its own."""
    find = compiler.compile(node.function)
    arguments = [compiler.compile(argument) for argument in node.arguments]
    names = node.names

    def run(scope: Scope) -> Any:
        function = find(scope)
        if not isinstance(function, Function):
            return None
        values = [argument(scope) for argument in arguments]
        scope.evaluation.spend(1)
        return function.invoke(scope.evaluation, values, names)

    return run


def _call_of_builtin(compiler: Compiler, node: tree.Call, name: str) -> Run:
    builtin = way_of(FUNCTIONS[name], len(node.arguments), node.names)
    if builtin is None:
        found = f"arguments named {', '.join(node.names)}" if node.names else _counted(len(node.arguments))
        usage = " or ".join(way.usage(name) for way in FUNCTIONS[name])
        return compiler.refuse(f"found {found}, expected {usage}", node.at)
    order = builtin.order(len(node.arguments), node.names)
    compiled = [compiler.compile(node.arguments[index]) if index is not None else None for index in order]

    def run(scope: Scope) -> Any:
        return builtin.call(scope.evaluation, [argument(scope) if argument else None for argument in compiled])

    return run


def _counted(count: int) -> str:
    return "one argument" if count == 1 else f"{count or 'no'} arguments"
