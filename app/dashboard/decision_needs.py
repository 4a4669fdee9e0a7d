"""What a decision is made from: the elements it requires, near and far, and the names that nothing declares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.decisions.dmn import Model, parts
from app.decisions.dmn.names import inner_boxes, member_names, names_of
from app.decisions.feel import FeelSyntaxError, compile_feel, compile_unary_tests

Names = frozenset[str]
Column = tuple[parts.InputColumn, list[str]]  # with its cells

MOST_COMPARED = 200
_NEGATED = re.compile(r"not\s*\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A value to be given. `allowed` are unary tests; `element_id` is None for what no input data declares."""

    name: str
    type_ref: str | None
    allowed: str | None
    element_id: str | None
    compared: tuple[str, ...] = ()  # texts that rules compare it with


@dataclass(frozen=True)
class Needs:
    """Nearest first; the decision itself is not among them."""

    asked: tuple[Asked, ...]
    required: tuple[parts.Element, ...]


def needs_of(model: Model, decision_id: str) -> Needs:
    document = model.document
    decision = model.decisions[decision_id]
    required = tuple(_reached(document, decision))
    asked = {
        one.variable.name: Asked(one.variable.name, one.variable.type_ref, None, one.id)
        for one in required
        if isinstance(one, parts.InputData)
    }
    deciding = [decision, *(one for one in required if isinstance(one, parts.Decision))]
    columns = [column for one in deciding for column in _columns(one.logic)]
    declared = {name for element in document.elements.values() for name in names_of(element)}
    known = member_names((document,)).union(declared)
    for one in deciding:
        for name in _free(one.logic, known):
            if name not in asked and name not in declared:
                asked[name] = Asked(name, None, None, None)
    return Needs(tuple(_refined(one, columns, document) for one in asked.values()), required)


def allowed_of(document: parts.Document, type_ref: str | None) -> str | None:
    """The allowed values of a type that holds one value, as written."""
    item = item_of(document, type_ref)
    return item.allowed if item and not item.collection else None


def item_of(document: parts.Document, type_ref: str | None) -> parts.ItemDefinition | None:
    """The definition that says what the type is; those that only rename another are passed over."""
    item = None
    for _ in range(len(document.items)):
        found = document.items.get(type_ref or "")
        if found is None:
            break
        item = found
        if item.allowed or item.collection or item.components:
            break
        type_ref = item.type_ref
    return item


def _reached(document: parts.Document, decision: parts.Decision) -> Iterator[parts.Element]:
    seen = {decision.id}
    waiting: list[parts.Element] = [decision]
    for element in waiting:
        for namespace, id_ in _requirements(element):
            found = document.elements.get(id_) if namespace == document.namespace else None
            if found is not None and id_ not in seen:
                seen.add(id_)
                waiting.append(found)
                yield found


def _requirements(element: parts.Element) -> tuple[parts.Ref, ...]:
    if isinstance(element, parts.Decision):
        return (*element.inputs, *element.decisions, *element.knowledge)
    return element.knowledge if isinstance(element, parts.BusinessKnowledgeModel) else ()


def _refined(asked: Asked, columns: list[Column], document: parts.Document) -> Asked:
    """A column that asks for just this name may know more about it."""
    type_ref, allowed = asked.type_ref, allowed_of(document, asked.type_ref)
    compared: dict[str, None] = {}
    for column, cells in columns:
        if isinstance(column.expression, parts.Literal) and column.expression.text == asked.name:
            type_ref = type_ref or column.expression.type_ref
            allowed = allowed or column.values or allowed_of(document, column.expression.type_ref)
            compared.update(dict.fromkeys(_texts_in(cells)))
    return Asked(asked.name, type_ref, allowed, asked.element_id, tuple(islice(compared, MOST_COMPARED)))


def _columns(box: parts.Boxed | None) -> Iterator[Column]:
    if isinstance(box, parts.Table):
        for at, column in enumerate(box.inputs):
            yield column, [rule.tests[at].text for rule in box.rules if at < len(rule.tests)]
    for inner in inner_boxes(box):
        yield from _columns(inner)


def _texts_in(cells: list[str]) -> Iterator[str]:
    for cell in cells:
        negated = _NEGATED.fullmatch(cell)
        try:
            constants = compile_unary_tests(negated[1] if negated else cell or "-", lenient=True).constants()
        except FeelSyntaxError:
            continue
        yield from sorted((one for one in constants or () if isinstance(one, str)), key=cell.find)


def _free(box: parts.Boxed | None, known: Names, bound: Names = frozenset()) -> Iterator[str]:
    """Names that an expression takes from outside, in the order in which they are met."""
    if isinstance(box, parts.Literal):
        yield from _in_text(box.text, known | bound, bound)
    elif isinstance(box, parts.Table):
        yield from _in_table(box, known, bound)
    elif isinstance(box, parts.Context):
        for variable, value in box.entries:
            yield from _free(value, known, bound)
            bound = bound | {variable.name} if variable else bound
    elif isinstance(box, parts.FunctionDefinition):
        yield from _free(box.body, known, bound.union(one.name for one in box.parameters))
    elif isinstance(box, parts.Iterator):
        yield from _free(box.source, known, bound)
        yield from _free(box.body, known, bound | {box.variable, "partial"})
    elif isinstance(box, parts.Filter):
        yield from _free(box.source, known, bound)  # the names of the test may be the elements' own
    else:
        for inner in inner_boxes(box):
            yield from _free(inner, known, bound)


def _in_table(table: parts.Table, known: Names, bound: Names) -> Iterator[str]:
    for column in table.inputs:
        yield from _free(column.expression, known, bound)
    for rule in table.rules:
        for cell in rule.tests:
            yield from _in_text(cell.text, known | bound, bound, tests=True)
        for output in rule.outputs:
            yield from _free(output, known, bound)


def _in_text(text: str, known: Names, bound: Names, *, tests: bool = False) -> Iterator[str]:
    if not text:
        return
    compile_text = compile_unary_tests if tests else compile_feel
    try:
        names = compile_text(text, known, lenient=True).names
    except FeelSyntaxError:
        return
    yield from sorted(names - bound, key=text.find)
