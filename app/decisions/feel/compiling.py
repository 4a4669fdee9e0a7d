"""The frame of the compiler: a tree goes in, one Python closure comes out.

Each kind of node has a function that makes its closure, in the `compile_*` modules; `expression` joins them. User text
is never handed to Python's own compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.errors import FeelSyntaxError, Place
from app.decisions.feel.lexer import DEEPEST_NESTING
from app.decisions.feel.scope import Run
from app.decisions.feel.types import Type

Rule = Callable[["Compiler", Any], Run]


@dataclass(frozen=True)
class Setting:
    """What the host says about the place of a text."""

    known: frozenset[str] = frozenset()
    """Names of the scope: all that are not one plain word, and those of functions."""
    lenient: bool = False
    """Null when evaluated, as the standard has it, instead of an error when compiled for what can never work."""
    types: Mapping[str, Type] = field(default_factory=dict)
    """The host's own types by name."""


class Compiler:
    """Compiles one tree, once."""

    def __init__(self, rules: Mapping[type, Rule], setting: Setting) -> None:
        self.setting = setting
        self.free: set[str] = set()
        """First names that the text neither declares nor binds."""
        self.size = 0
        """How many nodes were compiled so far: what one run of them costs."""
        self._rules = rules
        self._depth = 0
        self._bound: list[frozenset[str]] = []

    def compile(self, node: tree.Node) -> Run:
        self.size += 1
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise FeelSyntaxError(f"the expression is nested deeper than {DEEPEST_NESTING}", node.at)
        run = self._rules[type(node)](self, node)
        self._depth -= 1
        return run

    def sized(self, node: tree.Node) -> tuple[Run, int]:
        """The closure, and what one run of it costs."""
        before = self.size
        return self.compile(node), self.size - before

    @contextmanager
    def binding(self, names: Iterable[str]) -> Iterator[None]:
        """While what sees these names is compiled."""
        self._bound.append(frozenset(names))
        yield
        self._bound.pop()

    def is_bound(self, name: str) -> bool:
        return any(name in names for names in self._bound)

    def refuse(self, problem: str, at: Place) -> Run:
        """What can never work: an error for an author; null where the standard's leniency is wanted."""
        if not self.setting.lenient:
            raise FeelSyntaxError(problem, at)
        return lambda _scope: None

    def mention(self, name: str) -> None:
        if not self.is_bound(name):
            self.free.add(name)
