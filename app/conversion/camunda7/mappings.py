"""Camunda 7's input and output parameters, field injections and properties as mappings."""

from __future__ import annotations

from lxml import etree

from app.conversion.camunda7.juel import map_text
from app.conversion.camunda7.reading import inner, mapped, take_extras
from app.conversion.drawing import ZEEBE, Drawing, extend, local, map_input, map_output, remember, text_of
from app.conversion.terms import NotMapped, literal

TAKES_NO_MAPPING = frozenset({"task", "manualTask", "process"})
_RESULTS = "With output mappings, only what they name becomes a variable of the process."


def convert_mappings(drawing: Drawing, node: etree._Element) -> None:
    """`camunda:inputOutput` of any flow node."""
    for holder in take_extras(node, "inputOutput"):
        _convert_holder(drawing, node, holder)
    for field in take_extras(node, "field"):
        name, text = field.get("name", ""), _field_text(field)
        source = mapped(drawing, node, f"camunda:field {name}", text)
        if name and source is not None:
            map_input(node, source, name)
    _convert_properties(node)


def _convert_holder(drawing: Drawing, node: etree._Element, holder: etree._Element) -> None:
    if local(node) in TAKES_NO_MAPPING:
        message = "Nothing is done here that could take or give variables."
        drawing.lost(node, "camunda:inputOutput", message, "Use a script task instead.")
        return
    for kind, place in (("inputParameter", map_input), ("outputParameter", map_output)):
        for parameter in inner(holder, kind):
            name = parameter.get("name", "")
            source = _source(drawing, node, f"camunda:{kind} {name}", parameter)
            if name and source is not None:
                place(node, source, name)
    if inner(holder, "outputParameter") and local(node) in ("serviceTask", "sendTask", "userTask", "callActivity"):
        names = ", ".join(each.get("name", "") for each in inner(holder, "outputParameter"))
        drawing.check(node, f"camunda:outputParameter {names}", _RESULTS, "Add those that the flow needs beside them.")


def _source(drawing: Drawing, node: etree._Element, what: str, parameter: etree._Element) -> str | None:
    try:
        return _structured(parameter) if len(parameter) else mapped(drawing, node, what, text_of(parameter))
    except NotMapped as problem:
        code = next(iter(inner(parameter, "script")), None)
        if code is not None and text_of(code):
            remember(node, f"{what} was ({code.get('scriptFormat', 'script')}):\n{text_of(code)}")
        message = f"It cannot be said in FEEL: {problem}."
        drawing.lost(node, f"{what} {text_of(code)}".strip(), message, "Write the mapping in FEEL.")
        return None


def _structured(holder: etree._Element) -> str:
    """A list or a map as FEEL; NotMapped for a script. Empty children are empty texts."""
    return "=" + _value(holder)


def _value(holder: etree._Element) -> str:
    if len(holder) == 0:
        source = map_text(text_of(holder)).source
        return source[1:] if source.startswith("=") else literal(source).text
    kind = local(holder[0])
    if kind == "list":
        return f"[{', '.join(_item(each) for each in holder[0])}]"
    if kind == "map":
        entries = (f"{literal(each.get('key', '')).text}: {_value(each)}" for each in inner(holder[0], "entry"))
        return f"{{{', '.join(entries)}}}"
    raise NotMapped(f"it holds a {kind}")


def _item(node: etree._Element) -> str:
    """In a list, values stand in elements of their own."""
    if local(node) == "value":
        return _value(node)
    wrapper = etree.Element("item")
    wrapper.append(node)
    return _value(wrapper)


def _field_text(field: etree._Element) -> str:
    for name in ("string", "expression"):
        if found := inner(field, name):
            return text_of(found[0])
    return field.get("stringValue") or field.get("expression") or ""


def _convert_properties(node: etree._Element) -> None:
    for holder in take_extras(node, "properties"):
        made = extend(node, "properties", {})
        for each in inner(holder, "property"):
            attributes = {"name": each.get("name", ""), "value": each.get("value", "")}
            etree.SubElement(made, f"{{{ZEEBE}}}property", attributes)
