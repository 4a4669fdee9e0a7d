"""`instance of`, types as they are written, and what is refused when compiled."""

from __future__ import annotations

from app.decisions.feel import tree
from app.decisions.feel.compiling import Compiler
from app.decisions.feel.errors import FeelSyntaxError, Place
from app.decisions.feel.scope import Run
from app.decisions.feel.types import SCALARS, Type, is_instance


def instance_of(compiler: Compiler, node: tree.InstanceOf) -> Run:
    subject = compiler.compile(node.subject)
    try:
        wanted = resolve(compiler, node.type)
    except FeelSyntaxError as error:
        return compiler.refuse(error.problem, Place(error.line, error.column))
    return lambda scope: is_instance(subject(scope), wanted, scope.evaluation)


def resolve(compiler: Compiler, type_: tree.Type) -> Type:
    """The type that is written. Raises FeelSyntaxError for one that does not exist."""
    own = compiler.setting.types.get(type_.name)
    if own is not None and not type_.arguments:
        return own
    arguments = tuple(resolve(compiler, argument) for argument in type_.arguments)
    if type_.name == "function":
        result = resolve(compiler, type_.result) if type_.result else None
        if type_.names or (arguments and result is None):
            problem = "a function type has types and what it gives, such as function<number>->string"
            raise FeelSyntaxError(problem, type_.at)
        return Type("function", arguments, (), result, closed=result is not None)
    if type_.result:
        raise FeelSyntaxError(f"{type_.name} gives nothing; only function has ->", type_.at)
    if type_.name in {"list", "range"}:
        if len(arguments) > 1 or type_.names:
            raise FeelSyntaxError(f"{type_.name} takes one type, such as {type_.name}<number>", type_.at)
    elif type_.name == "context":
        if len(type_.names) != len(arguments):
            raise FeelSyntaxError("the entries of a context type have names, such as context<a: number>", type_.at)
    elif type_.name not in SCALARS | {"Any", "Null"}:
        raise FeelSyntaxError(f"there is no type called {type_.name}", type_.at)
    return Type(type_.name, arguments, type_.names)


def unequal(compiler: Compiler, node: tree.Unequal) -> Run:
    return compiler.refuse("a test with != stands only on the right of in", node.at)


def invalid(compiler: Compiler, node: tree.Invalid) -> Run:
    return compiler.refuse(node.problem, node.at)
