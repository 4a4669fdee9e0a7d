"""Functions and methods of Python as FEEL: what is not here has no counterpart."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping

from app.conversion.terms import ADD, COMPARE, NotMapped, Term, binary, call, chosen, literal, member

Doubts = list[str]
Mapped = Callable[..., Term]
_SPANS = {"weeks": ("P", "D", 7), "days": ("P", "D", 1), "hours": ("PT", "H", 1), "minutes": ("PT", "M", 1)}
_SPANS |= {"seconds": ("PT", "S", 1)}


def _length(term: Term, doubts: Doubts) -> Term:
    if term.text.startswith('"'):
        return call("string length", term)
    doubts.append(f"len({term.text}) is taken for that of a list; for a text write string length(...)")
    return call("count", term)


def _number(term: Term, doubts: Doubts) -> Term:
    doubts.append(f"int() and float() of {term.text} are its number, and nothing is cut off")
    return call("number", call("string", term))


def _get(target: Term, key: Term, doubts: Doubts) -> Term:
    if key.text.startswith('"'):
        return member(target, json.loads(key.text))
    return call("get value", target, key)


def _get_or(target: Term, key: Term, other: Term, doubts: Doubts) -> Term:
    found = _get(target, key, doubts)
    return chosen(binary("=", found, Term("null"), COMPARE), other, found)


def _plain(name: str) -> Mapped:
    return lambda *terms: call(name, *terms[:-1])


FUNCTIONS: Mapping[str, Mapping[int, Mapped]] = {
    "len": {1: _length},
    "str": {1: _plain("string")},
    "int": {1: _number},
    "float": {1: _number},
    "bool": {1: lambda term, doubts: term},
    "list": {1: lambda term, doubts: term, 0: lambda doubts: Term("[]")},
    "abs": {1: _plain("abs")},
    "min": {number: _plain("min") for number in range(1, 10)},
    "max": {number: _plain("max") for number in range(1, 10)},
    "sum": {1: _plain("sum")},
    "any": {1: _plain("any")},
    "all": {1: _plain("all")},
    "round": {
        1: lambda term, doubts: call("decimal", term, Term("0")),
        2: lambda term, places, doubts: call("decimal", term, places),
    },
    "sorted": {1: lambda term, doubts: Term(f"sort({term.text}, function(a, b) a < b)")},
}
METHODS: Mapping[str, Mapping[int, Mapped]] = {
    "get": {1: _get, 2: _get_or},
    "lower": {0: _plain("lower case")},
    "upper": {0: _plain("upper case")},
    "strip": {0: _plain("trim")},
    "startswith": {1: _plain("starts with")},
    "endswith": {1: _plain("ends with")},
    "split": {1: _plain("split")},
    "join": {1: lambda between, parts, doubts: call("string join", parts, between)},
    "keys": {0: lambda target, doubts: Term(f"get entries({target.text}).key")},
    "values": {0: lambda target, doubts: Term(f"get entries({target.text}).value")},
    "copy": {0: lambda target, doubts: target},
}


def moment(node: ast.Call) -> Term | None:
    """`datetime.now()` and `timedelta(days=1)`; None for another call."""
    name = ast.unparse(node.func).removeprefix("datetime.")
    if name in ("now", "datetime.now", "utcnow", "datetime.utcnow"):
        return call("now")
    if name in ("date.today", "today"):
        return call("today")
    return _duration(node) if name == "timedelta" else None


def _duration(node: ast.Call) -> Term:
    if not node.keywords or node.args:
        raise NotMapped("its duration does not name its units")
    terms: list[Term] = []
    for each in node.keywords:
        number = each.value.value if isinstance(each.value, ast.Constant) else None
        if each.arg not in _SPANS or not isinstance(number, int) or not 0 <= number < 1_000_000:
            raise NotMapped("its duration is no plain number of days, hours, minutes or seconds")
        begin, unit, times = _SPANS[each.arg]
        terms.append(call("duration", literal(f"{begin}{number * times}{unit}")))
    for term in terms[1:]:
        terms[0] = binary("+", terms[0], term, ADD)
    return terms[0]
