"""Tables drawn by lot: the index finds what asking every cell finds, and lint is right about them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.dmn import lint, load
from app.decisions.feel import compile_unary_tests
from tests.factories.decisions import Dmn, table

NUMBERS = st.integers(0, 6)
NUMBER_CELLS = st.one_of(
    st.just("-"),
    NUMBERS.map(str),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(lambda one: f"{one[0]} {one[1]}"),
    st.tuples(st.sampled_from("[("), NUMBERS, st.integers(0, 3), st.sampled_from("])")).map(
        lambda one: f"{one[0]}{one[1]}..{one[1] + one[2]}{one[3]}"
    ),
    st.tuples(NUMBERS, NUMBERS).map(lambda one: f"not({one[0]}, > {one[1]})"),
)
WORD_CELLS = st.one_of(
    st.just(""),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True).map(
        lambda one: ", ".join(f'"{x}"' for x in one)
    ),
    st.sampled_from("abc").map(lambda one: f'not("{one}")'),
)
ODD_CELLS = st.sampled_from(["? > 3", "null", "? = null", "list contains([1, 2], ?)"])
HALVES = [Decimal(n) / 2 for n in range(-3, 22)]


def drawn(rows: list[tuple[str, str]], policy: str) -> Dmn:
    model = Dmn().input("n").input("w")
    rules = [[n, w, str(at)] for at, (n, w) in enumerate(rows, start=1)]
    logic = table(["n", ("w", '"a", "b", "c", null')], ["v"], rules, hit_policy=policy)
    return model.decision("d", logic, needs=["n", "w"])


def matching(rows: list[tuple[str, str]], n: Any, w: Any) -> list[int]:
    tests = [(compile_unary_tests(one or "-"), compile_unary_tests(other or "-")) for one, other in rows]
    return [at for at, (one, other) in enumerate(tests, start=1) if one.matches(n) is True and other.matches(w) is True]


@given(
    rows=st.lists(st.tuples(st.one_of(NUMBER_CELLS, ODD_CELLS), WORD_CELLS), min_size=1, max_size=12),
    n=st.sampled_from([*HALVES, None, "text"]),
    w=st.sampled_from(["a", "b", "c", None]),
)
@settings(max_examples=80, deadline=None)
def test_the_index_finds_what_asking_every_cell_finds(rows: list[tuple[str, str]], n: Any, w: Any) -> None:
    outcome = load(drawn(rows, "COLLECT").xml()).explain("d", {"n": n, "w": w})
    assert outcome.value == matching(rows, n, w)
    assert [one.rule_index for one in outcome.matched] == matching(rows, n, w)


@given(rows=st.lists(st.tuples(NUMBER_CELLS, WORD_CELLS), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_lint_finds_all_overlaps_and_gaps_and_no_others(rows: list[tuple[str, str]]) -> None:
    model = load(drawn(rows, "UNIQUE").xml().replace(b", null", b""))
    findings = lint(model)
    assert {one.rule for one in findings if one.code == "never"} == {
        at for at, (n, _) in enumerate(rows, start=1) if not any(matching([(n, "")], value, "a") for value in HALVES)
    }
    for one in (one for one in findings if one.code != "never"):
        example = {"n": 0, "w": "a"} | (one.example or {})
        found = matching(rows, Decimal(str(example["n"])), example["w"])
        assert len(found) > 1 if one.code == "overlap" else not found, one
    met = [matching(rows, n, w) for n in HALVES for w in "abc"]
    pairs = {(one, other) for found in met for one in found for other in found if one < other}
    assert len([one for one in findings if one.code == "overlap"]) == min(len(pairs), 20)
    assert any(one.code == "gap" for one in findings) == any(not found for found in met)


@given(rows=st.lists(st.tuples(NUMBER_CELLS, WORD_CELLS), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_rule_said_never_to_come_to_turn_never_does(rows: list[tuple[str, str]]) -> None:
    model = load(drawn(rows, "FIRST").xml().replace(b", null", b""))
    shadowed = {one.rule for one in lint(model) if one.code == "shadowed"}
    winners = {found[0] for n in HALVES for w in "abc" if (found := matching(rows, n, w))}
    assert not shadowed & winners
