"""The door for diagrams: what the dialect does not know is refused, with place, reason and what to draw instead.

Nothing is ignored in silence: the table (`table`) is a list of what may be there, not of what may not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from lxml import etree

from app.engine.diagram import INNER, Diagram, Element, Finding, limited
from app.engine.lint import lint
from app.engine.lint.house import House
from app.engine.spiff.dialect.ids import check_ids, check_references
from app.engine.spiff.dialect.places import is_bpmn, local, report
from app.engine.spiff.dialect.read import read_diagram
from app.engine.spiff.dialect.triggers import EVENTS, event_construct
from app.engine.spiff.dialect.walk import walk
from app.engine.spiff.xml import digest, read_xml
from app.handling.registry import Handler


def check(
    document: bytes,
    known_handlers: Callable[[str], Handler | None],
    handler_types: Sequence[str] = (),
    house: House | None = None,
) -> tuple[Diagram | None, etree._Element | None, list[Finding]]:
    """The diagram and its XML tree, or neither when a finding is an error; all findings, by line.

    `handler_types` are all that are known. Without a `house`, what the diagram needs of others is not looked at.
    Raises DiagramRefused or DiagramTooLarge only when the document is not even readable XML.
    """
    root = read_xml(document)
    if not is_bpmn(root, "definitions"):
        message = f"The document is no BPMN diagram: its root is <{local(root)}>, expected <definitions>."
        return None, None, [report(root, "wrong_root", message, "Send the BPMN file that the modeler saved.")]
    bad_ids = limited(check_ids(root))
    findings = [*bad_ids, *limited(chain(walk(root), check_references(root)))]
    diagram, more = read_diagram(root, document, digest(root))
    findings += more
    if diagram is not None and not bad_ids:  # with ids used twice, nesting may go round in circles
        refused = {finding.element_id for finding in findings if finding.severity == "error"} - {diagram.process_id}
        linted = lint(diagram, known_handlers, handler_types, house)
        findings += [finding for finding in linted if finding.element_id not in refused]
    findings.sort(key=lambda finding: finding.line or 0)
    if diagram is None or any(finding.severity == "error" for finding in findings):
        return None, None, findings
    return diagram, root, findings


def constructs_of(diagram: Diagram) -> set[str]:
    """Which of `table.constructs` the diagram holds."""
    found = {name for element in diagram.elements.values() for name in _constructs(element, diagram)}
    if any(flow.condition for flow in diagram.flows.values()):
        found.add("sequenceFlow:condition")
    if any(element.default_flow for element in diagram.elements.values()):
        found.add("sequenceFlow:default")
    return found


def _constructs(element: Element, diagram: Diagram) -> Iterator[str]:
    if element.type in EVENTS:
        yield event_construct(element, diagram)
    elif element.type == "sendTask" and element.handler is not None:
        yield "sendTask:handler"
    elif element.call is not None and element.call.binding != "latest":
        yield f"callActivity:{element.call.binding}"
    elif not element.is_event_sub:  # an event sub-process goes by the name of its start event
        yield element.type
    if element.loop is not None:
        of = {"callActivity": ":callActivity", **dict.fromkeys(INNER, ":subProcess")}.get(element.type, "")
        yield f"multiInstance:{'sequential' if element.loop.sequential else 'parallel'}{of}"
        if element.loop.completion_condition is not None:
            yield "multiInstance:completionCondition"
