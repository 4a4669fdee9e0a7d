"""JUEL as FEEL: what it becomes, that it means the same, and what cannot be said."""

from __future__ import annotations

from typing import Any

import pytest

from app.conversion.camunda7.juel import map_text
from app.conversion.terms import NotMapped
from app.core.clock import FixedClock
from app.decisions.feel import compile_feel


@pytest.mark.parametrize(
    ("juel", "feel"),
    [
        ("plain text", "plain text"),
        ("${a}", "=a"),
        ("#{a}", "=a"),
        ("= 3", '="= 3"'),
        ("order-${id}!", '="order-" + string(id) + "!"'),
        ("${a.b['c'].d}", "=a.b.c.d"),
        ("${m['a-b']}", '=get value(m, "a-b")'),
        ("${xs[0]}", "=xs[1]"),
        ("${execution.getVariable('x')}", "=x"),
        ("${S(order).prop('name').stringValue()}", "=order.name"),
        ("${dateTime().plusDays(3).toDate()}", '=now() + duration("P3D")'),
        ("${now().minusWeeks(2)}", '=now() - duration("P14D")'),
        ("${nrOfCompletedInstances / nrOfInstances}", "=numberOfCompletedInstances / numberOfInstances"),
        ("${a ? 'x' : b ? 'y' : 'z'}", '=if a then "x" else if b then "y" else "z"'),
        ("${'}' }", '="}"'),
    ],
)
def test_an_expression_becomes_the_feel_that_an_author_would_write(juel: str, feel: str) -> None:
    assert map_text(juel).source == feel


@pytest.mark.parametrize(
    ("juel", "variables", "value"),
    [
        ("${a == 1 && b != 2 || c}", {"a": 1, "b": 3, "c": False}, True),
        ("${a eq 1 and not (b lt 2)}", {"a": 1, "b": 1}, False),
        ("${!a}", {"a": True}, False),
        ("${!a}", {}, True),  # what is not set counts as false
        ("${!a.b}", {"a": {"b": False}}, True),
        ("${empty xs}", {"xs": []}, True),
        ("${empty xs}", {"xs": ""}, True),
        ("${empty xs}", {}, True),
        ("${!empty xs}", {"xs": [1]}, True),
        ("${not empty text}", {"text": "x"}, True),
        ("${a - (b - c)}", {"a": 9, "b": 5, "c": 2}, 6),
        ("${a - b - c}", {"a": 9, "b": 5, "c": 2}, 2),
        ("${a / (b * c)}", {"a": 12, "b": 2, "c": 3}, 2),
        ("${-a % 3}", {"a": -7}, 1),
        ("${(a + b) * 2 > 5 ? 'much' : 'little'}", {"a": 1, "b": 2}, "much"),
        ("${xs.size() > 1 && xs.contains(2)}", {"xs": [1, 2]}, True),
        ("${a.equalsIgnoreCase('ONT')}", {"a": "ont"}, True),
        ("${a.matches('[A-Z]+')}", {"a": "xAB"}, False),  # as a whole
        ("${loopCounter == 0}", {"loopCounter": 1}, True),
        ("${m.get('k')}", {"m": {"k": 7}}, 7),
        ("${execution.hasVariable('x')}", {"x": 1}, True),
        ("${'it\\'s ' += 1}", {}, None),
    ],
)
def test_it_gives_what_camunda_7_gives(juel: str, variables: dict[str, Any], value: Any, clock: FixedClock) -> None:
    if value is None:
        with pytest.raises(NotMapped):
            map_text(juel)
        return
    source = map_text(juel).source
    assert source.startswith("=")
    assert compile_feel(source[1:]).json(variables, clock=clock) == value


@pytest.mark.parametrize(
    ("juel", "problem"),
    [
        ("${bean.call(x)}", "bean.call"),
        ("${a.b.c(1)}", "has no counterpart"),
        ("${foo(1)}", "the function foo"),
        ("${execution.processBusinessKey}", "processBusinessKey"),
        ("${xs[i]}", "a place in a list or a key"),
        ("${if}", "no FEEL"),
        ("${a", "brackets"),
        ("${a b}", "stands where"),
        ("${}", "a value was expected"),
        ("${" + "!" * 100 + "a}", "nested too deeply"),
        ("${" + "(" * 100 + "a" + ")" * 100 + "}", "nested too deeply"),
        ("${" + "a+" * 5000 + "a}", "too long"),
    ],
)
def test_what_cannot_be_said_in_feel_is_not_said(juel: str, problem: str) -> None:
    with pytest.raises(NotMapped, match=problem):
        map_text(juel)


def test_what_may_differ_is_doubted() -> None:
    (doubt,) = map_text("${text.contains('a')}").doubts
    assert "taken for that of a list" in doubt
