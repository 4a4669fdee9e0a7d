"""The flow nodes of one process or sub-process as a graph.

Beside the flows: an activity leads on to its boundary events, a compensation event to the activity that it runs, a
link to where it is caught.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.engine.diagram import INNER, Diagram, Element


@dataclass(frozen=True)
class Graph:
    scope: str
    nodes: Mapping[str, Element]
    after: Mapping[str, Sequence[str]]
    before: Mapping[str, Sequence[str]]
    beside: frozenset[str] = frozenset()  # event sub-processes that leave the rest running

    def starts(self) -> list[str]:
        """Where tokens come from: start events, and event sub-processes, which no flow leads to."""
        return [name for name, node in self.nodes.items() if node.type == "startEvent" or node.is_event_sub]

    def reach(self, starts: Iterable[str], *, without: Container[str] = ()) -> set[str]:
        """All that can follow `starts`, themselves included, never passing through `without`."""
        return _closure(self.after, starts, without)

    def leading_to(self, ends: Iterable[str]) -> set[str]:
        """All from which one of `ends` can be reached, themselves included."""
        return _closure(self.before, ends, ())


def graphs(diagram: Diagram) -> list[Graph]:
    """One for the process and one for each sub-process. Flows that cross a border are no part of any."""
    scopes: dict[str, dict[str, Element]] = {diagram.process_id: {}}
    for element in diagram.elements.values():
        if element.type in INNER:
            scopes.setdefault(element.id, {})
        scopes.setdefault(element.parent, {})[element.id] = element
    starts = [element for element in diagram.elements.values() if element.type == "startEvent"]
    beside = frozenset(start.parent for start in starts if not start.interrupting)
    return [_graph(diagram, scope, nodes, beside) for scope, nodes in scopes.items()]


def _graph(diagram: Diagram, scope: str, nodes: Mapping[str, Element], beside: frozenset[str]) -> Graph:
    after: dict[str, list[str]] = {name: [] for name in nodes}
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for element in nodes.values():
        targets = [diagram.flows[flow].target for flow in element.outgoing]
        for target in targets:
            if target in nodes:
                after[element.id].append(target)
                before[target].append(element.id)
    for source, target in _hidden(nodes):
        if source in nodes and target in nodes:
            after[source].append(target)
            before[target].append(source)
    return Graph(scope, nodes, after, before, beside)


def around(diagram: Diagram, elements: Iterable[Element]) -> set[str]:
    """The sub-processes that hold one of the elements, at any depth, and the process if there are any."""
    found: set[str] = set()
    for element in elements:
        at = element.parent
        while at not in found:
            found.add(at)
            holder = diagram.elements.get(at)
            if holder is None:
                break
            at = holder.parent
    return found


def _hidden(nodes: Mapping[str, Element]) -> Iterator[tuple[str, str]]:
    """What follows without a flow."""
    caught: dict[str | None, str] = {}
    for element in nodes.values():
        if element.event == "link" and element.type == "intermediateCatchEvent":
            caught.setdefault(element.link, element.id)
    for element in nodes.values():
        if element.attached_to is not None:
            yield element.attached_to, element.id
        if element.compensated_by is not None:
            yield element.id, element.compensated_by
        if element.event == "link" and element.type == "intermediateThrowEvent" and element.link in caught:
            yield element.id, caught[element.link]


def _closure(edges: Mapping[str, Sequence[str]], starts: Iterable[str], without: Container[str]) -> set[str]:
    found = {start for start in starts if start not in without}
    ahead = list(found)
    while ahead:
        for node in edges[ahead.pop()]:
            if node not in found and node not in without:
                found.add(node)
                ahead.append(node)
    return found
