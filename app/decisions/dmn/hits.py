"""Hit policies: what becomes of the rules that matched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any

from app.decisions.dmn import parts
from app.decisions.dmn.trace import note
from app.decisions.dmn.workshop import Workshop, fitted, shown
from app.decisions.feel import Evaluation, Type, UnaryTests
from app.decisions.feel.compare import compare, equal
from app.decisions.feel.scope import Run
from app.decisions.feel.values import CONTEXT, read

if TYPE_CHECKING:
    from app.decisions.dmn.tables import RuleRun


@dataclass(frozen=True)
class Output:
    """An output column, compiled."""

    label: str
    type: Type | None
    type_ref: str | None
    where: str
    allows: UnaryTests | None
    order: tuple[Any, ...]
    """Its allowed values, most important first."""
    default: Run | None

    def checked(self, value: Any, evaluation: Evaluation) -> Any:
        value = read(value)
        if self.type is not None:
            value = fitted(value, self.type, evaluation, f"{self.where}: the output", self.type_ref)
        if value is not None and self.allows is not None and not self._allowed(value, evaluation):
            note(evaluation, f"{self.where}: {shown(value)} is none of its values.")
            return None
        return value

    def _allowed(self, value: Any, evaluation: Evaluation) -> bool:
        assert self.allows is not None  # nosec B101  # asked before
        if self.allows.matches(value, evaluation=evaluation) is True:
            return True
        return type(value) is list and all(self.allows.matches(one, evaluation=evaluation) is True for one in value)

    def rank(self, value: Any, evaluation: Evaluation) -> int:
        for position, listed in enumerate(self.order):
            if equal(value, listed, evaluation) is True:
                return position
        return len(self.order)


def compile_output(
    shop: Workshop, table: parts.Table, column: parts.OutputColumn, compile_boxed: Callable[..., Run], *, many: bool
) -> Output:
    shop = shop.cell(None, column.label)
    type_ = shop.types.find(column.type_ref)
    if many and type_ is not None and type_.name == "list":
        type_ = None  # of the whole result, as several modelers write it
    values = column.values or shop.types.allowed_text(column.type_ref)
    listed: Any = None
    if values and values != "-":
        expression = shop.expression(f"[{values}]", column.place) if table.hit_policy in _ORDERED else None
        listed = expression.evaluate({}) if expression else None
    if table.hit_policy in _ORDERED and not listed:
        message = f"{table.hit_policy} orders by the values of the output, and none are listed."
        shop.fault("output_values", message, "List the values, most important first.", column.place)
    default = None
    if column.default is not None and not (isinstance(column.default, parts.Literal) and not column.default.text):
        default = compile_boxed(shop, column.default)
    return Output(
        label=column.name or column.label,
        type=type_,
        type_ref=column.type_ref,
        where=shop.where(),
        allows=shop.tests(column.values, column.place) if column.values and column.values != "-" else None,
        order=tuple(listed) if type(listed) is list else (),
        default=default,
    )


class Hits:
    """The rules that matched, each with its outputs. `ordered` is how they are reported: what counted comes first."""

    def __init__(
        self,
        rules: list[tuple[RuleRun, tuple[Any, ...]]],
        outputs: list[Output],
        names: tuple[str, ...],
        where: str,
        evaluation: Evaluation,
    ) -> None:
        self.ordered = rules
        self.outputs = outputs
        self.names = names
        self.where = where
        self.evaluation = evaluation

    def value(self, values: tuple[Any, ...]) -> Any:
        return values[0] if len(values) == 1 else dict(zip(self.names, values, strict=True))

    def all(self) -> list[Any]:
        return [self.value(values) for _, values in self.ordered]

    def prioritise(self) -> bool:
        """Stable, by the first output, then the next. False if there is nothing to go by."""
        if not any(output.order for output in self.outputs):
            note(self.evaluation, f"{self.where}: no output lists its values, so there is no order of priority.")
            return False
        self.ordered = sorted(
            self.ordered,
            key=lambda hit: [
                output.rank(value, self.evaluation) for output, value in zip(self.outputs, hit[1], strict=True)
            ],
        )
        return True

    def rules(self) -> str:
        return ", ".join(str(rule.index) for rule, _ in self.ordered)


def _unique(hits: Hits) -> Any:
    if len(hits.ordered) > 1:
        note(hits.evaluation, f"{hits.where}: rules {hits.rules()} match at once, and the table is UNIQUE.")
        return None
    return hits.value(hits.ordered[0][1])


def _first(hits: Hits) -> Any:
    return hits.value(hits.ordered[0][1])


def _any(hits: Hits) -> Any:
    values = hits.all()
    if any(equal(values[0], other, hits.evaluation) is not True for other in values[1:]):
        note(hits.evaluation, f"{hits.where}: rules {hits.rules()} match at once and differ, and the table is ANY.")
        return None
    return values[0]


def _priority(hits: Hits) -> Any:
    return _first(hits) if hits.prioritise() else None


def _output_order(hits: Hits) -> Any:
    return hits.all() if hits.prioritise() else None


POLICIES: Mapping[str, Callable[[Hits], Any]] = {
    "UNIQUE": _unique,
    "ANY": _any,
    "PRIORITY": _priority,
    "FIRST": _first,
    "RULE ORDER": Hits.all,
    "OUTPUT ORDER": _output_order,
    "COLLECT": Hits.all,
}
_ORDERED = {"PRIORITY", "OUTPUT ORDER"}


# COLLECT with an operator


def _total(values: list[Any]) -> Decimal | None:
    total = Decimal(0)
    try:
        for value in values:
            if type(value) is not Decimal:
                return None
            total = CONTEXT.add(total, value)
    except DecimalException:
        return None
    return total if values else None


def _extreme(sign: str) -> Callable[[list[Any]], Any]:
    def find(values: list[Any]) -> Any:
        if not values:
            return None
        best = values[0]
        for value in values:
            better = compare(sign, value, best)
            if better is None:
                return None
            if better:
                best = value
        return best

    return find


def _per_output(fold: Callable[[list[Any]], Any]) -> Callable[[Hits, list[Any]], Any]:
    """Of several outputs each is aggregated by itself."""

    def aggregate(hits: Hits, values: list[Any]) -> Any:
        if len(hits.names) == 1:
            return fold(values)
        if not values:
            return None
        return {name: fold([value[name] for value in values]) for name in hits.names}

    return aggregate


def _count(_hits: Hits, values: list[Any]) -> Decimal:
    return Decimal(len(values))


AGGREGATIONS: Mapping[str, Callable[[Hits, list[Any]], Any]] = {
    "SUM": _per_output(_total),
    "COUNT": _count,
    "MIN": _per_output(_extreme("<")),
    "MAX": _per_output(_extreme(">")),
}
