"""One document compiled: its decisions as closures, its business knowledge models and services as functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.decisions.dmn import graph, parts
from app.decisions.dmn.findings import Finding, shortened
from app.decisions.dmn.logic import BoxedFunction, FunctionShape, compile_boxed, compile_optional, shape_of
from app.decisions.dmn.names import names_of
from app.decisions.dmn.realm import ServiceFunction
from app.decisions.dmn.types import TypeBook
from app.decisions.dmn.workshop import Workshop
from app.decisions.feel import Function
from app.decisions.feel.scope import Run

DECIDED = (parts.InputData, parts.Decision)
KNOWLEDGE = (parts.BusinessKnowledgeModel, parts.DecisionService)


@dataclass(frozen=True)
class CompiledDecision:
    part: parts.Decision
    run: Run
    needs: tuple[tuple[Unit, parts.InputData | parts.Decision], ...]
    """Input data and decisions, in the order of the document."""
    functions: Mapping[str, Any]
    """What the knowledge requirements give: functions, those of imports in a context under the import's name."""


class Unit:
    """A document ready to be evaluated. `findings` is shared by all units of a model."""

    def __init__(
        self,
        document: parts.Document,
        imported: Mapping[str, Unit],
        findings: list[Finding],
        members: frozenset[str],
    ) -> None:
        self.document = document
        self.imported = imported
        """By namespace."""
        self.import_names = {one.namespace: one.name for one in document.imports}
        self.findings = findings
        self.members = members
        self.book = TypeBook(document.items, self._books(), findings, members)
        self.own_types = self.book.named()
        self.functions: dict[str, Function] = {}
        """Business knowledge models and decision services by id."""
        self.decisions: dict[str, CompiledDecision] = {}
        self.by_name = self._index()
        required = graph.requirements(document)
        circles = graph.circles(required)
        self._report_circles(circles)
        self.caught = {id_ for circle in circles for id_ in circle}
        self._required = graph.without_circles(required, circles)
        self._orders: dict[str, tuple[str, ...]] = {}

    def order(self, id_: str, decided: Mapping[str, Any]) -> tuple[str, ...]:
        """What is to be decided for a decision, itself the last; nothing that only what is decided would need."""
        if decided:
            return graph.order_of(self._required, id_, decided.keys())
        found = self._orders.get(id_)
        if found is None:
            found = self._orders[id_] = graph.order_of(self._required, id_)
        return found

    def found(self, refs: Iterable[parts.Ref]) -> Iterator[tuple[Unit, parts.InputData | parts.Decision]]:
        """Those of the references that lead to input data or decisions."""
        for ref in refs:
            found = self.element(ref)
            if found is not None and isinstance(found[1], DECIDED):
                yield found[0], found[1]

    def element(self, ref: parts.Ref) -> tuple[Unit, parts.Element] | None:
        namespace, id_ = ref
        unit = self if namespace == self.document.namespace else self.imported.get(namespace)
        element = unit.document.elements.get(id_) if unit else None
        return (unit, element) if unit and element else None

    def place(self, names: dict[str, Any], unit: Unit, element: parts.Element, value: Any) -> None:
        """Puts a value where texts look for it: those of an import stand behind its name."""
        prefix = "" if unit is self else self.import_names[unit.document.namespace]
        if prefix:
            names = names.setdefault(prefix, {})
        for name in names_of(element):
            names[name] = value

    # Compiling: functions first have their shells, since they may call one another in circles

    def compile(self) -> None:
        for service in self.document.elements.values():
            if isinstance(service, parts.DecisionService):
                for ref in (*service.outputs, *service.encapsulated, *service.input_decisions, *service.inputs):
                    self._exists(ref, service, DECIDED)
                self.functions[service.id] = ServiceFunction(self, service)
        knowledge = [one for one in self.document.elements.values() if isinstance(one, parts.BusinessKnowledgeModel)]
        shells = {one.id: _Knowledge(one.name) for one in knowledge}
        for one in knowledge:
            self.functions[one.id] = shells[one.id].function
        for one in knowledge:
            shells[one.id].finish(self, one)
        for element in self.document.elements.values():
            if isinstance(element, parts.Decision):
                self.decisions[element.id] = self._decision(element)

    def _decision(self, element: parts.Decision) -> CompiledDecision:
        needs = tuple(ref for ref in (*element.inputs, *element.decisions) if self._exists(ref, element, DECIDED))
        functions = self.functions_for(element)
        shop = self.shop(element, self._names_of(needs), functions)
        if element.id in self.caught:
            run = shop.failing("requires itself")
        else:
            run = compile_optional(shop, element.logic, element.place, "The decision")
            run = shop.typed(run, element.variable.type_ref, "the result")
        return CompiledDecision(element, run, tuple(self.found(needs)), functions)

    def shop(
        self, element: parts.Decision | parts.BusinessKnowledgeModel, names: Iterable[str], functions: Mapping[str, Any]
    ) -> Workshop:
        seen = self.members.union(names, functions)
        return Workshop(element, self.book, self.own_types, self.findings, seen)

    def functions_for(self, element: parts.Decision | parts.BusinessKnowledgeModel) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for ref in element.knowledge:
            if not self._exists(ref, element, KNOWLEDGE):
                continue
            unit, required = self.element(ref)  # type: ignore[misc]  # it exists
            function = unit.functions.get(required.id)
            if function is not None:
                self.place(found, unit, required, function)
        return found

    def _names_of(self, refs: Iterable[parts.Ref]) -> Iterable[str]:
        for ref in refs:
            found = self.element(ref)
            if found is None:
                continue
            unit, element = found
            prefix = "" if unit is self else self.import_names[unit.document.namespace]
            if prefix:
                yield prefix
            else:
                yield from names_of(element)

    def _exists(self, ref: parts.Ref, element: parts.Element, kinds: tuple[type, ...]) -> bool:
        found = self.element(ref)
        if found is not None and isinstance(found[1], kinds):
            return True
        problem = "is nowhere" if found is None else "is no element that can be required so"
        message = f"{element.name or element.id} requires {shortened(ref[1])}, which {problem}."
        remedy = "Draw the requirement again, or load the imported model too."
        finding = Finding("error", element.id, "unknown_requirement", message, remedy, element.place.line, element.id)
        if finding not in self.findings:
            self.findings.append(finding)
        return False

    def _books(self) -> dict[str, TypeBook]:
        return {
            one.name: self.imported[one.namespace].book
            for one in self.document.imports
            if one.namespace in self.imported
        }

    def _index(self) -> dict[str, parts.Element]:
        """By id, and by name where no id is in the way. Decisions come before what is only called like them."""
        elements = sorted(self.document.elements.values(), key=lambda one: _SEARCHED.index(type(one)))
        found: dict[str, parts.Element] = {}
        for element in elements:
            for name in names_of(element):
                found.setdefault(name, element)
        for element in elements:
            found.setdefault(element.id, element)
        return found

    def _report_circles(self, circles: list[tuple[str, ...]]) -> None:
        for circle in circles:
            names = [self.document.elements[id_].name or id_ for id_ in circle[:10]]
            path = " -> ".join([*names, names[0] if len(circle) <= 10 else "..."])
            message = f"Decisions require one another in a circle: {shortened(path)}."
            element = self.document.elements[circle[0]]
            self.findings.append(
                Finding(
                    "error", element.id, "circle", message, "Take one requirement away.", element.place.line, element.id
                )
            )


_SEARCHED = [parts.Decision, parts.DecisionService, parts.BusinessKnowledgeModel, parts.InputData]


class _Knowledge:
    """A business knowledge model while it is made."""

    def __init__(self, name: str) -> None:
        self.shape = FunctionShape(name, (), None, lambda _scope: None)
        self.function = BoxedFunction(self.shape, None)

    def finish(self, unit: Unit, element: parts.BusinessKnowledgeModel) -> None:
        functions = {**unit.functions_for(element)}
        unit.place(functions, unit, element, self.function)
        shop = unit.shop(element, (), functions)
        logic = element.logic
        if isinstance(logic, parts.FunctionDefinition):
            shape = shape_of(shop, logic, element.name, element.variable.type_ref)
        elif logic is not None:
            shape = FunctionShape(element.name, (), None, compile_boxed(shop, logic))
        else:
            shape = FunctionShape(element.name, (), None, compile_optional(shop, None, element.place, "The model"))
        self.function.become(shape, functions)
