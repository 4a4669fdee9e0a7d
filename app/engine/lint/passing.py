"""What a call activity hands to the process that it calls, against what that does not start without, or reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Protocol

from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.expressions import is_feel
from app.engine.lint.sources import Sources
from app.engine.lint.variables import Handlers, first_name, local_names


class Callees(Protocol):
    """What processes need of those who call them, by process id."""

    def required_by(self, process_id: str) -> Collection[str]: ...

    def read_by(self, process_id: str) -> Collection[str]: ...


def required_variables(diagram: Diagram) -> list[str]:
    """By the JSON Schema of its variables; a start without them is refused."""
    required = (diagram.variables_schema or {}).get("required", [])
    return [name for name in required if isinstance(name, str)]


def check_passed(diagram: Diagram, callees: Callees, known_handlers: Handlers) -> Iterator[Finding]:
    """A warning for each variable that cannot be there: the call falls out, or what reads it finds nothing."""
    calls = [(each, each.call) for each in diagram.elements.values() if each.call and not is_feel(each.call.process)]
    if not calls:
        return
    sources = Sources(diagram, known_handlers)
    for element, call in calls:
        given = _given(element, sources, all_in=call.passes_all_in)
        if given is None:
            continue
        for name in sorted(set(callees.required_by(call.process)) - given):
            message = f"The process '{call.process[:60]}' does not start without '{name[:60]}', and is not given it."
            yield _missing(element, message, name, "declare it in the process's variables")
        read = set[str]() if call.binding == "versionTag" else set(callees.read_by(call.process))  # of the latest
        for name in sorted(read - given):
            message = f"The process '{call.process[:60]}' reads '{name[:60]}' and does not set it, and is not given it."
            yield _missing(element, message, name, "declare there what it starts with, if it may be missing")


def _missing(element: Element, message: str, name: str, else_do: str) -> Finding:
    return Finding.warning(element, "missing_variable", message, f"Map an input to {name[:60]}, or {else_do}.")


def _given(element: Element, sources: Sources, *, all_in: bool) -> set[str] | None:
    """None: anything may be."""
    mapped = {first_name(target) for _, target in element.inputs}
    if not all_in:
        return mapped
    known, is_open = sources.before(element)
    return None if is_open else mapped | known | local_names(element)
