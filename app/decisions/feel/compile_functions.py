"""Definitions of functions."""

from __future__ import annotations

from app.decisions.feel import tree
from app.decisions.feel.compile_types import resolve
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.errors import FeelSyntaxError, Place
from app.decisions.feel.functions import Closure
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.types import ANY, NULL, Type
from app.decisions.feel.values import KINDS, Parameter


def function(compiler: Compiler, node: tree.Function) -> Run:
    """External code is never run, whoever asks for it."""
    if node.external:
        return compiler.refuse("external functions are not run; write the function in FEEL", node.at)
    names = [name for name, _ in node.parameters]
    if len(set(names)) < len(names):
        return compiler.refuse("two parameters of this function have one name", node.at)
    try:
        parameters = tuple(Parameter(name, resolve(compiler, one) if one else None) for name, one in node.parameters)
    except FeelSyntaxError as error:
        return compiler.refuse(error.problem, Place(error.line, error.column))
    with compiler.binding(names):
        body, cost = compiler.sized(node.body)
    result = _result_of(node.body)

    def run(scope: Scope) -> Closure:
        return Closure(parameters, result, body, cost, scope)

    return run


def _result_of(body: tree.Node) -> Type:
    """Known of a literal only; nothing declares what a function in FEEL gives."""
    if isinstance(body, tree.Literal):
        return NULL if body.value is None else Type(KINDS[type(body.value)])
    return ANY
