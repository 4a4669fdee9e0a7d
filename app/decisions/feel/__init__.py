"""FEEL, the expression language of DMN and of the diagrams' conditions, mappings, timers and scripts."""

from app.decisions.feel.errors import BudgetExceeded, FeelSyntaxError, NotStorable, NotYetSupported
from app.decisions.feel.expression import Expression, compile_feel
from app.decisions.feel.output import value_to_json

__all__ = [
    "BudgetExceeded",
    "Expression",
    "FeelSyntaxError",
    "NotStorable",
    "NotYetSupported",
    "compile_feel",
    "value_to_json",
]
