"""FEEL, the expression language of DMN and of the diagrams' conditions, mappings, timers and scripts."""

from app.decisions.feel.errors import BudgetExceeded, FeelSyntaxError, NotStorable
from app.decisions.feel.expression import Expression, compile_feel, evaluate
from app.decisions.feel.functions import Declared
from app.decisions.feel.output import value_to_json
from app.decisions.feel.scope import Evaluation
from app.decisions.feel.types import Type, coerce, is_instance
from app.decisions.feel.unary import UnaryTests, compile_unary_tests
from app.decisions.feel.values import Function, Parameter, Range, YearsMonths

__all__ = [
    "BudgetExceeded",
    "Declared",
    "Evaluation",
    "Expression",
    "FeelSyntaxError",
    "Function",
    "NotStorable",
    "Parameter",
    "Range",
    "Type",
    "UnaryTests",
    "YearsMonths",
    "coerce",
    "compile_feel",
    "compile_unary_tests",
    "evaluate",
    "is_instance",
    "value_to_json",
]
