"""Methods of Java that expressions call, as FEEL: what is not here has no counterpart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from app.conversion.terms import (
    ADD,
    COMPARE,
    NotMapped,
    Term,
    binary,
    call,
    is_empty,
    is_index,
    item,
    literal,
    member,
)

Doubts = list[str]
WRAPPERS = frozenset({"S", "JSON"})  # Spin's: a variable is JSON here as it is
# Camunda 7's own variables of a loop
RENAMED: Mapping[str, Term] = {
    "nrOfInstances": Term("numberOfInstances"),
    "nrOfActiveInstances": Term("numberOfActiveInstances"),
    "nrOfCompletedInstances": Term("numberOfCompletedInstances"),
    "loopCounter": Term("loopCounter - 1", ADD),  # counts from 0 there
}
_SAME = (
    "value",
    "stringValue",
    "numberValue",
    "boolValue",
    "elements",
    "intValue",
    "longValue",
    "doubleValue",
    "toDate",
)
_SPANS = {"Days": "P{}D", "Hours": "PT{}H", "Minutes": "PT{}M", "Seconds": "PT{}S", "Weeks": "P{}W", "Months": "P{}M"}
_SPANS |= {"Years": "P{}Y"}


def _contains(target: Term, part: Term, doubts: Doubts) -> Term:
    doubts.append(f"contains() of {target.text} is taken for that of a list; for a text write contains(..., ...)")
    return call("list contains", target, part)


def _size(target: Term, doubts: Doubts) -> Term:
    return call("count", target)


def _matches(target: Term, pattern: Term, doubts: Doubts) -> Term:
    if not pattern.text.startswith('"'):
        raise NotMapped("its pattern is no plain text")
    return call("matches", target, literal(f"^(?:{json.loads(pattern.text)})$"))


def _get(target: Term, key: Term, doubts: Doubts) -> Term:
    if key.text.startswith('"'):
        return member(target, json.loads(key.text))
    if is_index(key.text):
        return item(target, int(key.text))
    raise NotMapped("it looks for what only a run would tell")


def _later(sign: str, span: str) -> Callable[..., Term]:
    def shifted(target: Term, number: Term, doubts: Doubts) -> Term:
        if not is_index(number.text):
            raise NotMapped("it shifts a time by what only a run would tell")
        length = span.format(int(number.text) * (7 if span == "P{}W" else 1)).replace("W", "D")
        return binary(sign, target, call("duration", literal(length)), ADD)

    return shifted


# name -> number of arguments -> what is made of it
METHODS: Mapping[str, Mapping[int, Callable[..., Term]]] = {
    "equals": {1: lambda target, other, doubts: binary("=", target, other, COMPARE)},
    "equalsIgnoreCase": {
        1: lambda target, other, doubts: binary("=", call("lower case", target), call("lower case", other), COMPARE)
    },
    "contains": {1: _contains},
    "containsKey": {1: lambda target, key, doubts: binary("!=", _get(target, key, doubts), Term("null"), COMPARE)},
    "size": {0: _size},
    "length": {0: lambda target, doubts: call("string length", target)},
    "isEmpty": {0: lambda target, doubts: is_empty(target)},
    "startsWith": {1: lambda target, part, doubts: call("starts with", target, part)},
    "endsWith": {1: lambda target, part, doubts: call("ends with", target, part)},
    "matches": {1: _matches},
    "toLowerCase": {0: lambda target, doubts: call("lower case", target)},
    "toUpperCase": {0: lambda target, doubts: call("upper case", target)},
    "trim": {0: lambda target, doubts: call("trim", target)},
    "toString": {0: lambda target, doubts: call("string", target)},
    "get": {1: _get},
    "prop": {1: _get},
    "hasProp": {1: lambda target, key, doubts: binary("!=", _get(target, key, doubts), Term("null"), COMPARE)},
    **{name: {0: lambda target, doubts: target} for name in _SAME},
    **{f"plus{unit}": {1: _later("+", span)} for unit, span in _SPANS.items()},
    **{f"minus{unit}": {1: _later("-", span)} for unit, span in _SPANS.items()},
}


def method_call(target: Term, name: str, arguments: list[Term], doubts: Doubts) -> Term:
    mapped = METHODS.get(name, {}).get(len(arguments))
    if mapped is None:
        raise NotMapped(f"it calls {target.text}.{name}(), which has no counterpart")
    return mapped(target, *arguments, doubts)
