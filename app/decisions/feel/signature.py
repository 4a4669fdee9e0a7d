"""How a built-in function is called."""

from __future__ import annotations

from collections.abc import Callable
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

    def takes(self, count: int, names: tuple[str, ...]) -> bool:
        if names:
            needed = self.parameters[: self.required]
            known = len(set(names)) == len(names) and set(names) <= set(self.parameters)
            return known and set(needed) <= set(names)
        return self.required <= count and (self.variadic or count <= len(self.parameters))

    def usage(self, name: str) -> str:
        shown = [*self.parameters[: self.required], *(f"{one}?" for one in self.parameters[self.required :])]
        return f"{name}({', '.join(shown)}{', ...' if self.variadic else ''})"
