"""What an author should look at before deploying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal

from app.decisions.dmn import parts
from app.decisions.dmn.findings import Finding, shortened
from app.decisions.dmn.lint_columns import Column, column_of
from app.decisions.dmn.lint_inputs import check_inputs
from app.decisions.dmn.lint_tables import MOST_FOUND, Rules, TooMuchToCheck, check_size
from app.decisions.dmn.model import Model
from app.decisions.dmn.names import inner_boxes, names_of
from app.decisions.dmn.unit import Unit

Owner = parts.Decision | parts.BusinessKnowledgeModel


def lint(model: Model) -> list[Finding]:
    """Errors of expressions and of the model first, then what is suspicious in its decision tables."""
    found = list(model.findings)
    for unit in model.units:
        for element in unit.document.elements.values():
            if isinstance(element, parts.Decision):
                found.extend(check_inputs(unit, element))
            if isinstance(element, (parts.Decision, parts.BusinessKnowledgeModel)):
                for table in _tables(element.logic):
                    found.extend(_Table(unit, element, table).findings())
    return found


def _tables(box: parts.Boxed | None) -> Iterator[parts.Table]:
    if isinstance(box, parts.Table):
        yield box
    for inner in inner_boxes(box):
        if not isinstance(inner, parts.Literal):
            yield from _tables(inner)


class _Table:
    def __init__(self, unit: Unit, owner: Owner, table: parts.Table) -> None:
        self.unit = unit
        self.owner = owner
        self.table = table

    def findings(self) -> list[Finding]:
        checks: list[Callable[[Rules], Iterator[Finding]]] = [self._never]
        if self.table.hit_policy == "UNIQUE":
            checks.append(self._overlaps)
        if self.table.hit_policy == "FIRST":
            checks.append(self._shadowed)
        if self.table.hit_policy != "COLLECT" and not any(column.default for column in self.table.outputs):
            checks.append(self._gaps)
        if not self.table.inputs or not self.table.rules:
            return []
        found: list[Finding] = []
        try:
            check_size(len(self.table.inputs), len(self.table.rules))
            columns = [self._column(number) for number in range(len(self.table.inputs))]
            for check in checks:
                for finding in islice(check(Rules(columns, len(self.table.rules))), MOST_FOUND):
                    found.append(finding)
        except TooMuchToCheck:
            message = "The table is too large to be checked whole for overlaps and gaps."
            found.append(self._finding("not_checked", message, "Split it by one of its inputs.", None, {}))
        return found

    def _column(self, number: int) -> Column:
        column = self.table.inputs[number]
        texts = [rule.tests[number].text if number < len(rule.tests) else "" for rule in self.table.rules]
        type_ref = self._type_of(column)
        allowed = column.values or self.unit.book.allowed_text(type_ref)
        return column_of(column.label, texts, allowed, boolean=type_ref == "boolean")

    def _type_of(self, column: parts.InputColumn) -> str | None:
        """Of the input data that it asks for, else as the column says."""
        text = column.expression.text if isinstance(column.expression, parts.Literal) else ""
        if isinstance(self.owner, parts.Decision):
            for unit, element in self.unit.found((*self.owner.inputs, *self.owner.decisions)):
                if unit is self.unit and text in names_of(element) and element.variable.type_ref:
                    return element.variable.type_ref
        return column.expression.type_ref

    def _overlaps(self, rules: Rules) -> Iterator[Finding]:
        for earlier, later, example in rules.overlaps():
            message = f"Rules {earlier + 1} and {later + 1} both match {_shown(example)}, and the table is UNIQUE."
            remedy = "Narrow one of them, or choose another hit policy."
            yield self._finding("overlap", message, remedy, later, example, "error")

    def _never(self, rules: Rules) -> Iterator[Finding]:
        for rule in rules.never():
            message = f"Rule {rule + 1} never matches: nothing passes one of its cells."
            yield self._finding("never", message, "Correct the cell, or take the rule away.", rule, {})

    def _shadowed(self, rules: Rules) -> Iterator[Finding]:
        for earlier, later, example in rules.shadowed():
            message = f"Rule {later + 1} never comes to turn: rule {earlier + 1} matches all that it does."
            yield self._finding("shadowed", message, "Move it up, or take it away.", later, example)

    def _gaps(self, rules: Rules) -> Iterator[Finding]:
        for example in rules.gaps():
            message = f"No rule matches {_shown(example)}."
            remedy = "Add a rule or a default output, or list the allowed values of the input."
            yield self._finding("gap", message, remedy, None, example)

    def _finding(
        self,
        code: str,
        message: str,
        remedy: str,
        rule: int | None,
        example: dict[str, Any],
        severity: Literal["error", "warning"] = "warning",
    ) -> Finding:
        place = self.table.place if rule is None else self.table.rules[rule].place
        return Finding(
            severity,
            place.id or self.owner.id,
            code,
            shortened(f"{self.owner.name or self.owner.id}: {message}"),
            remedy,
            place.line,
            self.owner.id,
            None if rule is None else rule + 1,
            example=example,
        )


def _shown(example: dict[str, Any]) -> str:
    if not example:
        return "any input"
    return ", ".join(f"{label} = {_written(value)}" for label, value in example.items())


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)
