"""What a process needs of whoever starts it, where it does not declare that: for those who call it."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.errors import InvalidInput
from app.decisions.feel import compile_feel
from app.decisions.feel.looks import doubted
from app.engine.diagram import Diagram
from app.engine.lint.reads import outside_filters, readings
from app.engine.lint.sources import Sources
from app.engine.lint.variables import Handlers, local_names


def read_from_start(diagram: Diagram, known_handlers: Handlers) -> frozenset[str]:
    """Names that are read where nothing but the start can have set them, and that no expression takes for missing.

    Empty where variables are declared: then a start is held against that.
    """
    if diagram.variables_schema is not None:
        return frozenset()
    sources = Sources(diagram, known_handlers, with_start=False)
    maybe = set[str]()
    found = {name for name in _reads(diagram, known_handlers, sources, maybe) if name not in sources.names}
    return frozenset(found - maybe)


def _reads(diagram: Diagram, known_handlers: Handlers, sources: Sources, maybe: set[str]) -> Iterator[str]:
    """`maybe` gathers the names that an expression asks for only to see whether they are there."""
    for reading in readings(diagram, known_handlers):
        try:
            names = outside_filters(reading.text, compile_feel(reading.text).names)
            maybe |= doubted(reading.text)
        except InvalidInput:
            continue  # told elsewhere
        unseen = [name for name in names if name not in reading.sees]
        if unseen and not reading.open and not sources.before(reading.at)[1]:
            yield from unseen
    for element in diagram.elements.values():
        handler = known_handlers(element.handler) if element.handler else None
        if handler is not None and not sources.before(element)[1]:
            own = local_names(element)
            yield from (each.name for each in handler.parameters if each.required and each.name not in own)
