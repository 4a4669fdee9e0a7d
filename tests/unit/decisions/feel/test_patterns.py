"""matches, replace and split, with patterns as XPath has them."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.feel import BudgetExceeded, compile_feel
from app.decisions.feel.xpath import BadPattern, compile_pattern

FOUND: list[tuple[str, str, str, bool]] = [
    ("foobar", "^fo*b", "", True),
    ("foobar", "^o", "", False),
    ("foobar", "r$", "", True),
    ("bar\n", "r$", "", False),
    ("a\nb", "^b$", "", False),
    ("a\nb", "^b$", "m", True),
    ("a\nb", "a.b", "", False),
    ("a\rb", "a.b", "", False),
    ("a\nb", "a.b", "s", True),
    ("FOO", "fo+", "i", True),
    ("helloworld", "hello world", "x", True),
    ("hello world", "hello[ ]world", "x", True),
    ("aaa", "a {3}", "x", True),
    ("a.b", "a.b", "q", True),
    ("axb", "a.b", "q", False),
    ("a+B", "A+b", "qi", True),
    ("abab", r"^(ab)\1$", "", True),
    ("ab", r"^(x)?ab\1$", "", True),
    ("aa0", r"(a)\10", "", True),
    ("x", "^[A-Z-[OI]]$", "i", True),
    ("i", "^[A-Z-[OI]]$", "i", False),
    ("q", "[^Q]", "i", False),
    ("m", r"\p{Lu}", "i", False),
    ("m", r"\P{Lu}", "i", True),
    ("m", r"[\p{Lu}]", "i", False),
    ("m", r"[\p{Lu}M]", "i", True),
    ("m", r"[^\p{Lu}]", "i", True),
    ("m", r"[^\p{Lu}M]", "i", False),
    ("m", r"[A-Z-[\p{Lu}]]", "i", True),
    ("\u212a", "[A-Z]", "i", True),
    ("ß", "ss", "i", False),
    ("e", "[a-z-[aeiou]]", "", False),
    ("f", "[a-z-[aeiou]]", "", True),
    ("f", "[a-z-[b-y-[f]]]", "", True),
    ("-", "[a-]", "", True),
    ("-", "[-a]", "", True),
    ("&", "[&&a]", "", True),
    ("]", r"[\]]", "", True),
    ("^", r"[\^]", "", True),
    ("b", "[^^]", "", True),
    ("٣", r"^\d$", "", True),
    ("_", r"^\w$", "", False),
    ("é", r"^\w$", "", True),
    ("é", r"\W", "", False),
    ("\u00a0", r"\s", "", False),
    ("a:b", r"^\i\c*$", "", True),
    ("1", r"\i", "", False),
    ("1", r"[\I]", "", True),
    ("é", r"\p{IsBasicLatin}", "", False),
    ("é", r"\p{IsLatin-1Supplement}", "", True),
    ("ab", "^(?:a|b)+?$", "", True),
    ("aaa", "^a{2,}$", "", True),
    ("aaa", "^a{2}$", "", False),
    ("", "", "", True),
    ("x", "a|", "", True),
    ("{}", r"\{\}", "", True),
]
NO_PATTERNS = [
    ("(", ""), (")", ""), ("a)b", ""), ("[", ""), ("[]", ""), ("[a", ""), ("a]", ""), ("}", ""), ("a{2", ""), ("a{3,2}", ""), ("*", ""),
    ("a**", ""), ("a++", ""), ("(?=a)", ""), ("(?<n>a)", ""), ("(?i)a", ""), (r"\b", ""), (r"\A", ""), (r"\1", ""), (r"(a\1)", ""), (r"(.)\3", ""),
    (r"\p{Xx}", ""), (r"\p{IsNothing}", ""), (r"\p", ""), (r"\ ", ""), ("\\", ""), ("[z-a]", ""), (r"[a-\d]", ""), ("[a-z-x]", ""), ("[[a]]", ""),
    ("[a-[b]c]", ""), (r"[\1]", ""), ("a", "p"), ("a", "g"), ("a{99999}", ""), ("(" * 60 + ")" * 60, ""),
]  # fmt: skip
REPLACED: dict[tuple[str, ...], str | None] = {
    ("abracadabra", "bra", "*"): "a*cada*",
    ("abracadabra", "a.*a", "*"): "*",
    ("abracadabra", "a.*?a", "*"): "*c*bra",
    ("abracadabra", "a(.)", "a$1$1"): "abbraccaddabbra",
    ("AAAA", "A+?", "b"): "bbbb",
    ("abcd", "(ab)|(a)", "[1=$1][2=$2]"): "[1=ab][2=]cd",
    ("abc", "(b)", "$12"): "ab2c",
    ("abc", "b", "$1"): "ac",
    ("abc", "b", "<$0>"): "a<b>c",
    ("abc", "b", r"\$\\"): r"a$\c",
    ("abc", "b", "$"): None,
    ("abc", "b", r"\n"): None,
    ("a.b", ".", r"$\1", "q"): r"a$\1b",
    ("aBc", "b", "-", "i"): "a-c",
    ("abc", "x*", "-"): None,
    ("abc", ".*?", "$1"): None,
    ("abc", "[", "-"): None,
    ("abc", "b", "-", "z"): None,
}


@pytest.mark.parametrize(("text", "pattern", "flags", "found"), FOUND)
def test_a_pattern_finds_what_xpath_says(text: str, pattern: str, flags: str, found: bool) -> None:
    scope = {"t": text, "p": pattern, "f": flags}
    assert compile_feel("matches(t, p, f)").evaluate(scope) is found


@pytest.mark.parametrize(("pattern", "flags"), NO_PATTERNS)
def test_what_is_no_pattern_of_xpath_is_null(pattern: str, flags: str) -> None:
    with pytest.raises(BadPattern):
        compile_pattern(pattern, flags)
    assert compile_feel("matches(t, p, f)").evaluate({"t": "a", "p": pattern, "f": flags}) is None


@pytest.mark.parametrize(("arguments", "expected"), REPLACED.items())
def test_replace_puts_what_the_groups_found(arguments: tuple[str, ...], expected: str | None) -> None:
    scope = dict(zip("tprf", (*arguments, ""), strict=False))
    assert compile_feel("replace(t, p, r, f)").evaluate(scope) == expected


@pytest.mark.parametrize(
    ("text", "delimiter", "pieces"),
    [
        ("John Doe", r"\s", ["John", "Doe"]), ("a;b;c;;", ";", ["a", "b", "c", "", ""]), ("a1b22c", r"(\d)+", ["a", "b", "c"]),
        ("abc", ";", ["abc"]), ("", ";", [""]), ("abc", "", None), ("abc", "x*", None), ("abc", "[", None),
    ],
)  # fmt: skip
def test_split_breaks_at_each_delimiter(text: str, delimiter: str, pieces: list[str] | None) -> None:
    assert compile_feel("split(t, d)").evaluate({"t": text, "d": delimiter}) == pieces


@pytest.mark.parametrize(
    "text",
    ['matches(s, "(a+)+$")', 'replace(s, "(a|aa)+$", "b")', 'split(s, "(a|aa)+$")', "for i in 1..1000 return matches(s, \"(a+)+$\")",
     'matches(s, "((((a{1,1000}){1,1000}){1,1000}){1,1000})$")'],
)  # fmt: skip
def test_a_catastrophic_pattern_is_a_clear_error_soon(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(BudgetExceeded, match="takes too long"):
        compile_feel(text).evaluate({"s": "a" * 5000 + "!"})
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("pattern", ["((a{1000}){1000}){1000}", "(" * 8 + "a" + "{9})" * 8, "(?:(?:b|a{400}){400}|c)"])
def test_a_pattern_that_would_take_memory_to_compile_is_none(pattern: str) -> None:
    assert compile_feel("matches(s, p)").evaluate({"s": "a", "p": pattern}) is None
    assert compile_feel("matches(s, p)").evaluate({"s": "a" * 40_000, "p": "(a{200}){200}"}) is True


def test_long_patterns_and_results_run_out_of_budget() -> None:
    with pytest.raises(BudgetExceeded, match="more than the 5000 allowed"):
        compile_feel("matches(s, s)").evaluate({"s": "a" * 5001})
    with pytest.raises(BudgetExceeded):
        compile_feel('replace(s, ".", s)').evaluate({"s": "a" * 100_000})


@given(st.text(max_size=20), st.text(max_size=12))
def test_text_taken_literally_is_found_where_it_stands(text: str, part: str) -> None:
    scope: dict[str, Any] = {"t": text, "p": part}
    assert compile_feel('matches(t, p, "q")').evaluate(scope) is (part in text)
    if part:
        assert compile_feel('replace(t, p, "", "q")').evaluate(scope) == text.replace(part, "")


@given(st.text(alphabet="ab.*+?()[]{}|^$\\-,1dpi:&~", max_size=15), st.text(alphabet="ab-1", max_size=8))
def test_any_pattern_is_an_answer_or_null(pattern: str, text: str) -> None:
    scope = {"t": text, "p": pattern}
    found = compile_feel("matches(t, p)").evaluate(scope)
    assert found in {True, False, None}
    assert compile_feel('matches(t, p, "xsmi")').evaluate(scope) in {True, False, None}
    assert (compile_feel("replace(t, p, p)").evaluate(scope) is None) >= (found is None)
