"""Boxed expressions to closures. A closure takes FEEL's scope and never raises but for the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.decisions.dmn import parts
from app.decisions.dmn.loops import compile_filter, compile_iterator
from app.decisions.dmn.tables import compile_table
from app.decisions.dmn.trace import note
from app.decisions.dmn.workshop import Workshop, fitted, nothing
from app.decisions.feel import Declared, Evaluation, Function, Parameter, Type
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.types import ANY

_CALL_COST = 10


class BoxedFunction(Declared):
    """A function definition with what its body sees of where it stands: a scope, or names that are always the same."""

    def __init__(self, shape: FunctionShape, scope: Scope | None) -> None:
        self._scope = scope
        self.become(shape, {})

    def become(self, shape: FunctionShape, names: Mapping[str, Any]) -> None:
        """Functions that call one another exist before they are compiled."""
        self.name = shape.name
        self.parameters = shape.parameters
        self.result = shape.result or ANY
        self._body = shape.body
        self._names = names

    def call(self, evaluation: Evaluation, arguments: Mapping[str, Any]) -> Any:
        evaluation.spend(_CALL_COST)
        return self._body(Scope(arguments, evaluation, self._scope or Scope(self._names, evaluation)))


class FunctionShape:
    def __init__(self, name: str, parameters: tuple[Parameter, ...], result: Type | None, body: Run) -> None:
        self.name = name
        self.parameters = parameters
        self.result = result
        self.body = body


def compile_boxed(shop: Workshop, boxed: parts.Boxed) -> Run:
    run = _COMPILERS[type(boxed)](shop, boxed)
    if isinstance(boxed, (parts.Table, parts.FunctionDefinition)):  # their cells and their result have the type
        return run
    return shop.typed(run, boxed.type_ref, "the value")


def compile_optional(shop: Workshop, boxed: parts.Boxed | None, place: parts.Place, what: str) -> Run:
    if boxed is not None:
        return compile_boxed(shop, boxed)
    shop.fault("missing_expression", f"{what} has no expression.", "Fill it in.", place, warning=True)
    return nothing


def _literal(shop: Workshop, boxed: parts.Literal) -> Run:
    if not boxed.text:
        shop.fault("missing_expression", "An expression is empty.", "Fill it in.", boxed.place, warning=True)
        return shop.failing("is empty")
    return shop.run_of(boxed.text, boxed.place)


def _unreadable(shop: Workshop, boxed: parts.Unreadable) -> Run:
    shop.fault(boxed.code, boxed.reason, boxed.remedy, boxed.place)
    return shop.failing(f"cannot be evaluated: {boxed.reason.rstrip('.')}")


def _context(shop: Workshop, boxed: parts.Context) -> Run:
    entries: list[tuple[str, Run]] = []
    result: Run | None = None
    for variable, value in boxed.entries:
        if variable is None:
            result = compile_boxed(shop, value)
            continue
        seeing = shop.seeing(variable.name) if isinstance(value, parts.FunctionDefinition) else shop
        run = compile_boxed(seeing, value)
        if not isinstance(value, parts.FunctionDefinition):
            run = shop.typed(run, variable.type_ref, variable.name)
        entries.append((variable.name, run))
        shop = shop.seeing(variable.name)

    def evaluate(scope: Scope) -> Any:
        made: dict[str, Any] = {}
        inner = scope.inner(made)
        for name, run in entries:
            made[name] = run(inner)
        return made if result is None else result(inner)

    return evaluate


def _list(shop: Workshop, boxed: parts.ListOf) -> Run:
    items = [compile_boxed(shop, item) for item in boxed.items]
    return lambda scope: [item(scope) for item in items]


def _relation(shop: Workshop, boxed: parts.Relation) -> Run:
    rows = []
    for cells in boxed.rows:
        pairs = zip(boxed.columns, cells, strict=False)
        rows.append(
            [
                (column.name, shop.typed(compile_boxed(shop, cell), column.type_ref, column.name))
                for column, cell in pairs
            ]
        )
    return lambda scope: [{name: cell(scope) for name, cell in row} for row in rows]


def shape_of(
    shop: Workshop, boxed: parts.FunctionDefinition, name: str, result_ref: str | None = None
) -> FunctionShape:
    """What a definition makes, wherever its names come from."""
    parameters = tuple(Parameter(one.name, shop.types.find(one.type_ref)) for one in boxed.parameters)
    inside = shop.seeing(*(one.name for one in boxed.parameters))
    body = compile_optional(inside, boxed.body, boxed.place, "The function")
    result: Type | None = None
    for ref in (boxed.type_ref, result_ref):
        type_ = shop.types.find(ref)
        if type_ is not None and type_.name == "function":
            type_ = type_.result
        if type_ is not None and type_ != ANY:
            body, result = (
                _resulting(body, type_, f"{shop.where()}: the result of {name or 'the function'}", ref),
                type_,
            )
    return FunctionShape(name, parameters, result, body)


def _resulting(body: Run, type_: Type, what: str, ref: str | None) -> Run:
    return lambda scope: fitted(body(scope), type_, scope.evaluation, what, ref)


def _function(shop: Workshop, boxed: parts.FunctionDefinition) -> Run:
    shape = shape_of(shop, boxed, "")
    return lambda scope: BoxedFunction(shape, scope)


def _invocation(shop: Workshop, boxed: parts.Invocation) -> Run:
    find = compile_optional(shop, boxed.function, boxed.place, "The invocation")
    bindings = []
    for parameter, value in boxed.bindings:
        bound = compile_optional(shop, value, parameter.place, f"The parameter {parameter.name}")
        bindings.append((parameter.name, shop.typed(bound, parameter.type_ref, parameter.name)))
    no_function = f"{shop.where()}: what is invoked is no function."
    unfit = f"{shop.where()}: the arguments are not those of the function."

    def run(scope: Scope) -> Any:
        function = find(scope)
        if not isinstance(function, Function):
            note(scope.evaluation, no_function)
            return None
        given = {name: value(scope) for name, value in bindings}
        if isinstance(function, Declared):
            own = [parameter.name for parameter in function.parameters]
            if not given.keys() <= set(own):
                note(scope.evaluation, unfit)
                return None
            given = {name: given.get(name) for name in own}
        return function.invoke(scope.evaluation, list(given.values()), tuple(given))

    return run


def _conditional(shop: Workshop, boxed: parts.Conditional) -> Run:
    condition = compile_boxed(shop, boxed.condition)
    then, otherwise = compile_boxed(shop, boxed.then), compile_boxed(shop, boxed.otherwise)
    return lambda scope: then(scope) if condition(scope) is True else otherwise(scope)


def _filter(shop: Workshop, boxed: parts.Filter) -> Run:
    return compile_filter(shop, boxed, compile_boxed)


def _iterator(shop: Workshop, boxed: parts.Iterator) -> Run:
    return compile_iterator(shop, boxed, compile_boxed)


def _table(shop: Workshop, boxed: parts.Table) -> Run:
    return compile_table(shop, boxed, compile_boxed)


_COMPILERS: Mapping[type[parts.Boxed], Callable[[Workshop, Any], Run]] = {
    parts.Literal: _literal,
    parts.Unreadable: _unreadable,
    parts.Context: _context,
    parts.ListOf: _list,
    parts.Relation: _relation,
    parts.FunctionDefinition: _function,
    parts.Invocation: _invocation,
    parts.Conditional: _conditional,
    parts.Filter: _filter,
    parts.Iterator: _iterator,
    parts.Table: _table,
}
