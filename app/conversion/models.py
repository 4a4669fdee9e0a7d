"""Decision models of Camunda 7: what of them is not FEEL is put into FEEL, as far as that goes.

An expression that stays in another language keeps saying so, and a deployment refuses it: a cell that was emptied would
match whatever comes.
"""

from __future__ import annotations

from lxml import etree

from app.conversion.camunda7.juel import map_condition
from app.conversion.drawing import Converted, Dialect, Drawing, local, text_of
from app.conversion.terms import NotMapped
from app.core.errors import TurnupError
from app.decisions.feel import compile_feel, compile_unary_tests

SPACE = "http://camunda.org/schema/1.0/dmn"
_LATER = {  # what editors of today draw; nothing that a version before has not is asked for
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "http://www.omg.org/spec/DMN/20180521/DMNDI/": "https://www.omg.org/spec/DMN/20191111/DMNDI/",
}
_JUEL = frozenset({"juel", "http://camunda.org/dmn/juel"})
_VALUE, _TEST = frozenset({"inputExpression", "outputEntry", "literalExpression"}), "inputEntry"
_WORDS = {
    "historyTimeToLive": ("How long decisions are kept is not said in a model.", "Nothing has to be done."),
    "versionTag": ("The latest version of a decision is called, always.", "Nothing has to be done if that will do."),
    "inputVariable": ("A cell reads what its column asks as `?`.", "Look at the cells that read it by that name."),
}


def is_foreign(root: etree._Element) -> bool:
    """Whether something in it is Camunda 7's alone, or older than what is drawn here."""
    if etree.QName(root).namespace in _LATER:
        return True
    for node in root.iter(etree.Element):
        language = node.get("expressionLanguage", "").lower()
        if (language and "feel" not in language) or _taken(node) or (_is_read(node) and "${" in _text(node)):
            return True
    return False


def convert_model(root: etree._Element, document: bytes) -> Converted:
    """A table needs no layout, so none is missing."""
    if not is_foreign(root):
        return Converted(Dialect.CAMUNDA_8, document, (), has_layout=True, is_model=True)
    drawing = Drawing(root)
    spoken = root.attrib.pop("expressionLanguage", "")
    for node in list(root.iter(etree.Element)):
        for name in _taken(node):
            value = node.attrib.pop(f"{{{SPACE}}}{name}")
            note = drawing.lost if name == "versionTag" else drawing.check
            note(node, f"camunda:{name} {value}", *_WORDS.get(name, ("It means nothing here.", "Look at it.")))
        if _is_read(node):
            _convert_expression(drawing, node, str(spoken))
    made = etree.tostring(_of_today(root), xml_declaration=True, encoding="UTF-8")
    return Converted(Dialect.CAMUNDA_7, made, tuple(drawing.notes), has_layout=True, is_model=True)


def _of_today(root: etree._Element) -> etree._Element:
    """The tree in the namespaces of DMN 1.3, with types named as it names them."""
    spaces = {prefix: _LATER.get(uri, uri) for prefix, uri in root.nsmap.items() if uri != SPACE}
    own = etree.QName(root)
    tag = f"{{{_LATER.get(str(own.namespace), own.namespace)}}}{own.localname}"
    made = etree.Element(tag, dict(root.attrib), spaces)
    made.extend(list(root))
    for node in made.iter(etree.Element):
        name = etree.QName(node)
        if name.namespace in _LATER:
            node.tag = f"{{{_LATER[str(name.namespace)]}}}{name.localname}"
        if node.get("typeRef", "").startswith("feel:"):
            node.set("typeRef", node.get("typeRef", "").removeprefix("feel:"))
    etree.cleanup_namespaces(made)
    return made


def _taken(node: etree._Element) -> list[str]:
    return [each.localname for key in node.attrib if (each := etree.QName(str(key))).namespace == SPACE]


def _is_read(node: etree._Element) -> bool:
    return local(node) in _VALUE or local(node) == _TEST


def _text(node: etree._Element) -> str:
    return next((text_of(child) for child in node if local(child) == "text"), "")


def _convert_expression(drawing: Drawing, node: etree._Element, spoken: str) -> None:
    language = (node.get("expressionLanguage") or spoken).lower()
    text = _text(node)
    if language and "feel" not in language and language not in _JUEL:
        node.set("expressionLanguage", language)  # also where the whole model said it
        message = "No code is run from a model: it stays in its language, and is refused until it is FEEL."
        drawing.lost(node, f"{local(node)} ({language}) {text}", message, "Write it in FEEL.")
    elif language in _JUEL or (not language and not _is_feel(node, text)):
        _from_juel(drawing, node, text)


def _is_feel(node: etree._Element, text: str) -> bool:
    """What says no language is JUEL in old models and FEEL in newer ones; most of it is both."""
    try:
        (compile_unary_tests if local(node) == _TEST else compile_feel)(text)
    except TurnupError:
        return not text
    return True


def _from_juel(drawing: Drawing, node: etree._Element, text: str) -> None:
    if not text:
        node.attrib.pop("expressionLanguage", None)
        return
    try:
        found = map_condition(text)
    except NotMapped as problem:
        node.set("expressionLanguage", "juel")
        message = f"The expression cannot be said in FEEL: {problem}. It is refused until it is."
        drawing.lost(node, f"{local(node)} {text}", message, "Write it in FEEL.")
        return
    node.attrib.pop("expressionLanguage", None)
    written = found.source.removeprefix("=")
    for child in node:
        if local(child) == "text":
            child.text = written
    for doubt in found.doubts:
        drawing.check(node, f"{local(node)} {text}", f"It has become {written}, but {doubt}.", "Correct it if need be.")
