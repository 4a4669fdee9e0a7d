"""Numbers keep their digits on the way in, through and out."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.decisions.feel import compile_feel

DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal("-1e20"), max_value=Decimal("1e20"), places=10
)


@given(DECIMALS)
def test_a_literal_is_the_number_that_is_written(number: Decimal) -> None:
    assert compile_feel(f"{number:f}").evaluate({}) == number


@given(DECIMALS)
def test_the_text_of_a_number_reads_back_as_the_number(number: Decimal) -> None:
    assert compile_feel("number(string(n)) = n").evaluate({"n": number}) is True


@given(st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_number_of_the_scope_is_stored_as_it_came(number: int | float) -> None:
    assert compile_feel("n").json({"n": number}) == number
    assert compile_feel("order").json({"order": {"n": [number]}}) == {"n": [number]}
    [computed] = compile_feel("[n]").json({"n": number})
    assert Decimal(repr(computed)) == Decimal(repr(number))


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_sums_and_products_of_whole_numbers_are_exact(a: int, b: int) -> None:
    assert compile_feel("a + b").json({"a": a, "b": b}) == a + b
    assert compile_feel("a * b").evaluate({"a": a, "b": b}) == a * b
    assert compile_feel("a - b + b = a").evaluate({"a": a, "b": b}) is True


@given(st.integers(-1000, 1000), st.integers(-50, 50).filter(bool))
def test_modulo_has_the_sign_of_the_divisor(a: int, b: int) -> None:
    assert compile_feel("modulo(a, b)").evaluate({"a": a, "b": b}) == a % b


def test_a_literal_keeps_34_digits() -> None:
    digits = "1234567890123456789012345678901234"
    for written in (digits, f"-{digits}", f"{digits}.5"):
        assert compile_feel(written).evaluate({}) == Decimal(written.removesuffix(".5"))
