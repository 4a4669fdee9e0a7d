"""What an instance can still come to, and whether anything of that differs between two versions."""

from collections.abc import Iterable, Iterator, Mapping

from app.engine.diagram import Diagram
from app.engine.difference import difference
from app.engine.migration.plan import Plan
from app.engine.migration.renaming import is_own
from app.engine.spiff.live import Live

Following = Mapping[str, list[str]]


class Differences:
    """Of one plan. Instances that stand at the same elements are alike, and looked at once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        old, new = plan.source.diagram, plan.target.diagram
        self._old, self._new = following(old), following(new)
        self._ids = {change.id for change in difference(old, new) if change.type != "process"}
        self._known: dict[frozenset[str], bool] = {}

    def concern(self, live: Live) -> bool:
        """Does anything differ of where the instance stands, or of what it can still come to?"""
        places = frozenset(places_of(live))
        if places not in self._known:
            self._known[places] = self._concern(places)
        return self._known[places]

    def _concern(self, places: frozenset[str]) -> bool:
        goes_to = {self._plan.elements[place] for place in places if place in self._plan.elements}
        return not self._ids.isdisjoint(reach(self._old, places) | reach(self._new, goes_to))


def places_of(live: Live) -> Iterator[str]:
    """The elements at which its tokens stand; those of what it calls are in other diagrams.

    A sub-process in which something stands is such a place itself, and nothing in it is ahead for that alone.
    """
    diagram = live.program.diagram
    if not live.begun:
        yield live.start_element or live.program.process.start.bpmn_id
    for node in live.tree.nodes():
        element_id = node.task_spec.bpmn_id
        if is_own(node.workflow) and element_id in diagram.elements:
            yield element_id
            if node.id not in live.tree.subprocesses:
                yield from _begins(diagram, element_id)


def following(diagram: Diagram) -> Following:
    """By element or flow, what a token there can come to next, and what may be begun around it.

    The latter are boundary events, event sub-processes and what takes work back.
    """
    elements = diagram.elements.values()
    found = {element.id: [*element.outgoing] for element in elements}
    found |= {flow.id: [flow.target, *_begins(diagram, flow.target)] for flow in diagram.flows.values()}
    undone = [each.id for each in elements if each.event == "compensate" and each.attached_to is not None]
    for element in elements:
        for each in elements:
            if each.is_event_sub and each.parent == element.parent:
                found[element.id] += [each.id, *_begins(diagram, each.id)]
        if element.attached_to is not None:
            found[element.attached_to].append(element.id)
        if element.loop is not None:
            found[element.id] += _begins(diagram, element.id)
        if element.compensated_by is not None:
            found[element.id] += [element.compensated_by, *_begins(diagram, element.compensated_by)]
        if element.event in ("compensate", "cancel") and element.attached_to is None:
            found[element.id] += undone
        if element.link is not None:
            found[element.id] += [each.id for each in elements if each.link == element.link]
    return found


def _begins(diagram: Diagram, element_id: str) -> list[str]:
    """Where a sub-process begins; nowhere in any other element."""
    return [each.id for each in diagram.inside(element_id) if each.type == "startEvent"]


def reach(ahead: Following, places: Iterable[str]) -> set[str]:
    """All that can be come to, with the places themselves."""
    found: set[str] = set()
    pending = list(places)
    while pending:
        place_id = pending.pop()
        if place_id not in found:
            found.add(place_id)
            pending += ahead[place_id]
    return found
