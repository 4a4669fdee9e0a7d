"""The names that a text may hold and that no single word does: only who knows them can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.decisions.dmn import parts
from app.decisions.feel.names import WORD, tidy

_KEY = re.compile(r"""[{,]\s*"?([^\W\d]\w*(?:[ \t]+\w+)+)"?\s*:""")


def member_names(documents: tuple[parts.Document, ...]) -> frozenset[str]:
    """Parts of types, entries of contexts, columns and the like, anywhere: they stand behind dots and in filters."""
    found: set[str] = set()
    for document in documents:
        for item in document.items.values():
            found.update(_of_item(item))
        for element in document.elements.values():
            if isinstance(element, (parts.Decision, parts.BusinessKnowledgeModel)) and element.logic is not None:
                found.update(_of_box(element.logic))
    for document in documents:
        for one in document.imports:
            imported = next((other for other in documents if other.namespace == one.namespace), None)
            if imported is not None:
                found.update(name for element in imported.elements.values() for name in names_of(element))
    return frozenset(name for name in found if not WORD.fullmatch(name))


def names_of(element: parts.Element) -> tuple[str, ...]:
    """What it is called where it is required."""
    return tuple(dict.fromkeys((element.variable.name, element.name)))


def _of_item(item: parts.ItemDefinition) -> Iterator[str]:
    for component in item.components:
        yield component.name
        yield from _of_item(component)


def _of_box(box: parts.Boxed | None) -> Iterator[str]:
    if isinstance(box, parts.Literal):
        if ":" in box.text:
            yield from (tidy(key) for key in _KEY.findall(box.text))
    elif isinstance(box, parts.Context):
        yield from (variable.name for variable, _ in box.entries if variable is not None)
    elif isinstance(box, parts.Relation):
        yield from (column.name for column in box.columns)
    elif isinstance(box, parts.Table):
        yield from (column.name for column in box.outputs)
    for inner in inner_boxes(box):
        yield from _of_box(inner)


def inner_boxes(box: parts.Boxed | None) -> Iterator[parts.Boxed]:
    """The expressions directly inside of one."""
    inner: tuple[parts.Boxed | None, ...] = ()
    if isinstance(box, parts.Context):
        inner = tuple(value for _, value in box.entries)
    elif isinstance(box, parts.Invocation):
        inner = (box.function, *(value for _, value in box.bindings))
    elif isinstance(box, parts.ListOf):
        inner = box.items
    elif isinstance(box, parts.Relation):
        inner = tuple(cell for row in box.rows for cell in row)
    elif isinstance(box, parts.FunctionDefinition):
        inner = (box.body,)
    elif isinstance(box, parts.Conditional):
        inner = (box.condition, box.then, box.otherwise)
    elif isinstance(box, parts.Filter):
        inner = (box.source, box.match)
    elif isinstance(box, parts.Iterator):
        inner = (box.source, box.body)
    elif isinstance(box, parts.Table):
        inner = tuple(cell for rule in box.rules for cell in rule.outputs)
    yield from (one for one in inner if one is not None)
