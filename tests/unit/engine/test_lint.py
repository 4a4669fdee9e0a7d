"""What is wrong or doubtful in a diagram whose every element is allowed."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from app.engine.diagram import Finding
from app.engine.spiff.dialect import check
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers

HANDLERS = few_handlers()
SCHEMA = {"type": "object", "properties": {"serial": {"type": "string"}}}


def findings_of(d: Diagram) -> list[Finding]:
    return check(d.xml(), HANDLERS.get, HANDLERS.types())[2]


def line(*ids: str) -> Diagram:
    return Diagram("p").start().end().chain("s", *ids, "e")


def service(inputs: Mapping[str, str] | None = None, outputs: Mapping[str, str] | None = None) -> Diagram:
    return line("a").service("a", "net.activate", inputs, outputs)


def hosted() -> Diagram:
    """A service task `a`; the flow from the boundary event `b` leads to its own end."""
    return line("a").service("a", "net.activate").end("f").flow("b", "f")


def inner() -> Diagram:
    return Diagram("x").start("is").end("ie").chain("is", "ie")


SERIAL = {"serial": "=x", "speed_mbps": "=1"}
TWO_STARTS = line().start("s2").flow("s2", "e")
FLOW_OVER_BORDER = Diagram("p").start().sub("sp", inner()).end().chain("s", "sp", "e").flow("s", "ie")
GONE_OVER_BORDER = Diagram("p").start().sub("sp", inner().timer("t", "PT1H").flow("t", "e")).end().chain("s", "sp", "e")

# what -> (diagram, element, code, words in message or remedy)
ERRORS: dict[str, tuple[Diagram, str, str, str]] = {
    "no start": (Diagram("p").end(), "p", "no_start", "start event"),
    "no start in a sub-process": (line("sp").sub("sp", Diagram("x").end("ie")), "sp", "no_start", "start event"),
    "two starts": (TWO_STARTS, "s2", "several_starts", "'s'"),
    "flow to nowhere": (line().flow("s", "gone"), "s_gone", "dangling_flow", "gone"),
    "flow from nowhere": (line().flow("gone", "e"), "gone_e", "dangling_flow", "gone"),
    "flow to an annotation": (
        line().raw('<bpmn:textAnnotation id="note"/>').flow("s", "note"),
        "s_note",
        "dangling_flow",
        "note",
    ),
    "flow into a sub-process": (FLOW_OVER_BORDER, "s_ie", "crosses_border", "sub-process"),
    "flow out of a sub-process": (GONE_OVER_BORDER, "t_e", "crosses_border", "sub-process"),
    "flow into the start": (line("a").parallel("a").flow("a", "s"), "a_s", "flow_into_start", "'s'"),
    "flow into a boundary event": (
        hosted().boundary_timer("b", "a", "PT1H").flow("s", "b"),
        "s_b",
        "flow_into_start",
        "'b'",
    ),
    "flow out of an end": (line().flow("e", "s"), "e_s", "flow_out_of_end", "'e'"),
    "two flows out of a task": (
        line("a").user("a").flow("a", "e", id="second"),
        "a",
        "several_outgoing_flows",
        "gateway",
    ),
    "two flows out of the start": (line("a").user("a").flow("s", "e"), "s", "several_outgoing_flows", "gateway"),
    "a condition after a task": (
        Diagram("p").start().user("a").end().chain("s", "a").flow("a", "e", "=x > 1"),
        "a_e",
        "ignored_condition",
        "'a'",
    ),
    "a condition after a parallel gateway": (
        Diagram("p").start().parallel("a").end().chain("s", "a").flow("a", "e", "=x > 1"),
        "a_e",
        "ignored_condition",
        "'a'",
    ),
    "a choice without a condition": (
        Diagram("p").start().xor("x").end().end("f").chain("s", "x", "e").flow("x", "f", "=a > 1"),
        "x_e",
        "missing_condition",
        "default flow",
    ),
    "a choice with a default and one without a condition": (
        Diagram("p").start().xor("x", "x_f").end().end("f").chain("s", "x", "e").chain("x", "f"),
        "x_e",
        "missing_condition",
        "default flow",
    ),
    "a default flow of another": (line("x").xor("x", "s_x"), "x", "bad_default_flow", "s_x"),
    "a default flow of nobody": (line("x").xor("x", "gone"), "x", "bad_default_flow", "gone"),
    "a boundary event of nothing": (hosted().boundary_timer("b", "gone", "PT1H"), "b", "not_attached", "gone"),
    "a boundary event on a gateway": (
        line("x").xor("x").end("f").boundary_timer("b", "x", "PT1H").flow("b", "f"),
        "b",
        "not_attached",
        "activity",
    ),
    "a boundary event of a task elsewhere": (
        Diagram("p")
        .start()
        .sub("sp", Diagram("x").start("is").user("u").end("ie").chain("is", "u", "ie"))
        .end()
        .chain("s", "sp", "e")
        .boundary_timer("b", "u", "PT1H")
        .flow("b", "e"),
        "b",
        "not_attached",
        "beside",
    ),
    "one error caught twice": (
        hosted().boundary_error("b", "a", "port_taken").boundary_error("c", "a", "port_taken").flow("c", "f"),
        "c",
        "same_error_twice",
        "'b'",
    ),
    "every error caught twice": (
        hosted().boundary_error("b", "a").boundary_error("c", "a").flow("c", "f"),
        "c",
        "same_error_twice",
        "'b'",
    ),
    "a message without a key": (line("m").message("m", "done", None), "m", "no_correlation_key", "order_id"),
    "a message with a blank key": (line("m").message("m", "done", " "), "m", "no_correlation_key", "order_id"),
    "a message without a name": (line("m").message("m", "", "=id"), "m", "no_message", "name"),
    "a message with a computed name": (line("m").message("m", "=name", "=id"), "m", "no_message", "=name"),
    "a message event without a message": (
        line("m").raw(
            '<bpmn:intermediateCatchEvent id="m"><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>'
        ),
        "m",
        "no_message",
        "Choose a message",
    ),
    "a key that is no FEEL": (line("m").message("m", "done", "=id +"), "m", "bad_expression", "correlation key"),
    "a timer without a time": (line("t").timer("t", " "), "t", "no_time", "PT2H"),
    "a timer without anything": (
        line("t").raw('<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition/></bpmn:intermediateCatchEvent>'),
        "t",
        "no_time",
        "PT2H",
    ),
    "a duration in words": (line("t").timer("t", "two hours"), "t", "bad_time", "PT2H"),
    "a date as a duration": (line("t").timer("t", "2026-11-23T10:00:00Z"), "t", "bad_time", "PT2H"),
    "a duration as a date": (line("t").timer("t", "PT2H", kind="timeDate"), "t", "bad_time", "2026-11-23"),
    "a timer that is no FEEL": (line("t").timer("t", "=deadline +"), "t", "bad_expression", "timer"),
    "no handler": (line("a").service("a", ""), "a", "no_handler", "olt.activate_ont"),
    "no task definition": (line("a").raw('<bpmn:serviceTask id="a"/>'), "a", "no_handler", "olt.activate_ont"),
    "a computed handler": (line("a").service("a", "=kind"), "a", "no_handler", "=kind"),
    "an unknown handler": (line("a").service("a", "net.activat"), "a", "unknown_handler", "net.activate"),
    "a very unknown handler": (line("a").service("a", "zzzz"), "a", "unknown_handler", "install"),
    "an input that the handler does not take": (
        service({**SERIAL, "speed": "=1"}),
        "a",
        "unknown_parameter",
        "speed_mbps",
    ),
    "an input for a handler that takes nothing": (
        line("a").service("a", "net.ping", {"x": "=1"}),
        "a",
        "unknown_parameter",
        "nothing",
    ),
    "an input that is no FEEL": (service({**SERIAL, "note": "=x +"}), "a", "bad_expression", "'note'"),
    "an input that is only an equals sign": (service({**SERIAL, "note": "="}), "a", "bad_expression", "'note'"),
    "an empty input": (service({**SERIAL, "note": " "}), "a", "empty_expression", "'note'"),
    "an input into no path": (service({**SERIAL, "note..text": "=x"}), "a", "bad_name", "note..text"),
    "an output that is no FEEL": (service(SERIAL, {"x": "=(1"}), "a", "bad_expression", "'x'"),
    "an output into no name": (service(SERIAL, {"a..b": "=1"}), "a", "bad_name", "a..b"),
    "an output into a number": (service(SERIAL, {"1st": "=1"}), "a", "bad_name", "1st"),
    "an output into a word of FEEL": (service(SERIAL, {"x.then": "=1"}), "a", "bad_name", "x.then"),
    "no expression in a script": (line("a").raw('<bpmn:scriptTask id="a"/>'), "a", "no_script", "FEEL"),
    "a script that is no FEEL": (line("a").script("a", "=1 +", "x"), "a", "bad_expression", "script"),
    "a script of 20,000 characters": (
        line("a").script("a", "=" + "1+" * 10_000 + "1", "x"),
        "a",
        "long_expression",
        "handler",
    ),
    "a script without an equals sign": (line("a").script("a", "1 + 1", "x"), "a", "no_expression", "'='"),
    "a script without a result": (line("a").script("a", "=1", ""), "a", "bad_name", "result variable"),
    "a result that is no name": (line("a").script("a", "=1", "x y"), "a", "bad_name", "x y"),
    "a condition without an equals sign": (
        Diagram("p").start().xor("x", "x_f").end().end("f").chain("s", "x", "f").flow("x", "e", "a > 1"),
        "x_e",
        "no_expression",
        "'='",
    ),
    "a condition that is no FEEL": (
        Diagram("p").start().xor("x", "x_f").end().end("f").chain("s", "x", "f").flow("x", "e", "=a >"),
        "x_e",
        "bad_expression",
        "condition",
    ),
    "an assignee that is no FEEL": (line("u").user("u", assignee="=a +"), "u", "bad_expression", "assignee"),
    "groups that are no FEEL": (line("u").user("u", groups="=a +"), "u", "bad_expression", "candidate groups"),
    "an input of a sub-process that is no FEEL": (
        line("sp").sub("sp", inner(), inputs={"a": "=b +"}),
        "sp",
        "bad_expression",
        "'a'",
    ),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_what_could_not_run_is_an_error(diagram: Diagram, element: str, code: str, words: str) -> None:
    errors = [finding for finding in findings_of(diagram) if finding.severity == "error"]
    found = [finding for finding in errors if (finding.element_id, finding.code) == (element, code)]
    assert found, errors
    assert words in f"{found[0].message} {found[0].remedy}"
    assert {finding.element_id for finding in errors} <= {element, "s"}


def branches(one: Diagram, *, join: bool = True) -> Diagram:
    """Between a parallel split `f` and its join `j`: the branches `a` and `b`, which the caller adds."""
    one.start().parallel("f").end().chain("s", "f", "a")
    one.chain("f", "b")
    if join:
        return one.parallel("j").chain("a", "j", "e").chain("b", "j")
    return one.end("e2").chain("a", "e").chain("b", "e2")


BESIDE = line("a", "c").service("a", "net.ping").script("c", "=1", "x").end("f").script("late", "=1", "x")

WARNINGS: dict[str, tuple[Diagram, str, str, str]] = {
    "a condition on the default flow": (
        Diagram("p").start().xor("x", "x_e").end().chain("s", "x").flow("x", "e", "=a > 1"),
        "x_e",
        "condition_on_default",
        "never looked at",
    ),
    "a task that nothing leads to": (line().user("a").flow("a", "e"), "a", "unreachable", "never runs"),
    "an island that goes round": (line().user("a").user("b").chain("a", "b", "a"), "a", "unreachable", "never runs"),
    "a task after which nothing comes": (Diagram("p").start().user("a").flow("s", "a"), "a", "no_end", "end event"),
    "a loop without a way out": (
        Diagram("p").start().user("a").user("b").chain("s", "a", "b", "a"),
        "a",
        "endless",
        "way out",
    ),
    "an error of a user task": (
        line("u").user("u").boundary_error("b", "u", "bad").end("f").flow("b", "f"),
        "b",
        "never_happens",
        "service task",
    ),
    "an error that the handler does not name": (
        hosted().boundary_error("b", "a", "port_gone"),
        "b",
        "never_refused",
        "port_taken",
    ),
    "a parameter that nothing gives": (service().variables(SCHEMA), "a", "missing_parameter", "speed_mbps"),
    "one variable written by two scripts": (
        branches(Diagram("p").script("a", "=1", "x").script("b", "=2", "x")),
        "b",
        "concurrent_writes",
        "'a' and 'b' both write 'x'",
    ),
    "one written by a script and an output": (
        branches(Diagram("p").service("a", "net.ping", None, {"x": "=1"}).script("b", "=2", "x")),
        "b",
        "concurrent_writes",
        "'x'",
    ),
    "one written on branches that never join": (
        branches(Diagram("p").script("a", "=1", "x").script("b", "=2", "x"), join=False),
        "b",
        "concurrent_writes",
        "'x'",
    ),
    "a variable and a part of it": (
        branches(
            Diagram("p").service("a", "net.ping", None, {"o.x": "=1"}).service("b", "net.ping", None, {"o": "=1"})
        ),
        "b",
        "concurrent_writes",
        "'o'",
    ),
    "a documented output and a script": (
        branches(Diagram("p").service("a", "net.activate", SERIAL).script("b", "=2", "ont_id")),
        "b",
        "concurrent_writes",
        "ont_id",
    ),
    "one written inside a sub-process": (
        branches(
            Diagram("p")
            .sub("a", Diagram("x").start("is").script("ia", "=1", "x").end("ie").chain("is", "ia", "ie"))
            .script("b", "=2", "x")
        ),
        "b",
        "concurrent_writes",
        "'ia' and 'b'",
    ),
    "one written beside a boundary timer that does not interrupt": (
        BESIDE.boundary_timer("t", "a", "PT1H", False).chain("t", "late", "f"),
        "c",
        "concurrent_writes",
        "'x'",
    ),
}


@pytest.mark.parametrize(("diagram", "element", "code", "words"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_is_doubtful_is_a_warning(diagram: Diagram, element: str, code: str, words: str) -> None:
    findings = findings_of(diagram)
    assert {finding.severity for finding in findings} == {"warning"}
    found = [finding for finding in findings if (finding.element_id, finding.code) == (element, code)]
    assert found, findings
    assert words in f"{found[0].message} {found[0].remedy}"


LOCAL = Diagram("x").start("is").script("ia", "=1", "x").end("ie").chain("is", "ia", "ie")
LOOP = Diagram("p").start().xor("m").script("a", "=1", "n").xor("x", "x_e").end()

FINE: dict[str, Diagram] = {
    "an exclusive gateway that only merges": line("x").xor("x"),
    "one way out with a condition": Diagram("p").start().xor("x").end().chain("s", "x").flow("x", "e", "=a > 1"),
    "a loop with a way out": LOOP.chain("s", "m", "a", "x", "e").flow("x", "m", "=n < 3"),
    "several ends": Diagram("p").start().parallel("f").end().end("e2").chain("s", "f", "e").chain("f", "e2"),
    "several flows into one task": Diagram("p")
    .start()
    .xor("x", "x_a")
    .script("a", "=1", "v")
    .end()
    .chain("s", "x", "a", "e")
    .flow("x", "a", "=b > 1", id="other"),
    "a literal source": service({"serial": "ABC", "speed_mbps": "=1"}),
    "a source with blanks around it": service({"serial": " = x ", "speed_mbps": "=1"}),
    "a literal key": line("m").message("m", "done", "everyone"),
    "a parameter with a default": service({**SERIAL, "serial": "=serial"}).variables(SCHEMA),
    "a parameter out of the declared variables": service({"speed_mbps": "=1"}).variables(SCHEMA),
    "a parameter that a script writes": line("c", "a")
    .script("c", "=1", "speed_mbps")
    .service("a", "net.activate")
    .variables(SCHEMA),
    "a parameter that a message may bring": line("m", "a")
    .message("m", "done", "=serial")
    .service("a", "net.activate")
    .variables(SCHEMA),
    "no declared variables": service(),
    "an error that the handler names": hosted().boundary_error("b", "a", "port_taken"),
    "different errors on one task": hosted()
    .boundary_error("b", "a", "port_taken")
    .boundary_error("c", "a")
    .flow("c", "f"),
    "branches that write different variables": branches(Diagram("p").script("a", "=1", "x").script("b", "=2", "y")),
    "branches that write different parts": branches(
        Diagram("p").service("a", "net.ping", None, {"o.x": "=1"}).service("b", "net.ping", None, {"o.y": "=1"})
    ),
    "one variable before and after the branches": Diagram("p")
    .start()
    .script("one", "=1", "x")
    .parallel("f")
    .script("a", "=1", "x")
    .script("b", "=1", "y")
    .parallel("j")
    .script("two", "=1", "x")
    .end()
    .chain("s", "one", "f", "a", "j", "two", "e")
    .chain("f", "b", "j"),
    "alternatives that write one variable": Diagram("p")
    .start()
    .xor("x", "x_b")
    .script("a", "=1", "v")
    .script("b", "=2", "v")
    .end()
    .chain("s", "x")
    .flow("x", "a", "=q")
    .flow("x", "b")
    .chain("a", "e")
    .chain("b", "e"),
    "one variable that is local to a sub-process": branches(
        Diagram("p").sub("a", LOCAL, inputs={"x": "=0"}).script("b", "=2", "x")
    ),
    "an interrupting boundary event": line("a", "c")
    .service("a", "net.ping")
    .script("c", "=1", "x")
    .script("late", "=1", "x")
    .end("f")
    .boundary_timer("t", "a", "PT1H")
    .chain("t", "late", "f"),
}


@pytest.mark.parametrize("diagram", FINE.values(), ids=FINE.keys())
def test_what_is_right_is_passed_without_a_word(diagram: Diagram) -> None:
    assert findings_of(diagram) == []


BAD_SCHEMAS = {
    "not JSON": ("{", "not JSON"),
    "a list": ("[]", "object"),
    "of another type": ('{"type": "array"}', "'array'"),
    "of no type": ('{"properties": {"x": {"type": "number of lines"}}}', "no valid JSON Schema"),
    "with a keyword misused": ('{"required": "serial"}', "no valid JSON Schema"),
    "leading outside": ('{"properties": {"x": {"$ref": "http://127.0.0.1:9/x.json"}}}', "leads out"),
    "leading to a file": ('{"$ref": "file:///etc/passwd"}', "leads out"),
    "leading nowhere": ('{"properties": {"x": {"$ref": "#/$defs/x"}}}', "leads nowhere"),
    "leading to itself": ('{"$defs": {"x": {"$ref": "#/$defs/x"}}}', "leads nowhere"),
    "with a name of its own": ('{"$id": "http://127.0.0.1:9/"}', "$id"),
    "with a pattern that is none": ('{"properties": {"x": {"pattern": "("}}}', "regular expression"),
    "with a pattern that takes memory": ('{"properties": {"x": {"pattern": "((a{1000}){1000}){1000}"}}}', "repeats more than"),
    "with a pattern that takes forever": ('{"properties": {"x": {"pattern": "a{1000000000}"}}}', "repeats more than"),
    "with what cannot be bounded": ('{"unevaluatedProperties": false}', "additionalProperties is"),
    "nested deeply": ('{"properties": ' * 60 + "{}" + "}" * 60, "deep"),
    "nested very deeply": ('{"not": ' * 100_000 + "{}" + "}" * 100_000, "characters"),
    "nested too deeply for JSON": ('{"a":' * 20_000 + "{}" + "}" * 20_000, "not JSON"),
}


@pytest.mark.parametrize(("schema", "words"), BAD_SCHEMAS.values(), ids=BAD_SCHEMAS.keys())
def test_a_bad_schema_of_the_variables_is_refused(schema: str, words: str) -> None:
    findings = findings_of(line().variables(schema))
    assert [(finding.severity, finding.element_id, finding.code) for finding in findings] == [
        ("error", "p", "variables_schema")
    ]
    assert words in findings[0].message


def test_a_schema_may_refer_to_its_own_definitions() -> None:
    schema = {"$defs": {"id": {"type": "string"}}, "properties": {"serial": {"$ref": "#/$defs/id"}}}
    assert findings_of(line().variables(schema)) == []


def test_an_expression_fault_names_the_element_and_the_mapping() -> None:
    finding = findings_of(service({**SERIAL, "note": "=x +"}))[0]
    assert finding.element_id == "a"
    assert "input 'note'" in finding.message
    assert "=x +" in finding.remedy


def test_many_branches_are_linted_in_good_time() -> None:
    d = Diagram("p").start().parallel("f").parallel("j").end().chain("s", "f").chain("j", "e")
    for number in range(500):
        d.script(f"t{number}", "=1", f"x{number}").chain("f", f"t{number}", "j")
    begun = time.process_time()
    assert findings_of(d) == []
    assert time.process_time() - begun < 3


def test_what_is_too_large_to_look_at_is_said() -> None:
    d = Diagram("p").start().end()
    names = []
    for number in range(1200):
        d.parallel(f"f{number}").end(f"end{number}").flow(f"f{number}", f"end{number}")
        names.append(f"f{number}")
    d.chain("s", *names, "e")
    assert "not_checked" in {finding.code for finding in findings_of(d)}
