"""What lint says of decision tables, each with an input that shows it."""

from __future__ import annotations

from typing import Any

import pytest

from app.decisions.dmn import Finding, lint, load
from tests.factories.decisions import Dmn, context, literal, table


def found(rules: list[list[str]], *, inputs: Any = ("n",), outputs: Any = ("v",), **options: Any) -> list[Finding]:
    names = [one if isinstance(one, str) else one[0] for one in inputs]
    model = Dmn()
    for name in names:
        model.input(name)
    model.decision("d", table(list(inputs), list(outputs), rules, **options), needs=names)
    loaded = load(model.xml())
    findings = lint(loaded)
    for one in findings:
        if one.code in {"overlap", "gap"}:
            matched = loaded.explain("d", one.example or {}).matched
            assert (len(matched) == 2) if one.code == "overlap" else not matched, one
    return findings


def told(findings: list[Finding]) -> list[tuple[str, int | None, Any]]:
    return [(one.code, one.rule, one.example) for one in findings]


def test_a_table_without_fault_has_no_findings() -> None:
    assert found([["< 10", "1"], ["[10..20]", "2"], ["> 20", "3"]]) == []


def test_overlapping_rules_are_errors_with_an_example() -> None:
    findings = found([["<= 10", "1"], [">= 10", "2"]])
    assert told(findings) == [("overlap", 2, {"n": 10})]
    assert findings[0].severity == "error"
    assert findings[0].element_id == "rule_2"
    assert findings[0].message == "d: Rules 1 and 2 both match n = 10, and the table is UNIQUE."


def test_overlaps_are_those_of_all_columns_together() -> None:
    rules = [['"a"', "< 5", "1"], ['"b"', "< 5", "2"], ['"a", "b"', ">= 5", "3"], ["-", "7", "4"]]
    findings = found(rules, inputs=(("x", '"a", "b"'), "n"))
    assert told(findings) == [("overlap", 4, {"x": "a", "n": 7})]


@pytest.mark.parametrize(
    ("rules", "examples"),
    [
        ([["< 10", "1"], ["> 10", "2"]], [10]),
        ([["[0..10]", "1"], ["[11..20]", "2"]], [-1, 10.5, 21]),
        ([["(0..1)", "1"], ["<= 0", "2"], [">= 2", "3"]], [1]),
        ([["not(5)", "1"]], [5]),
        ([["1, 2", "1"], ["not(1, 2)", "2"]], []),
        ([["-", "1"]], []),
    ],
)
def test_gaps_in_a_numeric_column(rules: list[list[str]], examples: list[float]) -> None:
    assert told(found(rules)) == [("gap", None, {"n": one}) for one in examples]


def test_gaps_in_a_listed_column() -> None:
    findings = found([['"a"', "1"], ['"b"', "2"]], inputs=(("x", '"a", "b", "c"'),))
    assert told(findings) == [("gap", None, {"x": "c"})]
    assert findings[0].message == 'd: No rule matches x = "c".'


def test_allowed_numbers_bound_the_gaps() -> None:
    assert told(found([["[0..10]", "1"]], inputs=(("n", "[0..20]"),))) == [("gap", None, {"n": 11})]


def test_gaps_where_one_column_leaves_what_another_needs() -> None:
    findings = found([["true", "-", "1"], ["false", "< 5", "2"]], inputs=("b", "n"))
    assert told(findings) == [("gap", None, {"b": False, "n": 5})]


def test_the_allowed_values_of_a_type_count_too() -> None:
    model = Dmn().item("tTech", "string", allowed='"fibre", "cable"').input("tech", "tTech")
    model.decision("d", table(["tech"], ["v"], [['"fibre"', "1"]]), needs=["tech"])
    assert told(lint(load(model.xml()))) == [("gap", None, {"tech": "cable"})]


def test_a_default_or_a_collection_has_no_gaps() -> None:
    assert found([["< 10", "1"]], outputs=({"name": "v", "default": "0"},)) == []
    assert found([["< 10", "1"]], hit_policy="COLLECT") == []


def test_a_rule_that_never_comes_to_turn_is_found() -> None:
    findings = found([["< 10", "1"], ["[3..5]", "2"], ["-", "3"], ["> 4", "4"]], hit_policy="FIRST")
    assert [(one.code, one.rule) for one in findings] == [("shadowed", 2), ("shadowed", 4)]


def test_overlap_is_no_fault_where_the_first_rule_wins() -> None:
    assert found([["< 10", "1"], ["-", "2"]], hit_policy="FIRST") == []


