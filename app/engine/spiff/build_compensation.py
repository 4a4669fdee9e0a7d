"""What takes work back: a place of its own for it, since no flow leads there."""

from collections.abc import Callable, Mapping
from typing import Any

from app.engine.diagram import INNER, Diagram, Element
from app.engine.spiff.build_loops import activity_of
from app.engine.spiff.compensation import Compensation, UndoTask
from app.engine.spiff.process_spec import ProcessSpec


def build_undoing(diagram: Diagram, make: Callable[[ProcessSpec, Element], Any]) -> ProcessSpec:
    """The specs that compensation runs, one at a time: the handlers' own undo, and the activities drawn for it."""
    undoing = ProcessSpec(f"{diagram.process_id} undoing")
    for element in diagram.elements.values():
        if element.for_compensation:
            spec = make(undoing, element)
            spec.bpmn_name, spec.element_type = element.name or element.id, element.type
        elif element.handler is not None:
            spec = UndoTask(undoing, f"{element.id} undo")
            spec.bpmn_id, spec.bpmn_name, spec.element_type = element.id, element.name or element.id, element.type
    return undoing


def connect_compensation(diagram: Diagram, specs: Mapping[str, ProcessSpec], undoing: ProcessSpec) -> None:
    """Tell activities what takes them back, and the events that ask for it where to find that."""
    with_handlers_inside: set[str] = set()
    for element in diagram.elements.values():
        spec = specs[element.parent].task_specs.get(element.id)
        if isinstance(spec, Compensation):
            spec.undoing = undoing
        if element.compensated_by is not None:
            specs[element.parent].task_specs[element.attached_to].compensator = element.compensated_by
            at = diagram.elements.get(element.parent)
            while at is not None:
                with_handlers_inside.add(at.id)
                at = diagram.elements.get(at.parent)
    for inner in with_handlers_inside:
        element = diagram.elements[inner]
        if element.type in INNER and not element.for_compensation:
            activity_of(specs[element.parent], element).keeps_variables = True
