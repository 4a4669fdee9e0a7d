"""`instance of`, and what this engine refuses to evaluate until it can."""

from __future__ import annotations

from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.errors import FeelSyntaxError, NotYetSupported
from app.decisions.feel.scope import Evaluation, Run, Scope
from app.decisions.feel.values import KINDS, Range, read

_KINDS = frozenset(KINDS.values()) - {"list", "context", "range"}


def instance_of(compiler: Compiler, node: tree.InstanceOf) -> Run:
    """Null is an instance of Null only. Of Any is whatever is not null."""
    subject = compiler.compile(node.subject)
    _check(node.type)
    wanted = node.type

    def run(scope: Scope) -> bool:
        return _is(subject(scope), wanted, scope.evaluation, 0)

    return run


def _check(type_: tree.Type) -> None:
    """Refuses a type that `_is` would not decide rightly."""
    if type_.name == "function" or type_.result:
        raise NotYetSupported("the type function is not supported yet", type_.at)
    if type_.name in {"list", "range"}:
        if len(type_.arguments) > 1 or type_.names:
            raise FeelSyntaxError(f"{type_.name} takes one type, such as {type_.name}<number>", type_.at)
    elif type_.name == "context":
        if len(type_.names) != len(type_.arguments):
            raise FeelSyntaxError("the entries of a context type have names, such as context<a: number>", type_.at)
    elif type_.name not in _KINDS | {"Any", "Null"}:
        raise NotYetSupported(f"{type_.name} is none of the built-in types; own types are not supported yet", type_.at)
    for argument in type_.arguments:
        _check(argument)


def _is(value: Any, type_: tree.Type, evaluation: Evaluation, depth: int) -> bool:
    value = read(value)
    evaluation.go_into(depth)
    if type_.name == "Null":
        return value is None
    if type_.name == "Any":
        return value is not None
    if KINDS.get(type(value)) != type_.name:
        return False
    if type_.name == "list" and type_.arguments:
        return all(_fits(element, type_.arguments[0], evaluation, depth) for element in value)
    if type_.name == "context":
        fields = zip(type_.names, type_.arguments, strict=True)
        return all(name in value and _fits(value[name], field, evaluation, depth) for name, field in fields)
    if isinstance(value, Range) and type_.arguments:
        ends = [end for end in (value.low, value.high) if end is not None]
        return all(_fits(end, type_.arguments[0], evaluation, depth) for end in ends)
    return True


def _fits(value: Any, type_: tree.Type, evaluation: Evaluation, depth: int) -> bool:
    """Inside of a list or context null stands for a missing value of any type."""
    return value is None or _is(value, type_, evaluation, depth + 1)


def function(_compiler: Compiler, node: tree.Function) -> Run:
    raise NotYetSupported("definitions of functions are not supported yet", node.at)


def unequal(_compiler: Compiler, node: tree.Unequal) -> Run:
    raise FeelSyntaxError("a test with != stands only on the right of in", node.at)
