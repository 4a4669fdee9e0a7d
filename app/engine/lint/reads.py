"""Every expression of a diagram with what it sees beside the variables around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from app.engine.diagram import Diagram, Element, Flow
from app.engine.forms import keys_of
from app.engine.lint.events import THROWING
from app.engine.lint.expressions import LONGEST, is_feel
from app.engine.lint.variables import Handlers, first_name, local_names

Place = Literal["condition", "list", "time", "key", "other"]  # what the expression has to give
REFUSED = frozenset({"errorCode", "errorMessage"})  # what the mappings of an event that catches an error see
COUNTS = frozenset({"numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances"})


@dataclass(frozen=True)
class Reading:
    """`at` is the element that evaluates it, `sees` what only this expression sees; with `open` that may be more."""

    at: Element
    shown: Element | Flow
    what: str
    text: str  # without its `=`
    gives: Place = "other"
    sees: frozenset[str] = frozenset()
    open: bool = False

    @property
    def begun(self) -> str:
        """`what`, as a sentence begins."""
        return f"{self.what[0].upper()}{self.what[1:]}"


def readings(diagram: Diagram, known_handlers: Handlers) -> Iterator[Reading]:
    """Those that begin with `=`, whether they compile or not; the endless are told elsewhere, and so are times that
    start a process: they are read when it is deployed, without any variables."""
    for flow in diagram.flows.values():
        source = diagram.elements.get(flow.source)
        if source is not None and flow.condition is not None and is_short_feel(flow.condition):
            yield Reading(source, flow, "the condition", _bare(flow.condition), "condition")
    for element in diagram.elements.values():
        for what, text, gives, sees, open_ in _of_element(element, known_handlers):
            at_deployment = element.type == "startEvent" and element.parent == diagram.process_id and gives == "time"
            if text is not None and is_short_feel(text) and not at_deployment:
                yield Reading(element, element, what, _bare(text), gives, frozenset(sees), open_)


def is_short_feel(text: str) -> bool:
    return len(text) <= LONGEST and is_feel(text)


def outside_filters(text: str, names: frozenset[str]) -> list[str]:
    """Within `[...]` a name may be an entry of what is looked through."""
    return sorted(name for name in names if name in text.partition("[")[0]) if "[" in text else sorted(names)


Row = tuple[str, str | None, Place, frozenset[str], bool]


def _of_element(element: Element, known_handlers: Handlers) -> Iterator[Row]:
    own = frozenset(local_names(element))
    results, more = results_of(element, known_handlers)
    after = own | results | {first_name(target) for _, target in element.outputs}
    seen = frozenset(local_names(replace(element, inputs=())))
    for source, target in element.inputs:  # one after the other
        yield f"the input '{target}'", source, "other", seen, False
        seen |= {first_name(target)}
    for source, target in element.outputs:
        yield f"the output '{target}'", source, "other", after, more
    if element.script is not None:
        yield "the script", element.script[0], "other", own, False
    yield from _of_event(element, own)
    if element.call is not None:
        yield "the process id", element.call.process, "other", own, False
    if element.linked_form is not None:
        yield "the form's id", element.linked_form.form_id, "other", own, False
    for what, text in (
        ("the assignee", element.assignee),
        ("the candidate groups", element.candidate_groups),
        ("the due date", element.due),
        ("the follow-up date", element.follow_up),
    ):
        yield what, text, "other", own, False
    if element.loop is not None:
        counted = after | COUNTS | {element.loop.output_collection or ""}
        yield "the input collection", element.loop.input_collection, "list", frozenset(), False
        yield "the output element", element.loop.output_element, "other", after, True
        yield "the completion condition", element.loop.completion_condition, "condition", counted, True


def _of_event(element: Element, own: frozenset[str]) -> Iterator[Row]:
    nothing = frozenset[str]()
    if element.timer is not None:
        yield "the timer", element.timer[1], "time", nothing, False
    if element.condition is not None:
        yield "the condition", element.condition, "condition", nothing, False
    if element.message is not None and element.publishes is None:
        yield "the correlation key", element.message[1], "key", nothing, False
    if element.publishes is not None:
        yield "the message's name", element.publishes.name, "other", own, False
        yield "the correlation key", element.publishes.key, "key", own, False
        yield "the message id", element.publishes.message_id, "other", own, False
        yield "the time to live", element.publishes.time_to_live, "time", own, False
    yield "the signal", element.signal, "other", own, False
    if element.type in THROWING:
        yield "the error code", element.error_code, "other", own, False
        yield "the escalation code", element.escalation_code, "other", own, False


def results_of(element: Element, known_handlers: Handlers) -> tuple[frozenset[str], bool]:
    """What its output mappings see of what it gives; True: there may be more."""
    if element.script is not None:
        return frozenset({element.script[1]}), False
    if element.decision is not None:
        return frozenset({element.decision[1]}), False
    if element.handler is not None:
        handler = known_handlers(element.handler)
        outputs = () if handler is None else handler.about.outputs
        return frozenset(output.name for output in outputs), not outputs
    if element.type == "userTask":
        return _form_keys(element), element.form_schema is None
    if element.event == "error":
        return REFUSED, True
    brings = element.type in ("receiveTask", "callActivity") or element.event in ("message", "signal", "escalation")
    return frozenset(), brings


def _form_keys(element: Element) -> frozenset[str]:
    return frozenset(map(first_name, keys_of(element.form_schema))) if element.form_schema else frozenset()


def _bare(text: str) -> str:
    return text.strip()[1:].strip()