def test_cells_that_are_not_simple_are_taken_for_no_fault() -> None:
    assert found([["? > limit", "1"], ["n < 5", "2"]]) == []
    assert found([["< 5", "1"], ["? * 2 > 10", "2"], ["-", "3"]], hit_policy="FIRST") == []


def test_errors_of_expressions_come_first_and_say_where() -> None:
    findings = found([["< 10 <", "1"], ["> 5", "nosuch(1)"]])
    assert [(one.code, one.severity, one.rule, one.column, one.element_id) for one in findings][:2] == [
        ("feel", "error", 1, "n", "_d"),
        ("feel", "error", 2, "v", "_d"),
    ]
    assert "there is no function called nosuch" in findings[1].message


def test_tables_inside_of_other_expressions_and_of_knowledge_are_checked() -> None:
    overlapping = table(["n"], ["v"], [["< 5", "1"], ["-", "2"]])
    model = Dmn().input("n").decision("d", context(("t", overlapping), (None, literal("t"))), needs=["n"])
    model.knowledge("k", ["n"], overlapping)
    assert [(one.code, one.decision_id) for one in lint(load(model.xml()))] == [("overlap", "_d"), ("overlap", "_k")]


def test_a_very_large_table_is_checked_as_far_as_it_goes() -> None:
    rules = [[f"[{n}..{n + 900}]", "1"] for n in range(1200)]
    codes = {one.code for one in found(rules)}
    assert "overlap" in codes or "not_checked" in codes


def test_a_table_beyond_all_measure_is_not_checked() -> None:
    wide = [f"c{n}" for n in range(100)]
    assert [one.code for one in found([["1"] * 100 + ["1"]], inputs=wide)] == ["not_checked"]


def inputs_told(model: Dmn) -> list[tuple[str, str | None, str]]:
    findings = [one for one in lint(load(model.xml())) if one.code in {"not_required", "column_type"}]
    assert {one.severity for one in findings} <= {"warning"}
    return [(one.code, one.column, f"{one.message} {one.remedy}") for one in findings]


ONE = [["-", "1"]]


def test_what_a_decision_reads_and_does_not_require_is_told_for_it_is_never_there() -> None:
    model = Dmn().input("speed").decision("d", table(["speed"], ["v"], ONE))
    ((code, column, words),) = inputs_told(model)
    assert (code, column) == ("not_required", "speed")
    assert "Draw the requirement from 'speed'" in words
    assert load(model.xml()).evaluate("d", {"speed": 3}) == 1  # its cell lets null pass
    assert load(Dmn().input("n").decision("d", literal("n")).xml()).evaluate("d", {"n": 3}) is None


def test_a_decision_does_not_see_itself() -> None:
    ((code, _, words),) = inputs_told(Dmn().decision("speed", literal("speed + speed")))
    assert (code, "own name" in words) == ("not_required", True)


@pytest.mark.parametrize(
    "model",
    [
        Dmn().input("speed").decision("d", table(["speed"], ["v"], ONE), needs=["speed"]),
        Dmn().decision("d", table(["speed"], ["v"], ONE)),
        Dmn().decision("first", literal("1")).decision("d", literal("first"), decisions=["first"]),
        Dmn().knowledge("f", ["n"], literal("n")).decision("d", literal("f(1)"), knows=["f"]),
        Dmn().input("n").decision("d", literal("[{n: 1}][n = 1]")),
        Dmn().input("n").decision("d", literal("for n in [1] return n")),
    ],
    ids=["input data", "simple tables", "a decision", "a function", "entries", "a loop's own"],
)
def test_what_is_required_or_of_nobody_in_the_model_is_passed(model: Dmn) -> None:
    assert inputs_told(model) == []


@pytest.mark.parametrize(
    ("own", "given", "told"),
    [
        ("number", "string", 1),
        ("number", "number", 0),
        ("integer", "number", 0),
        ("fast", "number", 0),
        ("Any", "string", 0),
    ],
)
def test_a_column_is_of_the_type_of_what_it_asks(own: str, given: str, told: int) -> None:
    model = (
        Dmn().item("fast", "number").input("n", given).decision("d", table([("n", None, own)], ["v"], ONE), needs=["n"])
    )
    assert [code for code, *_ in inputs_told(model)] == ["column_type"] * told
    turned = Dmn().input("n", given).decision("d", table([("string(n)", None, "string")], ["v"], ONE), needs=["n"])
    assert inputs_told(turned) == []
