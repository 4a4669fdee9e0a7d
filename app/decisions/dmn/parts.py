"""A decision model as it is drawn: what the XML says, before anything is compiled.

Names are tidied (one space between words), references are (namespace, id), texts are as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Ref = tuple[str, str]
"""Namespace and id of an element; the namespace is the model's own if the reference has none."""


@dataclass(frozen=True)
class Place:
    """Where something stands, for findings."""

    id: str | None
    line: int | None


@dataclass(frozen=True)
class Variable:
    name: str
    type_ref: str | None
    place: Place


@dataclass(frozen=True)
class Boxed:
    """An expression of any kind. `type_ref` is what its value should be."""

    place: Place
    type_ref: str | None


@dataclass(frozen=True)
class Literal(Boxed):
    text: str


@dataclass(frozen=True)
class Unreadable(Boxed):
    """An expression that is not evaluated here: it is null, with the reason as the error."""

    code: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Context(Boxed):
    """Entries see those before them. The one without a variable, if any, is the result."""

    entries: tuple[tuple[Variable | None, Boxed], ...]


@dataclass(frozen=True)
class Invocation(Boxed):
    function: Boxed | None
    bindings: tuple[tuple[Variable, Boxed | None], ...]


@dataclass(frozen=True)
class ListOf(Boxed):
    items: tuple[Boxed, ...]


@dataclass(frozen=True)
class Relation(Boxed):
    columns: tuple[Variable, ...]
    rows: tuple[tuple[Boxed, ...], ...]


@dataclass(frozen=True)
class FunctionDefinition(Boxed):
    parameters: tuple[Variable, ...]
    body: Boxed | None


@dataclass(frozen=True)
class Conditional(Boxed):
    condition: Boxed
    then: Boxed
    otherwise: Boxed


@dataclass(frozen=True)
class Filter(Boxed):
    source: Boxed
    match: Boxed


@dataclass(frozen=True)
class Iterator(Boxed):
    kind: str  # for, some, every
    variable: str
    source: Boxed
    source_type: str | None
    body: Boxed


@dataclass(frozen=True)
class InputColumn:
    label: str
    expression: Boxed
    values: str | None  # allowed ones, as unary tests
    place: Place


@dataclass(frozen=True)
class OutputColumn:
    name: str  # empty if it is the only one and has none
    label: str
    type_ref: str | None
    values: str | None
    default: Boxed | None
    place: Place


@dataclass(frozen=True)
class Cell:
    text: str
    place: Place


@dataclass(frozen=True)
class Rule:
    tests: tuple[Cell, ...]
    outputs: tuple[Boxed, ...]
    annotations: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Table(Boxed):
    hit_policy: str
    aggregation: str | None
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    annotations: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class InputData:
    id: str
    name: str
    variable: Variable
    place: Place


@dataclass(frozen=True)
class Decision:
    id: str
    name: str
    variable: Variable
    inputs: tuple[Ref, ...]
    decisions: tuple[Ref, ...]
    knowledge: tuple[Ref, ...]
    logic: Boxed | None
    place: Place


@dataclass(frozen=True)
class BusinessKnowledgeModel:
    id: str
    name: str
    variable: Variable
    knowledge: tuple[Ref, ...]
    logic: Boxed | None  # a FunctionDefinition, or why there is none
    place: Place


@dataclass(frozen=True)
class DecisionService:
    id: str
    name: str
    variable: Variable
    outputs: tuple[Ref, ...]
    encapsulated: tuple[Ref, ...]
    input_decisions: tuple[Ref, ...]
    inputs: tuple[Ref, ...]
    place: Place


Element = InputData | Decision | BusinessKnowledgeModel | DecisionService


@dataclass(frozen=True)
class ItemDefinition:
    name: str
    type_ref: str | None
    allowed: str | None  # unary tests on each element
    constraint: str | None  # unary tests on the whole
    collection: bool
    components: tuple[ItemDefinition, ...]
    function: tuple[tuple[Variable, ...], str | None] | None
    place: Place


@dataclass(frozen=True)
class Import:
    name: str  # empty: its names stand among the model's own
    namespace: str
    place: Place


@dataclass(frozen=True)
class Document:
    """One file."""

    id: str
    name: str
    namespace: str
    digest: str
    imports: tuple[Import, ...]
    items: Mapping[str, ItemDefinition]
    elements: Mapping[str, Element] = field(repr=False)
    """By id, in the order of the file."""
