"""Decision tables: every hit policy, allowed values, defaults, what is reported."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.decisions.dmn import load
from tests.factories.decisions import Dmn, literal, table
from tests.unit.decisions.dmn.deciding import model_of, outcome_of

ORDERED = {"name": "risk", "values": '"high", "middle", "low"'}
OVERLAPPING = [["> 10", '"low"'], ["> 20", '"high"'], ["> 30", '"middle"'], ["> 40", '"high"']]


def drawn(*args: Any, inputs: tuple[str, ...] = ("n",), **options: Any) -> Dmn:
    model = Dmn()
    for name in inputs:
        model.input(name)
    return model.decision("d", table(list(inputs), *args, **options), needs=inputs)


@pytest.mark.parametrize(
    ("policy", "n", "expected", "rules"),
    [
        ("UNIQUE", 15, "low", [1]),
        ("UNIQUE", 25, None, [1, 2]),
        ("FIRST", 45, "low", [1]),
        ("PRIORITY", 35, "high", [2, 3, 1]),
        ("ANY", 15, "low", [1]),
        ("ANY", 25, None, [1, 2]),
        ("RULE ORDER", 45, ["low", "high", "middle", "high"], [1, 2, 3, 4]),
        ("OUTPUT ORDER", 45, ["high", "high", "middle", "low"], [2, 4, 3, 1]),
        ("COLLECT", 35, ["low", "high", "middle"], [1, 2, 3]),
        ("COLLECT", 5, [], []),
        ("UNIQUE", 5, None, []),
        ("FIRST", 5, None, []),
        ("RULE ORDER", 5, None, []),
    ],
)
def test_each_hit_policy_takes_its_own_of_the_rules_that_match(
    policy: str, n: int, expected: Any, rules: list[int]
) -> None:
    outcome = outcome_of(drawn([ORDERED], OVERLAPPING, hit_policy=policy), "d", n=n)
    assert outcome.value == expected
    assert [rule.rule_index for rule in outcome.matched] == rules
    assert (outcome.value is None) == bool(outcome.errors)


@pytest.mark.parametrize(
    ("aggregation", "n", "expected"),
    [
        ("SUM", 35, 60), ("MIN", 35, 10), ("MAX", 35, 30), ("COUNT", 35, 3), ("COUNT", 15, 1),
        ("COUNT", 5, 0), ("SUM", 5, None), ("MIN", 5, None), ("MAX", 5, None),
    ],
)  # fmt: skip
def test_collect_aggregates(aggregation: str, n: int, expected: Any) -> None:
    rules = [["> 10", "10"], ["> 20", "20"], ["> 30", "30"]]
    outcome = outcome_of(drawn(["v"], rules, hit_policy="COLLECT", aggregation=aggregation), "d", n=n)
    assert outcome.value == expected


def test_a_sum_of_what_are_no_numbers_is_null() -> None:
    assert outcome_of(drawn(["v"], [["-", '"a"']], hit_policy="COLLECT", aggregation="SUM"), "d", n=1).value is None


def test_several_outputs_make_a_context_and_each_is_aggregated_by_itself() -> None:
    rules = [["> 10", "1", '"a"'], ["> 20", "2", '"b"']]
    assert outcome_of(drawn(["v", "w x"], rules), "d", n=15).value == {"v": 1, "w x": "a"}
    collected = drawn(["v", "w x"], rules, hit_policy="COLLECT")
    assert outcome_of(collected, "d", n=25).value == [{"v": 1, "w x": "a"}, {"v": 2, "w x": "b"}]
    largest = drawn(["v", "w"], rules, hit_policy="COLLECT", aggregation="MAX")
    assert outcome_of(largest, "d", n=25).value == {"v": 2, "w": "b"}


def test_priority_goes_by_the_first_output_then_by_the_next() -> None:
    outputs = [{"name": "a", "values": '"x", "y"'}, {"name": "b", "values": "3, 2, 1"}]
    rules = [["-", '"y"', "3"], ["-", '"x"', "1"], ["-", '"x"', "2"]]
    assert outcome_of(drawn(outputs, rules, hit_policy="PRIORITY"), "d", n=1).value == {"a": "x", "b": 2}


def test_the_order_of_priority_may_come_from_the_type() -> None:
    model = Dmn().item("tRisk", "string", allowed='"high", "low"').input("n")
    rules = [["-", '"low"'], ["-", '"high"']]
    model.decision("d", table(["n"], [{"name": "r", "type_ref": "tRisk"}], rules, hit_policy="PRIORITY"), needs=["n"])
    assert outcome_of(model, "d", n=1).value == "high"


def test_priority_without_listed_values_is_an_error_and_null() -> None:
    model = load(drawn(["r"], [["-", "1"]], hit_policy="PRIORITY").xml())
    assert [one.code for one in model.findings] == ["output_values"]
    outcome = model.explain("d", {"n": 1})
    assert outcome.value is None
    assert outcome.errors


def test_defaults_stand_in_where_no_rule_matches() -> None:
    one = drawn([{"name": "v", "default": '"none of them"'}], [["> 10", '"a"']])
    assert outcome_of(one, "d", n=1).value == "none of them"
    several = drawn([{"name": "v", "default": "n * 2"}, "w"], [["> 10", "1", "2"]])
    assert outcome_of(several, "d", n=4).value == {"v": 8, "w": None}


def test_an_input_beyond_the_allowed_values_is_an_error_and_null() -> None:
    model = (
        Dmn()
        .input("product")
        .decision("d", table([("product", '"fibre", "cable"')], ["v"], [["-", "1"]]), needs=["product"])
    )
    assert outcome_of(model, "d", product="fibre").value == 1
    outcome = outcome_of(model, "d", product="dsl")
    assert outcome.value is None
    assert outcome.errors == ("d, column product: dsl is none of the values that the input allows.",)


def test_an_output_beyond_the_allowed_values_is_an_error_and_null() -> None:
    outcome = outcome_of(drawn([ORDERED], [["-", '"huge"']]), "d", n=1)
    assert outcome.value is None
    assert "huge" in outcome.errors[0]


def test_an_output_of_another_type_is_an_error_and_null() -> None:
    outcome = outcome_of(drawn([{"name": "v", "type_ref": "number"}], [["-", '"x"']]), "d", n=1)
    assert outcome.value is None
    assert outcome.errors == ("d, column v: the output is no number: found x.",)


def test_a_matched_rule_says_what_it_was_asked_and_what_it_gave() -> None:
    rules = [["[0..100)", '"fibre"', '"A"', "n + 1", "slow lane"], [">= 100", "-", '"B"', "0", "fast lane"]]
    model = Dmn().input("n").input("p")
    logic = table(["n", "p"], ["profile", "more"], rules, annotations=["why"])
    outcome = outcome_of(model.decision("d", logic, needs=["n", "p"]), "d", n=5, p="fibre")
    assert len(outcome.matched) == 1
    rule = outcome.matched[0]
    assert (rule.decision_id, rule.decision_name, rule.rule_index, rule.rule_id) == ("_d", "d", 1, "rule_1")
    assert rule.inputs == {"n": 5, "p": "fibre"}
    assert rule.outputs == {"profile": "A", "more": 6}
    assert rule.annotations == ("slow lane",)


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ("", None, True), ("-", 1, True), ('"a", "b"', "b", True), ('not("a")', "b", True), ('not("a")', "a", False),
        ("true", True, True), ("true", False, False), ("false", False, True), ("1", True, False), ("1", 1.0, True),
        ("1.0, 2", 1, True), ("null", None, True), ("null", 1, False), ("? > 2", 3, True), ("? > 2", 2, False),
        ("[1..3]", 3, True), ("[1..3)", 3, False), ("< limit", 3, True), ("< limit", 30, False),
        ('date("2026-01-01")', "2026-01-01", False), ("> 1", "a", False), ("> 1", None, False), ('"a"', ["a"], False),
        ("list contains(?, 7)", [7, 8], True), ('{a: 1}', {"a": 1}, True),
    ],
)  # fmt: skip
def test_cells_match_as_unary_tests_do(cell: str, value: Any, matches: bool) -> None:
    model = Dmn().input("v").input("limit")
    model.decision("d", table(["v"], ["hit"], [[cell, "true"]], hit_policy="COLLECT"), needs=["v", "limit"])
    assert outcome_of(model, "d", v=value, limit=10).value == ([True] if matches else [])


def test_rules_with_and_without_an_index_are_found_together() -> None:
    rules = [['"a"', "-", "1"], ["-", "2", "2"], ['not("a")', "2", "3"], ['"b", "c"', "[1..2]", "4"], ["-", "-", "5"]]
    model = Dmn().input("x").input("y")
    model.decision("d", table(["x", "y"], ["v"], rules, hit_policy="RULE ORDER"), needs=["x", "y"])
    assert outcome_of(model, "d", x="a", y=2).value == [1, 2, 5]
    assert outcome_of(model, "d", x="c", y=2).value == [2, 3, 4, 5]
    assert outcome_of(model, "d", x="z", y=None).value == [5]


def test_a_table_without_inputs_matches_all_its_rules() -> None:
    assert outcome_of(drawn(["v"], [["1"], ["2"]], inputs=(), hit_policy="COLLECT"), "d").value == [1, 2]


def test_an_empty_output_is_null() -> None:
    assert outcome_of(drawn(["v"], [["-", ""]]), "d", n=1).value is None


@pytest.mark.parametrize(
    ("options", "code"),
    [({"hit_policy": "SOMETIMES"}, "hit_policy"), ({"hit_policy": "COLLECT", "aggregation": "AVERAGE"}, "aggregation")],
)
def test_what_no_table_has_is_an_error(options: dict[str, str], code: str) -> None:
    model = load(drawn(["v"], [["-", "1"]], **options).xml())
    assert [one.code for one in model.findings] == [code]
    assert model.explain("d", {"n": 1}).value is None


def test_a_fault_in_a_cell_names_the_rule_and_the_column_and_spares_the_other_rules() -> None:
    model = load(drawn(["v"], [["> > 5", "1"], ["-", "2 +"], ["7", "3"]], hit_policy="COLLECT").xml())
    assert [(one.code, one.rule, one.column, one.severity) for one in model.findings] == [
        ("feel", 1, "n", "error"),
        ("feel", 2, "v", "error"),
    ]
    assert "line 1, column 3" in model.findings[0].message
    outcome = model.explain("d", {"n": 7})
    assert outcome.value == [None, 3]
    assert "d, column v, rule 2 is no FEEL expression." in outcome.errors


def test_a_thousand_rules_are_answered_by_the_index() -> None:
    rules = [[f'"node-{n}"', "-", str(n)] for n in range(1000)]
    model = model_of(drawn(["v"], rules, inputs=("node", "n")))
    outcome = model.explain("d", {"node": "node-731", "n": 1})
    assert outcome.value == Decimal(731)
    assert model.explain("d", {"node": "nowhere"}).value is None


def test_of_very_many_matches_and_errors_the_first_are_kept() -> None:
    model = Dmn().input("n").knowledge("f", ["n"], table(["n"], [{"name": "v", "values": "1, 2"}], [["-", "n"]]))
    model.decision("d", literal("count(for i in 1..1500 return f(i))"), needs=["n"], knows=["f"])
    outcome = outcome_of(model, "d")
    assert outcome.value == 1500
    assert [one.inputs["n"] for one in outcome.matched] == list(range(1, 1001))
    assert len(outcome.errors) == 100
