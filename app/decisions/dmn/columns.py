"""Input columns: what is asked, what is allowed, and which rules a value leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.decisions.dmn import parts
from app.decisions.dmn.workshop import Test, Workshop, nothing, shown
from app.decisions.feel import UnaryTests
from app.decisions.feel.scope import Run
from app.decisions.feel.values import read

_FEW = 8
_INDEXED = frozenset({str, Decimal, bool, type(None)})


@dataclass(frozen=True)
class InputRun:
    label: str
    run: Run
    allows: Test | None
    where: str
    masks: Mapping[tuple[type, Any], int | tuple[int, ...]]
    """For a literal value the rules that compare with it: a mask, or their numbers where they are few."""
    undecided: int
    """The rules that the index does not exclude whatever the value is: `-`, and those in `left`."""
    left: dict[int, Test]
    """For rules whose cell the index cannot decide: its test."""
    constants: dict[int, UnaryTests]
    """For values that no index knows (lists and the like): the other cells."""

    def candidates(self, value: Any) -> int:
        kind = type(value)
        if kind in _INDEXED:
            rules = self.masks.get((kind, value), 0)
            if type(rules) is int:
                return rules | self.undecided
            mask = self.undecided
            for number in rules:  # type: ignore[union-attr]  # mypy does not narrow by type()
                mask |= 1 << number
            return mask
        mask = self.undecided
        for number, tests in self.constants.items():
            if tests.matches(value) is True:
                mask |= 1 << number
        return mask

    def not_allowed(self, value: Any) -> str:
        return f"{self.where}: {shown(value)} is none of the values that the input allows."


def compile_input(shop: Workshop, table: parts.Table, number: int) -> InputRun:
    column = table.inputs[number]
    shop = shop.cell(None, column.label)
    expression = column.expression
    run: Run = nothing
    if not isinstance(expression, parts.Literal):
        reason = expression.reason if isinstance(expression, parts.Unreadable) else "It is no literal expression."
        shop.fault("input_expression", reason, "Write the input in FEEL.", column.place)
    elif expression.text:
        run = shop.run_of(expression.text, expression.place)
    else:
        shop.fault("input_expression", "The input has no expression.", "Write what is asked.", column.place)
    compared: dict[tuple[type, Any], list[int]] = {}
    undecided = 0
    left: dict[int, Test] = {}
    constants: dict[int, UnaryTests] = {}
    for at, rule in enumerate(table.rules):
        cell = rule.tests[number] if number < len(rule.tests) else None
        if cell is None or cell.text in {"", "-"}:
            undecided |= 1 << at
            continue
        tests = shop.cell(at + 1, column.label).tests(cell.text, cell.place)
        literals = tests.constants() if tests else None
        if tests is not None and tests.is_any:
            undecided |= 1 << at
        elif tests is not None and literals is not None:
            constants[at] = tests
            for literal in literals:
                compared.setdefault((type(literal), literal), []).append(at)
        else:
            undecided |= 1 << at
            left[at] = tests._run if tests is not None else _never
    return InputRun(
        label=column.label,
        run=_reading(run),
        allows=shop.test_of(column.values, column.place) if column.values else None,
        where=shop.where(),
        masks={key: _stored(rules) for key, rules in compared.items()},
        undecided=undecided,
        left=left,
        constants=constants,
    )


def _stored(rules: list[int]) -> int | tuple[int, ...]:
    """A mask is as long as the table, so one for each of ten thousand values would be too much."""
    if len(rules) <= _FEW:
        return tuple(rules)
    mask = 0
    for number in rules:
        mask |= 1 << number
    return mask


def _reading(run: Run) -> Run:
    return lambda scope: read(run(scope))


def _never(_value: Any, _scope: Any) -> None:
    return None
