"""Where variables come from, and whether something can have been there before an expression is evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.engine.diagram import INNER, Diagram, Element
from app.engine.lint.graph import Graph, graphs
from app.engine.lint.variables import Handlers, first_name, given_at_start, is_held, local_names, written_by

LARGEST_ORDERED = 400  # elements; in larger diagrams everything counts as possibly before everything else


@dataclass(frozen=True)
class Source:
    """`element` None: the start. `names` None: whatever it may be."""

    element: Element | None
    names: frozenset[str] | None


class Sources:
    """Of one diagram; without the start, of what there is in it."""

    def __init__(self, diagram: Diagram, known_handlers: Handlers, *, with_start: bool = True) -> None:
        self._diagram = diagram
        at_start = [Source(None, given_at_start(diagram))] if with_start else []
        self._all = [*at_start, *_sources(diagram, known_handlers)]
        self._before: dict[str, tuple[frozenset[str], bool]] = {}
        self._is_ordered = len(diagram.elements) <= LARGEST_ORDERED

    @cached_property
    def names(self) -> frozenset[str]:
        """Everything that is known to come from anywhere."""
        return frozenset[str]().union(*(each.names for each in self._all if each.names is not None))

    def before(self, reader: Element) -> tuple[frozenset[str], bool]:
        """What can be there when `reader` is evaluated; True: anything may be, and not only this."""
        key = reader.id if self._is_ordered else ""
        if key not in self._before:
            self._before[key] = self._find_before(reader)
        return self._before[key]

    def _find_before(self, reader: Element) -> tuple[frozenset[str], bool]:
        found = [each for each in self._all if each.element is None or not self._comes_after(each.element, reader)]
        known = (each.names for each in found if each.names is not None)
        return frozenset[str]().union(*known), any(each.names is None for each in found)

    def _comes_after(self, writer: Element, reader: Element) -> bool:
        """Only after: never at the same time, never before."""
        if not self._is_ordered:
            return False
        scope, outer_writer, outer_reader = self._side_by_side(writer, reader)
        graph = self._graphs.get(scope)
        if graph is None or outer_reader in self._left_running:
            return False
        if writer is reader:
            return reader.loop is None and reader.id not in graph.reach(graph.after[reader.id])
        if outer_writer == outer_reader:
            return False
        return outer_writer in self._reach(graph, outer_reader) and outer_reader not in self._reach(graph, outer_writer)

    def _side_by_side(self, one: Element, other: Element) -> tuple[str, str, str]:
        """The innermost scope that holds both, and what of it holds each."""
        mine = dict(self._holders(one))
        for scope, held in self._holders(other):
            if scope in mine:
                return scope, mine[scope], held
        return "", "", ""

    def _holders(self, element: Element) -> Iterator[tuple[str, str]]:
        at: Element | None = element
        while at is not None:
            yield at.parent, at.id
            at = self._diagram.elements.get(at.parent)

    def _reach(self, graph: Graph, start: str) -> set[str]:
        if start not in self._reached:
            self._reached[start] = graph.reach([start])
        return self._reached[start]

    @cached_property
    def _graphs(self) -> Mapping[str, Graph]:
        return {graph.scope: graph for graph in graphs(self._diagram)}

    @cached_property
    def _reached(self) -> dict[str, set[str]]:
        return {}

    @cached_property
    def _left_running(self) -> frozenset[str]:
        """What goes on while something that its border began goes on as well."""
        beside = (each for each in self._diagram.elements.values() if not each.interrupting)
        return frozenset(each.attached_to for each in beside if each.attached_to is not None)


def _sources(diagram: Diagram, known_handlers: Handlers) -> Iterator[Source]:
    for element in diagram.elements.values():
        if is_held(diagram, element):
            continue
        paths = written_by(element, known_handlers)
        names = None if paths is None else frozenset(map(first_name, paths))
        if names is None or names:
            yield Source(element, names)
        local = frozenset(local_names(element)) if element.type in INNER or element.loop is not None else frozenset()
        if element.loop is not None and element.loop.output_collection is not None:
            local |= {element.loop.output_collection}
        if local:
            yield Source(None, local)  # inside of it from its beginning
