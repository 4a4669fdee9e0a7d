"""A decision as it is drawn on a page: how each expression is shown, and which rules matched."""

from __future__ import annotations

from collections.abc import Iterable

from app.dashboard.decision_needs import Needs, allowed_of
from app.decisions.dmn import MatchedRule, parts

# The letter of each hit policy, and what it means.
POLICIES = {
    "UNIQUE": ("U", "Unique: at most one rule matches"),
    "ANY": ("A", "Any: all rules that match say the same"),
    "PRIORITY": ("P", "Priority: of the rules that match, the one with the output that is listed first"),
    "FIRST": ("F", "First: the first rule that matches"),
    "RULE ORDER": ("R", "Rule order: all rules that match, in their order"),
    "OUTPUT ORDER": ("O", "Output order: all rules that match, in the order of the listed outputs"),
    "COLLECT": ("C", "Collect: all rules that match, in any order"),
}
AGGREGATIONS = {
    "SUM": ("+", "the sum of the outputs"),
    "MIN": ("<", "the least of the outputs"),
    "MAX": (">", "the greatest of the outputs"),
    "COUNT": ("#", "the number of outputs"),
}


class Sheet:
    """Templates ask it about parts of one model."""

    def __init__(self, document: parts.Document, needs: Needs, matched: Iterable[MatchedRule] = ()) -> None:
        self._document = document
        self._asked = {one.name: one for one in needs.asked}
        self._matched = {(rule.decision_id, rule.rule_id or rule.rule_index) for rule in matched}

    def kind(self, box: object) -> str:
        return type(box).__name__

    def has_logic(self, element: parts.Element) -> bool:
        return isinstance(element, parts.Decision | parts.BusinessKnowledgeModel) and element.logic is not None

    def matches(self, owner_id: str, rule: parts.Rule, number: int) -> bool:
        return (owner_id, rule.place.id or number) in self._matched

    def text(self, box: parts.Boxed) -> str:
        return box.text if isinstance(box, parts.Literal) else ""

    def type_of_input(self, column: parts.InputColumn) -> str | None:
        asked = self._asked.get(self.text(column.expression))
        return column.expression.type_ref or (asked.type_ref if asked else None)

    def allowed_in(self, column: parts.InputColumn) -> str | None:
        asked = self._asked.get(self.text(column.expression))
        own = column.values or allowed_of(self._document, column.expression.type_ref)
        return own or (asked.allowed if asked else None)

    def allowed_out(self, column: parts.OutputColumn) -> str | None:
        return column.values or allowed_of(self._document, column.type_ref)

    def policy(self, table: parts.Table) -> tuple[str, str]:
        letter, meaning = POLICIES.get(table.hit_policy, (table.hit_policy[:1], table.hit_policy))
        if table.hit_policy == "COLLECT" and table.aggregation in AGGREGATIONS:
            sign, how = AGGREGATIONS[table.aggregation]
            return letter + sign, f"Collect: {how} of all rules that match"
        return letter, meaning

    def annotation_columns(self, table: parts.Table) -> list[str]:
        """Editors write annotations without a column's name."""
        most = max((len(rule.annotations) for rule in table.rules if any(rule.annotations)), default=0)
        names = [*table.annotations, *([""] * (most - len(table.annotations)))]
        return [name or "Annotations" for name in names]
