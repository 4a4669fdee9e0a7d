"""An expression as a tree. Only the builder makes these, only the compiling modules read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import Literal as OneOf

from app.decisions.feel.errors import Place


@dataclass(frozen=True, slots=True)
class Node:
    at: Place


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value known when compiled: number, text, true, false, null, or what `@"..."` stands for."""

    value: Any


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    """`{a: 1, b: a + 1}`: an entry sees the entries before it."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    base: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    base: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """Arguments are either all positional or all named (`names` is then as long as `arguments`)."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Negate(Node):
    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """A chain of one precedence, from the left: `a + b - c` is a, (("+", b), ("-", c))."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    subject: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """True if the subject passes any of the tests. A test is a value, list or range, or an open range such as `< 5`."""

    subject: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class RangeOf(Node):
    """An end that is None is unlimited: `(< 5)` has no low end."""

    low: Node | None
    high: Node | None
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True)
class Unequal(Node):
    """The test `!= 5` on the right of `in`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Logic(Node):
    kind: OneOf["and", "or"]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Iterator(Node):
    """`name in domain`, or `name in domain .. end`."""

    name: str
    domain: Node
    end: Node | None


@dataclass(frozen=True, slots=True)
class For(Node):
    iterators: tuple[Iterator, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    kind: OneOf["some", "every"]
    iterators: tuple[Iterator, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class Type(Node):
    """`list<number>` is list, (number,); fields of `context<a: number>` are named; `result` belongs to functions."""

    name: str
    arguments: tuple[Type, ...] = ()
    names: tuple[str, ...] = ()
    result: Type | None = None


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    subject: Node
    type: Type


@dataclass(frozen=True, slots=True)
class Function(Node):
    parameters: tuple[tuple[str, Type | None], ...]
    body: Node
    external: bool


@dataclass(frozen=True, slots=True)
class Equal(Node):
    """The test `= 5` on the right of `in`; as a value, the range from 5 to 5."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Invalid(Node):
    """What can be read but never means anything. An error for authors, null where the standard's leniency is wanted."""

    problem: str


@dataclass(frozen=True, slots=True)
class UnaryTests(Node):
    """A cell of a decision table. Never inside of anything else."""

    tests: tuple[Node, ...]
