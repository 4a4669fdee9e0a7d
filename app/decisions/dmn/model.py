"""Models: documents in, decisions out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from app.core.clock import Clock
from app.core.errors import NotFound
from app.decisions.dmn import parts
from app.decisions.dmn.findings import DmnRefused, Finding, shortened
from app.decisions.dmn.names import member_names
from app.decisions.dmn.reading import read_document
from app.decisions.dmn.realm import Realm
from app.decisions.dmn.trace import Outcome, Trace
from app.decisions.dmn.unit import Unit
from app.decisions.feel import BudgetExceeded, Declared
from app.decisions.feel.names import tidy
from app.decisions.feel.output import settled

ElementT = TypeVar("ElementT", bound=parts.Element)


class UnknownDecision(NotFound):
    """The model has neither decision nor decision service of that name or id."""


class Model:
    """Compiled, and holds nothing that changes: any number of threads may evaluate it at once."""

    def __init__(self, units: tuple[Unit, ...], findings: tuple[Finding, ...], document: parts.Document) -> None:
        self.units = units
        self.findings = findings
        """What is wrong with it, errors of expressions among it: those are null when evaluated."""
        self.document = document
        """As drawn. Of several documents, the one that the others do not import."""
        self.id = document.id
        self.name = document.name
        self.namespace = document.namespace
        digests = [unit.document.digest for unit in units]
        joined = "".join(digests).encode()
        self.digest = digests[0] if len(digests) == 1 else hashlib.sha256(joined).hexdigest()
        self.decisions = self._all(parts.Decision)
        self.services = self._all(parts.DecisionService)
        self.business_knowledge_models = self._all(parts.BusinessKnowledgeModel)
        self.inputs = self._all(parts.InputData)

    def evaluate(self, decision: str, inputs: Mapping[str, Any], clock: Clock | None = None) -> Any:
        """The value of a decision or decision service, as `explain` finds it, and no word on why."""
        return self.explain(decision, inputs, clock).value

    def explain(self, decision: str, context: Mapping[str, Any], clock: Clock | None = None) -> Outcome:
        """A decision, else a decision service or business knowledge model, by name or id, from input data by name.

        Where something is wrong the value is null and the outcome says why. Raises UnknownDecision, BudgetExceeded.
        """
        return self._evaluate(decision, context, clock, (parts.Decision,))

    def explain_service(self, service: str, context: Mapping[str, Any], clock: Clock | None = None) -> Outcome:
        """As `explain`, but a decision may have its name. Several outputs make a context of their names."""
        return self._evaluate(service, context, clock, (parts.DecisionService, parts.BusinessKnowledgeModel))

    def _evaluate(
        self, name: str, context: Mapping[str, Any], clock: Clock | None, preferred: tuple[type, ...]
    ) -> Outcome:
        unit, element = self._find(name, preferred)
        trace = Trace(clock)
        given = {tidy(key): value for key, value in context.items()}
        try:
            value = settled(_value(unit, element, given, trace), trace)
        except RecursionError as error:
            raise BudgetExceeded("The functions of the decision call one another too deep") from error
        return Outcome(value, tuple(trace.matched), tuple(trace.errors))

    def _find(self, name: str, preferred: tuple[type, ...]) -> tuple[Unit, parts.Element]:
        wanted = tidy(name)
        found = []
        for unit in self.units:
            for element in unit.document.elements.values():
                if wanted in (element.id, element.name, element.variable.name):
                    rank = 0 if isinstance(element, preferred) else 1
                    found.append((rank, wanted != element.id, unit, element))
        candidates = [one for one in found if not isinstance(one[3], parts.InputData)]
        if not candidates:
            message = f"The model {self.name} has no decision or decision service called {shortened(name)}"
            raise UnknownDecision(message, decisions=[one.name for one in self.decisions.values()][:50])
        best = min(candidates, key=lambda one: one[:2])
        return best[2], best[3]

    def _all(self, kind: type[ElementT]) -> Mapping[str, ElementT]:
        found = {id_: one for id_, one in self.document.elements.items() if isinstance(one, kind)}
        return MappingProxyType(found)


def _value(unit: Unit, element: parts.Element, given: Mapping[str, Any], trace: Trace) -> Any:
    if isinstance(element, parts.BusinessKnowledgeModel):
        function = unit.functions[element.id]
        own = [parameter.name for parameter in function.parameters]
        assert isinstance(function, Declared)  # nosec B101  # as all that models make
        return function.invoke(trace, [given.get(name) for name in own], own)
    realm = Realm(unit, given, trace)
    return realm.serve(element) if isinstance(element, parts.DecisionService) else realm.decide(element.id)


def load(*documents: bytes) -> Model:
    """The model of a document and of those that it imports, in any order. What none imports is looked into first.

    Raises DmnRefused for what cannot be read at all. What is wrong with single expressions is in `findings`.
    """
    read = [read_document(document) for document in documents]
    by_namespace: dict[str, parts.Document] = {}
    for one in read:
        if one.namespace in by_namespace:
            message = f"Two documents have the namespace {shortened(one.namespace)}."
            raise DmnRefused([_refusal("duplicate_namespace", message, "Give each its own, or load one of them.")])
        by_namespace[one.namespace] = one
    findings: list[Finding] = []
    members = member_names(tuple(read))
    units: dict[str, Unit] = {}
    for one in _imports_first(read, by_namespace, findings):
        imported = {each.namespace: units[each.namespace] for each in one.imports if each.namespace in units}
        unit = units[one.namespace] = Unit(one, imported, findings, members)
        unit.compile()
    imported_ones = {each.namespace for one in read for each in one.imports}
    read.sort(key=lambda one: one.namespace in imported_ones)
    return Model(tuple(units[one.namespace] for one in read), tuple(findings), read[0])


def _imports_first(
    read: list[parts.Document], by_namespace: Mapping[str, parts.Document], findings: list[Finding]
) -> list[parts.Document]:
    order: dict[str, parts.Document] = {}

    def visit(document: parts.Document, path: tuple[str, ...]) -> None:
        if document.namespace in order:
            return
        if document.namespace in path:
            message = f"Models import one another in a circle: {shortened(' -> '.join([*path, document.namespace]))}."
            raise DmnRefused([_refusal("import_circle", message, "Move what both need into a third model.")])
        for one in document.imports:
            imported = by_namespace.get(one.namespace)
            if imported is None:
                message = f"The model imports {shortened(one.namespace)}, which was not loaded with it."
                remedy = "Load the imported model together with this one."
                findings.append(Finding("error", one.place.id, "unknown_import", message, remedy, one.place.line))
            else:
                visit(imported, (*path, document.namespace))
        order[document.namespace] = document

    for document in read:
        visit(document, ())
    return list(order.values())


def _refusal(code: str, message: str, remedy: str) -> Finding:
    return Finding("error", None, code, message, remedy, None)
