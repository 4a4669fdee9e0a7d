"""What a flow is drawn with is needed: without any one of its boundary events, or any one rule of a decision that it
calls, a test of the flow or a sample ends elsewhere, or the diagram is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.mutants import Mutant, mutants
from tests.factories.shipped import Shipped

FLOWS = Path(__file__).parents[1] / "flows"
MUTANTS = mutants()
# Playwright's plugin cannot be in two sessions at once
ONE_STORE = ("-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:playwright", "-k")


def is_seen(mutant: Mutant) -> bool:
    """Does any test of the flows that are concerned fail? Those of the samples are asked last."""
    for process in mutant.processes:
        if pytest.main([str(FLOWS / f"test_{process}.py"), *ONE_STORE, "sqlite"]) == pytest.ExitCode.TESTS_FAILED:
            return True
    return pytest.main([str(FLOWS / "test_samples.py"), *ONE_STORE, "sqlite"]) == pytest.ExitCode.TESTS_FAILED


@pytest.mark.soak
@pytest.mark.parametrize("mutant", MUTANTS, ids=map(str, MUTANTS))
def test_whatever_is_missing_is_missed(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    original, changed = mutant.file.read_bytes(), mutant.document()
    deploy, deploy_decisions = Shipped.deploy, Shipped.deploy_decisions
    monkeypatch.setattr(
        Shipped, "deploy", lambda house, document: deploy(house, changed if document == original else document)
    )
    monkeypatch.setattr(
        Shipped,
        "deploy_decisions",
        lambda house, document: deploy_decisions(house, changed if document == original else document),
    )
    assert is_seen(mutant)


@pytest.mark.soak
def test_the_flows_as_they_are_shipped_pass() -> None:
    """Else every mutant would be seen."""
    assert pytest.main([str(FLOWS), *ONE_STORE, "sqlite"]) == pytest.ExitCode.OK


@pytest.mark.soak
def test_there_is_much_that_could_be_missing() -> None:
    assert len([each for each in MUTANTS if each.file.suffix == ".bpmn"]) > 30
    assert len([each for each in MUTANTS if each.file.suffix == ".dmn"]) > 20
