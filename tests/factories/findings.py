"""What the check of a diagram says, for tests of the lint."""

from __future__ import annotations

from app.engine.diagram import Finding
from app.engine.spiff.dialect import check
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers

HANDLERS = few_handlers()
Told = tuple[Diagram, str, str, str]  # diagram, element, code, words in message or remedy


def findings_of(d: Diagram) -> list[Finding]:
    return check(d.xml(), HANDLERS.get, HANDLERS.types())[2]


def tells(d: Diagram, element: str, code: str, words: str, *, severity: str) -> None:
    """Assert that the check says this of the element, and says no error of any other."""
    findings = findings_of(d)
    found = [finding for finding in findings if (finding.element_id, finding.code) == (element, code)]
    assert found, findings
    assert found[0].severity == severity
    assert words in f"{found[0].message} {found[0].remedy}", found[0]
    errors = {finding.element_id for finding in findings if finding.severity == "error"}
    assert errors <= ({element} if severity == "error" else set()), findings
