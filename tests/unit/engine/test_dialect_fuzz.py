"""Damaged diagrams: whatever comes of them, they are refused with findings or they can be built and run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.engine.diagram import DiagramRefused
from app.engine.spiff.build import build
from app.engine.spiff.dialect import check
from app.engine.spiff.dialect_table import BPMN, ELEMENTS, EXTENSIONS, ZEEBE
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers

HANDLERS = few_handlers()


def rich() -> bytes:
    """A diagram with one of everything."""
    inner = Diagram("x").start("is").script("ia", "=1", "i", outputs={"k.l": "=i"}).end("ie").chain("is", "ia", "ie")
    d = Diagram("p", "All").variables({"type": "object", "properties": {"serial": {"type": "string"}}})
    d.start("s").service("a", "net.activate", {"serial": "=serial", "speed_mbps": "=1"}, {"ont": "=ont_id"}, retries=2)
    d.boundary_error("be", "a", "port_taken").boundary_timer("bt", "a", "PT1H", False).end("failed").end("late")
    d.parallel("f").parallel("j").user("u", form="form", groups="noc").sub("sp", inner, inputs={"q": "=serial"})
    d.xor("x", "x_e").timer("t", "PT1M").message("m", "done", "=serial").end("e")
    d.chain("s", "a", "f", "u", "j", "x", "e").chain("f", "sp", "j").flow("x", "t", "=ont > 1").chain("t", "m", "x")
    return d.chain("be", "failed").chain("bt", "late").xml()


RICH = rich()
IDS = ["s", "a", "be", "f", "sp", "ia", "x", "e", "s_a", "x_e", "gone", "", "a b"]
VALUES = [*IDS, "true", "false", "=1", "=", "PT1H", "net.ping", "turnup:variables", "{", "9" * 5000, "\u0660"]
NAMES = sorted({*(f"{{{BPMN}}}{name}" for name in ELEMENTS), *(f"{{{ZEEBE}}}{name}" for name in EXTENSIONS)})
ATTRIBUTES = sorted({name for row in (*ELEMENTS.values(), *EXTENSIONS.values()) for name in row.attributes})

EDITS = st.lists(
    st.tuples(
        st.sampled_from(["delete", "rename", "set", "unset", "text", "move", "copy"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        st.sampled_from(NAMES),
        st.sampled_from(ATTRIBUTES),
        st.sampled_from(VALUES),
    ),
    min_size=1,
    max_size=5,
)


def damaged(edits: list[tuple[str, int, int, str, str, str]]) -> bytes:
    root = etree.fromstring(RICH)
    for kind, at, other, name, attribute, value in edits:
        nodes = list(root.iter(etree.Element))[1:]
        node, second = nodes[at % len(nodes)], nodes[other % len(nodes)]
        if kind == "delete" and len(nodes) > 1:
            node.getparent().remove(node)
        elif kind == "rename":
            node.tag = name
        elif kind == "set":
            node.set(attribute, value)
        elif kind == "unset":
            node.attrib.pop(attribute, None)
        elif kind == "text":
            node.text = value
        elif kind == "move" and node not in [second, *second.iterancestors()]:
            second.append(node)
        elif kind == "copy":
            second.append(etree.fromstring(etree.tostring(node, with_tail=False)))
    return etree.tostring(root)


@settings(max_examples=400, deadline=None)
@given(EDITS)
def test_a_damaged_diagram_is_refused_or_can_be_built(edits: list[tuple[str, int, int, str, str, str]]) -> None:
    document = damaged(edits)
    diagram, _, findings = check(document, HANDLERS.get, HANDLERS.types())
    if diagram is None:
        assert any(finding.severity == "error" for finding in findings)
        assert all(finding.message and finding.remedy for finding in findings)
    else:
        build(diagram)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(RICH)), st.integers(0, 60), st.binary(max_size=20))
def test_damaged_bytes_are_refused_or_checked(at: int, length: int, inserted: bytes) -> None:
    try:
        diagram, _, findings = check(RICH[:at] + inserted + RICH[at + length :], HANDLERS.get)
    except DiagramRefused as refused:
        findings, diagram = list(refused.findings), None
    assert diagram is not None or findings


def test_the_undamaged_diagram_is_accepted_and_built() -> None:
    diagram, _, findings = check(RICH, HANDLERS.get)
    assert findings == []
    assert diagram is not None
    build(diagram)
