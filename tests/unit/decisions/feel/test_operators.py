"""What expressions come to: operators, comparison, paths, filters, if."""

from decimal import Decimal as D
from typing import Any

import pytest

from app.decisions.feel import compile_feel
from tests.unit.decisions.feel.reading import SCOPE, shape, value

ARITHMETIC = {
    "1 + 2 * 3": D(7),
    "(1 + 2) * 3": D(9),
    "10 - 3 - 2": D(5),
    "7 / 2": D("3.5"),
    "0.1 + 0.2": D("0.3"),
    "1.10 + 1": D("2.10"),
    "2 ** 3 ** 2": D(64),
    "-3 ** 2": D(9),
    "2 ** -1": D("0.5"),
    "0 ** 0": D(1),
    "3 - -2": D(5),
    "-order.speed_mbps": D(-250),
    "1 / 3": D("0." + "3" * 34),
    ".5 + 1e2": D("100.5"),
    "order.price * 2": D("59.8"),
    "1 / 0": None,
    "1 + null": None,
    '1 + "1"': None,
    "true + 1": None,
    '"a" - "b"': None,
    "-true": None,
    "9 ** 9 ** 9 ** 9 ** 9": None,
    "(-8) ** 0.5": None,
    "9e6144 * 9e6144": None,
    '"fi" + "bre"': "fibre",
    '"a" + null': None,
}
COMPARISON = {
    "1 = 1.0": True,
    '1 = "1"': None,
    "true = 1": None,
    "active = 1": None,
    "null = null": True,
    "1 = null": False,
    "null != 1": True,
    "nothing = null": True,
    "missing = null": True,
    '1 != "1"': None,
    '"a" < "b"': True,
    '1 < "b"': None,
    "null < 1": None,
    "3 >= 3": True,
    "order.speed_mbps > 100": True,
    "100 < order.speed_mbps": True,
    "100 >= order.speed_mbps": False,
    "order.speed_mbps <= order.price": False,
    "[1, 2] = [1, 2.0]": True,
    "[1, 2] = [2, 1]": False,
    "[1] = [1, 2]": False,
    '[1] = ["1"]': False,
    "{a: 1, b: [2]} = {b: [2], a: 1}": True,
    "{a: 1} = {a: 1, b: null}": False,
    "[1] = 1": None,
    'tags = ["new", "urgent"]': True,
    "[1..2] = [1..2]": True,
    "[1..2] = [1..2)": False,
    "1 < 2 = true": True,
    "5 between 1 and 5": True,
    "6 between 1 and 5": False,
    '"x" between 1 and 5': None,
    "6 between null and 5": False,
    "2 between 1 and 3 and false": False,
}
MEMBERSHIP = {
    "5 in [1..5]": True,
    "5 in [1..5)": False,
    "1 in (1..5]": False,
    "1 in ]1..5]": False,
    "5 in [1..5[": False,
    "2 in ]1..5[": True,
    '"a" in [1..5]': None,
    "null in [1..5]": None,
    "5 in (<6)": True,
    "5 in < 5": False,
    "5 in (< 3, >= 5)": True,
    "5 in (!= 5)": False,
    "5 in (!= 4)": True,
    "5 in (= 5)": True,
    "5 in (1, 2, 5)": True,
    "5 in (1, 2)": False,
    '5 in (1, "2")': None,
    "5 in ([1..2], [4..6])": True,
    "5 in [1, 5]": True,
    '"urgent" in tags': True,
    '"old" in tags': False,
    "5 in [[1..3], [4..9]]": True,
    "[1] in [[1], [2]]": True,
    "[1, 2] in [1, 2]": True,
    "null in [1, null]": True,
    "5 in 5": True,
    '@"2026-05-02" in [@"2026-05-01"..@"2026-05-31"]': True,
}
PATHS = {
    "order.id": "o-7",
    "order.lines.sku": ["fibre", "tv"],
    "order.lines.qty": [D(1), D(2)],
    "order.missing.deeper": None,
    "missing.deeper": None,
    "nothing.deeper": None,
    "order.speed_mbps.unit": None,
    "{if: 1}.if": D(1),
    "{a: 1, b: a + 1}.b": D(2),
    '{"a b": 1}.a b': D(1),
    "order.lines[1].sku": "fibre",
    "order.lines[-1].sku": "tv",
    "order.lines[0]": None,
    "order.lines[3]": None,
    "order.lines[-3]": None,
    "order.lines[1.5]": None,
    "[10, 20, 30][1 + 1]": D(20),
    "7[1]": D(7),
    "7[2]": None,
    "null[1]": None,
    "order.lines[qty > 1].sku": ["tv"],
    'order.lines[item.sku = "fibre"].qty': [D(1)],
    "[1, 2, 3, 4][item > 2]": [D(3), D(4)],
    "[true, false, null][item]": [True],
    "[1, 2][missing > 1]": [],
    "[1, 2][null]": [],
    '[1, 2]["a"]': None,
    "[1, 2][{a: 1}]": None,
    "[1, 2][item]": None,
    "[{a: true}, {a: null}, {b: 1}][a]": [{"a": True}],
    "null[item > 1]": [],
    "order.lines[sku = tags[1]]": [],
    "[{item: 1}, {item: 2}][item = 2]": [{"item": D(2)}],
}
OTHERS = {
    'if order.speed_mbps > 100 then "fast" else "slow"': "fast",
    'if null then "then" else "else"': "else",
    'if 1 then "then" else "else"': "else",
    "if false then 1 else if true then 2 else 3": D(2),
    "(if true then 1 else 2) + 1": D(2),
    "if true then 1 else 2 + 1": D(1),
    "1 + if false then 1 else 2 + 5": D(8),
    "1 * 2 + 3 - if true then 1 else 2": D(4),
    "1 = if true then 1 else 2": True,
    "active and some x in order.lines satisfies x.qty > 1 or x.qty < 0": True,
    "false or true and every x in [] satisfies x": True,
    "[1 + if true then 1 else 2, 3]": [D(2), D(3)],
    "[]": [],
    "{}": {},
    "[1, [2, null]]": [D(1), [D(2), None]],
    "{a: 1, b: {c: a}}": {"a": D(1), "b": {"c": D(1)}},
    "1 // the rest is a remark": D(1),
    "/* before */ 1 /* and \n after */": D(1),
    "5 instance of number": True,
    "5 instance of string": False,
    "null instance of number": False,
    "null instance of Null": True,
    "null instance of Any": False,
    "active instance of boolean": True,
    "[1, 2] instance of list<number>": True,
    '[1, "2"] instance of list<number>': False,
    "[1, null] instance of list<number>": True,
    "[[1]] instance of list<list<number>>": True,
    '{a: 1, b: "x"} instance of context<a: number, b: string>': True,
    "{a: 1} instance of context<a: number, b: string>": False,
    '@"PT1H" instance of days and time duration': True,
    '@"P1Y" instance of days and time duration': False,
    '@"2026-05-01T00:00:00Z" instance of date and time': True,
    '@"2026-05-01T00:00:00Z" instance of date': False,
    "[1..2] instance of range<number>": True,
    "[1..2] instance of range<string>": False,
    "1 + 1 instance of number": None,
}


