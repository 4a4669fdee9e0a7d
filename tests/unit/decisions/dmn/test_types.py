"""Item definitions: what values must be, and what they are turned into."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.decisions.dmn import load
from tests.factories.decisions import Dmn, function, literal
from tests.unit.decisions.dmn.deciding import decide, outcome_of


def typed() -> Dmn:
    model = Dmn().item("tTech", "string", allowed='"fibre", "cable"').item("tTechs", "tTech", collection=True)
    model.item("tSpeed", "number", constraint="? >= 1 and ? <= 1000").item("tNumbers", "number", collection=True)
    model.item("tFew", "number", collection=True, constraint="count(?) < 3")
    model.item("tLine", parts=[("technology", "tTech"), ("speed mbps", "tSpeed")])
    model.item("tDays", "date", collection=True)
    model.item("tLines", "tLine", collection=True).item("tAlias", "tLine")
    call = '<functionItem outputTypeRef="number"><parameters name="n" typeRef="number"/></functionItem>'
    return model.item("tCall", raw=call)


@pytest.mark.parametrize(
    ("type_ref", "value", "expected"),
    [
        ("number", 1, 1), ("number", "1", None), ("number", [1], 1), ("number", [1, 2], None), ("number", None, None),
        ("string", "a", "a"), ("boolean", True, True), ("Any", {"a": 1}, {"a": 1}), ("nosuch", 5, 5),
        ("tTech", "fibre", "fibre"), ("tTech", "dsl", None), ("tTech", ["cable"], "cable"),
        ("tTechs", ["fibre", "cable"], ["fibre", "cable"]), ("tTechs", ["fibre", "dsl"], None), ("tTechs", "fibre", ["fibre"]),
        ("tNumbers", 5, [5]), ("tNumbers", [], []), ("tNumbers", ["a"], None),
        ("tSpeed", 1000, 1000), ("tSpeed", 1001, None), ("tFew", [1, 2], [1, 2]), ("tFew", [1, 2, 3], None),
        ("tLine", {"technology": "fibre", "speed mbps": 5}, {"technology": "fibre", "speed mbps": 5}),
        ("tLine", {"technology": "dsl", "speed mbps": 5}, None),
        ("tLine", {"technology": "fibre"}, {"technology": "fibre", "speed mbps": None}),
        ("tAlias", {"technology": "fibre", "speed mbps": 5000}, None),
        ("tLines", [{"technology": "fibre", "speed mbps": 5, "more": 1}], [{"technology": "fibre", "speed mbps": 5, "more": 1}]),
        ("dateTime", "no date", None), ("date", "2026-02-03", date(2026, 2, 3)), ("days and time duration", "P1D", timedelta(1)),
        ("days and time duration", "P1M", None), ("tDays", ["2026-02-03"], [date(2026, 2, 3)]),
    ],
)  # fmt: skip
def test_input_data_is_what_its_type_says_or_null(type_ref: str, value: Any, expected: Any) -> None:
    outcome = outcome_of(typed().input("x", type_ref).decision("d", literal("x"), needs=["x"]), "d", x=value)
    assert outcome.value == expected
    assert bool(outcome.errors) == (value is not None and expected is None)


@pytest.mark.parametrize(
    ("type_ref", "text", "expected"),
    [
        ("number", '"a"', None), ("number", "[7]", 7), ("tNumbers", "7", [7]), ("tTech", '"dsl"', None),
        ("tLine", '{technology: "fibre", speed mbps: 3}', {"technology": "fibre", "speed mbps": 3}),
        ("tLine", '{technology: "fibre"}', None),
        ("date and time", 'date("2026-02-03")', datetime(2026, 2, 3, tzinfo=UTC)),
        ("years and months duration", 'duration("P1D")', None),
    ],
)  # fmt: skip
def test_a_result_is_what_its_type_says_or_null(type_ref: str, text: str, expected: Any) -> None:
    outcome = outcome_of(typed().decision("d", literal(text), type_ref=type_ref), "d")
    assert outcome.value == expected
    assert bool(outcome.errors) == (expected is None)


def test_a_type_made_of_another_allows_what_both_allow() -> None:
    model = Dmn().item("tSmall", "number", allowed="< 10").item("tFew", "tSmall", allowed="> 5").input("x", "tFew")
    model.decision("d", literal("x"), needs=["x"])
    assert [decide(model, "d", x=value) for value in (3, 7, 12)] == [None, 7, None]


def test_an_error_says_what_was_expected_and_found() -> None:
    outcome = outcome_of(typed().input("x", "tTech").decision("d", literal("x"), needs=["x"]), "d", x="dsl")
    assert outcome.errors == ("Input x is no tTech: found dsl.",)


def test_expressions_have_a_type_of_their_own() -> None:
    assert decide(typed().decision("d", literal('"a"', "number")), "d") is None


def test_own_types_are_known_to_instance_of() -> None:
    text = '[x instance of tTech, x instance of tSpeed, "dsl" instance of tTech]'
    assert decide(typed().input("x").decision("d", literal(text), needs=["x"]), "d", x="fibre") == [True, False, False]


def test_parts_with_spaces_are_found_behind_dots() -> None:
    model = typed().input("line", "tLine").decision("d", literal("line.speed mbps * 2"), needs=["line"])
    assert decide(model, "d", line={"technology": "fibre", "speed mbps": 4}) == 8


def test_keys_of_one_text_are_names_in_another() -> None:
    model = (
        Dmn()
        .decision("a", literal('{first name: "Ada", b: 1}'))
        .decision("d", literal("a.first name"), decisions=["a"])
    )
    assert decide(model, "d") == "Ada"


def test_function_types_say_what_knowledge_gives() -> None:
    model = (
        typed()
        .knowledge("f", ["n"], literal("n"), type_ref="tCall")
        .decision("d", literal('[f(1), f("a")]'), knows=["f"])
    )
    assert decide(model, "d") == [1, None]


def test_a_decision_may_be_a_function_of_a_type() -> None:
    model = typed().decision("f", function(["n"], literal("n + 1")), type_ref="tCall")
    model.decision("g", function(["a", "b"], literal("1")), type_ref="tCall")
    assert decide(model.decision("d", literal("[f(1), g]"), decisions=["f", "g"]), "d") == [2, None]


def test_a_type_that_contains_itself_is_an_error() -> None:
    model = load(
        Dmn().item("tA", parts=[("b", "tB")]).item("tB", "tA", collection=True).decision("d", literal("1")).xml()
    )
    assert [one.code for one in model.findings] == ["type_cycle"]
    assert model.explain("d", {}).value == 1


def test_an_unknown_type_is_a_warning() -> None:
    model = load(Dmn().decision("d", literal("1"), type_ref="tNowhere").xml())
    assert [(one.code, one.severity) for one in model.findings] == [("unknown_type", "warning")]


def test_allowed_values_that_are_no_unary_tests_are_an_error() -> None:
    model = load(Dmn().item("t", "number", allowed="> > 1").xml())
    assert [one.code for one in model.findings] == ["feel"]
