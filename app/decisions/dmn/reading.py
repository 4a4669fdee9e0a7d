"""From XML to parts: DMN 1.1 to 1.6, as dmn-js, Camunda Modeler and others write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lxml import etree

from app.core import xml
from app.decisions.dmn import parts
from app.decisions.dmn.boxes import Boxes, name_of, place_of, type_ref, type_ref_of
from app.decisions.dmn.findings import DmnRefused, Finding, shortened
from app.decisions.dmn.nodes import children, local, text_of

LIMITS = xml.Limits(bytes=5_000_000, depth=200, elements=200_000)
_NAMESPACE = re.compile(r"https?://www\.omg\.org/spec/DMN/(20\d{6})/(?:MODEL/|dmn\.xsd)")
_KNOWN = {"20151101", "20180521", "20191111", "20211108", "20230324", "20240513"}


def read_document(document: bytes) -> parts.Document:
    """Raises DmnRefused for what is no decision model."""
    try:
        root = xml.read_xml(document, LIMITS)
    except xml.XmlRefused as error:
        raise DmnRefused([_refusal(error.reason, error.message, error.remedy, error.line)]) from error
    return _Reader(root).document()


class _Reader:
    def __init__(self, root: etree._Element) -> None:
        _check(root)
        self.root = root
        self.namespace = root.get("namespace") or ""
        self.boxes = Boxes()

    def document(self) -> parts.Document:
        root = self.root
        return parts.Document(
            id=root.get("id") or "definitions",
            name=name_of(root),
            namespace=self.namespace,
            digest=xml.digest(root),
            imports=tuple(self._imports()),
            items={item.name: item for item in map(self._item, self._all("itemDefinition"))},
            elements=self._elements(),
        )

    def _all(self, tag: str, node: etree._Element | None = None) -> Iterator[etree._Element]:
        yield from children(self.root if node is None else node, tag)

    def _imports(self) -> Iterator[parts.Import]:
        for node in self._all("import"):
            if "DMN" in (node.get("importType") or "DMN"):
                yield parts.Import(name_of(node), node.get("namespace") or "", place_of(node))

    def _elements(self) -> dict[str, parts.Element]:
        found: dict[str, parts.Element] = {}
        makers: dict[str, Callable[[etree._Element], parts.Element]] = {
            "inputData": self._input_data,
            "decision": self._decision,
            "businessKnowledgeModel": self._knowledge,
            "decisionService": self._service,
        }
        for node in self.root:
            make = makers.get(local(node))
            if make is None:
                continue
            element = make(node)
            if element.id in found:
                message = f"Two elements have the id {shortened(element.id)}."
                raise DmnRefused([_refusal("duplicate_id", message, "Give each an id of its own.", node.sourceline)])
            found[element.id] = element
        return found

    def _input_data(self, node: etree._Element) -> parts.InputData:
        return parts.InputData(_id(node), name_of(node), self._variable(node), place_of(node))

    def _decision(self, node: etree._Element) -> parts.Decision:
        required = list(self._all("informationRequirement", node))
        return parts.Decision(
            id=_id(node),
            name=name_of(node),
            variable=self._variable(node),
            inputs=tuple(self._refs(required, "requiredInput")),
            decisions=tuple(self._refs(required, "requiredDecision")),
            knowledge=tuple(self._refs(self._all("knowledgeRequirement", node), "requiredKnowledge")),
            logic=self.boxes.first_in(node),
            place=place_of(node),
        )

    def _knowledge(self, node: etree._Element) -> parts.BusinessKnowledgeModel:
        logic = next(self._all("encapsulatedLogic", node), None)
        return parts.BusinessKnowledgeModel(
            id=_id(node),
            name=name_of(node),
            variable=self._variable(node),
            knowledge=tuple(self._refs(self._all("knowledgeRequirement", node), "requiredKnowledge")),
            logic=None if logic is None else self.boxes.function(logic),
            place=place_of(node),
        )

    def _service(self, node: etree._Element) -> parts.DecisionService:
        return parts.DecisionService(
            id=_id(node),
            name=name_of(node),
            variable=self._variable(node),
            outputs=tuple(self._refs([node], "outputDecision")),
            encapsulated=tuple(self._refs([node], "encapsulatedDecision")),
            input_decisions=tuple(self._refs([node], "inputDecision")),
            inputs=tuple(self._refs([node], "inputData")),
            place=place_of(node),
        )

    def _variable(self, node: etree._Element) -> parts.Variable:
        """Without one, as simple editors write it, the element's name is the variable's."""
        for variable in self._all("variable", node):
            return parts.Variable(name_of(variable) or name_of(node), type_ref_of(variable), place_of(variable))
        return parts.Variable(name_of(node) or _id(node), None, place_of(node))

    def _refs(self, nodes: Iterator[etree._Element] | list[etree._Element], tag: str) -> Iterator[parts.Ref]:
        for node in nodes:
            for reference in self._all(tag, node):
                namespace, _, id_ = (reference.get("href") or "").rpartition("#")
                yield namespace or self.namespace, id_

    def _item(self, node: etree._Element) -> parts.ItemDefinition:
        written = next(self._all("typeRef", node), None)
        function = next(self._all("functionItem", node), None)
        return parts.ItemDefinition(
            name=name_of(node),
            type_ref=None if written is None else type_ref(written, text_of(written)),
            allowed=self._tests(node, "allowedValues"),
            constraint=self._tests(node, "typeConstraint"),
            collection=node.get("isCollection") in {"true", "1"},
            components=tuple(self._item(component) for component in self._all("itemComponent", node)),
            function=None if function is None else self._function_item(function),
            place=place_of(node),
        )

    def _function_item(self, node: etree._Element) -> tuple[tuple[parts.Variable, ...], str | None]:
        return tuple(map(self.boxes.variable, self._all("parameters", node))), type_ref(node, node.get("outputTypeRef"))

    def _tests(self, node: etree._Element, tag: str) -> str | None:
        for tests in self._all(tag, node):
            return self.boxes.text(tests) or None
        return None


def _check(root: etree._Element) -> None:
    name = etree.QName(root)
    found = _NAMESPACE.fullmatch(name.namespace or "")
    if name.localname != "definitions" or found is None:
        message = f"The document is no decision model: its root is {shortened(str(name))}."
        remedy = "Send the .dmn file that the modeler saved."
        raise DmnRefused([_refusal("not_dmn", message, remedy, root.sourceline)])
    if found.group(1) not in _KNOWN:
        message = f"This version of DMN ({found.group(1)}) is not known here."
        raise DmnRefused([_refusal("unknown_version", message, "Save it as DMN 1.2 to 1.5.", root.sourceline)])


def _id(node: etree._Element) -> str:
    return node.get("id") or name_of(node)


def _refusal(code: str, message: str, remedy: str, line: int | None) -> Finding:
    return Finding("error", None, code, message, remedy, line)
