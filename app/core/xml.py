"""Reading XML that a stranger wrote.

Nothing outside the document is ever fetched and nothing in it is ever expanded: a document type declaration, the root
of entity bombs and of XXE, is refused where it stands. A first pass with expat counts as it goes and stops at the first
limit, so that neither depth nor number costs memory; only what passed it becomes a tree.
"""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from lxml import etree

from app.core.errors import Unprocessable

SAVE_AGAIN = "Save it again in the modeler."
SAVE_AS_UTF_8 = "Save it as UTF-8, as modelers do."
UTF_8_NAMES = {"utf-8", "utf8", "us-ascii", "ascii"}
OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, b"\x00<", b"<\x00")


@dataclass(frozen=True)
class Limits:
    bytes: int = 5_000_000
    depth: int = 200
    elements: int = 50_000
    attributes: int = 100  # of one element


class XmlRefused(Unprocessable):
    """The document is no XML that is read here. `reason` is one word: too_large, not_xml, doctype, too_deep, ..."""

    def __init__(self, reason: str, message: str, remedy: str, line: int | None = None) -> None:
        super().__init__(message, reason=reason, line=line)
        self.reason = reason
        self.remedy = remedy
        self.line = line


def read_xml(document: bytes, limits: Limits) -> etree._Element:
    """The root of the tree, without comments, processing instructions and blank text between elements.

    Raises XmlRefused.
    """
    if len(document) > limits.bytes:
        message = f"The document has {len(document)} bytes; {limits.bytes} are allowed."
        raise XmlRefused("too_large", message, "Split it into smaller ones.")
    _check_encoding(document)
    _Gate(limits).pass_through(document)
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

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
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
            raise XmlRefused("not_xml", message, SAVE_AGAIN, error.lineno) from error

    def _on_doctype(self, *_: object) -> None:
        self._refuse("doctype", "The document declares a document type (DOCTYPE).", "Remove it: modelers write none.")

    def _on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in UTF_8_NAMES:
            _refuse_encoding(f"The document declares the encoding {encoding}.")

    def _on_start(self, name: str, attributes: list[str]) -> None:
        self.depth += 1
        self.elements += 1
        limits = self.limits
        if self.depth > limits.depth:
            self._refuse("too_deep", f"Elements are nested more than {limits.depth} deep.", "Flatten the diagram.")
        if self.elements > limits.elements:
            message = f"The document has more than {limits.elements} elements."
            self._refuse("too_many_elements", message, "Split it into smaller ones.")
        if len(attributes) > 2 * limits.attributes:  # names and values in turn
            message = f"<{name[:60]}> has more than {limits.attributes} attributes."
            self._refuse("too_many_attributes", message, "Remove the surplus.")

    def _on_end(self, _name: str) -> None:
        self.depth -= 1

    def _refuse(self, reason: str, message: str, remedy: str) -> NoReturn:
        raise XmlRefused(reason, message, remedy, self.parser.CurrentLineNumber)


def _check_encoding(document: bytes) -> None:
    if not document.strip():
        raise XmlRefused("empty", "The document is empty.", "Send the file that the modeler saved.")
    if document.startswith(OTHER_MARKS):
        _refuse_encoding("The document is not UTF-8.")
    if b"\x00" in document:
        raise XmlRefused("nul_byte", "The document holds NUL bytes, which no XML may.", SAVE_AGAIN)
    try:
        document.decode("utf-8")
    except UnicodeDecodeError as error:
        line = document.count(b"\n", 0, error.start) + 1
        raise XmlRefused("encoding", "The document is not UTF-8.", SAVE_AS_UTF_8, line) from error


def _refuse_encoding(message: str) -> NoReturn:
    raise XmlRefused("encoding", message, SAVE_AS_UTF_8)


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
        message = f"The document is not well-formed XML: {error.msg}."
        raise XmlRefused("not_xml", message, SAVE_AGAIN, error.lineno) from error
