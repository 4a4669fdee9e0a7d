"""Tokens that have arrived at a join, and joins that would wait for what never comes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.diagram import Diagram
from app.engine.migration.plan import Plan
from app.engine.spiff.index import WAITING

Place = tuple[str, str]  # join, source of the flow, both of the new version


@dataclass
class Arrivals:
    """`sources` is token number -> from where it has come in the new version; `lost` are (join, source) of the old."""

    sources: dict[int, str] = field(default_factory=dict)
    joins: dict[int, str] = field(default_factory=dict)
    lost: list[Place] = field(default_factory=list)

    def places(self) -> list[Place]:
        return [(self.joins[number], source) for number, source in self.sources.items()]


def find_arrivals(plan: Plan, workflow: Any) -> Arrivals:
    """What has arrived at the joins of one process or sub-process, as the new version sees it."""
    found = Arrivals()
    taken: dict[tuple[str, str], set[str]] = {}
    for node in workflow.tokens():
        join = node.task_spec.bpmn_id
        if node._state != WAITING or join not in plan.elements:
            continue
        source = node.internal_data["from"]
        goes_to = plan.elements[join]
        now_from = _source(plan, join, source)
        if now_from is None:
            found.lost.append((join, source))
            continue
        others = taken.setdefault((goes_to, now_from), set())
        others.add(source)
        if len(others) > _flows(plan.target.diagram, now_from, goes_to):  # two branches would come by one flow
            found.lost.append((join, source))
        found.sources[node.id], found.joins[node.id] = now_from, goes_to
    return found


def _source(plan: Plan, join: str, source: str) -> str | None:
    """The new version's element before the join on whose flow the token stands; None if there is no telling."""
    old, new, goes_to = plan.source.diagram, plan.target.diagram, plan.elements[join]
    came_by = [flow_id for flow_id in old.elements[join].incoming if old.flows[flow_id].source == source]
    for flow_id in came_by:
        flow = new.flows.get(plan.flows.get(flow_id, flow_id))
        if flow is not None and flow.target == goes_to:
            return flow.source
    before = plan.elements.get(source)
    return before if before is not None and _flows(new, before, goes_to) else None


def _flows(diagram: Diagram, source: str, target: str) -> int:
    return sum(diagram.flows[flow_id].source == source for flow_id in diagram.elements[target].incoming)


def starving_joins(diagram: Diagram, scope: str, standing: set[str], arrived: Mapping[Place, int]) -> Iterator[Place]:
    """Parallel joins that a token can come to, and where another can never come that they wait for."""
    following = _following(diagram, scope)
    standing = standing & following.keys()
    for join in diagram.inside(scope):
        if join.type != "parallelGateway" or len(join.incoming) < 2:
            continue
        reached = _reach(following, standing - {join.id}, past=join.id)
        sources = [diagram.flows[flow_id].source for flow_id in join.incoming]
        missing = [s for s in sources if s not in reached and not arrived.get((join.id, s))]
        if missing and len(missing) < len(sources):
            yield join.id, missing[0]


def _following(diagram: Diagram, scope: str) -> dict[str, list[str]]:
    """Where a token can go from each element: along flows, by boundary events, through links."""
    links = {each.link: each.id for each in diagram.inside(scope) if each.link and each.outgoing}
    following = {}
    for element in diagram.inside(scope):
        following[element.id] = [diagram.flows[flow_id].target for flow_id in element.outgoing]
        if element.link and not element.outgoing:
            following[element.id].append(links[element.link])
    for element in diagram.inside(scope):
        if element.attached_to is not None:
            following[element.attached_to].append(element.id)
    return following


def _reach(following: Mapping[str, list[str]], standing: set[str], past: str) -> set[str]:
    found, ahead = set(standing), list(standing)
    while ahead:
        for element_id in following[ahead.pop()]:
            if element_id not in found and element_id != past:
                found.add(element_id)
                ahead.append(element_id)
    return found
