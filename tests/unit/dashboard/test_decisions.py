from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.dashboard.happenings import tell
from app.engine.decisions import accept
from app.engine.queries import HistoryView
from tests.factories.dashboards import DRAWN, NOON, World
from tests.factories.diagrams import Diagram
from tests.unit.dashboard.conftest import Operator

MODEL = (DRAWN / "router_profile.dmn").read_bytes()

BOXES = (
    "vat number 0.2",
    "given net number gives net - 1",
    "calls Gross net 100",
    "prices 1 10 2 20",
    'plan speed 1 "basic" 100',
    'if vat > 0 then "taxed" else "free"',
    "of prices those with item > 10",
    "for p in prices return p * 2",
    "some p in prices satisfies p > 15",
    "result sum(prices)",
)


@pytest.fixture
def deployed(world: World) -> None:
    with world.database.transaction() as tx:
        world.engine.deploy_decisions(tx, accept(MODEL))


def upload(operator: Operator, document: bytes, name: str = "router_profile.dmn") -> TestResponse:
    return operator.post("/decisions", {"model": (io.BytesIO(document), name)})


def ask(operator: Operator, decision_id: str, **inputs: str) -> TestResponse:
    form = {f"input.{name.replace('__', ' ')}": value for name, value in inputs.items()}
    return operator.post(f"/decisions/{decision_id}", form, htmx=True)


def matched_rows(page: str) -> list[str]:
    return re.findall(r'<tr id="rule-([\w-]+)" class="matched"', page)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_without_decisions_the_page_says_how_one_gets_there(operator: Operator) -> None:
    page = operator.get("/decisions").text
    assert "No decision is deployed yet" in page
    assert 'aria-current="page">Decisions' in page


def test_a_model_that_is_uploaded_is_deployed_and_listed(operator: Operator) -> None:
    assert upload(operator, MODEL).status_code == 200
    page = operator.get("/decisions").text
    for said in ("Router profile", "router_profile", "Speed class", "Loyalty", "router_rules", "v1"):
        assert said in page


def test_a_model_that_is_refused_names_its_faults_and_stores_nothing(operator: Operator) -> None:
    answer = upload(operator, MODEL.replace(b"&lt; 100", b"&lt; &lt; 100"), "bad.dmn")
    assert answer.status_code == 422
    assert "bad.dmn was refused" in answer.text
    assert "Speed class, column Speed, rule 1" in answer.text
    assert "No decision is deployed yet" in operator.get("/decisions").text


def test_rules_that_overlap_are_refused_with_an_example(operator: Operator) -> None:
    answer = upload(operator, MODEL.replace(b"[100..1000)", b"[90..1000)"))
    assert answer.status_code == 422
    assert "For example: Speed = 90" in words_of(answer.text)


def test_what_is_no_model_at_all_is_refused_too(operator: Operator) -> None:
    answer = upload(operator, b"<not-dmn/>")
    assert answer.status_code == 422
    assert "no decision model" in answer.text


def test_an_unknown_decision_is_a_page_in_style(operator: Operator) -> None:
    answer = operator.get("/decisions/none")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


@pytest.mark.usefixtures("deployed")
def test_a_table_is_drawn_as_its_author_knows_it(operator: Operator) -> None:
    said = words_of(operator.get("/decisions/router_profile").text)
    assert "F When Line line string &#34;fibre&#34;,&#34;cable&#34;,&#34;dsl&#34; and Class speed class" in said
    assert "Then Router router string and Visit visit boolean &nbsp; Because" in said
    assert "2 &#34;fibre&#34; - &#34;HGW-500&#34; false The usual one" in said
    assert "First: the first rule that matches" in said


@pytest.mark.usefixtures("deployed")
def test_what_a_decision_requires_is_linked_and_drawn_below(operator: Operator) -> None:
    page = operator.get("/decisions/router_profile").text
    assert '<a href="/decisions/speed_class">Speed class</a>' in page
    assert re.search(r'<a href="#field-\d">speed_mbps</a>', page)
    assert "[100..1000)" in page


@pytest.mark.usefixtures("deployed")
def test_the_form_asks_for_the_inputs_of_required_decisions_too(operator: Operator) -> None:
    page = operator.get("/decisions/router_profile").text
    assert re.findall(r'name="(input\.[^"]+)"', page) == ["input.line", "input.speed_mbps"]
    assert re.findall(r"<option value=\"(\w+)\">", page) == ["fibre", "cable", "dsl"]
    assert "allowed: <code>[1..10000]</code>" in page


@pytest.mark.usefixtures("deployed")
def test_the_rules_that_match_are_marked_in_every_table(operator: Operator) -> None:
    answer = ask(operator, "router_profile", line="fibre", speed_mbps="500")
    assert matched_rows(answer.text) == ["router_profile-2", "speed_class-2"]
    said = words_of(answer.text)
    assert "rule 2 line fibre, class fast → router hgw-500, visit false the usual one" in said.lower()
    assert "<html" not in answer.text


@pytest.mark.usefixtures("deployed")
def test_the_inputs_stay_with_and_without_scripts(operator: Operator) -> None:
    form = {"input.line": "cable", "input.speed_mbps": "50"}
    for htmx in (True, False):
        page = operator.post("/decisions/router_profile", form, htmx=htmx).text
        assert 'value="50"' in page
        assert '<option value="cable" selected>' in page
        assert matched_rows(page) == ["router_profile-3", "speed_class-1"]


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"speed_mbps": "fast"}, "Expected a number such as 12.5, found &#39;fast&#39;."),
        ({"speed_mbps": "0"}, "Not allowed here: [1..10000] is."),
        ({"speed_mbps": "1e999999999"}, "Expected a number"),
        ({"line": "copper"}, "Choose one of fibre, cable, dsl."),
    ],
)
def test_an_input_that_does_not_fit_is_said_beside_its_field(
    operator: Operator, inputs: dict[str, str], said: str
) -> None:
    page = ask(operator, "router_profile", **inputs).text
    assert said in page
    assert page.count('aria-invalid="true"') == 1
    assert "Not evaluated" in page
    assert matched_rows(page) == []


