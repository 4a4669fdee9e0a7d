"""What a file is that somebody wants to keep as a draft. It may be unfinished, but it has to be a file of its kind."""

from __future__ import annotations

from enum import StrEnum

import orjson
from lxml import etree

from app.core.errors import TooLarge, Unprocessable
from app.core.xml import Limits, read_xml

LIMIT_BYTES = 1_000_000
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


class DraftKind(StrEnum):
    """Stored."""

    PROCESS = "process"
    DECISIONS = "decisions"
    FORM = "form"


class DraftRefused(Unprocessable):
    """What was sent is no file of the kind that it is said to be."""


def subject_of(kind: DraftKind, document: bytes) -> str | None:
    """The id of the process that a diagram draws, if it has one. DraftRefused, TooLarge, XmlRefused."""
    if len(document) > LIMIT_BYTES:
        raise TooLarge(f"A draft may have {LIMIT_BYTES:,} bytes, this has {len(document):,}. Split it.")
    if kind is DraftKind.FORM:
        _check_form(document)
        return None
    root = read_xml(document, Limits(LIMIT_BYTES))
    name = etree.QName(root)
    if name.localname != "definitions" or (kind is DraftKind.PROCESS) != (name.text == f"{_BPMN}definitions"):
        wanted = "a BPMN diagram" if kind is DraftKind.PROCESS else "a DMN model"
        space = f"the namespace {name.namespace[:100]!r}" if name.namespace else "no namespace"
        raise DraftRefused(f"This is not {wanted}: its root is <{name.localname[:60]}> in {space}.")
    return _process_id(root) if kind is DraftKind.PROCESS else None


def _process_id(root: etree._Element) -> str | None:
    """Of the process that can be run, or else of the first one; a name past 255 characters is none."""
    processes = root.findall(f"{_BPMN}process")
    found = next((each for each in processes if each.get("isExecutable") == "true"), next(iter(processes), None))
    process_id = None if found is None else found.get("id")
    return process_id if process_id and len(process_id) <= 255 else None


def _check_form(document: bytes) -> None:
    try:
        form = orjson.loads(document)
    except orjson.JSONDecodeError as error:
        raise DraftRefused(f"A form is JSON, and this is none: {error}.") from error
    if not isinstance(form, dict) or not isinstance(form.get("components"), list):
        raise DraftRefused("A form is a JSON object with its fields in `components`, as the form editor saves it.")
