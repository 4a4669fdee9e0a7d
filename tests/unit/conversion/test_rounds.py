"""The standard's loop marker: as often as it said, and no longer than its condition holds."""

from __future__ import annotations

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from tests.factories.dialects import Outcome, arena, camunda7
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

FLOW = (
    '<bpmn:startEvent id="s" /><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a" />'
    '<bpmn:scriptTask id="a"{format}><bpmn:script>{script}</bpmn:script>'
    '<bpmn:standardLoopCharacteristics id="l" {facts}>{condition}</bpmn:standardLoopCharacteristics></bpmn:scriptTask>'
    '<bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="e" /><bpmn:endEvent id="e" />'
)


def looped(facts: str, condition: str, *, python: bool) -> bytes:
    held = f"<bpmn:loopCondition>{condition}</bpmn:loopCondition>" if condition else ""
    script = "n = n + 1" if python else "${n + 1}"
    form = "" if python else ' scriptFormat="juel" camunda:resultVariable="n"'
    inner = FLOW.format(format=form, script=script, facts=facts, condition=held)
    return arena(inner) if python else camunda7(inner)


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, HANDLERS)


@pytest.mark.parametrize("python", [True, False], ids=["SpiffArena", "Camunda 7"])
@pytest.mark.parametrize(
    ("facts", "condition", "begins", "ends"),
    [
        ('loopMaximum="3"', "", 0, 3),
        ('loopMaximum="9"', "n &lt; 5", 0, 5),
        ("", "n &lt; 5", 0, 5),
        ("", "n &lt; 5", 7, 8),  # looked at afterwards: once at least
        ('testBefore="true"', "n &lt; 5", 7, 7),
        ('testBefore="true" loopMaximum="2"', "n &lt; 5", 1, 3),
    ],
)
def test_it_goes_round_as_often_as_it_did(
    bench: Bench, python: bool, facts: str, condition: str, begins: int, ends: int
) -> None:
    text = condition if python or not condition else f"${{{condition}}}"
    found = Outcome(looped(facts, text, python=python))
    assert found.lost == []
    bench.deploy(found.converted.document)
    instance = bench.start("p", n=begins)
    bench.run(instance)
    assert (bench.state(instance), bench.variables(instance)["n"]) == ("completed", ends)


def test_without_an_end_or_with_one_that_only_code_can_say_it_stays_and_is_refused() -> None:
    endless = Outcome(looped("", "", python=True))
    assert endless.lost == ["standardLoopCharacteristics"]
    code = Outcome(looped("", "${bean.more(n)}", python=False))
    assert code.lost == ["loopCondition ${bean.more(n)}"]
    for found in (endless, code):
        assert len(found.all("bpmn:standardLoopCharacteristics")) == 1


def test_a_bound_that_nobody_has_drawn_is_said() -> None:
    assert Outcome(looped("", "n &lt; 5", python=True)).to_check == ["loopCondition n < 5"]
