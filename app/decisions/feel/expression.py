"""Expressions: text in, something that can be evaluated out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from app.core.clock import Clock
from app.core.errors import InvalidInput
from app.decisions.feel import tree
from app.decisions.feel.compiling import Setting
from app.decisions.feel.errors import BudgetExceeded
from app.decisions.feel.names import names_within
from app.decisions.feel.output import settled, value_to_json
from app.decisions.feel.parser import LONGEST_TEXT
from app.decisions.feel.rules import read_text
from app.decisions.feel.scope import Evaluation, Run, Scope
from app.decisions.feel.types import Type
from app.decisions.feel.values import read

_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. Holds nothing that changes: any number of threads may evaluate it at once."""

    text: str
    names: frozenset[str]
    """First names of what it takes from the scope; inside of a filter they may be the elements' entries instead."""
    _run: Run = field(repr=False, compare=False)
    _shortcut: Callable[[Mapping[str, Any]], Any] | None = field(repr=False, compare=False)

    def evaluate(
        self, scope: Mapping[str, Any], *, clock: Clock | None = None, evaluation: Evaluation | None = None
    ) -> Any:
        """The FEEL value (see `values`). What the standard calls an error is null; only BudgetExceeded is raised.

        `clock` is what now() and today() read; without one, the machine's. Several expressions that are one piece of
        work share an `evaluation`, its clock and its budget.
        """
        if self._shortcut:
            value = self._shortcut(scope)
            kind = type(value)
            return settled(value, evaluation or Evaluation()) if kind is list or kind is dict else read(value)
        evaluation = evaluation or Evaluation(clock)
        value = run_within(self._run, scope, evaluation)
        kind = type(value)
        return settled(value, evaluation) if kind is list or kind is dict else value

    def json(self, scope: Mapping[str, Any], *, clock: Clock | None = None) -> Any:
        """The value as it is stored; see `value_to_json`."""
        if self._shortcut:
            return value_to_json(self._shortcut(scope))
        evaluation = Evaluation(clock)
        return value_to_json(run_within(self._run, scope, evaluation), evaluation)


def run_within(run: Run, scope: Mapping[str, Any], evaluation: Evaluation) -> Any:
    """Functions that call themselves without end use up the stack before the budget."""
    try:
        return run(Scope(scope, evaluation))
    except RecursionError as error:
        raise BudgetExceeded("The expression's functions call one another too deep") from error


def compile_feel(
    text: str,
    known: frozenset[str] = frozenset(),
    *,
    lenient: bool = False,
    types: Mapping[str, Type] | None = None,
) -> Expression:
    """The expression of a text, compiled once while it stays among the last few thousand (not with own `types`).

    `known` are names of the scope that are not one plain word (`order id`, `a-b`), which nothing else could tell from
    several, and names of functions in it. Raises FeelSyntaxError with line and column. What is well formed but can
    never work (an unknown function, a wrong number of arguments) is refused too, unless `lenient`: then it is null when
    evaluated, as the standard has it.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"found a {type(text).__name__}, expected the text of an expression")
    if types or len(text) > LONGEST_TEXT:
        return _compile(text, Setting(known, lenient, types or {}))
    return _compiled(text, known, lenient)


def evaluate(text: str, context: Mapping[str, Any] | None = None, *, clock: Clock | None = None) -> Any:
    """The value of a text, once, with the names of the context known and as lenient as the standard is."""
    scope = context or {}
    return compile_feel(text, frozenset(names_within(scope)), lenient=True).evaluate(scope, clock=clock)


def _compile(text: str, setting: Setting) -> Expression:
    node, compiler = read_text(text, setting)
    run = compiler.compile(node)
    return Expression(text, frozenset(compiler.free), run, _shortcut_of(node, setting))


@lru_cache(maxsize=_KEPT)
def _compiled(text: str, known: frozenset[str], lenient: bool) -> Expression:
    return _compile(text, Setting(known, lenient))


def _shortcut_of(node: tree.Node, setting: Setting) -> Callable[[Mapping[str, Any]], Any] | None:
    """A literal or a name needs no scope of its own."""
    if isinstance(node, tree.Literal):
        value = node.value
        return lambda _scope: value
    if isinstance(node, tree.Name) and not setting.lenient:
        return partial(_taken, node.name)
    return None


def _taken(name: str, scope: Mapping[str, Any]) -> Any:
    """Not `get`, which costs a chain of mappings twice as much."""
    try:
        return scope[name]
    except KeyError:
        return None
