"""Compiles the texts of one decision, and writes down what is wrong with them and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.decisions.dmn import parts
from app.decisions.dmn.findings import Finding, shortened
from app.decisions.dmn.trace import note
from app.decisions.dmn.types import TypeBook
from app.decisions.feel import (
    BudgetExceeded,
    Expression,
    FeelSyntaxError,
    Function,
    Type,
    UnaryTests,
    coerce,
    compile_feel,
    compile_unary_tests,
)
from app.decisions.feel.output import as_text
from app.decisions.feel.scope import Evaluation, Run, Scope

Test = Callable[[Any, Scope], bool | None]
_LONGEST_SHOWN = 80


def nothing(_scope: Scope) -> None:
    return None


@dataclass(frozen=True)
class Workshop:
    """Where a text stands: in which decision, in which cell of its table, and which names it sees."""

    owner: parts.Decision | parts.BusinessKnowledgeModel
    types: TypeBook
    own_types: Mapping[str, Type]
    findings: list[Finding]
    names: frozenset[str]
    """Names in scope, and entries of contexts that a single word does not hold."""
    rule: int | None = None
    column: str | None = None

    def seeing(self, *names: str) -> Workshop:
        return replace(self, names=self.names.union(names)) if names else self

    def cell(self, rule: int | None, column: str | None) -> Workshop:
        return replace(self, rule=rule, column=column)

    def expression(self, text: str, place: parts.Place) -> Expression | None:
        """None if it is none; what is well formed but can never work is null when evaluated."""
        types = self.own_types if "instance" in text or "function" in text else None
        try:
            return compile_feel(text, self.names, types=types)
        except FeelSyntaxError as error:
            self._feel_fault(error, place)
        try:
            return compile_feel(text, self.names, lenient=True, types=types)
        except FeelSyntaxError:
            return None

    def tests(self, text: str, place: parts.Place) -> UnaryTests | None:
        types = self.own_types if "instance" in text or "function" in text else None
        try:
            return compile_unary_tests(text, self.names, types=types)
        except FeelSyntaxError as error:
            self._feel_fault(error, place)
        try:
            return compile_unary_tests(text, self.names, lenient=True, types=types)
        except FeelSyntaxError:
            return None

    def run_of(self, text: str, place: parts.Place) -> Run:
        expression = self.expression(text, place)
        if expression is None:
            return self.failing("is no FEEL expression")
        return expression._run

    def test_of(self, text: str, place: parts.Place) -> Test:
        tests = self.tests(text, place)
        if tests is None:
            fail = self.failing("is no FEEL unary test")
            return lambda _value, scope: fail(scope)
        return (lambda _value, _scope: True) if tests.is_any else tests._run

    def failing(self, problem: str) -> Run:
        """Null, and the error."""
        message = f"{self.where()} {problem}."

        def run(scope: Scope) -> None:
            note(scope.evaluation, message)

        return run

    def typed(self, run: Run, type_ref: str | None, what: str) -> Run:
        """The value as its type wants it; null with an error where it cannot be."""
        type_ = self.types.find(type_ref)
        if type_ is None:
            return run
        return lambda scope: fitted(run(scope), type_, scope.evaluation, f"{self.where()}: {what}", type_ref)

    def where(self) -> str:
        place = f"{self.owner.name or self.owner.id}"
        if self.column is not None:
            place += f", column {self.column}"
        return place if self.rule is None else f"{place}, rule {self.rule}"

    def fault(self, code: str, message: str, remedy: str, place: parts.Place, *, warning: bool = False) -> None:
        self.findings.append(
            Finding(
                "warning" if warning else "error",
                place.id or self.owner.id,
                code,
                shortened(f"{self.where()}: {message}"),
                remedy,
                place.line,
                self.owner.id,
                self.rule,
                self.column,
            )
        )

    def _feel_fault(self, error: FeelSyntaxError, place: parts.Place) -> None:
        self.fault("feel", f"{error.message}.", "Correct the FEEL expression.", place)


def fitted(value: Any, type_: Type, evaluation: Evaluation, what: str, type_ref: str | None) -> Any:
    if isinstance(value, Function) and type_.name == "function":
        return value if _takes_as_many(value, type_) else _unfit(value, evaluation, what, type_ref)
    found = coerce(value, type_, evaluation)
    return _unfit(value, evaluation, what, type_ref) if found is None and value is not None else found


def _unfit(value: Any, evaluation: Evaluation, what: str, type_ref: str | None) -> None:
    note(evaluation, f"{what} is no {type_ref}: found {shown(value)}.")


def _takes_as_many(function: Function, type_: Type) -> bool:
    """Drawn functions seldom declare types, so their number is all that is asked."""
    return not type_.closed or len(function.parameters) == len(type_.arguments)


def shown(value: Any) -> str:
    """For an error: short, whatever it is."""
    if isinstance(value, Function):
        return "a function"
    if isinstance(value, (list, dict)) and len(value) > 10:
        return f"a {'list' if isinstance(value, list) else 'context'} of {len(value)}"
    try:
        text = as_text(value, Evaluation())
    except BudgetExceeded:
        return "a very large value"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
