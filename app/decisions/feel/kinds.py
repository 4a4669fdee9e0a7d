"""What kind of value an expression gives, as far as that can be told without evaluating it.

Kinds are those of JSON, as values are stored: dates, times and durations are texts. Null is among them unless a value
is certain, since whatever FEEL cannot do is null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.decisions.feel import tree
from app.decisions.feel.compile_values import chain
from app.decisions.feel.compiling import Setting
from app.decisions.feel.expression import compile_feel
from app.decisions.feel.output import value_to_json
from app.decisions.feel.rules import read_text

Kinds = frozenset[str]
ANY: Kinds = frozenset({"string", "number", "boolean", "array", "object", "null"})
_NULL = frozenset({"null"})
_FUNCTIONS = {
    **dict.fromkeys(("string", "substring", "upper case", "lower case", "replace", "string join"), "string"),
    **dict.fromkeys(("substring before", "substring after", "now", "today"), "string"),
    **dict.fromkeys(("date", "time", "date and time", "duration"), "string"),
    **dict.fromkeys(("count", "number", "string length", "floor", "ceiling", "modulo"), "number"),
    **dict.fromkeys(("contains", "starts with", "ends with", "matches", "list contains", "all", "any"), "boolean"),
    **dict.fromkeys(("not", "is defined"), "boolean"),
    **dict.fromkeys(("split", "append", "concatenate", "flatten", "sort", "distinct values"), "array"),
    **dict.fromkeys(("sublist", "reverse", "union"), "array"),
}
_BOOLEAN = (tree.Compare, tree.Between, tree.In, tree.Logic, tree.Quantified, tree.InstanceOf)
Known = Callable[[str, tuple[str, ...]], Kinds]  # of a variable, or of what a path leads to in it


def kinds_of(text: str, known: Known) -> Kinds:
    """Of an expression that compiles, without its leading `=`."""
    return _kinds(read_text(text, Setting())[0], known)


def constant_of(text: str) -> tuple[Any] | None:
    """The value as JSON, of an expression that is made of literals; None if it is not."""
    if not _is_constant(read_text(text, Setting())[0]):
        return None
    return (value_to_json(compile_feel(text).evaluate({})),)


def _is_constant(node: tree.Node) -> bool:
    match node:
        case tree.Literal():
            return True
        case tree.ListOf():
            return all(_is_constant(item) for item in node.items)
        case tree.ContextOf():
            return all(_is_constant(value) for _, value in node.entries)
        case tree.Negate():
            return _is_constant(node.operand)
    return False


def _kinds(node: tree.Node, known: Known) -> Kinds:
    match node:
        case tree.Literal():
            return frozenset({_kind(value_to_json(node.value))})
        case tree.Name():
            return known(node.name, ())
        case tree.Path():
            base, names = chain(node)
            return known(base.name, names) if isinstance(base, tree.Name) else ANY
        case tree.ListOf():
            return frozenset({"array"})
        case tree.ContextOf():
            return frozenset({"object"})
        case tree.For():
            return frozenset({"array"}) | _NULL
        case tree.If():
            return _kinds(node.then, known) | _kinds(node.otherwise, known)
        case tree.Call():
            return _called(node)
    return frozenset({"boolean"}) | _NULL if isinstance(node, _BOOLEAN) else ANY


def _called(node: tree.Call) -> Kinds:
    name = node.function.name if isinstance(node.function, tree.Name) else ""
    return frozenset({_FUNCTIONS[name]}) | _NULL if name in _FUNCTIONS else ANY


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return "number"
