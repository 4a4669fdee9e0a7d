"""From XML to boxed expressions."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from app.decisions.dmn import parts
from app.decisions.dmn.nodes import child, children, local, text_of
from app.decisions.feel.names import tidy


def name_of(node: etree._Element) -> str:
    return tidy(node.get("name") or "")


def place_of(node: etree._Element) -> parts.Place:
    return parts.Place(node.get("id"), node.sourceline)


def type_ref_of(node: etree._Element) -> str | None:
    return type_ref(node, node.get("typeRef"))


def type_ref(node: etree._Element, written: str | None) -> str | None:
    """Without the prefix that DMN 1.1 has before the names of types."""
    ref = tidy(written or "")
    prefix, colon, rest = ref.partition(":")
    if colon and (prefix == "feel" or prefix in node.nsmap):
        ref = rest
    return ref or None


class Boxes:
    """Reads any boxed expression. What cannot be evaluated here is read as Unreadable, and says why."""

    def __init__(self) -> None:
        self._readers: dict[str, Callable[[etree._Element], parts.Boxed]] = {
            "literalExpression": self.literal,
            "decisionTable": self._table,
            "context": self._context,
            "invocation": self._invocation,
            "list": self._list,
            "relation": self._relation,
            "functionDefinition": self.function,
            "conditional": self._conditional,
            "filter": self._filter,
            "for": self._iterator,
            "some": self._iterator,
            "every": self._iterator,
        }

    def first_in(self, node: etree._Element) -> parts.Boxed | None:
        for one in node:
            reader = self._readers.get(local(one))
            if reader is not None:
                return reader(one)
        return None

    def _required(self, node: etree._Element, tag: str | None = None) -> parts.Boxed:
        around = node if tag is None else child(node, tag)
        found = None if around is None else self.first_in(around)
        if found is not None:
            return found
        missing = f"There is no expression in <{tag or local(node)}>."
        return parts.Unreadable(place_of(node), None, "missing_expression", missing, "Fill it in.")

    def variable(self, node: etree._Element) -> parts.Variable:
        return parts.Variable(name_of(node), type_ref_of(node), place_of(node))

    def text(self, node: etree._Element) -> str:
        return text_of(child(node, "text"))

    def literal(self, node: etree._Element) -> parts.Literal | parts.Unreadable:
        place, type_ref = place_of(node), type_ref_of(node)
        language = node.get("expressionLanguage") or "FEEL"
        if "feel" not in language.lower():
            message = f"The expression is in {language[:60]}, not in FEEL."
            return parts.Unreadable(place, type_ref, "other_language", message, "Write it in FEEL.")
        if child(node, "importedValues") is not None:
            message = "Values imported from other files are not read."
            return parts.Unreadable(place, type_ref, "imported_values", message, "Write them as a list or relation.")
        return parts.Literal(place, type_ref, self.text(node))

    def _context(self, node: etree._Element) -> parts.Context:
        entries = []
        for entry in children(node, "contextEntry"):
            variable = child(entry, "variable")
            named = None if variable is None else self.variable(variable)
            entries.append((named if named and named.name else None, self._required(entry)))
        return parts.Context(place_of(node), type_ref_of(node), tuple(entries))

    def _invocation(self, node: etree._Element) -> parts.Invocation:
        bindings = []
        for binding in children(node, "binding"):
            parameter = child(binding, "parameter")
            if parameter is not None:
                bindings.append((self.variable(parameter), self.first_in(binding)))
        return parts.Invocation(place_of(node), type_ref_of(node), self.first_in(node), tuple(bindings))

    def _list(self, node: etree._Element) -> parts.ListOf:
        items = (self._readers[local(one)](one) for one in node if local(one) in self._readers)
        return parts.ListOf(place_of(node), type_ref_of(node), tuple(items))

    def _relation(self, node: etree._Element) -> parts.Relation:
        columns = tuple(self.variable(column) for column in children(node, "column"))
        rows = tuple(self._list(row).items for row in children(node, "row"))
        return parts.Relation(place_of(node), type_ref_of(node), columns, rows)

    def function(self, node: etree._Element) -> parts.FunctionDefinition | parts.Unreadable:
        kind = node.get("kind") or "FEEL"
        if kind.upper() != "FEEL":
            message = f"Functions of the kind {kind[:20]} are not run."
            return parts.Unreadable(place_of(node), None, "foreign_function", message, "Write the function in FEEL.")
        parameters = tuple(self.variable(parameter) for parameter in children(node, "formalParameter"))
        return parts.FunctionDefinition(place_of(node), type_ref_of(node), parameters, self.first_in(node))

    def _conditional(self, node: etree._Element) -> parts.Conditional:
        branches = (self._required(node, tag) for tag in ("if", "then", "else"))
        return parts.Conditional(place_of(node), type_ref_of(node), *branches)

    def _filter(self, node: etree._Element) -> parts.Filter:
        source, match = self._required(node, "in"), self._required(node, "match")
        return parts.Filter(place_of(node), type_ref_of(node), source, match)

    def _iterator(self, node: etree._Element) -> parts.Iterator:
        kind = local(node)
        source = child(node, "in")
        return parts.Iterator(
            place_of(node),
            type_ref_of(node),
            kind=kind,
            variable=tidy(node.get("iteratorVariable") or ""),
            source=self._required(node, "in"),
            source_type=None if source is None else type_ref_of(source),
            body=self._required(node, "return" if kind == "for" else "satisfies"),
        )

    # Decision tables

    def _table(self, node: etree._Element) -> parts.Table | parts.Unreadable:
        """A cell in another language makes all of it unreadable: as FEEL it might match something else."""
        cells = (cell for rule in children(node, "rule") for cell in children(rule, "inputEntry"))
        foreign = next((read for cell in cells if isinstance(read := self.literal(cell), parts.Unreadable)), None)
        if foreign is not None:
            return foreign
        return parts.Table(
            place_of(node),
            type_ref_of(node),
            hit_policy=tidy((node.get("hitPolicy") or "UNIQUE").replace("_", " ")),
            aggregation=node.get("aggregation"),
            inputs=tuple(self._input(column) for column in children(node, "input")),
            outputs=tuple(self._output(column, node) for column in children(node, "output")),
            annotations=tuple(name_of(column) for column in children(node, "annotation")),
            rules=tuple(self._rule(rule) for rule in children(node, "rule")),
        )

    def _input(self, node: etree._Element) -> parts.InputColumn:
        written = child(node, "inputExpression")
        expression = parts.Literal(place_of(node), None, "") if written is None else self.literal(written)
        text = expression.text if isinstance(expression, parts.Literal) else ""
        return parts.InputColumn(
            label=tidy(node.get("label") or "") or text or "input",
            expression=expression,
            values=self._tests(node, "inputValues"),
            place=place_of(node),
        )

    def _output(self, node: etree._Element, table: etree._Element) -> parts.OutputColumn:
        default = child(node, "defaultOutputEntry")
        label = tidy(node.get("label") or "") or name_of(node) or tidy(table.get("outputLabel") or "")
        return parts.OutputColumn(
            name=name_of(node),
            label=label or "output",
            type_ref=type_ref_of(node),
            values=self._tests(node, "outputValues"),
            default=None if default is None else self.literal(default),
            place=place_of(node),
        )

    def _tests(self, node: etree._Element, tag: str) -> str | None:
        tests = child(node, tag)
        return None if tests is None else self.text(tests) or None

    def _rule(self, node: etree._Element) -> parts.Rule:
        return parts.Rule(
            tests=tuple(parts.Cell(self.text(cell), place_of(cell)) for cell in children(node, "inputEntry")),
            outputs=tuple(self.literal(cell) for cell in children(node, "outputEntry")),
            annotations=tuple(self.text(cell) for cell in children(node, "annotationEntry")),
            place=place_of(node),
        )
