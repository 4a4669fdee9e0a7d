"""What two versions of a diagram have not in common, element by element; where things are drawn says nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from app.engine.diagram import Call, Diagram, Element, Flow, FormLink, Loop, Publication

ChangeKind = Literal["added", "removed", "changed"]
Facts = Mapping[str, str]

_ELEMENT = {
    "name": "name",
    "parent": "lies in",
    "attached_to": "attached to",
    "interrupting": "interrupts",
    "is_event_sub": "begins with an event",
    "default_flow": "default flow",
    "handler": "handler",
    "retries": "retries",
    "error_code": "error code",
    "signal": "signal",
    "escalation_code": "escalation code",
    "condition": "condition",
    "link": "link",
    "for_compensation": "takes work back",
    "compensated_by": "is taken back by",
    "compensates": "takes back",
    "form": "form",
    "assignee": "assignee",
    "candidate_groups": "candidate groups",
    "due": "due",
    "follow_up": "follow-up",
}
_PAIRS = {
    "script": ("script", "result variable"),
    "decision": ("decision", "result variable"),
    "timer": ("kind of time", "time"),
    "message": ("message", "correlation key"),
}
_FLOW = {"source": "comes from", "target": "leads to", "condition": "condition", "name": "name", "parent": "lies in"}


@dataclass(frozen=True)
class Detail:
    """One thing about an element, before and after; None where it was or is not said."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Change:
    """`type` is the local BPMN name, "process" for the diagram as a whole; `details` are those of what is changed."""

    kind: ChangeKind
    id: str
    type: str
    name: str
    details: tuple[Detail, ...] = ()


def difference(old: Diagram, new: Diagram) -> list[Change]:
    """What was removed, added and changed: the process, its elements, then its flows, in the order of the diagrams."""
    return [
        *_changed(old.process_id, "process", new.name, _process_facts(old), _process_facts(new)),
        *_differing(old, new, old.elements, new.elements),
        *_differing(old, new, old.flows, new.flows),
    ]


def label(diagram: Diagram, place_id: str) -> str:
    """What an element or flow is called: by its name, a flow without one by its ends, else by its id."""
    if place_id in diagram.elements:
        return diagram.elements[place_id].name or place_id
    flow = diagram.flows[place_id]
    return flow.name or f"{label(diagram, flow.source)} → {label(diagram, flow.target)}"


def _differing(
    old: Diagram, new: Diagram, before: Mapping[str, Element | Flow], after: Mapping[str, Element | Flow]
) -> Iterator[Change]:
    for place_id, place in before.items():
        if place_id not in after:
            yield Change("removed", place_id, _type(place), label(old, place_id))
    for place_id, place in after.items():
        if place_id not in before:
            yield Change("added", place_id, _type(place), label(new, place_id))
        else:
            was, is_ = _facts(before[place_id]), _facts(place)
            yield from _changed(place_id, _type(place), label(new, place_id), was, is_)


def _type(place: Element | Flow) -> str:
    return place.type if isinstance(place, Element) else "sequenceFlow"


def _facts(place: Element | Flow) -> Facts:
    return element_facts(place) if isinstance(place, Element) else flow_facts(place)


def _changed(place_id: str, type_: str, name: str, before: Facts, after: Facts) -> Iterator[Change]:
    labels = [*before, *(label for label in after if label not in before)]
    details = [Detail(label, before.get(label), after.get(label)) for label in labels]
    differing = tuple(each for each in details if each.before != each.after)
    if differing:
        yield Change("changed", place_id, type_, name, differing)


def _process_facts(diagram: Diagram) -> Facts:
    facts = {"name": diagram.name, "version tag": diagram.version_tag}
    schema = diagram.variables_schema
    facts["start variables"] = None if schema is None else _written(schema)
    return _said(facts)


def flow_facts(flow: Flow) -> Facts:
    """What is said of a flow, by what it is called."""
    return _said({label: getattr(flow, name) for name, label in _FLOW.items()})


def element_facts(element: Element) -> Facts:
    """What is said of an element, by what it is called. Which flows lead in and out, the flows say."""
    facts: dict[str, Any] = {"kind": " ".join(filter(None, (element.event, element.type)))}
    facts |= {label: getattr(element, name) for name, label in _ELEMENT.items()}
    if element.attached_to is None and not element.is_event_sub and element.type != "startEvent":
        del facts["interrupts"]
    for name, labels in _PAIRS.items():
        facts |= dict(zip(labels, getattr(element, name) or (), strict=False))
    for what, mappings in (("input", element.inputs), ("output", element.outputs)):
        for source, target in mappings:
            facts[f"{what} {target}"] = "; ".join(filter(None, (facts.get(f"{what} {target}"), source)))
    facts |= {f"header {name}": value for name, value in element.headers.items()}
    for group in (element.loop, element.call, element.publishes, element.linked_form):
        facts |= _group(group)
    facts |= _form_facts(element.form_schema or {})
    return _said(facts)


def _group(group: Loop | Call | Publication | FormLink | None) -> Iterator[tuple[str, Any]]:
    if group is None:
        return iter(())
    what = {Loop: "loop", Call: "call", Publication: "message", FormLink: "form"}[type(group)]
    return ((f"{what}: {each.name.replace('_', ' ')}", getattr(group, each.name)) for each in fields(group))


def _form_facts(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields by their keys, texts and the like by their ids; what is left of the form as a whole."""
    for number, part in enumerate(schema.get("components", ())):
        yield f"form field {part.get('key') or part.get('id') or number}", _written(part)
    rest = {name: value for name, value in schema.items() if name != "components"}
    if rest:
        yield "form, the rest of it", _written(rest)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _said(facts: Mapping[str, Any]) -> Facts:
    words = {True: "yes", False: "no"}
    return {
        label: words[value] if isinstance(value, bool) else str(value)
        for label, value in facts.items()
        if value is not None
    }
