"""Functions whose parameters are declared: definitions in FEEL, and what a host lends (business knowledge of DMN)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.feel.scope import Evaluation, Run, Scope
from app.decisions.feel.types import Type, coerce
from app.decisions.feel.values import Function, Parameter, read


class Declared(Function):
    """A function that is called with one argument for each parameter. A host's own implements `call`."""

    @abstractmethod
    def call(self, evaluation: Evaluation, arguments: Mapping[str, Any]) -> Any:
        """The value for these arguments, each of its parameter's type. Null for what the standard calls an error.

        `evaluation` holds the budget and the clock: hand it on to `Expression.evaluate`.
        """

    def invoke(self, evaluation: Evaluation, values: Sequence[Any], names: Sequence[str] = ()) -> Any:
        own = [parameter.name for parameter in self.parameters]
        if len(values) != len(own) or (names and set(names) != set(own)):
            return None
        arguments = dict(zip(names or own, values, strict=True))
        for parameter in self.parameters:
            given = arguments[parameter.name]
            if parameter.type is not None:
                fitted = coerce(given, parameter.type, evaluation)
                if fitted is None and read(given) is not None:
                    return None
                arguments[parameter.name] = fitted
        return self.call(evaluation, arguments)


class Closure(Declared):
    """`function(x: number) x + y`, with what `y` was where it is written."""

    def __init__(self, parameters: tuple[Parameter, ...], result: Type, body: Run, cost: int, scope: Scope) -> None:
        self.parameters = parameters
        self.result = result
        self._body = body
        self._cost = cost
        self._scope = scope

    def call(self, evaluation: Evaluation, arguments: Mapping[str, Any]) -> Any:
        evaluation.spend(self._cost)
        return self._body(Scope(arguments, evaluation, self._scope))
