"""What the modeler adds to an element (`zeebe:...` inside `bpmn:extensionElements`) against the table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from app.engine.diagram import Finding
from app.engine.spiff.dialect.places import local, namespace, report
from app.engine.spiff.dialect.remedies import (
    REFUSED_ATTRIBUTES,
    REFUSED_EXTENSIONS,
    REFUSED_EXTENSIONS_WITHIN,
    REFUSED_NAMESPACES,
    UNKNOWN,
)
from app.engine.spiff.dialect.table import (
    ANY,
    ELEMENTS,
    EXTENSIONS,
    HARMLESS,
    PROCESS_PROPERTIES,
    SEVERAL,
    ZEEBE,
)


def check_extensions(owner: etree._Element, holder: etree._Element) -> Iterator[Finding]:
    """The extension elements of `owner`, each at most once; `holder` is its bpmn:extensionElements."""
    allowed = ELEMENTS[local(owner)].extensions
    seen: set[str] = set()
    for node in holder:
        name, space = local(node), namespace(node)
        if space in HARMLESS:
            continue
        if space != ZEEBE or name not in allowed:
            yield _refuse(owner, node)
        elif name in seen and name not in SEVERAL:
            yield report(node, "repeated", f"There is more than one <zeebe:{name}>.", "Keep one.")
        else:
            yield from _check_rows(node)
            if name == "properties":
                yield from _check_properties(owner, node)
        seen.add(name)


def _check_rows(top: etree._Element) -> Iterator[Finding]:
    ahead = [top]
    while ahead:
        node = ahead.pop()
        row = EXTENSIONS[local(node)]
        for key, value in node.attrib.items():
            pattern = row.attributes.get(str(key))
            if pattern is None or (pattern != ANY and not re.fullmatch(pattern, str(value))):
                words = REFUSED_ATTRIBUTES.get((local(node), str(key)), REFUSED_NAMESPACES[ZEEBE])
                code = "unknown_attribute" if pattern is None else "attribute_value"
                message = f"{words[0]} ({etree.QName(str(key)).localname}='{value[:60]}' of <zeebe:{local(node)}>)"
                yield report(node, code, message, words[1])
        loose = () if row.text else [node.text, *(child.tail for child in node)]
        if any((text or "").strip() for text in loose):
            yield report(node, "loose_text", f"There is loose text in <zeebe:{local(node)}>.", "Delete it.")
        for child in node:
            if namespace(child) == ZEEBE and local(child) in row.children:
                ahead.append(child)
            else:
                yield _refuse(node, child)


def _check_properties(owner: etree._Element, properties: etree._Element) -> Iterator[Finding]:
    known = PROCESS_PROPERTIES if local(owner) == "process" else set[str]()
    for node in properties:
        name = node.get("name", "")
        if name.startswith("turnup:") and name not in known:
            reason, remedy = REFUSED_ATTRIBUTES["property", "name"]
            yield report(node, "unknown_property", f"{reason} ({name[:60]} on <{local(owner)}>)", remedy)


def _refuse(owner: etree._Element, node: etree._Element) -> Finding:
    space, name = namespace(node), local(node)
    words = REFUSED_NAMESPACES.get(space, (f"The namespace '{space}' is not known here.", UNKNOWN))
    if space == ZEEBE:
        if name in EXTENSIONS:
            words = (f"This setting does not belong on a <{local(owner)}>.", words[1])
        words = REFUSED_EXTENSIONS_WITHIN.get((local(owner), name)) or REFUSED_EXTENSIONS.get(name) or words
        name = f"zeebe:{name}"
    return report(node, "unknown_extension", f"{words[0]} (<{name}>)", words[1])
