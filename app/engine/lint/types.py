"""What kinds of values variables hold and handlers take, as far as somebody has said so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.decisions.feel.kinds import ANY, Kinds, Known
from app.engine.diagram import Diagram, Element
from app.engine.lint.variables import Handlers, first_name, local_names, written_by
from app.handling.parameters import Parameter

DEEPEST = 20
_WORDS = {
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
_DOCUMENTED = {
    "str": "string",
    "int": "number",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
_JSON = {name: name for name in ANY} | {"integer": "number"}


class Variables:
    """The kinds of a diagram's variables: those of the start as its schema has them, those that handlers document."""

    def __init__(self, diagram: Diagram, known_handlers: Handlers) -> None:
        self._schema: Mapping[str, Any] = (diagram.variables_schema or {}).get("properties", {})
        self._given = _given(diagram, known_handlers)

    def kinds(self, name: str, path: tuple[str, ...]) -> Kinds:
        """Of a variable, or of what the names behind it lead to."""
        given = self._given.get(name)
        if given is None:
            return _of_schema(_within(self._schema.get(name), path))
        if path or given >= ANY:
            return ANY
        return given | (_of_schema(self._schema[name]) if name in self._schema else frozenset())


def _given(diagram: Diagram, known_handlers: Handlers) -> dict[str, Kinds]:
    """What the diagram's own elements may write."""
    found: dict[str, Kinds] = {}
    for element in diagram.elements.values():
        handler = known_handlers(element.handler) if element.handler is not None and not element.outputs else None
        outputs = () if handler is None else handler.about.outputs
        documented = {each.name: documented_kinds(each.type) for each in outputs}
        for path in written_by(element, known_handlers) or ():
            name = first_name(path)
            found[name] = found.get(name, frozenset()) | documented.get(path, ANY)
        if element.loop is not None and element.loop.output_collection is not None:
            found[element.loop.output_collection] = ANY
        found |= dict.fromkeys(renamed(element), ANY)
    return found


def renamed(element: Element) -> set[str]:
    """Names that stand for other values inside an element than around it."""
    same = {target for source, target in element.inputs if source.strip().removeprefix("=").strip() == target}
    return local_names(element) - same


def documented_kinds(text: str) -> Kinds:
    """`str`, `int | None`, `list of str`."""
    words = [part.strip().split("[")[0].split(" ")[0] for part in text.split("|")]
    if not all(word in _DOCUMENTED or word == "None" for word in words):
        return ANY
    return frozenset(_DOCUMENTED.get(word, "null") for word in words) | {"null"}


def _within(schema: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        inside = schema.get("properties", {}) if isinstance(schema, dict) else {}
        schema = inside.get(name) if isinstance(inside, dict) else None
    return schema


def accepted(parameter: Parameter) -> Kinds:
    """What of JSON a handler's parameter may be read from."""
    return _of_schema(parameter.json_schema, parameter.json_schema.get("$defs", {}))


def _of_schema(schema: Any, definitions: Mapping[str, Any] | None = None, depth: int = 0) -> Kinds:
    """ANY for whatever is not said plainly."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return ANY
    if isinstance(reference := schema.get("$ref"), str):
        return _of_schema((definitions or {}).get(reference.rpartition("/")[2]), definitions, depth + 1)
    for choices in (schema.get("anyOf"), schema.get("oneOf")):
        if isinstance(choices, list) and choices:
            return frozenset[str]().union(*(_of_schema(each, definitions, depth + 1) for each in choices))
    named = schema.get("type")
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return frozenset(_JSON[name] for name in names if name in _JSON) or ANY


def in_words(kinds: Kinds) -> str:
    """For a person; without null, which everything may be."""
    return " or ".join(_WORDS[kind] for kind in sorted(kinds - {"null"})) or "null"


def knowing(variables: Variables, own: frozenset[str]) -> Known:
    """What an element declares for itself hides the variable of that name, and may be of any kind."""
    return lambda name, path: ANY if name in own else variables.kinds(name, path)
