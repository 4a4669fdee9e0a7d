"""Ids: there, unlike one another, fit to stand in keys and file names; and references that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from app.engine.diagram import Finding
from app.engine.spiff.dialect.places import associated, children, is_bpmn, local, namespace, report
from app.engine.spiff.dialect.table import BPMN, FLOW_NODES, REFERENCES

NEED_ID = {*FLOW_NODES.split(), "sequenceFlow", "process"}
# An XML name without a colon. Step keys and scope paths are made of ids with / # | > between them.
ID = re.compile(r"[^\W\d][\w.-]{0,199}")


def check_ids(root: etree._Element) -> Iterator[Finding]:
    """Every id of the document is used once, also by what is no part of the process."""
    first: dict[str, etree._Element] = {}
    for node in root.iter(etree.Element):
        needed = namespace(node) == BPMN and local(node) in NEED_ID
        own = node.get("id")
        if not own:
            if needed:
                yield report(node, "missing_id", f"This {local(node)} has no id.", "Give it one in the modeler.")
            continue
        if needed and not ID.fullmatch(own):
            message = f"The id '{own[:60]}' is no name: letters, digits, '_', '-' and '.', at most 200, a letter first."
            yield report(node, "bad_id", message, "Give it another id.")
        if own in first:
            other = first[own]
            uses = f"by <{local(other)}> in line {other.sourceline} and by <{local(node)}>"
            message = f"The id '{own[:60]}' is used twice: {uses}."
            yield report(node, "duplicate_id", message, "Give one of them another id.")
        first.setdefault(own, node)


def check_references(root: etree._Element) -> Iterator[Finding]:
    """Messages, errors, signals, escalations and processes that are referred to exist."""
    targets = {node.get("id"): node for node in root.iter(*{f"{{{BPMN}}}{name}" for name in REFERENCES.values()})}
    for (holder, attribute), wanted in REFERENCES.items():
        for node in root.iter(f"{{{BPMN}}}{holder}"):
            reference = node.get(attribute)
            if reference is None:
                continue
            target = targets.get(reference)
            if target is None or not is_bpmn(target, wanted):
                message = f"{attribute} of this {holder} names '{reference[:60]}', and there is no such {wanted}."
                yield report(node, "dangling_reference", message, f"Choose the {wanted} again in the modeler.")
    yield from _check_compensations(root)


def _check_compensations(root: etree._Element) -> Iterator[Finding]:
    """One activity takes back what another has done."""
    leads_to = associated(root)
    for event in root.iter(f"{{{BPMN}}}boundaryEvent"):
        targets = leads_to.get(event.get("id", ""), [])
        if len(targets) > 1 and children(event, "compensateEventDefinition"):
            message = f"More than one association leads from this event: to '{targets[0]}' and to '{targets[1]}'."
            remedy = "Keep one; put several activities into a sub-process that is marked for compensation."
            yield report(event, "several_compensations", message, remedy)
