"""What can be wrong with an expression, in words for the person who wrote it."""

from __future__ import annotations

from typing import NamedTuple

from app.core.errors import InvalidInput, Unprocessable


class Place(NamedTuple):
    """Where in the text; both count from 1."""

    line: int
    column: int


def place_of(text: str, offset: int) -> Place:
    """The line and column of a character."""
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class FeelSyntaxError(InvalidInput):
    """The text is not an expression. The message starts with line and column and says what was found and expected."""

    def __init__(self, problem: str, at: Place) -> None:
        super().__init__(f"line {at.line}, column {at.column}: {problem}", line=at.line, column=at.column)
        self.problem = problem
        self.line = at.line
        self.column = at.column


class BudgetExceeded(Unprocessable):
    """An evaluation asked for more time or memory than one expression may have."""


class NotStorable(Unprocessable):
    """The value of an expression cannot be kept as JSON, such as a number beyond its range."""
