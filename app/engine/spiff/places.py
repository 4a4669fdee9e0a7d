"""Where a token may be put by hand: which elements it can stand on, and which of them are on its branch.

The branches that lead to an element are found by walking the diagram as tokens would, every gateway all ways, with
each split's first visit standing for all of them.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from app.engine.spiff.branches import BESIDE, Branch, join, segments, split_of
from app.engine.spiff.events import Boundary, EventSubProcess, Listener
from app.engine.spiff.gateways import EventGateway, InclusiveGateway, Joining
from app.engine.spiff.index import Node

MOST_COMBINATIONS = 200  # of branches that meet at one join: more is no diagram that a person drew
DEEPEST = 12  # splits inside splits


def why_not(process: Any, element_id: str) -> str | None:
    """Why no token can be put on that element; None if one can. KeyError if the process or sub-process has none."""
    spec = process.task_specs[element_id]
    if isinstance(spec, Boundary):
        return f"'{element_id}' is a boundary event: it begins with its activity '{spec.host}'. Name that one."
    if isinstance(spec, EventSubProcess):
        return f"'{element_id}' begins with its own event, not from the flow."
    if isinstance(spec, Joining) and len(spec._inputs) > 1:
        return f"'{element_id}' joins branches. Name an element before it, on the token's own branch, or one after it."
    if not spec._inputs and spec.element_type != "startEvent":
        return f"No flow leads to '{element_id}': no token can stand there."
    if any(isinstance(process.task_specs[name], EventGateway) for name in spec._inputs):
        return f"'{element_id}' waits together with the other events of its gateway. Name the gateway before it."
    return None


def entry(process: Any, element_id: str) -> Any:
    """The spec at which a token enters an element: before its boundary events, if it has any."""
    spec = process.task_specs[element_id]
    before = [process.task_specs[name] for name in spec._inputs]
    return before[0] if spec.has_boundary and before and before[0].bpmn_id is None else spec


def put(workflow: Any, element_id: str, branch: Branch | None) -> Node:
    """A new token on an element, ready to run."""
    node = Node(workflow, entry(workflow.spec, element_id))
    node.branch = branch
    node._ready()
    return node


def reached_from(process: Any, element_id: str) -> set[str]:
    """Names of the specs that a token can come to from an element, that one and its boundary events included."""
    found, ahead = set[str](), [entry(process, element_id).name, element_id]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(process.task_specs[name]._outputs)
    return found


def on_one_branch(node: Node, element_id: str) -> bool:
    """Can the token's own branch lead to that element, so that the joins ahead still get what they wait for?"""
    found = branches_at(node.workflow.spec)
    shared = found[node.task_spec.name] & found[element_id]
    return any(_stands_for(path, node.path) for path in shared)


def _stands_for(path: str, actual: str) -> bool:
    ours, theirs = segments(path), segments(actual)
    return len(ours) == len(theirs) and all(_shape(a) == _shape(b) for a, b in zip(ours, theirs, strict=True))


def _shape(segment: str) -> tuple[str, str]:
    """A segment without its visit; the branches of an inclusive gateway are numbered anew at each."""
    split, _, visit = split_of(segment).partition("#")
    return split, "" if "*" in visit else segment[len(split_of(segment)) :]


def branches_at(process: Any) -> defaultdict[str, set[str]]:
    """By spec name: the paths of the branches on which a token can come to it."""
    walk = _Walk(process)
    for spec in process.task_specs.values():
        if spec.bpmn_id is not None and spec.element_type == "startEvent" and not isinstance(spec, Listener):
            walk.come(spec, "", "")
    walk.go()
    return walk.found


class _Walk:
    def __init__(self, process: Any) -> None:
        self._specs = process.task_specs
        self.found: defaultdict[str, set[str]] = defaultdict(set)
        self._arrived: dict[str, defaultdict[str, set[str]]] = {}  # join -> where from -> paths
        self._left: set[tuple[str, str]] = set()
        self._ahead: list[tuple[Any, str]] = []  # what leaves an element, and on which path

    def go(self) -> None:
        while self._ahead or self._pass_alone():
            spec, path = self._ahead.pop()
            for target, leaving in _ways(spec, path):
                if len(segments(leaving)) <= DEEPEST:
                    self.come(self._specs[target], leaving, spec.name)

    def come(self, spec: Any, path: str, source: str) -> None:
        self.found[spec.name].add(path)
        if not isinstance(spec, Joining) or len(spec._inputs) < 2:
            self._leave(spec, path)
            return
        arrived = self._arrived.setdefault(spec.name, defaultdict(set))
        if path in arrived[source]:
            return
        arrived[source].add(path)
        others = [sorted(arrived[name]) for name in dict.fromkeys(spec._inputs) if name != source]
        for paths in islice(product(*others), MOST_COMBINATIONS):
            goes_on, _ = join([_branch(each) for each in (path, *paths)], spec.bpmn_id, spec._fan_out)
            self._leave(spec, goes_on.path if goes_on is not None else "")

    def _pass_alone(self) -> bool:
        """A token passes an inclusive join alone, if no other of its split can be there. Is something ahead now?"""
        for name, arrived in self._arrived.items():
            if isinstance(self._specs[name], InclusiveGateway):
                every = set().union(*arrived.values())
                for path in every:
                    if not any(other != path and not other.startswith(path) for other in every):
                        self._leave(self._specs[name], path)
        return bool(self._ahead)

    def _leave(self, spec: Any, path: str) -> None:
        if (spec.name, path) not in self._left:
            self._left.add((spec.name, path))
            self._ahead.append((spec, path))


def _branch(path: str) -> Branch | None:
    return Branch(path, (0,) * len(segments(path))) if path else None


def _ways(spec: Any, path: str) -> Iterator[tuple[str, str]]:
    """Where a token goes from an element, and on which path: by every flow that it may take."""
    targets = list(spec._outputs)
    if isinstance(spec, Joining) and len(targets) > 1:
        chosen = f"1*{len(targets)}" if isinstance(spec, InclusiveGateway) else "1"
        yield from ((target, f"{path}{spec.bpmn_id}#{chosen}.{n}>") for n, target in enumerate(targets))
        if not isinstance(spec, InclusiveGateway):
            return
    if isinstance(spec, Boundary) and not spec.interrupting:
        path += f"{spec.bpmn_id}#1.{BESIDE}>"
    yield from ((target, path) for target in targets)
