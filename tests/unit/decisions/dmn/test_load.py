"""What is loaded, what is refused, and what strangers may send."""

from __future__ import annotations

import time

import pytest

from app.decisions.dmn import DmnRefused, load
from app.decisions.feel import BudgetExceeded
from tests.factories.decisions import NAMESPACES, Dmn, child, context, literal, table
from tests.unit.decisions.dmn.deciding import decide, model_of

MODELER = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
  xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" xmlns:camunda="http://camunda.org/schema/1.0/dmn"
  xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="Definitions_1" name="DRD"
  namespace="http://camunda.org/schema/1.0/dmn" exporter="Camunda Modeler" modeler:executionPlatform="Camunda Cloud">
  <!-- drawn in two minutes -->
  <decision id="Decision_1" name="Router profile">
    <extensionElements><camunda:x/></extensionElements>
    <decisionTable id="DecisionTable_1" hitPolicy="FIRST">
      <input id="Input_1" label="Speed"><inputExpression id="E_1" typeRef="number"><text>speed_mbps</text></inputExpression></input>
      <output id="Output_1" label="Profile" name="profile" typeRef="string"/>
      <rule id="Rule_1"><description>slow</description>
        <inputEntry id="U_1"><text>&lt; 100</text></inputEntry><outputEntry id="L_1"><text>"basic"</text></outputEntry>
      </rule>
      <rule id="Rule_2">
        <inputEntry id="U_2"><text></text></inputEntry><outputEntry id="L_2"><text><![CDATA["fast"]]></text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI><dmndi:DMNDiagram><dmndi:DMNShape dmnElementRef="Decision_1"><dc:Bounds height="80" width="180" x="1" y="1"/>
  </dmndi:DMNShape></dmndi:DMNDiagram></dmndi:DMNDI>
</definitions>"""


def test_a_table_of_camunda_modeler_is_loaded() -> None:
    model = load(MODELER)
    assert model.findings == ()
    assert model.explain("Decision_1", {"speed_mbps": 50}).value == "basic"
    outcome = model.explain("Router profile", {"speed_mbps": 500})
    assert outcome.value == "fast"
    assert (outcome.matched[0].rule_id, outcome.matched[0].inputs) == ("Rule_2", {"Speed": 500})


@pytest.mark.parametrize("version", NAMESPACES)
def test_every_version_is_loaded(version: str) -> None:
    model = Dmn(version=version).input("n", "feel:number" if version == "1.1" else "number")
    if version == "1.1":
        model.elements[0] = model.elements[0].replace(
            "<inputData", '<inputData xmlns:feel="http://www.omg.org/spec/FEEL/20140401"'
        )
    assert decide(model.decision("d", literal("n + 1"), needs=["n"]), "d", n=1) == 2


def test_types_of_version_1_1_have_prefixes() -> None:
    model = (
        Dmn(version="1.1").item("tSpeed", "feel:number").input("n", "tSpeed").decision("d", literal("n"), needs=["n"])
    )
    assert decide(model, "d", n="x") is None
    assert decide(model, "d", n=1) == 1


def test_the_digest_is_that_of_what_is_said_not_of_how_it_is_written() -> None:
    again = MODELER.replace(b"<!-- drawn in two minutes -->", b"").replace(b"\n  ", b"\n      ")
    assert load(MODELER).digest == load(again).digest
    assert load(MODELER).digest != load(MODELER.replace(b"100", b"200")).digest


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "empty"), (b"{}", "not_xml"), (b"<a/>", "not_dmn"), (MODELER[:-20], "not_xml"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "doctype"),
        (b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>', "not_dmn"),
        (b'<definitions xmlns="https://www.omg.org/spec/DMN/20990101/MODEL/"/>', "unknown_version"),
        (b'<decision xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>', "not_dmn"),
        (b"<a>" * 1000 + b"</a>" * 1000, "too_deep"), (b"<a>" + b"<b/>" * 300_000 + b"</a>", "too_many_elements"),
        (b" " * 6_000_000, "too_large"),
        (Dmn().decision("d", literal("1")).decision("d", literal("2")).xml(), "duplicate_id"),
    ],
)  # fmt: skip
def test_what_is_no_decision_model_is_refused(document: bytes, code: str) -> None:
    with pytest.raises(DmnRefused) as refused:
        load(document)
    assert [one.code for one in refused.value.findings] == [code]
    assert refused.value.findings[0].remedy


def test_a_hundred_thousand_rules_are_refused_quickly() -> None:
    document = Dmn().decision("d", table(["n"], ["v"], ([str(n), str(n)] for n in range(100_000)))).xml()
    begun = time.process_time()
    with pytest.raises(DmnRefused):
        load(document)
    assert time.process_time() - begun < 2


def test_deep_nesting_is_an_error_or_evaluated_never_a_crash() -> None:
    logic = literal("1")
    for _ in range(60):
        logic = context((None, logic))
    assert decide(Dmn().decision("d", logic), "d") == 1
    for _ in range(60):
        logic = context((None, logic))
    with pytest.raises(DmnRefused):
        load(Dmn().decision("d", logic).xml())


@pytest.mark.parametrize(
    "logic",
    [
        f'<for iteratorVariable="x">{child("in", literal("[1..1000000000]"))}{child("return", literal("x"))}</for>',
        f'<some iteratorVariable="x">{child("in", literal("[1..1000000000]"))}{child("satisfies", literal("x < 0"))}</some>',
        f"<filter>{child('in', literal('for i in 1..1000000000 return i'))}{child('match', literal('item > 1'))}</filter>",
        literal("for i in 1..100000, j in 1..100000 return i"),
        table(["count(for i in 1..1000000000 return i)"], ["v"], [["-", "1"]]),
    ],
)
def test_what_would_never_end_is_an_error_within_seconds(logic: str) -> None:
    begun = time.process_time()
    with pytest.raises(BudgetExceeded):
        model_of(Dmn().decision("d", logic)).explain("d", {})
    assert time.process_time() - begun < 5


def test_decisions_share_one_budget() -> None:
    model = Dmn()
    names = [f"d{n}" for n in range(40)]
    for name in names:
        model.decision(name, literal("count(for i in 1..20000 return i)"))
    model.decision("all of them", literal("1"), decisions=names)
    assert decide(model, "d0") == 20000
    with pytest.raises(BudgetExceeded):
        decide(model, "all of them")
