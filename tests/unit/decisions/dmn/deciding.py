"""One line from a drawn model to what it decides."""

from __future__ import annotations

from typing import Any

from app.decisions.dmn import Model, Outcome, load
from tests.factories.decisions import Dmn


def model_of(drawn: Dmn, *others: Dmn) -> Model:
    model = load(drawn.xml(), *(other.xml() for other in others))
    assert not [one for one in model.findings if one.severity == "error"], model.findings
    return model


def decide(drawn: Dmn, decision: str, **given: Any) -> Any:
    """The value, where nothing may be wrong with the model; underscores in names stand for spaces."""
    return outcome_of(drawn, decision, **given).value


def outcome_of(drawn: Dmn, decision: str, **given: Any) -> Outcome:
    return model_of(drawn).explain(decision, {name.replace("_", " "): value for name, value in given.items()})
