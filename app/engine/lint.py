"""What is wrong or doubtful in a diagram whose every element is allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from app.engine.diagram import Diagram, Finding, limited
from app.engine.lint_branches import check_branches
from app.engine.lint_shape import check_shape
from app.engine.lint_steps import check_steps
from app.handling.registry import Handler


def lint(
    diagram: Diagram, known_handlers: Callable[[str], Handler | None], handler_types: Sequence[str] = ()
) -> list[Finding]:
    """All findings, by line. `handler_types` are offered as near names when a handler is unknown."""
    findings = chain(
        check_shape(diagram),
        check_steps(diagram, known_handlers, handler_types),
        check_branches(diagram, known_handlers),
    )
    return sorted(limited(findings), key=lambda finding: finding.line or 0)
