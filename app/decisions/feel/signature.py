"""How a built-in function is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Builtin:
    """One way to call a function. An argument left out arrives as None; a variadic last one takes all that follow."""

    function: Callable[..., Any]
    """Called with the evaluation and the arguments. Gives null for arguments it has no answer for, and never raises."""
    parameters: tuple[str, ...] = ()
    optional: int = 0
    variadic: bool = False

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

    def usage(self, name: str) -> str:
        shown = [*self.parameters[: self.required], *(f"{one}?" for one in self.parameters[self.required :])]
        return f"{name}({', '.join(shown)}{', ...' if self.variadic else ''})"


def cost_of(values: Sequence[Any]) -> int:
    """As much as there is to read, so that a thousand calls with a large list are not free."""
    cost = 1
    for value in values:
        kind = type(value)
        if kind is list or kind is dict:
            cost += len(value)
        elif kind is str:
            cost += len(value) >> 4
    return cost
