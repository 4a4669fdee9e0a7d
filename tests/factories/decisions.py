"""Decision models as text, drawn with as few words as a test needs.

`Dmn().input("speed").decision("d", literal("speed + 1"), needs=["speed"]).xml()`
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}


def _attributes(**given: str | None) -> str:
    names = {"type_ref": "typeRef", "hit_policy": "hitPolicy"}
    return "".join(f" {names.get(key, key)}={quoteattr(value)}" for key, value in given.items() if value is not None)


def text_of(tag: str, text: str | None, **attributes: str | None) -> str:
    return "" if text is None else f"<{tag}{_attributes(**attributes)}><text>{escape(text)}</text></{tag}>"


def literal(text: str, type_ref: str | None = None) -> str:
    return text_of("literalExpression", text, type_ref=type_ref)


def variable(name: str, type_ref: str | None = None, tag: str = "variable") -> str:
    return f"<{tag}{_attributes(name=name, type_ref=type_ref)}/>"


def context(*entries: tuple[str | None, str] | tuple[str, str, str]) -> str:
    """(name, value), (name, value, type) or (None, result)."""
    parts = []
    for name, value, *type_ref in entries:
        head = "" if name is None else variable(name, *type_ref)
        parts.append(f"<contextEntry>{head}{value}</contextEntry>")
    return f"<context>{''.join(parts)}</context>"


def invocation(function: str, **bindings: str) -> str:
    bound = "".join(
        f"<binding>{variable(name.replace('_', ' '), tag='parameter')}{value}</binding>"
        for name, value in bindings.items()
    )
    return f"<invocation>{literal(function)}{bound}</invocation>"


def function(
    parameters: Sequence[str | tuple[str, str]], body: str, tag: str = "functionDefinition", **attributes: str
) -> str:
    formal = "".join(
        variable(one, tag="formalParameter") if isinstance(one, str) else variable(*one, tag="formalParameter")
        for one in parameters
    )
    return f"<{tag}{_attributes(**attributes)}>{formal}{body}</{tag}>"


def child(tag: str, value: str) -> str:
    return f"<{tag}>{value}</{tag}>"


def table(
    inputs: Sequence[str | tuple[str, str] | tuple[str, str | None, str]],
    outputs: Sequence[str | dict[str, str]],
    rules: Iterable[Sequence[str]],
    *,
    hit_policy: str | None = None,
    aggregation: str | None = None,
    annotations: Sequence[str] = (),
) -> str:
    """Inputs are expressions, or (expression, allowed values[, type_ref]). Outputs are names, or name, type_ref, values, default.

    A rule is its input entries, then its output entries, then its annotations.
    """
    parts = []
    for one in inputs:
        expression, values, *type_refs = (one, None) if isinstance(one, str) else one
        asked = text_of("inputExpression", expression, type_ref=type_refs[0] if type_refs else None)
        parts.append(f"<input>{asked}{text_of('inputValues', values)}</input>")
    for output in outputs:
        drawn = {"name": output} if isinstance(output, str) else dict(output)
        values, default = drawn.pop("values", None), drawn.pop("default", None)
        parts.append(
            f"<output{_attributes(**drawn)}>{text_of('outputValues', values)}"
            f"{text_of('defaultOutputEntry', default)}</output>"
        )
    parts += [f"<annotation{_attributes(name=name)}/>" for name in annotations]
    for number, rule in enumerate(rules, start=1):
        cells = [text_of("inputEntry", text) for text in rule[: len(inputs)]]
        cells += [text_of("outputEntry", text) for text in rule[len(inputs) : len(inputs) + len(outputs)]]
        cells += [text_of("annotationEntry", text) for text in rule[len(inputs) + len(outputs) :]]
        parts.append(f'<rule id="rule_{number}">{"".join(cells)}</rule>')
    return (
        f"<decisionTable{_attributes(hit_policy=hit_policy, aggregation=aggregation)}>{''.join(parts)}</decisionTable>"
    )


class Dmn:
    """A model being drawn. Ids are the names without spaces."""

    def __init__(self, name: str = "model", *, version: str = "1.3", namespace: str = "urn:test") -> None:
        self.name = name
        self.version = version
        self.namespace = namespace
        self.items: list[str] = []
        self.elements: list[str] = []
        self.imports: list[str] = []

    @staticmethod
    def id_of(name: str) -> str:
        return "_" + name.replace(" ", "_")

    def href(self, name: str) -> str:
        """Of another model: `namespace#name`."""
        namespace, _, own = name.rpartition("#")
        return f"{namespace}#{self.id_of(own)}"

    def import_(self, name: str, namespace: str) -> Dmn:
        kind = NAMESPACES[self.version]
        self.imports.append(f"<import{_attributes(name=name, namespace=namespace, importType=kind)}/>")
        return self

    def item(
        self,
        name: str,
        type_ref: str | None = None,
        *,
        allowed: str | None = None,
        constraint: str | None = None,
        collection: bool = False,
        parts: Sequence[tuple[str, str]] = (),
        raw: str = "",
    ) -> Dmn:
        inner = f"<typeRef>{type_ref}</typeRef>" if type_ref else ""
        inner += text_of("allowedValues", allowed) + text_of("typeConstraint", constraint)
        for part, part_type in parts:
            inner += f"<itemComponent{_attributes(name=part)}><typeRef>{part_type}</typeRef></itemComponent>"
        many = ' isCollection="true"' if collection else ""
        self.items.append(f"<itemDefinition{_attributes(name=name)}{many}>{inner}{raw}</itemDefinition>")
        return self

    def input(self, name: str, type_ref: str | None = None) -> Dmn:
        attributes = _attributes(id=self.id_of(name), name=name)
        self.elements.append(f"<inputData{attributes}>{variable(name, type_ref)}</inputData>")
        return self

    def decision(
        self,
        name: str,
        logic: str,
        *,
        needs: Sequence[str] = (),
        decisions: Sequence[str] = (),
        knows: Sequence[str] = (),
        type_ref: str | None = None,
    ) -> Dmn:
        inner = variable(name, type_ref)
        for tag, names in (("requiredInput", needs), ("requiredDecision", decisions)):
            for one in names:
                inner += f"<informationRequirement><{tag}{_attributes(href=self.href(one))}/></informationRequirement>"
        self.elements.append(
            f"<decision{_attributes(id=self.id_of(name), name=name)}>{inner}{self._knows(knows)}{logic}</decision>"
        )
        return self

    def knowledge(
        self,
        name: str,
        parameters: Sequence[str | tuple[str, str]],
        body: str,
        *,
        knows: Sequence[str] = (),
        type_ref: str | None = None,
        **attributes: str,
    ) -> Dmn:
        logic = function(parameters, body, "encapsulatedLogic", **attributes)
        self.elements.append(
            f"<businessKnowledgeModel{_attributes(id=self.id_of(name), name=name)}>{variable(name, type_ref)}"
            f"{logic}{self._knows(knows)}</businessKnowledgeModel>"
        )
        return self

    def service(
        self,
        name: str,
        *,
        outputs: Sequence[str],
        inputs: Sequence[str] = (),
        input_decisions: Sequence[str] = (),
        encapsulated: Sequence[str] = (),
        type_ref: str | None = None,
    ) -> Dmn:
        inner = variable(name, type_ref)
        for tag, names in (
            ("outputDecision", outputs),
            ("encapsulatedDecision", encapsulated),
            ("inputDecision", input_decisions),
            ("inputData", inputs),
        ):
            inner += "".join(f"<{tag}{_attributes(href=self.href(one))}/>" for one in names)
        self.elements.append(f"<decisionService{_attributes(id=self.id_of(name), name=name)}>{inner}</decisionService>")
        return self

    def raw(self, element: str) -> Dmn:
        self.elements.append(element)
        return self

    def xml(self) -> bytes:
        head = _attributes(xmlns=NAMESPACES[self.version], id="defs", name=self.name, namespace=self.namespace)
        inner = "".join([*self.imports, *self.items, *self.elements])
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions{head}>{inner}</definitions>'.encode()

    def _knows(self, names: Sequence[str]) -> str:
        return "".join(
            f"<knowledgeRequirement><requiredKnowledge{_attributes(href=self.href(one))}/></knowledgeRequirement>"
            for one in names
        )
