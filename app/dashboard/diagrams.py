"""Names and types of the elements of deployed diagrams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from lxml import etree

from app.engine import queries

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_TASK = "{http://camunda.org/schema/zeebe/1.0}taskDefinition"
_FORM = f"{_BPMN}extensionElements/{{http://camunda.org/schema/zeebe/1.0}}formDefinition"
_FARTHEST = 1e6  # pixels: no drawing is as large
_BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
_KEPT = 200


@dataclass(frozen=True)
class Drawn:
    """An element as the author named it; `name` is its id where there is no name."""

    id: str
    type: str
    name: str
    has_form: bool = False  # embedded in the diagram


Elements = Mapping[str, Drawn]


@dataclass(frozen=True)
class Drawing:
    """A diagram as it is laid out; `ratio` is its width by its height, 1 when nothing is drawn."""

    elements: Elements
    ratio: float
    handlers: frozenset[str] = frozenset()  # that its steps name


class Diagrams:
    """Remembers what was read: a deployed version never changes."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, int], Drawing] = {}

    def drawing(self, connection: sa.Connection, process_id: str, version: int) -> Drawing:
        key = (process_id, version)
        found = self._read.get(key)
        if found is None:
            definition = queries.get_definition(connection, process_id, version)
            found = read_drawing(queries.definition_document(connection, definition.id))
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[key] = found
        return found

    def elements(self, connection: sa.Connection, process_id: str, version: int) -> Elements:
        return self.drawing(connection, process_id, version).elements

    def name_in_call(self, connection: sa.Connection, instance_id: str, call: int, element_id: str | None) -> str:
        """What an element of a called process is called in its own diagram."""
        called = queries.get_call(connection, instance_id, call)
        return name_of(self.elements(connection, called.process_id, called.version), element_id)


def name_of(elements: Elements, element_id: str | None) -> str:
    if element_id is None:
        return ""
    drawn = elements.get(element_id)
    return drawn.name if drawn else element_id


def read_drawing(document: bytes) -> Drawing:
    """Every BPMN element that has an id. The document was accepted at deployment, which refuses hostile XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    found: dict[str, Drawn] = {}
    handlers: set[str] = set()
    across: list[float] = []
    down: list[float] = []
    for node in etree.fromstring(document, parser).iter():
        tag, element_id = str(node.tag), node.get("id")
        if element_id and tag.startswith(_BPMN):
            name = " ".join((node.get("name") or "").split())
            form = node.find(_FORM) if tag == f"{_BPMN}userTask" else None
            embedded = form is not None and form.get("formKey", "").startswith("camunda-forms:bpmn:")
            has_form = embedded or (form is not None and bool(form.get("formId")))
            found[element_id] = Drawn(element_id, tag.removeprefix(_BPMN), name or element_id, has_form)
        elif tag == _TASK and not node.get("type", "=").startswith("="):
            handlers.add(node.get("type", ""))
        elif tag == _BOUNDS:
            x, y, width, height = (_length(node.get(side, "0")) for side in ("x", "y", "width", "height"))
            across += (x, x + width)
            down += (y, y + height)
    high = max(down) - min(down) if down else 0
    ratio = (max(across) - min(across)) / high if high else 1
    return Drawing(found, ratio, frozenset(handlers))


def _length(written: str) -> float:
    """In pixels. Deployment does not look at the layout: what is no length there is none here."""
    try:
        found = float(written)
    except ValueError:
        return 0
    return found if abs(found) < _FARTHEST else 0
