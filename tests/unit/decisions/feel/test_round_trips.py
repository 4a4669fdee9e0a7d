"""What is written can be read again as the same value."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from app.decisions.feel import Range, YearsMonths, coerce, compile_feel, evaluate
from app.decisions.feel.types import Type
from tests.unit.decisions.feel.reading import shape

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.sampled_from(["a", "a b", "null", "in", "-"]), inner, max_size=3)
    ),
    max_leaves=6,
)
ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Paris")])
TEMPORAL = st.one_of(
    st.dates(),
    st.builds(time.replace, st.times(), tzinfo=ZONES),
    st.builds(datetime.replace, st.datetimes(), tzinfo=ZONES),
    st.timedeltas(timedelta(days=-99999), timedelta(days=99999)),
    st.builds(YearsMonths, st.integers(-99999, 99999)),
)


@given(st.lists(VALUES, min_size=1, max_size=1) | st.dictionaries(TEXTS, VALUES, max_size=3))
@example({"a  b": [], " a": {}, "a b": '"\\', "": "\n"})
def test_a_value_as_text_is_an_expression_for_it(value: Any) -> None:
    written = compile_feel("string(v)").evaluate({"v": value})
    assert shape(evaluate(written)) == shape(value)


@given(TEMPORAL)
def test_a_temporal_value_as_text_is_its_literal(value: Any) -> None:
    written = compile_feel("string(v)").evaluate({"v": value})
    again = evaluate(f'@"{written}"')
    assert shape(again) == shape(value)
    assert compile_feel("v = w and is(v, w)").evaluate({"v": value, "w": again}) is True


@given(NUMBERS, NUMBERS, st.booleans(), st.booleans())
def test_a_range_as_text_is_read_back(low: Decimal, high: Decimal, low_included: bool, high_included: bool) -> None:
    value = Range(low, high, low_included, high_included)
    assert compile_feel("range(string(r)) = r").evaluate({"r": value}) is True


@given(VALUES)
def test_get_entries_and_context_are_each_others_reverse(value: Any) -> None:
    scope = {"c": {"a": value, "b c": value}}
    assert shape(compile_feel("context(get entries(c))").evaluate(scope)) == shape(scope["c"])
    assert compile_feel('context put(c, "a", 1).a = 1 and context merge([c, {a: 1}]).a = 1').evaluate(scope) is True


@given(VALUES)
def test_a_value_and_a_list_of_it_are_fitted_into_one_another(value: Any) -> None:
    one, many = Type("Any"), Type("list", (Type("Any"),))
    assert shape(coerce([value], many)) == shape([value])
    assert coerce(value, one) is value
    if value is not None and not isinstance(value, list):
        assert shape(coerce(value, many)) == shape([value])
        assert evaluate("v instance of Any", {"v": value}) is True


def test_what_does_not_fit_a_type_is_null() -> None:
    number, texts = Type("number"), Type("list", (Type("string"),))
    order = Type("context", (number, texts), ("id", "tags"))
    positive = Type("number", allows=lambda value: value > 0)
    cases: list[tuple[Any, Type, Any]] = [
        (5, number, Decimal(5)), ([5], number, Decimal(5)), ([[5]], number, None), ([5, 6], number, None), ("5", number, None), (None, number, None),
        ("a", texts, ["a"]), (["a", None], texts, ["a", None]), ([1], texts, None), ([], texts, []),
        (date(2026, 5, 1), Type("date and time"), datetime(2026, 5, 1, tzinfo=UTC)), (datetime(2026, 5, 1), Type("date"), None),
        ({"id": 1, "tags": [], "more": 1}, order, {"id": Decimal(1), "tags": [], "more": Decimal(1)}), ({"id": 1}, order, None), ([{"id": 1, "tags": []}], order, {"id": Decimal(1), "tags": []}),
        (1, positive, Decimal(1)), (-1, positive, None), ([1], Type("list", (positive,)), [Decimal(1)]), ([1, -1], Type("list", (positive,)), None),
    ]  # fmt: skip
    for value, type_, expected in cases:
        found = coerce(value, type_)
        assert shape(evaluate("v", {"v": found})) == shape(expected), (value, type_)