@pytest.mark.usefixtures("deployed")
def test_what_could_not_be_decided_says_why(operator: Operator) -> None:
    page = ask(operator, "speed_class").text
    assert ">null<" in page
    assert "no rule matches" in page


@pytest.mark.parametrize("text", ["function(x) x", "for i in 1..100000000 return i"])
def test_a_value_that_cannot_be_had_is_an_error_beside_the_inputs(operator: Operator, text: str) -> None:
    document = (DRAWN / "boxes.dmn").read_bytes().replace(b"sum(prices) + called", text.encode())
    assert upload(operator, document, "odd.dmn").status_code in (200, 303)
    answer = ask(operator, "boxes")
    assert answer.status_code == 200
    assert '<ul class="errors"><li>' in answer.text


@pytest.mark.usefixtures("deployed")
def test_names_that_nothing_declares_are_asked_for_too(operator: Operator) -> None:
    page = operator.get("/decisions/loyalty").text
    assert re.findall(r'name="(input\.[^"]+)"', page) == ["input.customer since", "input.minimum"]
    answer = ask(operator, "loyalty", customer__since="2020-01-15", minimum="5").text
    assert ">loyal<" in answer
    assert "Expected a date such as 2026-11-23" in ask(operator, "loyalty", customer__since="yesterday").text


@pytest.mark.usefixtures("deployed")
def test_texts_that_rules_compare_with_are_suggested(operator: Operator) -> None:
    open_line = MODEL.replace(b'name="line" typeRef="tLine"', b'name="line" typeRef="string"')
    assert upload(operator, open_line).status_code == 200
    page = operator.get("/decisions/router_profile").text
    assert re.findall(r'<option value="(\w+)"></option>', page) == ["fibre"]


def test_every_kind_of_boxed_expression_is_drawn(world: World, operator: Operator) -> None:
    with world.database.transaction() as tx:
        world.engine.deploy_decisions(tx, accept((DRAWN / "boxes.dmn").read_bytes()))
    page = operator.get("/decisions/boxes").text
    said = html.unescape(words_of(page))
    for drawn in BOXES:
        assert drawn in said
    assert '<a href="#drawn-gross">Gross</a>' in page
    assert "It needs no inputs" in said
    assert ">150<" in ask(operator, "boxes").text


@pytest.mark.usefixtures("deployed")
def test_the_model_is_downloaded_as_it_came(operator: Operator) -> None:
    found = re.search(r'href="(/decision-models/[^"]+)"', operator.get("/decisions/loyalty").text)
    assert found
    answer = operator.get(found[1])
    assert answer.data == MODEL
    assert answer.headers["Content-Disposition"] == "attachment; filename=model.dmn"


@pytest.mark.usefixtures("deployed")
def test_what_an_author_wrote_or_an_operator_typed_is_never_markup(operator: Operator) -> None:
    upload(operator, MODEL.replace(b"The usual one", b"&lt;script&gt;alert(1)&lt;/script&gt;"))
    page = ask(operator, "router_profile", line="fibre", speed_mbps='"><script>alert(2)</script>').text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.usefixtures("deployed")
def test_the_history_says_why_a_flow_decided_as_it_did(world: World, operator: Operator) -> None:
    diagram = Diagram("equip").start("begin").decision("choose", "router_profile", "profile").end("done")
    with world.database.transaction() as tx:
        world.engine.deploy(tx, diagram.chain("begin", "choose", "done").xml())
    instance_id = world.start("ORD-9", "equip", line="fibre", speed_mbps=2500)
    world.work()
    page = operator.get(f"/instances/{instance_id}").text
    assert '<a href="/decisions/router_profile">Router profile v1</a>' in page
    said = words_of(page)
    assert "Decided Router profile v1 at choose" in said
    assert "Speed class, rule 3 matched: Speed 2500 → speed class gigabit" in said
    assert "rule 1 matched: line fibre, class gigabit → router hgw-9000, visit true" in said.lower()


def decided(**detail: Any) -> str:
    row = HistoryView(NOON, "decision", "choose", None, {"decision": "router_profile", "version": 1, **detail})
    (line,) = tell([row], {}, {"router_profile": "Router profile"})
    assert (line.words, line.decision_id, line.decision) == ("Decided", "router_profile", "Router profile v1")
    return line.facts


def test_one_rule_speaks_for_itself() -> None:
    rule = {"decision": "Router profile", "rule": 3, "inputs": {"speed": 500}, "outputs": {"profile": "fast"}}
    assert decided(value="fast", matched=[rule]) == "rule 3 matched: speed 500 → profile fast"


def test_a_decision_without_rules_says_its_value_and_what_went_wrong() -> None:
    assert decided(value=[1, 2], matched=[], errors=["x is null"]) == "value [1, 2]; x is null"


def test_a_long_list_of_rules_is_cut() -> None:
    rules = [{"decision": "d", "rule": number, "inputs": {}, "outputs": {"sum": number}} for number in range(1, 14)]
    said = decided(value=91, matched=rules)
    assert "rule 10 matched: sum 10; 3 more rules; value 91" in said
