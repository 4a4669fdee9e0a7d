"""How a built-in function is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.decisions.feel.scope import Evaluation
from app.decisions.feel.values import read


@dataclass(frozen=True)
class Builtin:
    """One way to call a function. An argument left out arrives as None; a variadic last one takes all that follow."""

    function: Callable[..., Any]
    """Called with the evaluation and the arguments. Gives null for arguments it has no answer for, and never raises."""
    parameters: tuple[str, ...] = ()
    optional: int = 0
    variadic: bool = False
    takes_lists: bool = False
    """Takes lists as they are. For other functions a list of one stands for its element (10.3.2.9.4)."""

    @property
    def required(self) -> int:
        return len(self.parameters) - self.optional

    def takes(self, count: int, names: Sequence[str]) -> bool:
        if names:
            needed = self.parameters[: self.required]
            known = len(set(names)) == len(names) and set(names) <= set(self.parameters)
            return known and set(needed) <= set(names)
        return self.required <= count and (self.variadic or count <= len(self.parameters))

    def order(self, count: int, names: Sequence[str]) -> list[int | None]:
        """Which argument stands for each parameter; None for one that is left out."""
        if names:
            given = {name: index for index, name in enumerate(names)}
            return [given.get(name) for name in self.parameters]
        left_out = [] if self.variadic else [None] * (len(self.parameters) - count)
        return [*range(count), *left_out]

    def call(self, evaluation: Evaluation, values: list[Any]) -> Any:
        """With a value for each parameter. Costs what there is to read: a long list, a thousand times, is not free."""
        cost = 1
        for index, value in enumerate(values):
            kind = type(value)
            if kind is list:
                cost += len(value)
                if len(value) == 1 and not self.takes_lists:
                    values[index] = read(value[0])
            elif kind is dict:
                cost += len(value)
            elif kind is str:
                cost += len(value) >> 4
        evaluation.spend(cost)
        return self.function(evaluation, *values)

    def usage(self, name: str) -> str:
        shown = [*self.parameters[: self.required], *(f"{one}?" for one in self.parameters[self.required :])]
        return f"{name}({', '.join(shown)}{', ...' if self.variadic else ''})"


def way_of(ways: Sequence[Builtin], count: int, names: Sequence[str]) -> Builtin | None:
    """The way that takes these arguments. `before(range: r, point: p)` and its reverse differ by the order only."""
    as_written = [way for way in ways if names and way.parameters == tuple(names)]
    return next((way for way in (*as_written, *ways) if way.takes(count, names)), None)
