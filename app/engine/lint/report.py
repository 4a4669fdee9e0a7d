"""What is wrong or doubtful in a diagram whose every element is allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from app.engine.diagram import Diagram, Finding, limited
from app.engine.lint.borders import check_borders
from app.engine.lint.branches import check_branches
from app.engine.lint.calls import check_calls
from app.engine.lint.compensation import check_compensation
from app.engine.lint.events import check_events
from app.engine.lint.fields import check_fields
from app.engine.lint.gateways import check_gateways
from app.engine.lint.house import House
from app.engine.lint.links import check_links
from app.engine.lint.loops import check_loops
from app.engine.lint.needs import check_house
from app.engine.lint.reach import check_reach
from app.engine.lint.shape import check_shape
from app.engine.lint.steps import check_steps
from app.engine.lint.unknowns import check_unknowns
from app.handling.registry import Handler


def lint(
    diagram: Diagram,
    known_handlers: Callable[[str], Handler | None],
    handler_types: Sequence[str] = (),
    house: House | None = None,
) -> list[Finding]:
    """All findings, by line. `handler_types` are all that are known; without a `house`, others are not looked at."""
    findings = chain(
        check_shape(diagram),
        check_gateways(diagram),
        check_reach(diagram),
        check_links(diagram),
        check_events(diagram),
        check_borders(diagram),
        check_compensation(diagram, known_handlers),
        check_steps(diagram, known_handlers, handler_types),
        check_calls(diagram),
        check_loops(diagram, known_handlers),
        check_branches(diagram, known_handlers),
        check_unknowns(diagram, known_handlers),
        check_fields(diagram, known_handlers),
        check_house(diagram, house, known_handlers, handler_types) if house is not None else (),
    )
    return sorted(limited(findings), key=lambda finding: finding.line or 0)
