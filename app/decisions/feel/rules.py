"""Which function compiles which kind of node."""

from __future__ import annotations

from collections.abc import Mapping

from app.decisions.feel import (
    compile_calls,
    compile_functions,
    compile_loops,
    compile_operators,
    compile_types,
    compile_values,
    tree,
)
from app.decisions.feel.builtins import FUNCTIONS
from app.decisions.feel.compiling import Compiler, Rule, Setting
from app.decisions.feel.names import KnownNames
from app.decisions.feel.parser import EXPRESSION, parse

RULES: Mapping[type, Rule] = {
    tree.Literal: compile_values.literal,
    tree.Name: compile_values.name,
    tree.Path: compile_values.path,
    tree.ListOf: compile_values.list_of,
    tree.ContextOf: compile_values.context_of,
    tree.RangeOf: compile_values.range_of,
    tree.Arithmetic: compile_operators.arithmetic,
    tree.Negate: compile_operators.negate,
    tree.Compare: compile_operators.comparison,
    tree.Between: compile_operators.between,
    tree.In: compile_operators.membership,
    tree.Logic: compile_operators.logic,
    tree.If: compile_operators.conditional,
    tree.For: compile_loops.iteration,
    tree.Quantified: compile_loops.quantified,
    tree.Filter: compile_loops.filtered,
    tree.Call: compile_calls.call,
    tree.InstanceOf: compile_types.instance_of,
    tree.Function: compile_functions.function,
    tree.Equal: compile_values.point,
    tree.Unequal: compile_types.unequal,
    tree.Invalid: compile_types.invalid,
}
_FUNCTIONS = KnownNames(FUNCTIONS)


def read_text(text: str, setting: Setting, start: str = EXPRESSION) -> tuple[tree.Node, Compiler]:
    """The tree of a text and what compiles it. Raises FeelSyntaxError."""
    return parse(text, _FUNCTIONS, setting.known, start), Compiler(RULES, setting)
