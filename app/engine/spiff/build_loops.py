"""Activities that are done for each item of a collection, to specs: a body around a spec like any other."""

from typing import Any

from app.engine.diagram import Element, Loop
from app.engine.spiff.loops import MultiInstance
from app.engine.spiff.mapping import source_of

ITERATION = " each"  # ends the name of its spec; no XML id holds a space


def loop_over(process: Any, element: Element, loop: Loop, each: Any) -> MultiInstance:
    """The body of a loop whose iterations are of the spec `each`, which so far has the element's place in `process`."""
    specs = process.task_specs
    each.name, each.bpmn_name, each.element_type = f"{element.id}{ITERATION}", element.name or element.id, element.type
    specs[each.name] = specs.pop(element.id)
    body, place = MultiInstance(process, element.id), f"of '{element.id}'"
    body.each, body.sequential = each, loop.sequential
    body.items = source_of(loop.input_collection, f"the input collection {place}")
    body.item_name, body.local_name = loop.input_element, loop.output_variable
    body.collection_name = loop.output_collection
    if loop.output_element is not None:
        body.output = source_of(loop.output_element, f"the output element {place}")
    if loop.completion_condition is not None:
        body.enough = source_of(loop.completion_condition, f"the completion condition {place}")
    return body


def activity_of(process: Any, element: Element) -> Any:
    """The spec of the activity itself: that of each iteration, if it is done in a loop."""
    spec = process.task_specs[element.id]
    return spec if element.loop is None else spec.each
