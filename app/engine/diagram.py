"""A diagram as the rest of the house sees it: what was drawn, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Self

from app.core.errors import TooLarge, Unprocessable

Severity = Literal["error", "warning"]
TimerKind = Literal["date", "duration", "cycle"]
EventKind = Literal[
    "timer",
    "message",
    "signal",
    "error",
    "escalation",
    "conditional",
    "link",
    "compensate",
    "cancel",
    "terminate",
]
Binding = Literal["latest", "deployment", "versionTag"]


@dataclass(frozen=True)
class Finding:
    """Something an author should know; errors keep a diagram from being deployed."""

    severity: Severity
    element_id: str | None
    code: str
    message: str
    remedy: str
    line: int | None

    @classmethod
    def error(cls, place: Flow | Element, code: str, message: str, remedy: str) -> Self:
        return cls("error", place.id, code, shortened(message), shortened(remedy), place.line)

    @classmethod
    def warning(cls, place: Flow | Element, code: str, message: str, remedy: str) -> Self:
        return cls("warning", place.id, code, shortened(message), shortened(remedy), place.line)


@dataclass(frozen=True)
class Flow:
    """A sequence flow. `condition` is as written, with its leading `=`."""

    id: str
    source: str
    target: str
    condition: str | None = None
    name: str | None = None
    line: int | None = None
    parent: str = ""  # id of the process or sub-process that it is drawn in


@dataclass(frozen=True)
class Loop:
    """Multi-instance: once for each item of a collection. Collection, output and condition are FEEL with its `=`."""

    sequential: bool
    input_collection: str
    input_element: str | None = None
    output_collection: str | None = None
    output_element: str | None = None
    completion_condition: str | None = None

    @property
    def output_variable(self) -> str | None:
        """Where the output element is `=result` or `=result.port`: `result`, which each iteration has for itself."""
        found = _PATH.fullmatch(self.output_element or "")
        return found[1] if found is not None and found[1] not in _LITERALS else None


_PATH = re.compile(r"=\s*([^\W\d]\w*)\s*(\.\s*[^\W\d]\w*\s*)*")
_LITERALS = frozenset({"null", "true", "false"})


@dataclass(frozen=True)
class Call:
    """What a call activity calls. `process` is a process id, or FEEL that gives one.

    Binding: the latest version; `deployment`, the newest not younger than the caller; the newest with `version_tag`.
    """

    process: str
    binding: Binding = "latest"
    version_tag: str | None = None
    passes_all_in: bool = True  # without it the called process sees only the input mappings
    passes_all_out: bool = True  # read only when there are no output mappings


@dataclass(frozen=True)
class FormLink:
    """A form in a file of its own that a user task is shown with: as it stands when the task begins.

    `form_id` is its id, or FEEL that gives one. Binding: as of a call, the task's own diagram being the caller.
    """

    form_id: str
    binding: Binding = "latest"
    version_tag: str | None = None


@dataclass(frozen=True)
class Publication:
    """A message that an event or a send task puts into the inbox, its variables those of the inputs."""

    name: str  # a literal or FEEL, as the others
    key: str | None
    message_id: str | None = None
    time_to_live: str | None = None  # an ISO 8601 duration


@dataclass(frozen=True)
class Element:
    """A flow node: an event, an activity or a gateway.

    Expressions are as written: a leading `=` is FEEL, else a literal.
    """

    id: str
    type: str  # local BPMN name, such as "serviceTask"
    name: str | None
    parent: str  # id of the enclosing process or sub-process
    line: int | None = None
    incoming: tuple[str, ...] = ()  # flow ids, in document order
    outgoing: tuple[str, ...] = ()
    default_flow: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()  # (source, target)
    outputs: tuple[tuple[str, str], ...] = ()  # (source, target)
    headers: Mapping[str, str] = field(default_factory=dict)
    handler: str | None = None
    retries: int | None = None
    script: tuple[str, str] | None = None  # (expression, result variable)
    decision: tuple[str, str] | None = None  # (decision id, result variable)
    event: EventKind | None = None  # None: a start or an end without a trigger, or no event at all
    timer: tuple[TimerKind, str] | None = None
    message: tuple[str, str | None] | None = None  # (name, correlation key)
    error_code: str | None = None  # None on an event that catches: it catches every code
    signal: str | None = None
    escalation_code: str | None = None  # None on an event that catches: it catches every code
    condition: str | None = None  # of a conditional event
    link: str | None = None
    attached_to: str | None = None
    interrupting: bool = True  # of boundary events, and of the start events of event sub-processes
    is_event_sub: bool = False  # a sub-process that its start event triggers
    loop: Loop | None = None
    call: Call | None = None
    publishes: Publication | None = None
    for_compensation: bool = False  # no flow leads here; a compensation boundary event does, by an association
    compensated_by: str | None = None  # of a compensation boundary event: the activity that takes the work back
    compensates: str | None = None  # of a compensation throw or end event: one activity; None: all of its scope
    form: str | None = None  # its key: `camunda-forms:bpmn:<id>`, or what another program shows
    linked_form: FormLink | None = None
    assignee: str | None = None
    candidate_groups: str | None = None
    due: str | None = None
    follow_up: str | None = None
    form_schema: dict[str, Any] | None = None  # of a form that is embedded in the diagram


@dataclass(frozen=True)
class Diagram:
    """One executable process.

    `elements` holds every flow node of the process and of its sub-processes, `flows` every sequence flow.
    """

    process_id: str
    name: str
    document: bytes  # the XML as it came: this is what is stored, shown and exported
    digest: str  # equal for equal content, whatever its line breaks, comments and attribute order
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    variables_schema: dict[str, Any] | None  # JSON Schema of the start variables, when the author declared one
    version_tag: str | None = None
    messages_from_outside: frozenset[str] = frozenset()  # that its author says other systems send
    signals_from_outside: frozenset[str] = frozenset()

    def inside(self, parent: str) -> list[Element]:
        """The flow nodes directly inside the process or a sub-process."""
        return [element for element in self.elements.values() if element.parent == parent]

    @property
    def none_start(self) -> str | None:
        """The process's start event without a trigger."""
        starts = (each for each in self.inside(self.process_id) if each.type == "startEvent" and each.event is None)
        return next((start.id for start in starts), None)


