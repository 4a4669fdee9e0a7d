"""Item definitions as FEEL types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.decisions.dmn import parts
from app.decisions.dmn.findings import Finding, shortened
from app.decisions.feel import Evaluation, FeelSyntaxError, Type, UnaryTests, compile_unary_tests
from app.decisions.feel import builtin_conversions as conversions
from app.decisions.feel.types import ANY, SCALARS

_ALIASES = {
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "integer": "number",
    "long": "number",
    "double": "number",
}
"""As DMN 1.1 and Camunda 7 have them."""
_BUILT_IN = SCALARS | {"Any", "list", "context", "function", "range"}
_DEEPEST = 50
_FROM_TEXT: Mapping[str, Callable[[Evaluation, Any], Any]] = {
    "date": conversions.date_from,
    "time": conversions.time_from,
    "date and time": conversions.date_time_from,
    "days and time duration": conversions.duration,
    "years and months duration": conversions.duration,
}

Allows = Callable[[Any], bool]


class TypeBook:
    """The types of one document by name, those of an import under `name.type`."""

    def __init__(
        self,
        items: Mapping[str, parts.ItemDefinition],
        imported: Mapping[str, TypeBook],
        findings: list[Finding],
        known: frozenset[str],
    ) -> None:
        self._items = items
        self._imported = imported
        self._findings = findings
        self._known = known
        self._made: dict[str, Type] = {}
        self._open: list[str] = []
        self._missing: set[str] = set()

    def named(self) -> dict[str, Type]:
        """The document's own types and imported ones, for `instance of`."""
        found = {name: self.find(name) or ANY for name in self._items}
        for prefix, book in self._imported.items():
            for name, type_ in book.named().items():
                found[f"{prefix}.{name}" if prefix else name] = type_
        return found

    def find(self, ref: str | None) -> Type | None:
        """None if there is no such type, or nothing to check."""
        if ref is None or ref == "Any":
            return None
        if ref in self._items:
            return self._own(self._items[ref])
        if ref in _BUILT_IN or ref in _ALIASES:
            return Type(_ALIASES.get(ref, ref))
        for prefix, book in self._imported.items():
            if not prefix and ref in book._items:
                return book.find(ref)
            if prefix and ref.startswith(f"{prefix}."):
                return book.find(ref[len(prefix) + 1 :])
        self._miss(ref)
        return None

    def allowed_text(self, ref: str | None) -> str | None:
        """The allowed values of a type, as written."""
        for _ in range(_DEEPEST):
            item = self._items.get(ref or "")
            if item is None:
                return None
            if item.allowed:
                return item.allowed
            ref = item.type_ref
        return None

    def _miss(self, ref: str) -> None:
        if ref not in self._missing:
            self._missing.add(ref)
            message = f"There is no type called {shortened(ref)}; nothing is checked against it."
            self._findings.append(
                Finding("warning", None, "unknown_type", message, "Define it, or correct its name.", None)
            )

    def _own(self, item: parts.ItemDefinition) -> Type | None:
        if item.name in self._made:
            return self._made[item.name]
        if item.name in self._open or len(self._open) > _DEEPEST:
            self._find_fault(item, "type_cycle", "The type contains itself.", "Types are trees: take the part out.")
            return None
        self._open.append(item.name)
        made = self._make(item)
        self._open.pop()
        self._made[item.name] = made
        return made

    def _make(self, item: parts.ItemDefinition) -> Type:
        if item.components:
            fields = [self._make(component) for component in item.components]
            names = tuple(component.name for component in item.components)
            base = Type("context", tuple(fields), names)
        elif item.function is not None:
            base = self._function(*item.function)
        else:
            base = self.find(item.type_ref) or ANY
        allows = self._tests(item, item.allowed)
        if allows is not None:
            base = replace(base, allows=_both(base.allows, allows))
        if item.collection:
            base = Type("list", (base,))
        constraint = self._tests(item, item.constraint)
        return base if constraint is None else replace(base, allows=_both(base.allows, constraint))

    def _function(self, parameters: tuple[parts.Variable, ...], result: str | None) -> Type:
        arguments = tuple(self.find(parameter.type_ref) or ANY for parameter in parameters)
        return Type("function", arguments, (), self.find(result) or ANY, closed=True)

    def _tests(self, item: parts.ItemDefinition, text: str | None) -> Allows | None:
        if not text:
            return None
        try:
            tests = compile_unary_tests(text, self._known, lenient=True)
        except FeelSyntaxError as error:
            self._find_fault(item, "feel", f"Allowed values: {error.message}.", "Correct the unary tests.")
            return None
        return _passing(tests)

    def _find_fault(self, item: parts.ItemDefinition, code: str, message: str, remedy: str) -> None:
        place = item.place
        whole = f"Type {shortened(item.name)}: {message}"
        self._findings.append(Finding("error", place.id, code, whole, remedy, place.line))


def _passing(tests: UnaryTests) -> Allows:
    return lambda value: tests.matches(value) is True


def _both(one: Allows | None, other: Allows) -> Allows:
    return other if one is None else lambda value: one(value) and other(value)


def completed(value: Any, type_: Type, depth: int = 0) -> Any:
    """Input data as its type means it: what JSON has no other way to say, dates and durations, comes as text.

    Structures may lack parts: they are null, which fits any type.
    """
    if depth > _DEEPEST:
        return value
    if type(value) is str:
        read = _FROM_TEXT.get(type_.name)
        found = read(Evaluation(), value) if read else None
        return value if found is None else found
    if type_.name == "context" and type(value) is dict:
        fields = zip(type_.names, type_.arguments, strict=True)
        return {**value, **{name: completed(value.get(name), part, depth + 1) for name, part in fields}}
    if type_.name == "list" and type_.arguments and type(value) is list:
        return [completed(element, type_.arguments[0], depth + 1) for element in value]
    return value
