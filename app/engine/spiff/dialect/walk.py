"""Every element of the document against its row in the table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from app.engine.diagram import Finding
from app.engine.spiff.dialect.events import check_event
from app.engine.spiff.dialect.extensions import check_extensions
from app.engine.spiff.dialect.places import local, namespace, report
from app.engine.spiff.dialect.remedies import (
    REFUSED_ATTRIBUTES,
    REFUSED_ELEMENTS,
    REFUSED_NAMESPACES,
    REFUSED_WITHIN,
    UNKNOWN,
)
from app.engine.spiff.dialect.table import (
    ANY,
    ANYWHERE,
    BPMN,
    ELEMENTS,
    FOREIGN_ATTRIBUTES,
    HARMLESS,
    LAYOUT,
    ONCE,
    Row,
)


def walk(root: etree._Element) -> Iterator[Finding]:
    """What the table does not allow; what is refused is not entered."""
    ahead = [root]
    while ahead:
        node = ahead.pop()
        row = ELEMENTS[local(node)]
        yield from check_content(node, row)
        yield from _check_once(node)
        yield from check_event(node)
        for child in node:
            name, space = local(child), namespace(child)
            if space == BPMN and name in row.children:
                if name == "extensionElements":
                    yield from check_content(child, ELEMENTS[name])
                    yield from check_extensions(node, child)
                elif name == "process" and child.get("isExecutable") != "true":
                    yield _not_run(child)
                else:
                    ahead.append(child)
            elif space in LAYOUT and node is root:
                yield from _check_layout(child)
            else:
                yield refuse(node, child)


def check_content(node: etree._Element, row: Row) -> Iterator[Finding]:
    """Attributes and text of one element."""
    for key, value in node.attrib.items():
        name = etree.QName(str(key))
        pattern = _pattern(node, row, name)
        if pattern is None:
            reason, remedy = _attribute_words(node, name, "This attribute is not known here.")
            message = f"{reason} (attribute {name.localname} of <{local(node)}>)"
            yield report(node, "unknown_attribute", message, remedy)
        elif pattern != ANY and not re.fullmatch(pattern, str(value)):
            reason, remedy = _attribute_words(node, name, "This value is not supported.")
            message = f"{reason} ({name.localname}='{value[:60]}' of <{local(node)}>)"
            yield report(node, "attribute_value", message, remedy)
    if row.text and len(node) == 0:
        return
    for text in [node.text, *(child.tail for child in node)]:
        if text and text.strip():
            message = f"There is loose text in <{local(node)}>: '{text.strip()[:40]}'."
            yield report(node, "loose_text", message, "Delete it; notes belong into a text annotation.")


def _pattern(node: etree._Element, row: Row, name: etree.QName) -> str | None:
    if name.namespace is None:
        return row.attributes.get(name.localname)
    if name.namespace in HARMLESS:
        return ANY
    rows = FOREIGN_ATTRIBUTES.get(name.namespace, {})
    return rows.get(local(node), {}).get(name.localname) or rows.get(ANYWHERE, {}).get(name.localname)


def _attribute_words(node: etree._Element, name: etree.QName, reason: str) -> tuple[str, str]:
    if name.namespace is not None:
        return REFUSED_NAMESPACES.get(name.namespace, (f"The namespace '{name.namespace}' is not known here.", UNKNOWN))
    return REFUSED_ATTRIBUTES.get((local(node), name.localname), (reason, UNKNOWN))


def refuse(node: etree._Element, child: etree._Element) -> Finding:
    """`child` has no place in `node`."""
    space, name, holder = namespace(child), local(child), local(node)
    if space == BPMN:
        reason = "This has no place here." if name in ELEMENTS else "This is not known here."
        words = REFUSED_WITHIN.get((holder, name)) or REFUSED_ELEMENTS.get(name) or (reason, UNKNOWN)
    else:
        words = REFUSED_NAMESPACES.get(space, (f"The namespace '{space}' is not known here.", UNKNOWN))
    return report(child, "unknown_element", f"{words[0]} (<{name}> in <{holder}>)", words[1])


def _not_run(node: etree._Element) -> Finding:
    return report(
        node,
        "not_executable",
        "This process is drawn but never run: it is not executable.",
        "Tick 'Executable' if it should run; leave it as it is if it shows what a partner does.",
        severity="warning",
    )


def _check_once(node: etree._Element) -> Iterator[Finding]:
    seen: set[str] = set()
    for child in node:
        if local(child) in ONCE and local(child) in seen:
            yield report(child, "repeated", f"There is more than one <{local(child)}>.", "Keep one.")
        seen.add(local(child))


def _check_layout(layout: etree._Element) -> Iterator[Finding]:
    """Layout may hold anything but what could pass for a part of the process."""
    for node in layout.iter(etree.Element):
        if namespace(node) == BPMN or namespace(node) in REFUSED_NAMESPACES:
            message = f"<{local(node)}> stands inside the layout of the diagram."
            yield report(node, "process_in_layout", message, "Delete it: the layout only says where shapes are drawn.")
