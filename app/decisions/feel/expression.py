"""Expressions: text in, something that can be evaluated out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from app.core.clock import Clock
from app.core.errors import InvalidInput
from app.decisions.feel import compile_calls, compile_loops, compile_operators, compile_types, compile_values, tree
from app.decisions.feel.builtins import STANDARD_NAMES
from app.decisions.feel.compiling import Compiler, Rule
from app.decisions.feel.names import KnownNames
from app.decisions.feel.output import settled, value_to_json
from app.decisions.feel.parser import LONGEST_TEXT, parse
from app.decisions.feel.scope import Evaluation, Run, Scope
from app.decisions.feel.values import read

_RULES: Mapping[type, Rule] = {
    tree.Literal: compile_values.literal,
    tree.Name: compile_values.name,
    tree.Path: compile_values.path,
    tree.ListOf: compile_values.list_of,
    tree.ContextOf: compile_values.context_of,
    tree.RangeOf: compile_values.range_of,
    tree.Arithmetic: compile_operators.arithmetic,
    tree.Negate: compile_operators.negate,
    tree.Compare: compile_operators.comparison,
    tree.Between: compile_operators.between,
    tree.In: compile_operators.membership,
    tree.Logic: compile_operators.logic,
    tree.If: compile_operators.conditional,
    tree.For: compile_loops.iteration,
    tree.Quantified: compile_loops.quantified,
    tree.Filter: compile_loops.filtered,
    tree.Call: compile_calls.call,
    tree.InstanceOf: compile_types.instance_of,
    tree.Function: compile_types.function,
    tree.Unequal: compile_types.unequal,
}
_FUNCTIONS = KnownNames(STANDARD_NAMES)
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. Holds nothing that changes: any number of threads may evaluate it at once."""

    text: str
    names: frozenset[str]
    """First names of what it takes from the scope; inside of a filter they may be the elements' entries instead."""
    _run: Run = field(repr=False, compare=False)
    _shortcut: Callable[[Mapping[str, Any]], Any] | None = field(repr=False, compare=False)

    def evaluate(self, scope: Mapping[str, Any], *, clock: Clock | None = None) -> Any:
        """The FEEL value (see `values`). What the standard calls an error is null; only BudgetExceeded is raised.

        `clock` is what now() and today() read; without one, the machine's.
        """
        if self._shortcut:
            value = self._shortcut(scope)
            kind = type(value)
            return settled(value, Evaluation()) if kind is list or kind is dict else read(value)
        evaluation = Evaluation(clock)
        value = self._run(Scope(scope, evaluation))
        kind = type(value)
        return settled(value, evaluation) if kind is list or kind is dict else value

    def json(self, scope: Mapping[str, Any], *, clock: Clock | None = None) -> Any:
        """The value as it is stored; see `value_to_json`."""
        if self._shortcut:
            return value_to_json(self._shortcut(scope))
        evaluation = Evaluation(clock)
        return value_to_json(self._run(Scope(scope, evaluation)), evaluation)


def compile_feel(text: str, known: frozenset[str] = frozenset()) -> Expression:
    """The expression of a text, compiled once while it stays among the last few thousand.

    `known` are names of the scope that are not one plain word (`order id`, `a-b`), which nothing else could tell from
    several. Raises FeelSyntaxError with line and column, NotYetSupported for what the engine cannot evaluate yet.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"found a {type(text).__name__}, expected the text of an expression")
    return _compiled(text, known) if len(text) <= LONGEST_TEXT else _compile(text, known)


def _compile(text: str, known: frozenset[str]) -> Expression:
    node = parse(text, _FUNCTIONS, known)
    compiler = Compiler(_RULES)
    run = compiler.compile(node)
    return Expression(text, frozenset(compiler.free), run, _shortcut_of(node))


_compiled = lru_cache(maxsize=_KEPT)(_compile)


def _shortcut_of(node: tree.Node) -> Callable[[Mapping[str, Any]], Any] | None:
    """A literal or a name needs no scope of its own."""
    if isinstance(node, tree.Literal):
        value = node.value
        return lambda _scope: value
    if isinstance(node, tree.Name):
        return partial(_taken, node.name)
    return None


def _taken(name: str, scope: Mapping[str, Any]) -> Any:
    """Not `get`, which costs a chain of mappings twice as much."""
    try:
        return scope[name]
    except KeyError:
        return None
