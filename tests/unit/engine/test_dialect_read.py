"""What the rest of the house gets to see of a diagram."""

from __future__ import annotations

from app.engine.diagram import Call, Flow, Loop, Publication
from app.engine.diagram import Diagram as CheckedDiagram
from app.engine.spiff.dialect import check
from tests.factories.constructs import SAMPLES, line
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers
from tests.factories.triggers import compensate, error, escalation, message, publish, signal, timer

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


def test_events_have_the_names_codes_and_conditions_of_what_they_refer_to() -> None:
    d = line("c", "t", "sp").catch("c", signal("go")).throw("t", escalation("late"))
    d.sub("sp", Diagram("x").start("is").end("ie", error("no_port")).chain("is", "ie"))
    d.boundary("any", "sp", escalation(), interrupting=False).boundary("one", "sp", escalation("late")).end("f")
    elements = read(d.chain("any", "f").chain("one", "f")).elements
    assert (elements["c"].event, elements["c"].signal) == ("signal", "go")
    assert (elements["t"].event, elements["t"].escalation_code) == ("escalation", "late")
    assert (elements["ie"].event, elements["ie"].error_code) == ("error", "no_port")
    assert (elements["any"].escalation_code, elements["any"].interrupting) == (None, False)
    assert (elements["one"].escalation_code, elements["one"].interrupting) == ("late", True)
    assert read(SAMPLES["intermediateCatchEvent:conditional"]).elements["c"].condition == "=level > 3"
    links = read(SAMPLES["intermediateThrowEvent:link"]).elements
    assert (links["t"].link, links["c"].link) == ("over", "over")
    cycle = read(SAMPLES["boundaryEvent:timer:timeCycle:non-interrupting"]).elements["b"]
    assert (cycle.timer, cycle.interrupting) == (("cycle", "R3/PT10M"), False)
    assert read(SAMPLES["endEvent:terminate"]).elements["e"].event == "terminate"
    assert read(SAMPLES["endEvent:cancel"]).elements["no"].event == "cancel"


def test_starts_have_their_trigger_and_those_of_event_sub_processes_say_whether_they_interrupt() -> None:
    inner = Diagram("x").start("es", message("halt", "=id"), interrupting=False).end("ee").chain("es", "ee")
    d = Diagram("p").start("s", message("order placed")).start("s2", timer("R/P1D", "timeCycle")).end()
    elements = read(d.chain("s", "e").flow("s2", "e").event_sub("sub", inner)).elements
    assert (elements["s"].event, elements["s"].message) == ("message", ("order placed", None))
    assert (elements["s2"].event, elements["s2"].timer) == ("timer", ("cycle", "R/P1D"))
    assert (elements["es"].message, elements["es"].interrupting) == (("halt", "=id"), False)
    assert (elements["sub"].is_event_sub, elements["e"].is_event_sub) == (True, False)


def test_what_is_sent_is_published_or_has_a_handler() -> None:
    d = line("t", "a", "h").throw("t", publish("done", "=id", id="=n", ttl="PT1H"), inputs={"at": "=now()"})
    d.send("a", publish("done", None)).send("h", handler="net.ping")
    elements = read(d).elements
    assert elements["t"].publishes == Publication("done", "=id", "=n", "PT1H")
    assert (elements["t"].message, elements["t"].handler) == (None, None)
    assert elements["t"].inputs == (("=now()", "at"),)
    assert elements["a"].publishes == Publication("done", None)
    assert (elements["h"].publishes, elements["h"].handler) == (None, "net.ping")
    thrown = read(SAMPLES["endEvent:message:handler"]).elements["e"]
    assert (thrown.publishes, thrown.handler, thrown.event) == (None, "net.ping", "message")


def test_a_receive_task_has_its_message() -> None:
    element = read(line("r").receive("r", "done", "=id")).elements["r"]
    assert (element.event, element.message) == (None, ("done", "=id"))


def test_compensation_leads_to_the_activity_that_takes_the_work_back() -> None:
    d = line("a", "t").service("a", "net.ping").service("back", "net.ping").undoes("a", "c").throw("t", compensate("a"))
    d.raw('<bpmn:textAnnotation id="note"/>').association("c", "note")
    elements = read(d).elements
    assert (elements["c"].event, elements["c"].compensated_by, elements["c"].attached_to) == ("compensate", "back", "a")
    assert [element.id for element in elements.values() if element.for_compensation] == ["back"]
    assert (elements["t"].compensates, elements["c"].compensates) == ("a", None)
    assert read(SAMPLES["endEvent:compensate"]).elements["e"].compensates is None


def test_a_multi_instance_has_its_collections_and_its_end() -> None:
    d = line("a", "b").script("a", "=item", "r").script("b", "=1", "r")
    d.each("=items", "item", collect=("results", "=r"), until="=r > 3", sequential=True)
    elements = read(d).elements
    assert elements["b"].loop == Loop(True, "=items", "item", "results", "=r", "=r > 3")
    assert elements["a"].loop is None
    assert read(line("b").user("b").each("=items")).elements["b"].loop == Loop(False, "=items")


def test_a_call_has_its_process_its_version_and_what_it_passes() -> None:
    calls = {
        "callActivity": Call("other"),
        "callActivity:deployment": Call("=which", "deployment"),
        "callActivity:versionTag": Call("other", "versionTag", "v1", passes_all_in=False, passes_all_out=False),
    }
    for construct, call in calls.items():
        assert read(SAMPLES[construct]).elements["c"].call == call


def test_a_process_has_its_version_tag() -> None:
    assert read(line().version_tag("v2")).version_tag == "v2"
    assert read(line()).version_tag is None


def test_what_is_inside_a_transaction_names_it_as_its_parent() -> None:
    elements = read(SAMPLES["transaction"]).elements
    assert (elements["tx"].type, elements["no"].parent) == ("transaction", "tx")


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
