"""Decision tables: compiled once, asked often.

Rules are found by an index: each column knows for each literal value which rules it does not exclude, as a bit mask;
what remains to be tested is what the masks cannot tell. So a table of a thousand rules whose columns compare with
literals costs one look-up for each column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.decisions.dmn import parts
from app.decisions.dmn.columns import InputRun, compile_input
from app.decisions.dmn.hits import AGGREGATIONS, POLICIES, Hits, Output, compile_output
from app.decisions.dmn.trace import MatchedRule, add, note
from app.decisions.dmn.workshop import Test, Workshop
from app.decisions.feel import Evaluation
from app.decisions.feel.scope import Run, Scope

CompileBoxed = Callable[[Workshop, parts.Boxed], Run]

_MULTIPLE = {"COLLECT", "RULE ORDER", "OUTPUT ORDER"}


@dataclass(frozen=True)
class RuleRun:
    index: int  # counts from 1
    id: str | None
    tests: tuple[tuple[int, Test], ...]  # what the columns' indexes cannot tell: (column, test)
    outputs: tuple[Run, ...]
    annotations: tuple[str, ...]


def compile_table(shop: Workshop, table: parts.Table, compile_boxed: CompileBoxed) -> Run:
    problem = _problem_of(shop, table)
    if problem is not None:
        return shop.failing(problem)
    inputs = [compile_input(shop, table, number) for number in range(len(table.inputs))]
    many = table.hit_policy in _MULTIPLE
    outputs = [
        compile_output(shop, table, column, compile_boxed, many=many and len(table.outputs) == 1)
        for column in table.outputs
    ]
    rules = [_rule(shop, table, number, inputs, compile_boxed) for number in range(len(table.rules))]
    return _Table(shop, table, inputs, outputs, rules)


def _problem_of(shop: Workshop, table: parts.Table) -> str | None:
    """What keeps the whole table from being evaluated."""
    if not table.outputs:
        shop.fault("no_output", "The table has no output column.", "Add one.", table.place)
        return "has no output column"
    if table.hit_policy not in POLICIES:
        message = f"The hit policy {table.hit_policy[:40]} is none of the standard's."
        shop.fault("hit_policy", message, f"Use one of {', '.join(POLICIES)}.", table.place)
        return "has an unknown hit policy"
    if table.aggregation is not None and table.aggregation not in AGGREGATIONS:
        message = f"The aggregation {table.aggregation[:40]} is none of the standard's."
        shop.fault("aggregation", message, f"Use one of {', '.join(AGGREGATIONS)}.", table.place)
        return "has an unknown aggregation"
    names = [column.name for column in table.outputs]
    if len(names) > 1 and (len(set(names)) < len(names) or "" in names):
        shop.fault("output_names", "Several outputs need a name each.", "Give each a name of its own.", table.place)
        return "has outputs without a name of their own"
    return None


def _rule(
    shop: Workshop, table: parts.Table, number: int, inputs: list[InputRun], compile_boxed: CompileBoxed
) -> RuleRun:
    rule = table.rules[number]
    if len(rule.tests) != len(table.inputs) or len(rule.outputs) != len(table.outputs):
        message = f"The rule has {len(rule.tests)} inputs and {len(rule.outputs)} outputs."
        remedy = f"The table has {len(table.inputs)} and {len(table.outputs)}: make them as many."
        shop.cell(number + 1, None).fault("rule_width", message, remedy, rule.place)
    outputs: list[Run] = []
    for column, cell in zip(table.outputs, rule.outputs, strict=False):
        if isinstance(cell, parts.Literal) and not cell.text:
            outputs.append(_null)
        else:
            outputs.append(compile_boxed(shop.cell(number + 1, column.label), cell))
    outputs += [_null] * (len(table.outputs) - len(outputs))
    return RuleRun(
        index=number + 1,
        id=rule.place.id,
        tests=tuple((at, column.left[number]) for at, column in enumerate(inputs) if number in column.left),
        outputs=tuple(outputs),
        annotations=rule.annotations,
    )


def _null(_scope: Scope) -> None:
    return None


class _Table:
    """The closure of a table."""

    def __init__(
        self, shop: Workshop, table: parts.Table, inputs: list[InputRun], outputs: list[Output], rules: list[RuleRun]
    ) -> None:
        self.owner = shop.owner
        self.where = shop.where()
        self.inputs = inputs
        self.outputs = outputs
        self.rules = rules
        self.names = tuple(column.name for column in table.outputs)
        self.policy = POLICIES[table.hit_policy]
        self.policy_name = table.hit_policy
        self.aggregate = AGGREGATIONS.get(table.aggregation or "") if table.hit_policy == "COLLECT" else None
        self.stop_after = {"FIRST": 1, "UNIQUE": 2}.get(table.hit_policy, len(rules))

    def __call__(self, scope: Scope) -> Any:
        asked = [column.run(scope) for column in self.inputs]
        for column, value in zip(self.inputs, asked, strict=True):
            if column.allows is not None and column.allows(value, scope) is not True:
                note(scope.evaluation, column.not_allowed(value))
                return None
        matching = self._matching(asked, scope)
        if not matching:
            return self._default(scope)
        results = [tuple(run(scope) for run in rule.outputs) for rule in matching]
        checked = [self._checked(result, scope.evaluation) for result in results]
        hits = Hits(list(zip(matching, checked, strict=True)), self.outputs, self.names, self.where, scope.evaluation)
        value = self.policy(hits)
        self._report(hits, asked, scope.evaluation)
        if self.aggregate is not None and value is not None:
            return self.aggregate(hits, value)
        return value

    def _matching(self, asked: list[Any], scope: Scope) -> list[RuleRun]:
        mask = (1 << len(self.rules)) - 1
        for column, value in zip(self.inputs, asked, strict=True):
            mask &= column.candidates(value)
            if not mask:
                return []
        matching = []
        spend = scope.evaluation.spend
        rules = self.rules
        while mask:
            lowest = mask & -mask
            mask ^= lowest
            rule = rules[lowest.bit_length() - 1]
            spend(1 + len(rule.tests))
            if all(test(asked[at], scope) is True for at, test in rule.tests):
                matching.append(rule)
                if len(matching) >= self.stop_after:
                    break
        return matching

    def _checked(self, values: tuple[Any, ...], evaluation: Evaluation) -> tuple[Any, ...]:
        return tuple(output.checked(value, evaluation) for output, value in zip(self.outputs, values, strict=True))

    def _default(self, scope: Scope) -> Any:
        if any(output.default is not None for output in self.outputs):
            values = [output.default(scope) if output.default else None for output in self.outputs]
            return values[0] if len(values) == 1 else dict(zip(self.names, values, strict=True))
        if self.policy_name == "COLLECT":
            if self.aggregate is None:
                return []
            return self.aggregate(Hits([], self.outputs, self.names, self.where, scope.evaluation), [])
        note(scope.evaluation, f"{self.where}: no rule matches.")
        return None

    def _report(self, hits: Hits, asked: list[Any], evaluation: Evaluation) -> None:
        inputs = {column.label: value for column, value in zip(self.inputs, asked, strict=True)}
        for rule, values in hits.ordered:
            outputs = {output.label: value for output, value in zip(self.outputs, values, strict=True)}
            add(
                evaluation,
                MatchedRule(self.owner.id, self.owner.name, rule.index, rule.id, inputs, outputs, rule.annotations),
            )
