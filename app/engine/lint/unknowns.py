"""Expressions that read what nothing sets, or give what their place cannot take; inputs of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.errors import InvalidInput
from app.decisions.feel import compile_feel
from app.decisions.feel.kinds import Kinds, constant_of, kinds_of
from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.expressions import LONGEST, is_feel
from app.engine.lint.reads import Place, Reading, outside_filters, readings
from app.engine.lint.slips import NEARLY, Slips
from app.engine.lint.sources import Sources
from app.engine.lint.types import Variables, accepted, in_words, knowing, renamed
from app.engine.lint.variables import Handlers
from app.handling.parameters import Misfit, Parameter, describe_value
from app.handling.registry import Handler

TAKES: dict[Place, Kinds] = {
    "condition": frozenset({"boolean"}),
    "list": frozenset({"array"}),
    "time": frozenset({"string"}),
    "key": frozenset({"string", "number"}),
}


def check_unknowns(diagram: Diagram, known_handlers: Handlers) -> Iterator[Finding]:
    sources, variables = Sources(diagram, known_handlers), Variables(diagram, known_handlers)
    slips = Slips()
    for reading in readings(diagram, known_handlers):
        try:
            names = compile_feel(reading.text).names
        except InvalidInput:
            continue  # told elsewhere
        yield from _check_names(reading, outside_filters(reading.text, names), sources, slips)
        if names or reading.what != "the timer":  # without variables it is tried, and told elsewhere
            yield from _check_place(reading, variables)
    for element in diagram.elements.values():
        handler = known_handlers(element.handler) if element.handler else None
        if handler is not None:
            yield from _check_inputs(element, handler, variables)


def _check_names(reading: Reading, names: list[str], sources: Sources, slips: Slips) -> Iterator[Finding]:
    unseen = [name for name in names if name not in reading.sees]
    if not unseen:
        return
    known, is_open = sources.before(reading.at)
    for name in unseen:
        if name in known:
            continue
        later = name in sources.names
        may_come = is_open or reading.open
        near = slips.meant(name, known | reading.sees, NEARLY if may_come else 0.6)
        if may_come and (later or near is None or not slips.is_slip(name, near)):
            continue
        message = f"{reading.begun} reads '{name[:60]}', which nothing sets{' before' if later else ''}."
        remedy = f"Did you mean {near}?" if near else "Correct the name, or declare it in the process's variables."
        yield Finding.warning(reading.shown, "unknown_variable", message, remedy)


def _check_place(reading: Reading, variables: Variables) -> Iterator[Finding]:
    wanted = TAKES.get(reading.gives)
    if wanted is None:
        return
    found = kinds_of(reading.text, knowing(variables, reading.sees))
    if found & wanted:
        return
    message = f"{reading.begun} gives {in_words(found)}, expected {in_words(wanted)}."
    remedy = f"Correct the expression: {reading.text[:200]}"
    yield Finding.warning(reading.shown, "mistyped_expression", message, remedy)


def _check_inputs(element: Element, handler: Handler, variables: Variables) -> Iterator[Finding]:
    by_name = {parameter.name: parameter for parameter in handler.parameters}
    own, mapped = frozenset(renamed(element)), {target.partition(".")[0] for _, target in element.inputs}
    for source, target in element.inputs:
        if target in by_name and len(source) <= LONGEST:
            yield from _check_input(element, by_name[target], source, variables, own)
    for parameter in handler.parameters:
        if parameter.name not in mapped and parameter.name not in own:
            found = variables.kinds(parameter.name, ())
            if not found & accepted(parameter):
                yield _mistyped(element, parameter, f"the variable '{parameter.name}' holds {in_words(found)}")


def _check_input(
    element: Element, parameter: Parameter, source: str, variables: Variables, own: frozenset[str]
) -> Iterator[Finding]:
    text = source.strip()
    try:
        constant = constant_of(text[1:].strip()) if is_feel(text) else (source,)
        if constant is None:
            found = kinds_of(text[1:].strip(), knowing(variables, own))
            if not found & accepted(parameter):
                yield _mistyped(element, parameter, f"the input gives {in_words(found)}")
        else:
            parameter.read(constant[0])
    except InvalidInput:
        return  # told elsewhere
    except Misfit as misfit:
        told = f"the input is {describe_value(constant[0]) if constant else misfit.problem.found}"
        yield _mistyped(element, parameter, told, certain=True)


def _mistyped(element: Element, parameter: Parameter, told: str, *, certain: bool = False) -> Finding:
    message = f"The parameter '{parameter.name}' of {element.handler} has to be {parameter.expected}; {told}."
    remedy = f"Map {parameter.expected} to {parameter.name}."
    if certain:
        return Finding.error(element, "mistyped_input", message, remedy)
    return Finding.warning(element, "mistyped_input", message, remedy)
