"""The mapping of a migration as a page shows it: a row for each element that needs a look, and how rows are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.engine.diagram import Diagram, Element
from app.engine.difference import label
from app.engine.migration.plan import Plan

PREFIX = "map."
NONE = ":none"  # no id has a colon
MOST_ROWS = 60
MOST_MAPPED = 10_000

Given = dict[str, str | None]


@dataclass(frozen=True)
class Row:
    """Where one element or flow of the old version goes. `chosen` is "" where the mapping does not say."""

    id: str
    name: str
    tokens: int
    chosen: str
    options: Sequence[tuple[str, str]]
    is_suggested: bool
    goes_to: str | None
    why_not: str | None

    @property
    def field(self) -> str:
        return PREFIX + self.id


def read_mapping(form: Mapping[str, str]) -> Given:
    """What the rows say; a row that says nothing leaves its element to the plan."""
    rows = {name.removeprefix(PREFIX): value for name, value in form.items() if name.startswith(PREFIX) and value}
    return {old_id: None if value == NONE else value for old_id, value in list(rows.items())[:MOST_MAPPED]}


def rows_of(
    plan: Plan,
    given: Given,
    tokens: Mapping[str, int],
    problems: Mapping[str, str],
    suggested: Mapping[str, str],
    added: Sequence[str],
) -> list[Row]:
    """What was given, what has no counterpart, and what was added by hand; where tokens stand first."""
    old = plan.source.diagram
    lost = [each for each in old.elements if each not in plan.elements]
    ids = [each for each in dict.fromkeys((*given, *added, *lost)) if each in old.elements or each in old.flows]
    ids.sort(key=lambda each: (each not in problems, not tokens.get(each), each not in given, each not in added))
    return [_row(plan, each, given, tokens, problems, suggested) for each in ids[:MOST_ROWS]]


def _row(
    plan: Plan,
    old_id: str,
    given: Given,
    tokens: Mapping[str, int],
    problems: Mapping[str, str],
    suggested: Mapping[str, str],
) -> Row:
    old, new = plan.source.diagram, plan.target.diagram
    chosen = (given[old_id] or NONE) if old_id in given else ""
    goes_to = (plan.elements if old_id in old.elements else plan.flows).get(old_id)
    options = _candidates(old, new, old_id)
    if chosen not in ("", NONE, *(each for each, _ in options)):
        options = [*options, (chosen, chosen)]
    why = problems.get(old_id)
    if why is None and goes_to is None and old_id in old.elements:
        why = plan.unfit.get(old_id)
    is_suggested = given.get(old_id) is not None and given[old_id] == suggested.get(old_id)
    return Row(old_id, label(old, old_id), tokens.get(old_id, 0), chosen, options, is_suggested, goes_to, why)


def _candidates(old: Diagram, new: Diagram, old_id: str) -> list[tuple[str, str]]:
    if old_id in old.flows:
        return [(flow_id, label(new, flow_id)) for flow_id in new.flows]
    kind = _kind(old.elements[old_id])
    return [(each.id, label(new, each.id)) for each in new.elements.values() if _kind(each) == kind]


def _kind(element: Element) -> tuple[object, ...]:
    return element.type, element.event, element.is_event_sub
