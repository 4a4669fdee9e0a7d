"""Damaged diagrams: whatever comes of them, they are refused with findings or they can be built and run."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.engine.diagram import DiagramRefused
from app.engine.spiff.build import build
from app.engine.spiff.dialect import check
from app.engine.spiff.dialect.table import BPMN, ELEMENTS, EXTENSIONS, ZEEBE
from tests.factories.constructs import SAMPLES
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers
from tests.factories.triggers import compensate, conditional, error, link, publish, signal

HANDLERS = few_handlers()


def rich() -> bytes:
    """A diagram with one of everything."""
    inner = Diagram("x").start("is").script("ia", "=1", "i", outputs={"k.l": "=i"}).end("ie").chain("is", "ia", "ie")
    halt = Diagram("x").start("hs", signal("halt"), interrupting=False).end("he", compensate("a")).chain("hs", "he")
    d = Diagram("p", "All").variables({"type": "object", "properties": {"serial": {"type": "string"}}})
    d.start("s").service("a", "net.activate", {"serial": "=serial", "speed_mbps": "=1"}, {"ont": "=ont_id"}, retries=2)
    d.boundary_error("be", "a", "port_taken").boundary_timer("bt", "a", "PT1H", False).end("failed")
    d.parallel("f").parallel("j").user("u", form="form", groups="noc").sub("sp", inner, inputs={"q": "=serial"})
    d.xor("x", "x_e").timer("t", "PT1M").message("m", "done", "=serial").end("e")
    d.chain("s", "a", "f", "u", "j", "x", "e").chain("f", "sp", "j").flow("x", "t", "=ont > 1").chain("t", "m", "x")
    d.service("back", "net.ping").undoes("a").event_sub("es", halt)
    d.throw("l1", link("l")).catch("l2", link("l")).chain("l2", "x")
    d.inclusive("i", "i_l1").send("n", publish("done", "=serial")).each("=lines", "line").flow("i", "n", "=q")
    d.flow("i", "l1").chain("n", "l1").end("gone", error("no_port")).event_gateway("eg").receive("r", "x", "=serial")
    d.catch("c", conditional("=q")).chain("bt", "eg", "r", "i").chain("eg", "c", "gone")
    return d.chain("be", "failed").xml()


RICH = rich()
BASES = [RICH, *(diagram.xml() for diagram in SAMPLES.values())]
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


def damaged(document: bytes, edits: list[tuple[str, int, int, str, str, str]]) -> bytes:
    root = etree.fromstring(document)
    for kind, at, other, name, attribute, value in edits:
        nodes = list(root.iter(etree.Element))[1:]
        if not nodes:
            break
        node, second = nodes[at % len(nodes)], nodes[other % len(nodes)]
        if kind == "delete":
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


def refused_or_built(document: bytes) -> str:
    """What became of it. Whoever sends it reads findings, or it can be run."""
    try:
        diagram, _, findings = check(document, HANDLERS.get, HANDLERS.types())
    except DiagramRefused as refused:
        findings, diagram = list(refused.findings), None
    assert all(finding.message and finding.remedy for finding in findings)
    if diagram is None:
        assert any(finding.severity == "error" for finding in findings)
        return "refused"
    build(diagram)
    return "built"


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(BASES), EDITS)
def test_a_damaged_diagram_is_refused_or_can_be_built(
    document: bytes, edits: list[tuple[str, int, int, str, str, str]]
) -> None:
    refused_or_built(damaged(document, edits))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(RICH)), st.integers(0, 60), st.binary(max_size=20))
def test_damaged_bytes_are_refused_or_checked(at: int, length: int, inserted: bytes) -> None:
    refused_or_built(RICH[:at] + inserted + RICH[at + length :])


def test_the_undamaged_diagram_is_accepted_and_built() -> None:
    diagram, _, findings = check(RICH, HANDLERS.get)
    assert findings == []
    assert diagram is not None
    build(diagram)
