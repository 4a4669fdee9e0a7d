"""What the rest of the house gets to see of a diagram."""

from __future__ import annotations

from app.engine.diagram import Diagram as CheckedDiagram
from app.engine.diagram import Flow
from app.engine.spiff.dialect import check
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers

SCHEMA = {"type": "object", "properties": {"serial": {"type": "string"}, "speed": {"type": "integer"}}}


def read(d: Diagram) -> CheckedDiagram:
    registry = few_handlers()
    document = d.xml()
    diagram, root, findings = check(document, registry.get)
    assert diagram is not None, findings
    assert root is not None
    assert diagram.document == document
    return diagram


def test_a_process_has_its_id_name_flows_and_variables() -> None:
    d = Diagram("activate", "Activate a line").variables(SCHEMA).start().xor("x", "x_e").end().chain("s", "x", "e")
    diagram = read(d)
    assert (diagram.process_id, diagram.name) == ("activate", "Activate a line")
    assert diagram.variables_schema == SCHEMA
    flow = diagram.flows["x_e"]
    assert flow == Flow("x_e", "x", "e", condition=None, name=None, line=flow.line, parent="activate")
    assert diagram.elements["x"].incoming == ("s_x",)
    assert diagram.elements["x"].outgoing == ("x_e",)
    assert diagram.elements["x"].default_flow == "x_e"
    assert diagram.elements["x"].parent == "activate"


def test_a_process_without_a_name_is_called_by_its_id() -> None:
    assert read(Diagram("activate").start().end().chain("s", "e")).name == "activate"


def test_a_service_task_has_its_handler_retries_headers_and_mappings() -> None:
    d = Diagram("p").start().end().chain("s", "a", "e")
    d.service(
        "a",
        "net.activate",
        inputs={"serial": "=line.serial", "speed_mbps": "=100"},
        outputs={"line.ont": "=ont_id"},
        name="Activate",
        headers={"area": "north"},
        retries=7,
    )
    element = read(d).elements["a"]
    assert (element.type, element.name, element.handler, element.retries) == (
        "serviceTask",
        "Activate",
        "net.activate",
        7,
    )
    assert element.inputs == (("=line.serial", "serial"), ("=100", "speed_mbps"))
    assert element.outputs == (("=ont_id", "line.ont"),)
    assert element.headers == {"area": "north"}


def test_a_script_and_a_user_task_have_what_the_author_wrote() -> None:
    d = Diagram("p").start().script("a", "=1 + 1", "two").user("u", form="survey", assignee="=who", groups="noc").end()
    elements = read(d.chain("s", "a", "u", "e")).elements
    assert elements["a"].script == ("=1 + 1", "two")
    assert (elements["u"].form, elements["u"].assignee, elements["u"].candidate_groups) == ("survey", "=who", "noc")


def test_events_have_their_trigger_and_their_host() -> None:
    d = Diagram("p").start().message("m", "done", "=id").timer("t", "PT1H").service("a", "net.ping").end()
    d.boundary_timer("late", "a", "=deadline", False, kind="timeDate").boundary_error("bad", "a", "taken")
    d.boundary_error("any", "a").chain("s", "m", "t", "a", "e").chain("late", "e").chain("bad", "e").chain("any", "e")
    elements = read(d).elements
    assert (elements["m"].event, elements["m"].message) == ("message", ("done", "=id"))
    assert (elements["t"].event, elements["t"].timer) == ("timer", ("duration", "PT1H"))
    late = elements["late"]
    assert (late.event, late.timer, late.attached_to, late.interrupting) == ("timer", ("date", "=deadline"), "a", False)
    assert (elements["bad"].event, elements["bad"].error_code, elements["bad"].interrupting) == ("error", "taken", True)
    assert (elements["any"].event, elements["any"].error_code) == ("error", None)
    assert elements["s"].event is None


def test_what_is_inside_a_sub_process_names_it_as_its_parent() -> None:
    deep = Diagram("x").start("ds").end("de").chain("ds", "de")
    inner = Diagram("x").start("is").sub("deep", deep).end("ie").chain("is", "deep", "ie")
    diagram = read(Diagram("p").start().sub("sp", inner, inputs={"a": "=b"}).end().chain("s", "sp", "e"))
    parents = {element.id: element.parent for element in diagram.elements.values()}
    assert parents == {"s": "p", "sp": "p", "e": "p", "is": "sp", "deep": "sp", "ie": "sp", "ds": "deep", "de": "deep"}
    assert diagram.flows["ds_de"].parent == "deep"
    assert [element.id for element in diagram.inside("deep")] == ["ds", "de"]


def test_the_same_content_has_the_same_digest_however_it_is_laid_out_in_the_file() -> None:
    d = Diagram("p").start().end().chain("s", "e")
    diagram = read(d)
    spaced = d.xml().replace(b"><", b">\n  <").replace(b"</bpmn:process>", b"<!-- later --></bpmn:process>")
    registry = few_handlers()
    other, _, _ = check(spaced, registry.get)
    assert other is not None
    assert other.digest == diagram.digest
    assert read(d.script("new", "=1", "x")).digest != diagram.digest