@pytest.mark.parametrize(("text", "expected"), (ARITHMETIC | COMPARISON | MEMBERSHIP | PATHS | OTHERS).items())
def test_an_expression_comes_to_its_value(text: str, expected: Any) -> None:
    assert shape(value(text)) == shape(expected)


@pytest.mark.parametrize(
    ("written", "meant"),
    {
        r"\n\t\r": "\n\t\r",
        r"\"quoted\"": '"quoted"',
        r"\\": "\\",
        r"\u0041": "A",
        r"\U01F40E": "🐎",
        r"\uD83D\uDC0E": "🐎",
        r"\d+": r"\d+",
        "two\nlines": "two\nlines",
    }.items(),
)
def test_text_has_escapes_and_keeps_what_is_none(written: str, meant: str) -> None:
    assert value(f'"{written}"') == meant


def test_ints_and_floats_of_the_scope_are_read_as_decimals_from_their_text() -> None:
    scope = {"price": 0.1, "count": 3, "rows": [{"price": 1.005}]}
    assert shape(value("price", scope)) == (D, D("0.1"))
    assert shape(value("price + count", scope)) == (D, D("3.1"))
    assert shape(value("rows", scope)) == [{"price": (D, D("1.005"))}]
    assert value("price + 0.2 = 0.3", scope) is True


def test_a_number_that_json_cannot_mean_is_null() -> None:
    assert value("x", {"x": float("nan")}) is None
    assert value("x + 1", {"x": float("inf")}) is None


def test_what_is_returned_can_be_changed_without_changing_the_scope() -> None:
    scope = {"rows": [[1]], "same": {"a": 1}}
    value("rows", scope)[0].append(2)
    value("same", scope)["a"] = 2
    assert scope == {"rows": [[1]], "same": {"a": 1}}


def test_names_are_the_first_names_of_what_it_takes_from_the_scope() -> None:
    text = "{a: order.id, b: a}.b + tags[item != x] + (for y in zs return y + u)[1] + upper case(t) + (some q in r satisfies q)"
    assert compile_feel(text).names == {"order", "tags", "x", "zs", "u", "t", "r"}


def test_equality_is_reflexive_over_the_whole_scope() -> None:
    for name in SCOPE:
        assert value(f"{name} = {name}") is True
