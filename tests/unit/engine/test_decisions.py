"""Decisions in the house: deployed and versioned like diagrams, called by flows, with the why in the history."""

from __future__ import annotations

import pytest

from app.decisions.dmn import DmnRefused
from app.engine.decisions import UnknownDecision, accept
from app.engine.tables import decision_model
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS

FLOW = Diagram("p").start("s").decision("a", "profile", "chosen").end("e").chain("s", "a", "e")


def test_the_same_model_is_the_same_version(bench: Bench) -> None:
    with bench.database.transaction() as tx:
        first = bench.engine.deploy_decisions(tx, accept(DECISIONS))
        again = bench.engine.deploy_decisions(tx, accept(DECISIONS))
        changed = bench.engine.deploy_decisions(tx, accept(DECISIONS.replace(b"300", b"500")))
    assert (first.version, first.created, first.decisions) == (1, True, ["profile"])
    assert (again.version, again.created) == (1, False)
    assert changed.version == 2


@pytest.mark.parametrize("document", [b"", b"<not-dmn/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"])
def test_what_is_no_model_is_refused_and_nothing_is_stored(bench: Bench, document: bytes) -> None:
    with pytest.raises(DmnRefused), bench.database.transaction() as tx:
        bench.engine.deploy_decisions(tx, accept(document))
    assert bench.count(decision_model) == 0


def test_a_model_with_an_error_is_refused_with_its_place(bench: Bench) -> None:
    with pytest.raises(DmnRefused) as caught, bench.database.transaction() as tx:
        bench.engine.deploy_decisions(tx, accept(DECISIONS.replace(b"&gt;= 300", b"&gt;= (")))
    assert [finding.severity for finding in caught.value.findings].count("error") == 1
    assert bench.count(decision_model) == 0


def test_a_flow_asks_the_latest_version_and_its_history_says_why(bench: Bench) -> None:
    bench.deploy_decisions(DECISIONS)
    bench.deploy_decisions(DECISIONS.replace(b"300", b"500"))
    instance_id = bench.start(FLOW, speed=400)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"speed": 400, "chosen": "basic"}
    (row,) = [row for row in bench.history(instance_id) if row.kind == "decision"]
    assert (row.element_id, row.detail["decision"], row.detail["version"]) == ("a", "profile", 2)
    (matched,) = row.detail["matched"]
    assert (matched["rule"], matched["rule_id"], matched["inputs"]) == (2, "basic", {"Speed": 400})
    assert matched["outputs"] == {"profile": "basic"}


def test_a_decision_that_is_not_deployed_falls_out_and_goes_on_once_it_is(bench: Bench) -> None:
    instance_id = bench.start(FLOW, speed=400)
    bench.run(instance_id)
    assert bench.incidents(instance_id)[0].code == "DecisionFailed"
    bench.deploy_decisions(DECISIONS)
    bench.act("retry", instance_id)
    bench.run(instance_id)
    assert bench.variables(instance_id)["chosen"] == "fast"


def test_a_decision_answers_without_a_flow(bench: Bench) -> None:
    bench.deploy_decisions(DECISIONS)
    with bench.database.reading() as connection:
        decided = bench.engine.evaluate(connection, "profile", {"speed": 300})
        assert (decided.value, decided.matched[0]["rule"]) == ("fast", 1)
        with pytest.raises(UnknownDecision, match="nothing_such"):
            bench.engine.evaluate(connection, "nothing_such", {})
