"""Diagrams without layout, laid out by the Node of this machine as `turnup convert` does it."""

from __future__ import annotations

import pytest
from lxml import etree

from app.cli.layout import NoLayout, lay_out
from app.conversion.convert import has_layout
from app.core.xml import digest
from app.engine.spiff.xml import read_xml
from tests.factories.dashboards import ROOT

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}BPMNDiagram"


def without_layout(document: bytes) -> etree._Element:
    root = read_xml(document)
    for layout in root.findall(DI):
        root.remove(layout)
    return root


@pytest.mark.parametrize("name", ["static_ip_add", "ftth_activate"])
def test_each_shape_has_a_place_and_the_diagram_says_the_same(name: str) -> None:
    bare = without_layout((ROOT / f"processes/service/{name}.bpmn").read_bytes())
    assert not has_layout(bare)
    laid_out = lay_out(etree.tostring(bare))
    assert has_layout(read_xml(laid_out))
    assert digest(without_layout(laid_out)) == digest(bare)


def test_what_cannot_be_laid_out_says_why() -> None:
    with pytest.raises(NoLayout, match="could not be laid out: unparsable content"):
        lay_out(b"<no")
