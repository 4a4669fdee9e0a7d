"""Expressions and mappings of the diagram, compiled once."""

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.core.errors import TurnupError
from app.decisions.feel import Expression, compile_feel
from app.engine.diagram import Element
from app.engine.spiff.faults import ExpressionFailed
from app.engine.spiff.scopes import nested


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


def apply_outputs(
    mappings: Iterable[VariableMapping], result: Mapping[str, Any], view: MutableMapping[str, Any], clock: Clock
) -> list[tuple[str, Any]]:
    """(target, value) of output mappings, one after the other: each sees what those before it made."""
    made = dict(result)
    seen, found = ChainMap(made, view), []
    for mapping in mappings:
        value = mapping.source.value(seen, clock)
        name, *path = mapping.target.split(".")
        made[name] = nested(seen.get(name), path, value)
        found.append((mapping.target, value))
    return found


def source_of(text: str, place: str) -> Source:
    """`place` is what an error calls it."""
    text = text.strip()
    return Source(place, text, compile_feel(text[1:].strip()) if text.startswith("=") else None)


def mappings_of(element: Element, rows: Iterable[tuple[str, str]], kind: str) -> tuple[VariableMapping, ...]:
    """`kind` is input or output."""
    return tuple(
        VariableMapping(source_of(source, f"{kind} '{target}' of '{element.id}'"), target) for source, target in rows
    )
