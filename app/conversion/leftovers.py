"""What no converter has taken: it is noted and taken away, so that nothing goes unsaid and nothing is left over."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from app.conversion.drawing import BPMN, MODELER, XSI, ZEEBE, Drawing, bpmn, discard, local, text_of

Words = Mapping[str, tuple[str, str]]  # name -> why it is lost, and what to do
_ELSE = ("It means nothing here.", "Look whether the flow needs it.")
_FOREIGN = ("It belongs to another tool.", "Nothing has to be done unless the flow needs it.")
_KNOWN = frozenset({BPMN, ZEEBE, MODELER, XSI, None})
# Colours: they change what is seen, never what runs
_HARMLESS = ("http://bpmn.io/schema/bpmn/biocolor/", "http://www.omg.org/spec/BPMN/non-normative/color/")


def take_rest_away(drawing: Drawing, space: str, prefix: str, words: Words, harmless: frozenset[str]) -> None:
    """Attributes and extension elements of the dialect's namespace; `harmless` ones go without a word."""
    for node in list(drawing.root.iter(f"{{{BPMN}}}*")):
        for name in [each for key in node.attrib if (each := etree.QName(str(key))).namespace == space]:
            value = node.attrib.pop(name.text)
            if name.localname not in harmless:
                what = f'{prefix}:{name.localname}="{value!s}"'
                drawing.lost(node, what, *words.get(name.localname, _ELSE))
        for extra in _extensions(node, space):
            if local(extra) not in harmless:
                drawing.lost(node, f"{prefix}:{said(extra)}", *words.get(local(extra), _ELSE))
            discard(extra)


def take_foreign_away(drawing: Drawing) -> None:
    """What yet other tools have left in the diagram, which a deployment would refuse."""
    for node in list(drawing.root.iter(f"{{{BPMN}}}*")):
        for name in [etree.QName(str(key)) for key in node.attrib]:
            if _is_foreign(name.namespace):
                drawing.lost(node, f"{{{name.namespace}}}{name.localname}", *_FOREIGN)
                del node.attrib[name.text]
        holder = node.find(bpmn("extensionElements"))
        for extra in [] if holder is None else list(holder):
            if _is_foreign(etree.QName(extra).namespace):
                drawing.lost(node, f"{{{etree.QName(extra).namespace}}}{local(extra)}", *_FOREIGN)
                discard(extra)


def _is_foreign(space: str | None) -> bool:
    return space not in _KNOWN and not (space or "").startswith(_HARMLESS)


def _extensions(node: etree._Element, space: str) -> list[etree._Element]:
    holder = node.find(bpmn("extensionElements"))
    return [] if holder is None else [each for each in holder if etree.QName(each).namespace == space]


def said(extra: etree._Element) -> str:
    """`executionListener class=com.example.Log event=start`, and the code in it."""
    said = [f"{etree.QName(str(key)).localname}={value!s}" for key, value in extra.attrib.items()]
    texts = [text_of(node) for node in extra.iter(etree.Element)]
    return " ".join(filter(None, (local(extra), *said, *texts)))