INNER = frozenset({"subProcess", "transaction"})  # elements that hold flow nodes of their own
TASKS = frozenset(
    {"serviceTask", "userTask", "manualTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask"}
)
ACTIVITIES = TASKS | INNER | {"task", "callActivity"}


class DiagramRefused(Unprocessable):
    """The document is no diagram that this engine runs; `findings` say where, why and what to do."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        errors = [finding for finding in self.findings if finding.severity == "error"]
        super().__init__(summary(errors), findings=[finding.code for finding in errors])


class DiagramTooLarge(TooLarge):
    """The document is larger than any diagram needs to be."""

    def __init__(self, finding: Finding) -> None:
        self.findings = (finding,)
        super().__init__(summary([finding]), findings=[finding.code])


def shortened(text: str, most: int = 600) -> str:
    """Findings quote what strangers wrote, which may be megabytes."""
    return text if len(text) <= most else f"{text[:most]}..."


def limited(findings: Iterable[Finding], most: int = 500) -> list[Finding]:
    """The first of them. What is cut off may hold errors, so cutting is one."""
    kept = list(islice(findings, most))
    if len(kept) == most:
        remedy = "Correct these first."
        kept.append(Finding("error", None, "too_many_findings", f"There are {most} findings or more.", remedy, None))
    return kept


def summary(errors: list[Finding]) -> str:
    """One sentence for a person: the first reason and how many more there are."""
    if not errors:
        return "the diagram was refused"
    first = errors[0]
    place = f"{first.element_id}: " if first.element_id else ""
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}{first.message} {first.remedy}{more}"
