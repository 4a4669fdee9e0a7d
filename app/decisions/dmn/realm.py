"""One document within one evaluation: what was given, and what has been decided so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.decisions.dmn import parts
from app.decisions.dmn.types import completed
from app.decisions.dmn.workshop import fitted
from app.decisions.feel import Declared, Evaluation, Parameter
from app.decisions.feel.scope import Scope

if TYPE_CHECKING:
    from app.decisions.dmn.unit import Unit

_DECISION_COST = 10


class Realm:
    """Input data is found by the name of its variable, its own name or its id, and checked when first needed."""

    def __init__(self, unit: Unit, given: Mapping[str, Any], evaluation: Evaluation) -> None:
        self.unit = unit
        self.given = given
        self.evaluation = evaluation
        self.decided: dict[str, Any] = {}
        self._inputs: dict[str, Any] = {}
        self._realms: dict[str, Realm] = {}
        undeclared = {name: value for name, value in given.items() if name not in unit.by_name}
        self._outer = Scope(undeclared, evaluation)
        """What no element of the model declares is seen by all decisions: simple tables draw no input data."""

    def decide(self, id_: str) -> Any:
        """What it requires first, in order, so that long chains need no deep stack."""
        if id_ not in self.decided:
            for one in self.unit.order(id_, self.decided):
                if one not in self.decided:
                    self.decided[one] = self._make(one)
        return self.decided[id_]

    def _make(self, id_: str) -> Any:
        decision = self.unit.decisions[id_]
        self.evaluation.spend(_DECISION_COST)
        names = {name: dict(value) if type(value) is dict else value for name, value in decision.functions.items()}
        for unit, element in decision.needs:
            self.unit.place(names, unit, element, self.value_of(unit, element))
        return decision.run(Scope(names, self.evaluation, self._outer))

    def value_of(self, unit: Unit, element: parts.InputData | parts.Decision) -> Any:
        if unit is not self.unit:
            return self._within(unit).value_of(unit, element)
        if isinstance(element, parts.InputData):
            if element.id not in self._inputs:
                self._inputs[element.id] = self._input(element)
            return self._inputs[element.id]
        return self.decided.get(element.id) if element.id in self.unit.caught else self.decide(element.id)

    def _within(self, unit: Unit) -> Realm:
        """An imported model's inputs stand under the import's name, or among the importing model's."""
        namespace = unit.document.namespace
        found = self._realms.get(namespace)
        if found is None:
            nested = self.given.get(self.unit.import_names[namespace])
            given = {**self.given, **nested} if isinstance(nested, dict) else self.given
            found = self._realms[namespace] = Realm(unit, given, self.evaluation)
        return found

    def _input(self, element: parts.InputData) -> Any:
        for name in (element.variable.name, element.name, element.id):
            if name in self.given:
                return self.checked(self.given[name], element)
        return None

    def checked(self, value: Any, element: parts.InputData | parts.Decision) -> Any:
        """A value that came from outside."""
        ref = element.variable.type_ref
        type_ = self.unit.book.find(ref)
        if type_ is None or value is None:
            return value
        return fitted(completed(value, type_), type_, self.evaluation, f"Input {element.name}", ref)

    # Decision services

    def serve(self, service: parts.DecisionService) -> Any:
        """The service's result from what was given. Its input decisions are given, not made."""
        for unit, element in self.unit.found(service.input_decisions):
            if unit is self.unit and isinstance(element, parts.Decision):
                given = self.given.get(element.variable.name, self.given.get(element.name))
                self.decided[element.id] = self.checked(given, element)
        made = [(element, self.value_of(unit, element)) for unit, element in self.unit.found(service.outputs)]
        value = made[0][1] if len(made) == 1 else {element.variable.name: value for element, value in made}
        ref = service.variable.type_ref
        type_ = self.unit.book.find(ref)
        if type_ is not None and type_.name == "function":
            type_ = type_.result
        return value if type_ is None else fitted(value, type_, self.evaluation, f"{service.name}: the result", ref)


class ServiceFunction(Declared):
    """A decision service as a function of its input data and input decisions, in this order."""

    def __init__(self, unit: Unit, service: parts.DecisionService) -> None:
        self.name = service.name
        self._unit = unit
        self._service = service
        self.parameters = tuple(
            Parameter(element.variable.name, of.book.find(element.variable.type_ref))
            for of, element in unit.found((*service.inputs, *service.input_decisions))
        )

    def call(self, evaluation: Evaluation, arguments: Mapping[str, Any]) -> Any:
        evaluation.spend(_DECISION_COST)
        return Realm(self._unit, arguments, evaluation).serve(self._service)
