"""Boxed expressions."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.dmn import load
from tests.factories.decisions import Dmn, child, context, function, invocation, literal, table, variable
from tests.unit.decisions.dmn.deciding import decide, outcome_of


def boxed(logic: str, **given: Any) -> Any:
    names = [name.replace("_", " ") for name in given]
    model = Dmn()
    for name in names:
        model.input(name)
    return decide(model.decision("d", logic, needs=names), "d", **given)


def test_a_literal_expression_sees_names_with_spaces() -> None:
    assert boxed(literal("monthly fee * number of months + 1"), monthly_fee=10, number_of_months=3) == 31


def test_entries_of_a_context_see_those_before_them() -> None:
    logic = context(("base fee", literal("10")), ("with tax", literal("base fee * 2"), "number"))
    assert boxed(logic) == {"base fee": 10, "with tax": 20}


def test_the_entry_without_a_name_is_the_result() -> None:
    assert boxed(context(("base fee", literal("n * 2")), (None, literal("base fee + 1"))), n=4) == 9


def test_an_entry_of_another_type_is_null_and_an_error() -> None:
    model = Dmn().decision("d", context(("a", literal('"x"'), "number"), ("b", literal("1"))))
    outcome = outcome_of(model, "d")
    assert outcome.value == {"a": None, "b": 1}
    assert outcome.errors == ("d: a is no number: found x.",)


def test_a_context_defines_functions_that_may_call_themselves() -> None:
    body = literal("if n <= 1 then 1 else n * factorial(n - 1)")
    assert boxed(context(("factorial", function(["n"], body)), (None, literal("factorial(5)")))) == 120


def test_a_function_sees_what_stands_around_it() -> None:
    logic = context(("rate", literal("k")), ("f", function(["x"], literal("x * rate"))), (None, literal("f(x: 7)")))
    assert boxed(logic, k=3) == 21


def test_a_list_and_a_relation() -> None:
    assert boxed(f"<list>{literal('1')}{literal('n')}</list>", n=2) == [1, 2]
    columns = variable("node name", tag="column") + variable("ports", "number", tag="column")
    rows = f"<row>{literal(chr(34) + 'A' + chr(34))}{literal('16')}</row><row>{literal('null')}{literal('n')}</row>"
    found = boxed(f"<relation>{columns}{rows}</relation>", n=8)
    assert found == [{"node name": "A", "ports": 16}, {"node name": None, "ports": 8}]


def test_an_invocation_binds_by_name() -> None:
    model = (
        Dmn()
        .input("n")
        .knowledge("fee of", ["speed", "line type"], literal('speed + (if line type = "x" then 1 else 0)'))
    )
    model.decision(
        "d", invocation("fee of", line_type=literal('"x"'), speed=literal("n * 2")), needs=["n"], knows=["fee of"]
    )
    assert decide(model, "d", n=5) == 11


def test_a_parameter_that_an_invocation_leaves_out_is_null() -> None:
    model = (
        Dmn().knowledge("f", ["a", "b"], literal("[a, b]")).decision("d", invocation("f", b=literal("1")), knows=["f"])
    )
    assert decide(model, "d") == [None, 1]


def test_an_invocation_of_what_is_no_function_is_null_and_an_error() -> None:
    outcome = outcome_of(Dmn().input("n").decision("d", invocation("n", a=literal("1")), needs=["n"]), "d", n=5)
    assert outcome.value is None
    assert outcome.errors == ("d: what is invoked is no function.",)


def test_an_invocation_with_strange_arguments_is_null_and_an_error() -> None:
    model = Dmn().knowledge("f", ["a"], literal("1")).decision("d", invocation("f", b=literal("1")), knows=["f"])
    assert outcome_of(model, "d").errors == ("d: the arguments are not those of the function.",)


@pytest.mark.parametrize(("n", "expected"), [(1, "yes"), (5, "no"), (None, "no")])
def test_a_conditional(n: Any, expected: str) -> None:
    logic = child("if", literal("n < 3")) + child("then", literal('"yes"')) + child("else", literal('"no"'))
    assert boxed(f"<conditional>{logic}</conditional>", n=n) == expected


@pytest.mark.parametrize(
    ("match", "expected"),
    [("item > 2", [3, 4]), ("2", 2), ("-1", 4), ("9", None), ("item > n", [2, 3, 4]), ("null", [])],
)
def test_a_filter(match: str, expected: Any) -> None:
    logic = f"<filter>{child('in', literal('[1, 2, 3, 4]'))}{child('match', literal(match))}</filter>"
    assert boxed(logic, n=1) == expected


def test_a_filter_sees_the_entries_of_contexts() -> None:
    logic = f"<filter>{child('in', literal('ports'))}{child('match', literal('port state = state'))}</filter>"
    given = {"ports": [{"port state": "free", "n": 1}, {"port state": "taken", "n": 2}], "state": "free"}
    model = Dmn().item("tPort", parts=[("port state", "string"), ("n", "number")]).input("ports").input("state")
    assert decide(model.decision("d", logic, needs=["ports", "state"]), "d", **given) == [given["ports"][0]]


@pytest.mark.parametrize(
    ("source", "body", "expected"),
    [
        ("[1, 2, 3]", "x * n", [2, 4, 6]), ("[1..3]", "x", [1, 2, 3]), ("5", "x", [5]), ("null", "x", None), ("[]", "x", []),
        ("[1, 2, 3]", "x + sum(partial)", [1, 3, 7]),
    ],
)  # fmt: skip
def test_for(source: str, body: str, expected: Any) -> None:
    inner = child("in", literal(source)) + child("return", literal(body))
    if "sum" in body:
        inner = inner.replace("sum(partial)", "(if count(partial) = 0 then 0 else sum(partial))")
    assert boxed(f'<for iteratorVariable="x">{inner}</for>', n=2) == expected


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("some", "[1, 5]", True), ("some", "[1, 2]", False), ("some", "[1, null]", None), ("some", "[]", False),
        ("every", "[4, 5]", True), ("every", "[1, 5]", False), ("every", "[5, null]", None), ("every", "[]", True),
        ("some", "null", None), ("some", "[null, 5]", True), ("every", "[null, 1]", False),
    ],
)  # fmt: skip
def test_quantifiers_know_three_values(kind: str, source: str, expected: bool | None) -> None:
    inner = child("in", literal(source)) + child("satisfies", literal("x > 3"))
    assert boxed(f'<{kind} iteratorVariable="x">{inner}</{kind}>') is expected


def test_a_table_may_stand_inside_of_a_context() -> None:
    logic = context(
        ("double", literal("n * 2")), ("size", table(["double"], ["s"], [["< 10", '"small"'], [">= 10", '"large"']]))
    )
    assert boxed(logic, n=7) == {"double": 14, "size": "large"}


@pytest.mark.parametrize("kind", ["Java", "PMML"])
def test_functions_of_other_languages_are_errors_and_null(kind: str) -> None:
    model = load(
        Dmn().decision("d", context(("f", function([], literal("1"), kind=kind)), (None, literal("f()")))).xml()
    )
    assert [one.code for one in model.findings] == ["foreign_function"]
    outcome = model.explain("d", {})
    assert outcome.value is None
    assert kind in outcome.errors[0]


def test_expressions_of_other_languages_are_errors_and_null() -> None:
    logic = '<literalExpression expressionLanguage="juel"><text>${a}</text></literalExpression>'
    model = load(Dmn().decision("d", logic).xml())
    assert [one.code for one in model.findings] == ["other_language"]
    assert model.explain("d", {}).value is None


@pytest.mark.parametrize(
    "logic",
    [
        "", "<literalExpression><text></text></literalExpression>", "<invocation/>",
        "<conditional><if/></conditional>", "<filter/>", '<for iteratorVariable="x"/>', "<context><contextEntry/></context>",
        "<decisionTable/>", "<functionDefinition/>",
    ],
)  # fmt: skip
def test_what_is_not_filled_in_is_found_and_breaks_nothing(logic: str) -> None:
    model = load(Dmn().decision("d", logic).decision("e", literal("1")).xml())
    assert model.findings
    model.explain("d", {})
    assert model.explain("e", {}).value == 1
