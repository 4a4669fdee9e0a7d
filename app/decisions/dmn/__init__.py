"""DMN: decision models as editors draw them, loaded, checked and evaluated."""

from app.decisions.dmn.findings import DmnRefused, Finding
from app.decisions.dmn.lint import lint
from app.decisions.dmn.model import Model, UnknownDecision, load
from app.decisions.dmn.trace import MatchedRule, Outcome

__all__ = ["DmnRefused", "Finding", "MatchedRule", "Model", "Outcome", "UnknownDecision", "lint", "load"]
