"""Multi-instance: its collections and conditions, and what may not leave an iteration (DESIGN promise 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.engine.diagram import Diagram, Element, Finding, Loop
from app.engine.lint.expressions import check_feel, check_name
from app.engine.lint.variables import first_name, outwards, written_by
from app.handling.registry import Handler


def check_loops(diagram: Diagram, known_handlers: Callable[[str], Handler | None]) -> Iterator[Finding]:
    for element in diagram.elements.values():
        if element.loop is not None:
            yield from _check_loop(element, element.loop)
        yield from _check_leaving(diagram, element, known_handlers)


def _check_loop(element: Element, loop: Loop) -> Iterator[Finding]:
    if not loop.input_collection:
        message = "This multi-instance has no input collection."
        yield Finding.error(element, "no_collection", message, "Give it one, such as =order.lines.")
    else:
        yield from check_feel(element, "the input collection", loop.input_collection)
    if loop.input_element is not None:
        yield from check_name(element, "the input element", loop.input_element)
    if loop.output_collection is not None:
        yield from check_name(element, "the output collection", loop.output_collection)
    if loop.output_element is not None:
        yield from check_feel(element, "the output element", loop.output_element)
    if (loop.output_collection is None) != (loop.output_element is None):
        has, lacks = ("collection", "element") if loop.output_element is None else ("element", "collection")
        message = f"This multi-instance has an output {has} and no output {lacks}."
        remedy = "Give it both, such as results and =result, or neither."
        yield Finding.error(element, "half_output", message, remedy)
    if loop.completion_condition is not None:
        yield from check_feel(element, "the completion condition", loop.completion_condition)


def _check_leaving(
    diagram: Diagram, writer: Element, known_handlers: Callable[[str], Handler | None]
) -> Iterator[Finding]:
    """Iterations that run at the same time would overwrite one another's variables outside."""
    for at, paths, _ in outwards(diagram, writer, written_by(writer, known_handlers)):
        if at.loop is None or at.loop.sequential:
            continue
        if at is writer and writer.outputs:  # what is mapped out of an iteration is meant to leave it
            yield from _check_mapped(writer, paths or ())
            continue
        if paths is None:
            message = f"What '{writer.id}' gives may leave the iterations of '{at.id}', which run at the same time."
            remedy = "Give it output mappings to variables of the iteration, and collect them as the output element."
            yield Finding.warning(writer, "may_leave_iteration", message, remedy)
            return
        for name in sorted({first_name(path) for path in paths}):
            message = f"'{name}' would leave the iterations of '{at.id}', which run at the same time."
            remedy = f"Collect it as the output element (={name}) of '{at.id}', or {_other_way(at, writer)}."
            yield Finding.error(writer, "leaves_iteration", message, remedy)
        if paths:
            return


def _check_mapped(writer: Element, paths: Sequence[str]) -> Iterator[Finding]:
    for name in sorted({first_name(path) for path in paths}):
        message = f"All iterations of '{writer.id}' write '{name}', and they run at the same time."
        remedy = f"Collect it as the output element (={name}), so that each has its own, or run them one by one."
        yield Finding.warning(writer, "concurrent_writes", message, remedy)


def _other_way(at: Element, writer: Element) -> str:
    return "map it in an output mapping" if at is writer else f"give '{at.id}' an input of that name (=null)"
