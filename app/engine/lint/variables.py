"""Who may write which variable, and how far out the write goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from app.engine.diagram import INNER, Diagram, Element, Loop
from app.handling.registry import Handler

Handlers = Callable[[str], Handler | None]
BRINGS = frozenset({"message", "signal", "error"})  # events that come with variables
THROWING = frozenset({"intermediateThrowEvent", "endEvent"})


def written_by(element: Element, known_handlers: Handlers) -> list[str] | None:
    """The paths that one run of an element writes, if nothing holds them; None when it may write anything."""
    if element.outputs:
        return [target for _, target in element.outputs]
    if element.script is not None:
        return [element.script[1]]
    if element.decision is not None:
        return [element.decision[1]]
    if element.type == "serviceTask" or element.handler is not None:
        handler = known_handlers(element.handler or "")
        documented = [] if handler is None else [output.name for output in handler.about.outputs]
        return documented or None
    if element.type == "callActivity":
        return None if element.call is not None and element.call.passes_all_out else []
    if element.type in ("userTask", "receiveTask"):
        return None
    if element.event in BRINGS and element.type not in THROWING:
        return None
    return []


def local_names(element: Element) -> set[str]:
    """What an activity declares for itself: a write to one of these goes no further out."""
    names = {first_name(target) for _, target in element.inputs}
    return names if element.loop is None else names | _local_to_iteration(element.loop)


def _local_to_iteration(loop: Loop) -> set[str]:
    names = {"loopCounter"}
    if loop.input_element is not None:
        names.add(loop.input_element)
    if loop.output_variable is not None:
        names.add(loop.output_variable)
    return names


def outwards(
    diagram: Diagram, writer: Element, paths: Sequence[str] | None
) -> Iterator[tuple[Element, Sequence[str] | None, Sequence[str] | None]]:
    """The writer and all around it, from inside, each with the paths that leave one run of it and that leave all.

    None stands for any path.
    """
    at: Element | None = writer
    while at is not None:
        mapped = at is writer and bool(at.outputs) and at.loop is None  # evaluated inside and written outside
        local = set() if mapped else local_names(at)
        if paths is not None:
            paths = [path for path in paths if first_name(path) not in local]
        once = paths
        if paths is not None and at is writer and at.loop is not None and at.loop.output_collection is not None:
            paths = [*paths, at.loop.output_collection]
        yield at, once, paths
        at = diagram.elements.get(at.parent)


def first_name(path: str) -> str:
    return path.partition(".")[0]


def given_at_start(diagram: Diagram) -> frozenset[str] | None:
    """Names that come with a start, whatever event there is for it; None: any may, as nothing is declared.

    Only events start a process that has no start without a trigger, and they bring what they bring.
    """
    if diagram.variables_schema is not None:
        return frozenset(diagram.variables_schema.get("properties", {}))
    starts = [each for each in diagram.inside(diagram.process_id) if each.type == "startEvent"]
    return frozenset() if starts and all(each.event is not None for each in starts) else None


def is_held(diagram: Diagram, element: Element) -> bool:
    """A start event of the process whose variables are held against the schema."""
    starts = element.type == "startEvent" and element.parent == diagram.process_id
    return starts and not element.outputs and diagram.variables_schema is not None


def possible_variables(diagram: Diagram, known_handlers: Handlers) -> Mapping[str, str] | None:
    """First names that some start or some element may provide, with who does; None when it may be any name."""
    given = given_at_start(diagram)
    if given is None:
        return None
    found = dict.fromkeys(given, "the start")
    for element in diagram.elements.values():
        if is_held(diagram, element):
            continue
        paths = written_by(element, known_handlers)
        if paths is None:
            return None
        found |= {first_name(path): element.id for path in paths}
        if element.loop is not None and element.loop.output_collection is not None:
            found[element.loop.output_collection] = element.id
        if element.type in INNER or element.loop is not None:
            found |= dict.fromkeys(local_names(element), element.id)
    return found
