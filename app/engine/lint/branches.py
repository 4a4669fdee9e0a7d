"""Concurrent branches that write one variable. At run time the second write becomes an incident (DESIGN promise 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import combinations

from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.graph import Graph, graphs
from app.engine.lint.variables import outwards, written_by
from app.handling.registry import Handler

EFFORT_LIMIT = 5_000_000
SPLITS = frozenset({"parallelGateway", "inclusiveGateway"})


@dataclass(frozen=True)
class Write:
    path: str
    element: Element


def check_branches(diagram: Diagram, known_handlers: Callable[[str], Handler | None]) -> Iterator[Finding]:
    """Looks after splits, boundary events and event sub-processes that do not interrupt, in every scope."""
    writes = _writes_by_node(diagram, known_handlers)
    told: set[tuple[str, str, str]] = set()
    effort = 0
    for graph in graphs(diagram):
        for name, starts, without in _splits(graph):
            effort += len(starts) * (len(starts) + len(graph.nodes))
            if effort > EFFORT_LIMIT:
                message = "There are too many branches to look for variables that two of them write."
                yield Finding.warning(graph.nodes[name], "not_checked", message, "Split the process into smaller ones.")
                return
            for path, one, other in _conflicts(graph, without, starts, writes):
                if (path, one.id, other.id) not in told:
                    told |= {(path, one.id, other.id), (path, other.id, one.id)}
                    yield _tell(graph.nodes[name], path, one, other)


def _splits(graph: Graph) -> Iterator[tuple[str, list[list[str]], Set[str]]]:
    """Where one token becomes several: the element, where each branch begins, and what ends all of them."""
    flow = [name for name in graph.starts() if not graph.nodes[name].is_event_sub]
    for name, node in graph.nodes.items():
        if node.type in SPLITS and len(graph.after[name]) > 1:
            yield name, [[target] for target in graph.after[name]], {name}
        elif node.attached_to in graph.nodes and not node.interrupting:
            yield name, [list(graph.after[name]), [str(node.attached_to)]], {name}
        elif node.is_event_sub and name in graph.beside:
            yield name, [[name], flow], set()


def _conflicts(
    graph: Graph, without: Set[str], starts: Sequence[Sequence[str]], writes: dict[str, list[Write]]
) -> Iterator[tuple[str, Element, Element]]:
    branches = [graph.reach(start, without=without) for start in starts]
    writers: list[list[str]] = [[name for name in branch if name in writes] for branch in branches]
    for (mine, reached_here), (theirs, reached_there) in combinations(zip(writers, branches, strict=True), 2):
        yield from _overlaps(_only(mine, reached_there, writes), _only(theirs, reached_here, writes))


def _only(names: Sequence[str], elsewhere: Set[str], writes: dict[str, list[Write]]) -> dict[str, list[Write]]:
    """What nodes write that the other branch never meets, by first name."""
    found: dict[str, list[Write]] = {}
    for name in names:
        if name not in elsewhere:
            for write in writes[name]:
                found.setdefault(write.path.partition(".")[0], []).append(write)
    return found


def _overlaps(mine: dict[str, list[Write]], theirs: dict[str, list[Write]]) -> Iterator[tuple[str, Element, Element]]:
    """One pair for each first name: `order` and `order.ont_id` overlap, `order.port` and `order.ont_id` do not."""
    for first in sorted(mine.keys() & theirs.keys()):
        found = _pair(mine[first], theirs[first])
        if found is not None:
            yield found


def _pair(mine: list[Write], theirs: list[Write]) -> tuple[str, Element, Element] | None:
    my_paths, their_paths = ({write.path: write.element for write in writes} for writes in (mine, theirs))
    for path, element in my_paths.items():
        for outer in _outwards(path):
            if outer in their_paths:
                return outer, element, their_paths[outer]
    for path, element in their_paths.items():
        for outer in _outwards(path):
            if outer in my_paths:
                return outer, my_paths[outer], element
    return None


def _outwards(path: str) -> Iterator[str]:
    """'a.b.c', 'a.b', 'a'."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _writes_by_node(diagram: Diagram, known_handlers: Callable[[str], Handler | None]) -> dict[str, list[Write]]:
    """What each node writes outside itself, with what is written inside a sub-process and goes out of it."""
    found: dict[str, list[Write]] = {}
    for element in diagram.elements.values():
        if element.for_compensation:
            continue  # it runs when all that it takes back is over
        for at, _, paths in outwards(diagram, element, written_by(element, known_handlers) or ()):
            if not paths:
                break
            found.setdefault(at.id, []).extend(Write(path, element) for path in paths)
    return found


def _tell(split: Element, path: str, one: Element, other: Element) -> Finding:
    return Finding.warning(
        other,
        "concurrent_writes",
        f"'{one.id}' and '{other.id}' both write '{path}', on branches that '{split.id}' starts together.",
        "Write to two variables and choose between them after the branches have joined.",
    )
