"""Unary tests: the cells of decision tables, such as `"fibre", "cable"`, `not("dsl")`, `[100..500]`, `< 10`, `-`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.core.clock import Clock
from app.core.errors import InvalidInput
from app.decisions.feel import tree
from app.decisions.feel.compare import passes
from app.decisions.feel.compile_operators import value_test
from app.decisions.feel.compiling import Compiler, Setting
from app.decisions.feel.errors import FeelSyntaxError
from app.decisions.feel.expression import run_within
from app.decisions.feel.names import SPACE
from app.decisions.feel.parser import LONGEST_TEXT, UNARY_TESTS
from app.decisions.feel.rules import read_text
from app.decisions.feel.scope import Evaluation, Scope
from app.decisions.feel.types import Type
from app.decisions.feel.values import Range, read

Test = Callable[[Any, Scope], bool | None]

_KEPT = 16_384
_TESTED = "?"
_CONDITIONS = (tree.Compare, tree.Between, tree.In, tree.Logic, tree.Quantified, tree.InstanceOf, tree.Call)
_NEGATED = re.compile(rf"([{SPACE}]*not[{SPACE}]*\()(.*)(\)[{SPACE}]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """A compiled cell. Holds nothing that changes: any number of threads may use it at once."""

    text: str
    names: frozenset[str]
    """First names of what it takes from the scope, `?` not among them."""
    is_any: bool
    """Whether it is `-`: everything passes, null too."""
    negated: bool
    _tests: tuple[Test, ...] = field(repr=False, compare=False)
    _nodes: tuple[tree.Node, ...] = field(repr=False, compare=False)

    def matches(
        self,
        value: Any,
        scope: Mapping[str, Any] | None = None,
        clock: Clock | None = None,
        evaluation: Evaluation | None = None,
    ) -> bool | None:
        """Whether the value passes; null if that cannot be told. Raises BudgetExceeded only."""
        if self.is_any:
            return True
        tested = read(value)
        return run_within(lambda names: self._run(tested, names), scope or {}, evaluation or Evaluation(clock))  # type: ignore[no-any-return]  # what _run gives

    def _run(self, value: Any, scope: Scope) -> bool | None:
        inner = scope.inner({_TESTED: value})
        answer: bool | None = False
        for test in self._tests:
            passed = test(value, inner)
            if passed:
                answer = True
                break
            if passed is None:
                answer = None
        return answer if answer is None or not self.negated else not answer

    def constants(self) -> frozenset[Any] | None:
        """The values that pass, if it does nothing but compare with literal texts, numbers or booleans; else None.

        Of one kind only, since in Python `Decimal(1) == True`.
        """
        if self.is_any or self.negated:
            return None
        nodes = [node.operand if isinstance(node, tree.Equal) else node for node in self._nodes]
        values = [node.value if isinstance(node, tree.Literal) else None for node in nodes]
        kinds = {type(value) for value in values}
        return frozenset(values) if len(kinds) == 1 and kinds <= {str, Decimal, bool} else None

    def interval(self) -> tuple[Range, ...] | None:
        """The ranges of numbers that pass, as they are written, if only literal numbers decide; else None."""
        if self.is_any or self.negated:
            return None
        ranges = [_range_of(node) for node in self._nodes]
        return tuple(one for one in ranges if one) if all(ranges) else None


def _range_of(node: tree.Node) -> Range | None:
    if isinstance(node, tree.Equal):
        node = node.operand
    if not isinstance(node, tree.RangeOf):
        number = _number(node)
        return Range(number, number, True, True) if number is not None else None
    low, high = _number(node.low), _number(node.high)
    if (node.low and low is None) or (node.high and high is None):
        return None
    return Range(low, high, node.low_included, node.high_included)


def _number(node: tree.Node | None) -> Decimal | None:
    return node.value if isinstance(node, tree.Literal) and type(node.value) is Decimal else None


def compile_unary_tests(
    text: str,
    known: frozenset[str] = frozenset(),
    *,
    lenient: bool = False,
    types: Mapping[str, Type] | None = None,
) -> UnaryTests:
    """The tests of a cell, kept as `compile_feel` keeps expressions. Raises FeelSyntaxError with line and column."""
    if not isinstance(text, str):
        raise InvalidInput(f"found a {type(text).__name__}, expected the text of unary tests")
    if types or len(text) > LONGEST_TEXT:
        return _compile(text, Setting(known, lenient, types or {}))
    return _compiled(text, known, lenient)


def _compile(text: str, setting: Setting) -> UnaryTests:
    if text.strip() == "-":
        return UnaryTests(text, frozenset(), True, False, (), ())
    negated = _NEGATED.fullmatch(text)
    if negated is None:
        return _compile_tests(text, text, setting, negated=False)
    # `not(a), not(b)` is two calls, and only parsing tells it from one `not(...)` around tests. Blanks keep the places.
    inner = " " * len(negated[1]) + negated[2] + " " * len(negated[3])
    try:
        return _compile_tests(text, inner, setting, negated=True)
    except FeelSyntaxError as error:
        try:
            return _compile_tests(text, text, setting, negated=False)
        except FeelSyntaxError:
            raise error from None


@lru_cache(maxsize=_KEPT)
def _compiled(text: str, known: frozenset[str], lenient: bool) -> UnaryTests:
    return _compile(text, Setting(known, lenient))


def _compile_tests(text: str, inner: str, setting: Setting, *, negated: bool) -> UnaryTests:
    node, compiler = read_text(inner, setting, UNARY_TESTS)
    nodes: Sequence[tree.Node] = node.tests if isinstance(node, tree.UnaryTests) else (node,)
    free: set[str] = set()
    tests = []
    for one in nodes:
        compiler.free.clear()
        tests.append(_test(compiler, one))
        free |= compiler.free
    return UnaryTests(text, frozenset(free - {_TESTED}), False, negated, tuple(tests), tuple(nodes))


def _test(compiler: Compiler, node: tree.Node) -> Test:
    """A boolean that speaks of `?` is the answer; a value, list or range is what the tested value is held against.

    A condition that speaks of other names only is the answer unless the tested value is a boolean: then they are
    compared, as they are where the cell is nothing but `true` or a name.
    """
    if isinstance(node, (tree.Equal, tree.Unequal, tree.RangeOf)):
        return value_test(compiler, node)
    run = compiler.compile(node)
    speaks_of_it = _TESTED in compiler.free
    is_condition = isinstance(node, _CONDITIONS)

    def test(value: Any, scope: Scope) -> bool | None:
        found = run(scope)
        if type(found) is bool and (speaks_of_it or (is_condition and type(value) is not bool)):
            return found
        if found is None and speaks_of_it:
            return None
        return passes(value, found, scope.evaluation)

    return test
