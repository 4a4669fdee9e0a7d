"""Requirements between decisions, knowledge, services and models."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.core.clock import FixedClock
from app.decisions.dmn import DmnRefused, UnknownDecision, load
from app.decisions.feel import BudgetExceeded
from tests.factories.decisions import Dmn, context, function, invocation, literal, table
from tests.unit.decisions.dmn.deciding import decide, model_of, outcome_of


def test_a_decision_sees_what_it_requires_and_nothing_else() -> None:
    model = Dmn().input("a").input("b").decision("first one", literal("a + 1"), needs=["a"])
    model.decision("sum of", literal("[first one, a, b]"), needs=["b"], decisions=["first one"])
    assert decide(model, "sum of", a=1, b=5) == [2, None, 5]


def test_names_that_the_model_does_not_declare_come_from_what_was_given() -> None:
    """Simple tables are drawn without input data."""
    assert decide(Dmn().decision("d", table(["speed"], ["v"], [["> 5", '"fast"']])), "d", speed=7) == "fast"


def test_a_long_chain_of_decisions_needs_no_deep_stack() -> None:
    model = Dmn().decision("d0", literal("1"))
    for n in range(1, 3000):
        model.decision(f"d{n}", literal(f"d{n - 1} + 1"), decisions=[f"d{n - 1}"])
    assert decide(model, "d2999") == 3000


def test_each_decision_is_made_once() -> None:
    model = Dmn().decision("base", table([], ["v"], [["1"]]))
    for n in range(30):
        below = "base" if n == 0 else f"d{n - 1}"
        model.decision(f"d{n}", literal(f"{below} + {below}"), decisions=[below, below])
    outcome = outcome_of(model, "d29")
    assert outcome.value == 2**30
    assert len(outcome.matched) == 1


def test_a_circle_is_an_error_and_its_decisions_are_null() -> None:
    model = Dmn().decision("a", literal("b"), decisions=["c"]).decision("b", literal("a"), decisions=["a"])
    model.decision("c", literal("b"), decisions=["b"]).decision("d", literal("[a, 1]"), decisions=["a"])
    loaded = load(model.xml())
    assert [one.code for one in loaded.findings] == ["circle"]
    assert "a -> c -> b -> a" in loaded.findings[0].message
    outcome = loaded.explain("d", {})
    assert outcome.value == [None, 1]
    assert outcome.errors == ("a requires itself.",)
    assert loaded.explain("b", {}).value is None


def test_a_requirement_of_nothing_is_an_error() -> None:
    model = load(Dmn().decision("d", literal("1"), needs=["x"], knows=["y"]).xml())
    assert [one.code for one in model.findings] == ["unknown_requirement"] * 2
    assert model.explain("d", {}).value == 1


def test_a_requirement_of_the_wrong_kind_is_an_error() -> None:
    model = Dmn().input("n").knowledge("k", [], literal("1")).decision("d", literal("1"), decisions=["k"], knows=["n"])
    loaded = load(model.service("s", outputs=["k"], inputs=["nowhere"]).xml())
    assert [one.code for one in loaded.findings] == ["unknown_requirement"] * 4
    assert loaded.explain("d", {}).value == 1
    assert loaded.explain("s", {}).value == {}


def test_knowledge_is_called_from_feel_by_position_and_by_name() -> None:
    model = Dmn().knowledge(
        "price of", ["speed", ("tax rate", "number")], literal("speed * tax rate"), type_ref="number"
    )
    model.decision("d", literal("[price of(2, 3), price of(tax rate: 5, speed: 4), price of(1)]"), knows=["price of"])
    assert decide(model, "d") == [6, 20, None]


def test_knowledge_calls_knowledge_and_itself() -> None:
    model = Dmn().knowledge("base", ["n"], literal("n + 100"))
    model.knowledge("countdown", ["n"], literal("if n = 0 then base(0) else countdown(n - 1)"), knows=["base"])
    assert decide(model.decision("d", literal("countdown(9)"), knows=["countdown"]), "d") == 100


def test_two_models_of_knowledge_may_call_one_another() -> None:
    model = Dmn().knowledge("even one", ["n"], literal("if n = 0 then true else odd one(n - 1)"), knows=["odd one"])
    model.knowledge("odd one", ["n"], literal("if n = 0 then false else even one(n - 1)"), knows=["even one"])
    assert decide(model.decision("d", literal("even one(8)"), knows=["even one"]), "d") is True


def test_knowledge_without_end_is_an_error_not_a_crash() -> None:
    model = Dmn().knowledge("forever", ["n"], literal("1 + forever(n + 1)"))
    with pytest.raises(BudgetExceeded):
        decide(model.decision("d", literal("forever(1)"), knows=["forever"]), "d")


def test_knowledge_sees_neither_inputs_nor_decisions() -> None:
    model = Dmn().input("n").knowledge("f", [], literal("n"))
    assert decide(model.decision("d", literal("f()"), needs=["n"], knows=["f"]), "d", n=1) is None


def test_an_argument_of_another_type_makes_the_call_null() -> None:
    model = Dmn().knowledge("f", [("n", "number")], literal("n = null"))
    assert decide(model.decision("d", literal('[f(1), f("x"), f([2])]'), knows=["f"]), "d") == [False, None, False]


def test_the_result_of_knowledge_has_its_type() -> None:
    model = Dmn().knowledge("f", ["x"], literal("x"), type_ref="number")
    assert decide(model.decision("d", literal('[f(1), f("x")]'), knows=["f"]), "d") == [1, None]


def test_tables_in_knowledge_are_reported_too() -> None:
    model = Dmn().knowledge("f", ["n"], table(["n"], ["v"], [["< 5", '"low"'], [">= 5", '"high"']]))
    outcome = outcome_of(model.decision("d", invocation("f", n=literal("7")), knows=["f"]), "d")
    assert [(one.decision_name, one.rule_index) for one in outcome.matched] == [("f", 2)]


def test_knowledge_may_be_handed_on_as_a_value() -> None:
    model = Dmn().knowledge("twice", ["n"], literal("n * 2")).knowledge("apply", ["f", "n"], literal("f(n)"))
    model.decision("d", literal("apply(twice, 4)"), knows=["apply", "twice"])
    assert decide(model, "d") == 8


def test_knowledge_may_be_evaluated_by_itself() -> None:
    assert decide(Dmn().knowledge("price of", ["line speed"], literal("line speed * 2")), "price of", line_speed=4) == 8


# Decision services


def service() -> Dmn:
    model = Dmn().input("n").decision("below", literal("n * 100"), needs=["n"])
    model.decision("inner", literal("below + n"), decisions=["below"], needs=["n"])
    model.decision("top", literal("inner + 1"), decisions=["inner"])
    model.decision("other", literal('"x"'))
    return model


def test_a_service_gives_its_decision_and_takes_its_input_decisions_as_given() -> None:
    model = service().service("s", outputs=["top"], encapsulated=["inner"], inputs=["n"], input_decisions=["below"])
    assert decide(model, "s", n=1, below=10) == 12
    assert decide(model, "top", n=1, below=10) == 102
    assert decide(model, "s", n=1) is None


def test_what_only_an_input_decision_needs_is_not_decided() -> None:
    model = Dmn().decision("deep", table([], ["v"], [["1"]])).decision("given", literal("deep"), decisions=["deep"])
    model.decision("top", literal("given + 1"), decisions=["given"])
    outcome = outcome_of(model.service("s", outputs=["top"], input_decisions=["given"]), "s", given=4)
    assert (outcome.value, outcome.matched) == (5, ())


def test_a_service_with_several_decisions_gives_a_context() -> None:
    model = service().service("s", outputs=["top", "other"], encapsulated=["inner", "below"], inputs=["n"])
    assert decide(model, "s", n=1) == {"top": 102, "other": "x"}


def test_a_service_is_a_function_of_input_data_then_input_decisions() -> None:
    model = service().service("s", outputs=["top"], encapsulated=["inner"], inputs=["n"], input_decisions=["below"])
    model.decision("d", literal("[s(1, 10), s(below: 20, n: 2), s(1)]"), knows=["s"])
    assert decide(model, "d") == [12, 23, None]


def test_a_service_called_as_a_decision_is_found_when_asked_for() -> None:
    model = model_of(Dmn().decision("same", literal("1")).decision("o", literal("2")).service("same ", outputs=["o"]))
    assert model.explain("same", {}).value == 1
    assert model.explain_service("same", {}).value == 2


def test_service_results_are_held_against_the_service_type() -> None:
    model = Dmn().decision("o", literal('"x"')).service("s", outputs=["o"], type_ref="number")
    outcome = outcome_of(model, "s")
    assert outcome.value is None
    assert outcome.errors == ("s: the result is no number: found x.",)


# Imports


def imported() -> Dmn:
    model = (
        Dmn("inner", namespace="urn:inner").item("tSpeed", "number", allowed="[1..1000]").input("line speed", "tSpeed")
    )
    model.decision("class of", literal('if line speed > 100 then "fast" else "slow"'), needs=["line speed"])
    return model.knowledge("twice as", ["n"], literal("n * 2"))


def test_an_imported_model_stands_behind_its_name() -> None:
    main = Dmn().import_("the lib", "urn:inner").input("n", "the lib.tSpeed")
    main.decision(
        "d",
        literal("[the lib.twice as(n), the lib.class of, the lib.line speed]"),
        needs=["n", "urn:inner#line speed"],
        decisions=["urn:inner#class of"],
        knows=["urn:inner#twice as"],
    )
    model = model_of(main, imported())
    assert model.explain("d", {"n": 4, "the lib": {"line speed": 500}}).value == [8, "fast", 500]
    assert model.explain("d", {"n": 4, "line speed": 5}).value == [8, "slow", 5]
    assert model.explain("d", {"n": 4000, "line speed": 5}).errors


def test_imports_may_come_before_what_imports_them() -> None:
    main = (
        Dmn("main")
        .import_("lib", "urn:inner")
        .decision("class of", literal("lib.twice as(4)"), knows=["urn:inner#twice as"])
    )
    model = load(imported().xml(), main.xml())
    assert model.name == "main"
    assert model.explain("class of", {}).value == 8


def test_one_model_imported_twice_has_the_inputs_of_each() -> None:
    middle = []
    for name in ("one", "two"):
        drawn = Dmn(name, namespace=f"urn:{name}").import_("lib", "urn:inner")
        middle.append(drawn.decision("speed of", literal("lib.line speed"), needs=["urn:inner#line speed"]))
    main = Dmn().import_("first model", "urn:one").import_("second model", "urn:two")
    both = literal("[first model.speed of, second model.speed of]")
    main.decision("d", both, decisions=["urn:one#speed of", "urn:two#speed of"])
    given = {"first model": {"lib": {"line speed": 1}}, "second model": {"lib": {"line speed": 2}}}
    assert model_of(main, *middle, imported()).explain("d", given).value == [1, 2]


def test_an_import_without_a_name_stands_among_the_own() -> None:
    main = Dmn().import_("", "urn:inner").decision("d", literal("twice as(4)"), knows=["urn:inner#twice as"])
    assert model_of(main, imported()).explain("d", {}).value == 8


def test_an_import_that_is_not_there_is_an_error() -> None:
    model = load(Dmn().import_("lib", "urn:nowhere").decision("d", literal("1")).xml())
    assert [one.code for one in model.findings] == ["unknown_import"]


def test_models_that_import_one_another_are_refused() -> None:
    one = Dmn("a", namespace="urn:a").import_("b", "urn:b")
    other = Dmn("b", namespace="urn:b").import_("a", "urn:a")
    with pytest.raises(DmnRefused, match="circle"):
        load(one.xml(), other.xml())


def test_two_models_of_one_namespace_are_refused() -> None:
    with pytest.raises(DmnRefused, match="namespace"):
        load(Dmn().xml(), Dmn().xml())


# The door


def test_a_decision_is_found_by_name_and_by_id() -> None:
    model = model_of(Dmn().decision("the one", literal("1")))
    assert model.explain("the one", {}).value == model.explain("_the_one", {}).value == 1
    with pytest.raises(UnknownDecision) as unknown:
        model.explain("another", {})
    assert unknown.value.facts["decisions"] == ["the one"]


def test_now_is_the_clock_that_was_given() -> None:
    now = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    assert model_of(Dmn().decision("d", literal("today().day"))).explain("d", {}, FixedClock(now)).value == 3


def test_a_model_lists_what_it_has() -> None:
    model = model_of(service().service("s", outputs=["top"]).knowledge("k", [], literal("1")))
    assert (model.id, model.name, model.namespace) == ("defs", "model", "urn:test")
    assert list(model.decisions) == ["_below", "_inner", "_top", "_other"]
    assert [one.name for one in model.services.values()] == ["s"]
    assert [one.name for one in model.business_knowledge_models.values()] == ["k"]
    assert [one.name for one in model.inputs.values()] == ["n"]


def test_a_context_of_functions_is_a_library() -> None:
    lib = context(("double of", function(["n"], literal("n * 2"))))
    model = Dmn().decision("my lib", lib).decision("d", literal("my lib.double of(4)"), decisions=["my lib"])
    assert decide(model, "d") == 8
