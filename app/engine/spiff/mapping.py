"""Expressions and mappings of the diagram, compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.core.errors import TurnupError
from app.decisions.feel import Expression
from app.engine.spiff.faults import ExpressionFailed


@dataclass(frozen=True)
class Source:
    """The right side of a mapping: FEEL, or a literal text."""

    place: str  # what an error calls it: "input 'olt' of 'activate'"
    literal: str
    expression: Expression | None

    def value(self, view: Mapping[str, Any], clock: Clock) -> Any:
        """As JSON; `clock` is what now() and today() read."""
        if self.expression is None:
            return self.literal
        try:
            return self.expression.json(view, clock=clock)
        except TurnupError as error:
            raise ExpressionFailed(
                f"{self.place}: {error.message}", expression=self.expression.text, place=self.place
            ) from error


@dataclass(frozen=True)
class VariableMapping:
    """One row of zeebe:ioMapping."""

    source: Source
    target: str
