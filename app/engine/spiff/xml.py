"""Reading XML that a stranger wrote.

Nothing outside the document is ever fetched and nothing in it is ever expanded: a document type declaration, the root
of entity bombs and of XXE, is refused where it stands. A first pass with expat counts as it goes and stops at the first
limit, so that neither depth nor number costs memory; only what passed it becomes a tree.
"""

from __future__ import annotations

import codecs
import hashlib
from typing import NoReturn
from xml.parsers import expat

from lxml import etree

from app.engine.diagram import DiagramRefused, DiagramTooLarge, Finding

DEPTH_LIMIT = 200
ELEMENT_LIMIT = 50_000
ATTRIBUTE_LIMIT = 100  # of one element
SAVE_AS_UTF_8 = "Save it as UTF-8, as modelers do."
UTF_8_NAMES = {"utf-8", "utf8", "us-ascii", "ascii"}
OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, b"\x00<", b"<\x00")


def read_xml(document: bytes, limit_bytes: int = 5_000_000) -> etree._Element:
    """The root of the tree, without comments, processing instructions and blank text between elements.

    Raises DiagramTooLarge, or DiagramRefused with one finding.
    """
    if len(document) > limit_bytes:
        raise DiagramTooLarge(
            _finding(
                "too_large",
                f"The document has {len(document)} bytes; {limit_bytes} are allowed.",
                "Split the process into smaller ones.",
            )
        )
    _check_encoding(document)
    _Gate().pass_through(document)
    return _build(document)


def digest(root: etree._Element) -> str:
    """SHA-256 of what the tree says: equal whatever the attribute order, prefixes, indentation and comments."""
    running = hashlib.sha256()
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            facts = (node.tag, sorted(node.attrib.items()), (node.text or "").strip())
            running.update(repr(facts).encode("utf-8", "backslashreplace"))
        else:
            running.update(repr(("/", (node.tail or "").strip())).encode("utf-8", "backslashreplace"))
    return running.hexdigest()


class _Gate:
    """The first pass: refuses by handlers that raise, and keeps nothing."""

    def __init__(self) -> None:
        self.depth = 0
        self.elements = 0
        self.parser = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.StartDoctypeDeclHandler = self._on_doctype
        self.parser.XmlDeclHandler = self._on_declaration
        self.parser.StartElementHandler = self._on_start
        self.parser.EndElementHandler = self._on_end

    def pass_through(self, document: bytes) -> None:
        try:
            self.parser.Parse(document, True)
        except expat.ExpatError as error:
            message = (
                f"The document is not well-formed XML: {expat.errors.messages[error.code]}, column {error.offset}."
            )
            raise DiagramRefused(
                [_finding("not_xml", message, "Save it again in the modeler.", error.lineno)]
            ) from error

    def _on_doctype(self, *_: object) -> None:
        self._refuse("doctype", "The document declares a document type (DOCTYPE).", "Remove it: BPMN files have none.")

    def _on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in UTF_8_NAMES:
            _refuse_encoding(f"The document declares the encoding {encoding}.")

    def _on_start(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > DEPTH_LIMIT:
            self._refuse("too_deep", f"Elements are nested more than {DEPTH_LIMIT} deep.", "Flatten the diagram.")
        if self.elements > ELEMENT_LIMIT:
            self._refuse(
                "too_many_elements", f"The document has more than {ELEMENT_LIMIT} elements.", "Split the process."
            )
        if len(attributes) > 2 * ATTRIBUTE_LIMIT:  # names and values in turn
            message = f"<{name[:60]}> has more than {ATTRIBUTE_LIMIT} attributes."
            self._refuse("too_many_attributes", message, "Remove the surplus.")

    def _on_end(self, _name: str) -> None:
        self.depth -= 1

    def _refuse(self, code: str, message: str, remedy: str) -> NoReturn:
        raise DiagramRefused([_finding(code, message, remedy, self.parser.CurrentLineNumber)])


def _check_encoding(document: bytes) -> None:
    if not document.strip():
        raise DiagramRefused(
            [_finding("empty", "The document is empty.", "Send the BPMN file that the modeler saved.")]
        )
    if document.startswith(OTHER_MARKS):
        _refuse_encoding("The document is not UTF-8.")
    if b"\x00" in document:
        message = "The document holds NUL bytes, which no XML may."
        raise DiagramRefused([_finding("nul_byte", message, "Save it again in the modeler.")])
    try:
        document.decode("utf-8")
    except UnicodeDecodeError as error:
        line = document.count(b"\n", 0, error.start) + 1
        raise DiagramRefused([_finding("encoding", "The document is not UTF-8.", SAVE_AS_UTF_8, line)]) from error


def _refuse_encoding(message: str) -> NoReturn:
    raise DiagramRefused([_finding("encoding", message, SAVE_AS_UTF_8)])


def _build(document: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
    )
    try:
        return etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise _not_xml(error.msg, error.lineno) from error


def _not_xml(reason: str, line: int | None) -> DiagramRefused:
    message = f"The document is not well-formed XML: {reason}."
    return DiagramRefused([_finding("not_xml", message, "Save it again in the modeler.", line)])


def _finding(code: str, message: str, remedy: str, line: int | None = None) -> Finding:
    return Finding("error", None, code, message, remedy, line)
