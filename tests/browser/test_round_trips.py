"""A diagram that the modeler has opened and saved says what it said before, whatever the dialect allows stands in it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from playwright.sync_api import Page

from app.engine.diagram import Diagram
from app.engine.spiff.dialect import constructs_of, table
from app.engine.spiff.dialect.read import read_diagram
from app.engine.spiff.xml import read_xml
from tests.factories.adorned import adorned
from tests.factories.dashboards import DRAWN, ROOT
from tests.factories.layout import laid_out
from tests.factories.task_forms import visit
from tests.reference.author import draw_flows

pytestmark = pytest.mark.browser

FLOWS, SEED, LEAST = 24, 2028, 3
BY_HAND = "by_hand"  # has an id with an umlaut, which bpmn.io does not read
TRIP = "async (text) => [await drawing.open(text), await drawing.text()]"


@pytest.fixture
def modeler(operator: Page, site: str) -> Page:
    operator.goto(f"{site}/modeler/new/process")
    operator.locator("#drawing[data-ready]").wait_for()
    return operator


def read(document: bytes) -> Diagram:
    """Without what no definition has: the file itself, and on which line of it something stands."""
    diagram, findings = read_diagram(read_xml(document), b"", "")
    assert diagram is not None, findings
    elements = {id: replace(each, line=None) for id, each in diagram.elements.items()}
    flows = {id: replace(each, line=None) for id, each in diagram.flows.items()}
    return replace(diagram, elements=elements, flows=flows)


def said_in(document: bytes) -> Iterable[str]:
    """Each element of the dialect by its name, and each attribute of one as `element@attribute`."""
    for node in etree.fromstring(document).iter(etree.Element):
        name = etree.QName(node)
        if name.namespace in (table.BPMN, table.ZEEBE):
            yield name.localname
            yield from (f"{name.localname}@{etree.QName(each).localname}" for each in node.attrib)


def drawn_by_lot() -> list[bytes]:
    draw = random.Random(SEED)
    flows = [drawing.xml() for flow in draw_flows(FLOWS) for drawing in flow.drawings]
    return [laid_out(adorned(each, draw)) for each in flows]


def drawn_by_people() -> list[bytes]:
    modelers = [path for path in sorted((DRAWN / "modelers").glob("*.bpmn")) if path.stem != BY_HAND]
    shipped = [path.read_bytes() for path in sorted(Path(ROOT / "processes").rglob("*.bpmn"))]
    return [*shipped, *(laid_out(path.read_bytes()) for path in modelers), laid_out(visit().xml())]


def differences(modeler: Page, documents: Iterable[bytes]) -> tuple[list[Any], Counter[str], Counter[str]]:
    wrong: list[Any] = []
    constructs, said = Counter[str](), Counter[str]()
    for document in documents:
        before = read(document)
        constructs.update(constructs_of(before))
        said.update(said_in(document))
        warnings, saved = modeler.evaluate(TRIP, document.decode())
        after = read(saved.encode())
        wrong += [(before.process_id, warning) for warning in warnings]
        wrong += [(before.process_id, *told) for told in _changed(before, after)]
    return wrong, constructs, said


def _changed(before: Diagram, after: Diagram) -> Iterable[tuple[str, str, Any, Any]]:
    """What has another value afterwards: of what, which, what was, what is."""
    parts: dict[str, tuple[Any, Any]] = {"": (before, after)}
    parts |= {id: (each, after.elements.get(id)) for id, each in before.elements.items()}
    parts |= {id: (each, after.flows.get(id)) for id, each in before.flows.items()}
    for id, (was, now) in parts.items():
        for each in fields(was):
            was_one, is_one = getattr(was, each.name), getattr(now, each.name, "gone")
            if id == "" and each.name in ("elements", "flows"):
                was_one, is_one = list(was_one), list(is_one)
            if was_one != is_one:
                yield id, each.name, was_one, is_one


def test_what_is_drawn_by_lot_comes_back_as_it_was(modeler: Page) -> None:
    wrong, constructs, said = differences(modeler, drawn_by_lot())
    assert wrong == []
    assert {each: constructs[each] for each in table.constructs() if constructs[each] < LEAST} == {}
    allowed = {**table.ELEMENTS, **table.EXTENSIONS}
    rows = [*allowed, *(f"{name}@{attribute}" for name, row in allowed.items() for attribute in row.attributes)]
    assert {each: said[each] for each in rows if said[each] < LEAST} == {}


def test_what_people_have_drawn_comes_back_as_it_was(modeler: Page) -> None:
    documents = drawn_by_people()
    assert len(documents) > 14
    wrong, _, _ = differences(modeler, documents)
    assert wrong == []
