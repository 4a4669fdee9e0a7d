"""Where each element of one version goes in another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.core.errors import InvalidInput
from app.engine.diagram import Diagram, Element, Flow
from app.engine.spiff.build import Program

Mapped = Mapping[str, str | None]
Problem = tuple[str, str]  # JSON path, message


class MappingRefused(InvalidInput):
    """The mapping cannot be right; `problems` holds (JSON path, message) for everything wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        path, message = problems[0]
        super().__init__(message, path=path, problems=problems)


@dataclass(frozen=True)
class Plan:
    """`elements` is old id -> new id; `unfit` says of others that the new version knows why they have no counterpart.

    `flows` are the flows that were named, old id -> new id: by which a token has come to a join.
    """

    source: Program
    target: Program
    given: Mapped
    elements: Mapping[str, str]
    flows: Mapping[str, str]
    unfit: Mapping[str, str]

    @property
    def targets(self) -> frozenset[str]:
        """Elements of the new version that something of the old one goes to."""
        return frozenset(self.elements.values())


def make_plan(source: Program, target: Program, given: Mapped) -> Plan:
    """`given` is old id -> new id, None for no counterpart; what it does not name goes to the same id, if that fits.

    MappingRefused names everything that is given and cannot be.
    """
    old, new = source.diagram, target.diagram
    problems = list(_unknown(source, target, given))
    elements = {
        element_id: goes_to
        for element_id in old.elements
        if (goes_to := given.get(element_id, element_id)) is not None and goes_to in new.elements
    }
    unfit = _drop_taken(new, elements, given)
    while misfits := list(_misfits(old, new, elements)):  # what lies in or on a misfit fits no longer either
        for element_id, why in misfits:
            goes_to = elements.pop(element_id)
            unfit[element_id] = why
            if given.get(element_id) == goes_to:
                problems.append((path_of(element_id), f"'{element_id}' cannot go to '{goes_to}': {why}."))
    flows = {
        one: other for one, other in given.items() if one in old.flows and other is not None and other in new.flows
    }
    for one, other in flows.items():
        misfit = _flow_misfit(old.flows[one], new.flows[other], elements)
        if misfit is not None:
            problems.append((path_of(one), misfit))
    if problems:
        raise MappingRefused(problems)
    return Plan(source, target, given, elements, flows, unfit)


def _unknown(source: Program, target: Program, given: Mapped) -> Iterator[Problem]:
    old, new = source.diagram, target.diagram
    for key, goes_to in given.items():
        if key not in old.elements and key not in old.flows:
            yield path_of(key), f"Version {source.version} has no element or flow '{key[:80]}'."
        elif goes_to is not None and goes_to not in (new.elements if key in old.elements else new.flows):
            what = "element" if key in old.elements else "flow"
            yield path_of(key), f"Version {target.version} has no {what} '{goes_to[:80]}'."
    alone = [goes_to for key, goes_to in given.items() if key in old.elements and goes_to in new.elements]
    for key, goes_to in given.items():
        if goes_to is not None and alone.count(goes_to) > 1 and _stands_alone(new.elements[goes_to]):
            yield path_of(key), f"Only one event or gateway can go to '{goes_to}'."


def _stands_alone(element: Element) -> bool:
    """Can only one element go to it? Two events would listen as one, two gateways' branches would be one's."""
    return element.type.endswith(("Event", "Gateway"))


def _drop_taken(new: Diagram, elements: dict[str, str], given: Mapped) -> dict[str, str]:
    """Take those out that go to their own id, which another one was given."""
    taken = {goes_to: key for key, goes_to in given.items() if key in elements and goes_to != key}
    unfit = {}
    for element_id, goes_to in list(elements.items()):
        if element_id not in given and goes_to in taken and _stands_alone(new.elements[goes_to]):
            del elements[element_id]
            unfit[element_id] = f"'{taken[goes_to]}' goes to '{goes_to}'"
    return unfit


def _misfits(old: Diagram, new: Diagram, elements: Mapping[str, str]) -> Iterator[Problem]:
    for element_id, goes_to in elements.items():
        why = _misfit(old, new, old.elements[element_id], new.elements[goes_to], elements)
        if why is not None:
            yield element_id, why


def _misfit(old: Diagram, new: Diagram, one: Element, other: Element, elements: Mapping[str, str]) -> str | None:
    """Why one element cannot go to the other; None if it can."""
    if (one.type, one.event, one.is_event_sub) != (other.type, other.event, other.is_event_sub):
        return f"it was a {_called(one)} and is a {_called(other)}"
    if one.for_compensation != other.for_compensation:
        return "it takes work back in only one of the versions"
    if (one.handler is None) != (other.handler is None):
        return "a handler does it in only one of the versions"
    if (one.loop is None) != (other.loop is None):
        return "it is done for each item of a list in only one of the versions"
    if one.loop is not None and other.loop is not None and one.loop.sequential != other.loop.sequential:
        return "it is done for its items in turn in one version, at once in the other"
    if (old.process_id if one.parent == old.process_id else elements.get(one.parent)) != other.parent:
        return "it is not in the same sub-process"
    if one.attached_to is not None and elements.get(one.attached_to) != other.attached_to:
        return "it is not attached to the same activity"
    chooser, its = chooser_of(old, one), chooser_of(new, other)
    if (None if chooser is None else elements.get(chooser, "")) != its:
        return "it does not follow the same event-based gateway"
    return None


def _called(element: Element) -> str:
    return " ".join(filter(None, ("event" if element.is_event_sub else element.event, element.type)))


def _flow_misfit(one: Flow, other: Flow, elements: Mapping[str, str]) -> str | None:
    if elements.get(one.target) == other.target:
        return None
    return f"Flow '{one.id}' leads to '{one.target}' and '{other.id}' to '{other.target}', where that does not go."


def chooser_of(diagram: Diagram, element: Element) -> str | None:
    """The event-based gateway that an event follows."""
    for flow_id in element.incoming:
        source = diagram.flows[flow_id].source
        if diagram.elements[source].type == "eventBasedGateway":
            return source
    return None


def path_of(key: str) -> str:
    """Of what is wrong with where the key goes, in MappingRefused."""
    return f"$.mapping.{key}" if key.isidentifier() and len(key) <= 80 else f"$.mapping[{key[:80]!r}]"
