"""Built-in functions as values, such as the second argument of `list replace(prices, 1, abs)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.decisions.feel.builtins import FUNCTIONS
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.signature import Builtin, way_of
from app.decisions.feel.values import Function, Parameter


class BuiltinFunction(Function):
    def __init__(self, ways: tuple[Builtin, ...]) -> None:
        self.parameters = tuple(Parameter(name) for name in ways[0].parameters)
        self._ways = ways

    def invoke(self, evaluation: Evaluation, values: Sequence[Any], names: Sequence[str] = ()) -> Any:
        way = way_of(self._ways, len(values), names)
        if way is None:
            return None
        order = way.order(len(values), names)
        return way.call(evaluation, [values[index] if index is not None else None for index in order])


BY_NAME: Mapping[str, Function] = {name: BuiltinFunction(ways) for name, ways in FUNCTIONS.items()}
