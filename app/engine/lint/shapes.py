"""What variables are like inside, as far as the process's schema or a handler says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import InvalidInput
from app.decisions.feel.looks import shape_of
from app.engine.diagram import INNER, Diagram, Element
from app.engine.lint.expressions import LONGEST, is_feel
from app.engine.lint.schema import followed
from app.engine.lint.types import documented_kinds
from app.engine.lint.variables import Handlers, first_name, local_names, written_by

SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
# With one of these words a schema says more than its properties do
_UNPLAIN = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "dependentSchemas", "prefixItems"})


@dataclass(frozen=True)
class SchemaShape:
    """By a JSON Schema within `root`, which its references lead into."""

    schema: Mapping[str, Any]
    root: Mapping[str, Any]

    def part(self, name: str) -> SchemaShape | None:
        if self._is("array"):
            element = self.item()
            return None if element is None else element.part(name)
        return self._of(self._properties.get(name)) if self._is("object") else None

    def item(self) -> SchemaShape | None:
        return self._of(self.schema.get("items")) if self._is("array") else self

    def may_have(self, name: str) -> bool:
        """Whether there can be such a part, declared or not."""
        if self._is("array"):
            element = self.item()
            return element is None or element.may_have(name)
        return not self.is_closed or name in self._properties

    @property
    def is_closed(self) -> bool:
        """Nothing is in it but what is declared: a value without parts, or an object that allows no others."""
        if self._types <= SCALARS and self._types:
            return True
        if self._is("array"):
            element = self.item()
            return element is not None and element.is_closed
        return self._is("object") and self.schema.get("additionalProperties") is False

    @property
    def names(self) -> list[str]:
        """Of the parts that are declared."""
        element = self.item() if self._is("array") else self
        return [] if element is None else list(element._properties)

    @property
    def _types(self) -> frozenset[str]:
        named = self.schema.get("type")
        if _UNPLAIN & self.schema.keys():
            return frozenset()
        return frozenset([named] if isinstance(named, str) else named if isinstance(named, list) else [])

    @property
    def _properties(self) -> Mapping[str, Any]:
        found = self.schema.get("properties")
        return found if isinstance(found, dict) else {}

    def _is(self, kind: str) -> bool:
        return self._types - {"null"} == {kind}

    def _of(self, schema: Any) -> SchemaShape | None:
        return shape_in(schema, self.root)


def shape_in(schema: Any, root: Mapping[str, Any]) -> SchemaShape | None:
    """None where the schema says nothing."""
    found = followed(root, schema)
    return SchemaShape(found, root) if found else None


class Shapes:
    """Of one diagram's variables."""

    def __init__(self, diagram: Diagram, known_handlers: Handlers) -> None:
        self._diagram = diagram
        self._root: Mapping[str, Any] = diagram.variables_schema or {}
        self._known_handlers = known_handlers
        self._written: dict[str, SchemaShape | None] = {}
        for name, shape in self._writes():
            same = name not in self._written or self._written[name] == shape
            self._written[name] = shape if same else None
        self._locals: dict[tuple[str, str], SchemaShape | None] = {}
        for element in diagram.elements.values():  # outer before inner, so that nobody has to ask far out
            for name in local_names(element) if element.type in INNER else ():
                self._declared(name, element)

    def of(self, name: str, at: Element, sees: frozenset[str]) -> SchemaShape | None:
        """Of the variable that an expression of `at` reads; `sees` is what only that expression sees."""
        if name in sees and name not in local_names(at):
            mapped = {first_name(target) for _, target in at.outputs}
            return None if name in mapped else self._given_by(at).get(name)
        within: Element | None = at if name in sees else self._diagram.elements.get(at.parent)
        while within is not None:
            if name in local_names(within):
                return self._declared(name, within)
            within = self._diagram.elements.get(within.parent)
        declared = shape_in(self._root.get("properties", {}).get(name), self._root)
        if name not in self._written:
            return declared
        return self._written[name] if declared is None or declared == self._written[name] else None

    def _around(self, name: str, element: Element) -> SchemaShape | None:
        return self.of(name, element, frozenset())

    def _declared(self, name: str, element: Element) -> SchemaShape | None:
        """Of what an activity declares for itself; kept, as many may ask."""
        if (name, element.id) not in self._locals:
            self._locals[name, element.id] = None if name in self._written else self._local(name, element)
        return self._locals[name, element.id]

    def _local(self, name: str, element: Element) -> SchemaShape | None:
        """The item that it is at, or what an input maps."""
        if element.loop is not None and element.loop.input_element == name:
            items = self._mapped(element.loop.input_collection, name, element)
            return None if items is None else items.item()
        sources = [source for source, target in element.inputs if first_name(target) == name]
        targets = {target for _, target in element.inputs if first_name(target) == name}
        return self._mapped(sources[0], name, element) if len(sources) == 1 and targets == {name} else None

    def _mapped(self, text: str, target: str, element: Element) -> SchemaShape | None:
        """Inputs see those before them; one of the target's own name is the variable around."""
        text, others = text.strip(), local_names(element) - {target}
        if not is_feel(text) or len(text) > LONGEST:
            return None
        try:
            found = shape_of(text[1:].strip(), lambda read: None if read in others else self._around(read, element))
        except InvalidInput:
            return None  # told elsewhere
        return found if isinstance(found, SchemaShape) else None

    def _writes(self) -> Iterator[tuple[str, SchemaShape | None]]:
        for element in self._diagram.elements.values():
            given = {} if element.outputs else self._given_by(element)
            for path in written_by(element, self._known_handlers) or ():
                yield first_name(path), given.get(path)
            if element.loop is not None and element.loop.output_collection is not None:
                yield element.loop.output_collection, None

    def _given_by(self, element: Element) -> dict[str, SchemaShape]:
        """What a handler documents: whether its outputs have parts at all."""
        handler = self._known_handlers(element.handler) if element.handler is not None else None
        kinds = {} if handler is None else {each.name: documented_kinds(each.type) for each in handler.about.outputs}
        return {name: SchemaShape({"type": sorted(found)}, {}) for name, found in kinds.items() if found <= SCALARS}
