"""What business rule tasks give the decisions that they ask, against what those read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from app.core.errors import InvalidInput
from app.decisions.dmn.asked import Asked
from app.decisions.feel.kinds import ANY, Kinds, kinds_of
from app.engine.diagram import Diagram, Element, Finding
from app.engine.lint.expressions import LONGEST, is_feel
from app.engine.lint.shapes import Shapes
from app.engine.lint.slips import NEARLY, Slips
from app.engine.lint.sources import Sources
from app.engine.lint.types import Variables, in_words, knowing
from app.engine.lint.variables import Handlers, local_names

EFFORT_LIMIT = 100_000
NOTHING: Kinds = frozenset({"null"})


def check_asked(
    diagram: Diagram, asked_by: Callable[[str], Sequence[Asked]], known_handlers: Handlers
) -> Iterator[Finding]:
    """Warnings. Where anything may have come, only a name that is nearly one that is known is told as missing."""
    asking = [(each, each.decision[0]) for each in diagram.elements.values() if each.decision is not None]
    if not asking:
        return
    known = _Known(diagram, known_handlers)
    effort = 0
    for element, decision in asking:
        told = set[str]()
        all_asked = asked_by(decision) if not is_feel(decision) else ()
        effort += len(all_asked)
        if effort > EFFORT_LIMIT:
            message = "Decisions are asked too much to look whether all of it is there."
            yield Finding.warning(element, "not_checked", message, "Split the process into smaller ones.")
            return
        for asked in all_asked:
            finding = _check(element, decision, asked, known)
            if finding is not None and asked.names[0] not in told:
                told.add(asked.names[0])
                yield finding


class _Known:
    """What is known of the variables of one diagram."""

    def __init__(self, diagram: Diagram, known_handlers: Handlers) -> None:
        self.sources = Sources(diagram, known_handlers)
        self.variables = Variables(diagram, known_handlers)
        self.shapes = Shapes(diagram, known_handlers)
        self.slips = Slips()


def _check(element: Element, decision: str, asked: Asked, known: _Known) -> Finding | None:
    names, is_open = known.sources.before(element)
    names |= local_names(element)
    given = next((name for name in asked.names if name in names), None)
    if given is not None:
        return _check_field(element, decision, asked, given, known) or _check_kinds(
            element, decision, asked, given, known.variables
        )
    name = asked.names[0]
    near = known.slips.meant(name, names, NEARLY if is_open else 0.6)
    if is_open and (near is None or not known.slips.is_slip(name, near)):
        return None
    message = f"The decision '{decision[:60]}' reads '{name[:60]}' ({asked.place[:200]}), which nothing sets before."
    remedy = f"Map an input to {name[:60]}, or declare it in the process's variables."
    remedy = f"Did you mean {near}? Else map an input to {name[:60]}." if near else remedy
    return Finding.warning(element, "missing_input", message, remedy)


def _check_field(element: Element, decision: str, asked: Asked, given: str, known: _Known) -> Finding | None:
    """Only what is never there; see `fields`."""
    shape = known.shapes.of(given, element, frozenset(local_names(element)))
    for name in asked.path:
        if shape is not None and not shape.may_have(name):
            path = ".".join((given, *asked.path))[:100]
            message = (
                f"The decision '{decision[:60]}' reads '{path}' ({asked.place[:200]}), and there is no '{name[:60]}'."
            )
            near = known.slips.meant(name, shape.names, 0.6)
            remedy = f"Did you mean {near}?" if near else f"Correct the column, or map an input to {given[:60]}."
            return Finding.warning(element, "missing_input", message, remedy)
        shape = None if shape is None else shape.part(name)
    return None


def _check_kinds(element: Element, decision: str, asked: Asked, given: str, variables: Variables) -> Finding | None:
    found = _kinds(element, given, asked.path, variables)
    if found & asked.kinds or found <= NOTHING:
        return None
    path = ".".join((given, *asked.path))[:100]
    message = f"The decision '{decision[:60]}' reads '{path}' as {asked.type_ref} ({asked.place[:200]}), and it holds"
    if asked.kinds:
        remedy = f"Map {in_words(asked.kinds - {'array'} or asked.kinds)} to {given[:60]}."
        return Finding.warning(element, "unfit_input", f"{message} {in_words(found)}.", remedy)
    remedy = f"Draw input data of that type, which is read from text, or ask for date({path}) or the like."
    return Finding.warning(element, "unfit_input", f"{message} no time: variables have them as text.", remedy)


def _kinds(element: Element, name: str, path: tuple[str, ...], variables: Variables) -> Kinds:
    """Of what is there under a name; an input that an earlier one of its name made may be anything."""
    own = frozenset(local_names(element))
    sources = [source.strip() for source, target in element.inputs if target == name]
    if name not in own:
        return variables.kinds(name, path)
    if len(sources) != 1 or path or len(sources[0]) > LONGEST:
        return ANY
    if not is_feel(sources[0]):
        return frozenset({"string"})
    try:
        return kinds_of(sources[0][1:].strip(), knowing(variables, own - {name}))
    except InvalidInput:
        return ANY  # told elsewhere
