"""What one evaluation leaves behind besides its value: the rules that matched, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.clock import Clock
from app.decisions.feel import Evaluation

MOST_MATCHED = 1000
MOST_ERRORS = 100


@dataclass(frozen=True)
class MatchedRule:
    """A rule of a decision table that matched, with what it was asked and what it gave."""

    decision_id: str
    """Of the decision or business knowledge model that the table is the logic of."""
    decision_name: str
    rule_index: int
    """Counts from 1, as the modeler shows it."""
    rule_id: str | None
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """`value` is null where something was wrong; `errors` then say what, in the author's words."""

    value: Any
    matched: tuple[MatchedRule, ...]
    errors: tuple[str, ...]


class Trace(Evaluation):
    """The evaluation that all expressions of one decision share. Keeps the first of very many rules and errors."""

    __slots__ = ("errors", "matched")

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.matched: list[MatchedRule] = []
        self.errors: list[str] = []

    def add(self, rule: MatchedRule) -> None:
        if len(self.matched) < MOST_MATCHED:
            self.matched.append(rule)

    def note(self, error: str) -> None:
        if len(self.errors) < MOST_ERRORS and error not in self.errors:
            self.errors.append(error)


def note(evaluation: Evaluation, error: str) -> None:
    """A function of a model may have travelled into a plain FEEL evaluation, which keeps no errors."""
    if isinstance(evaluation, Trace):
        evaluation.note(error)


def add(evaluation: Evaluation, rule: MatchedRule) -> None:
    if isinstance(evaluation, Trace):
        evaluation.add(rule)
