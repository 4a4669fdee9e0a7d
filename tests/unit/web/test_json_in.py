"""JSON from a stranger, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from app.web.json_in import DEPTH_LIMIT, MalformedJson, read_object, read_value


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("18446744073709551615", 2**64 - 1), ('"x"', "x"), ("null", None), ("[1]", [1])])
def test_a_value_is_read_as_it_is(text: str, value: Any) -> None:
    assert read_value(text, "It") == value


@pytest.mark.parametrize(
    "text",
    [
        *("1e400", "9" * 400, "9" * 5000, "-" + "9" * 1_000_000, "NaN", "-Infinity", "[" * 1_000_000),
        *('{"a":' * 100_000, '{"a": {"b": 1, "b": 2}}', '["\\ud800"]', '{"a": 1}\x00', "\ufeff{}", "\ud800", "'a'"),
        "[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_what_two_readers_would_read_in_two_ways_or_not_at_all_is_refused(text: str) -> None:
    with pytest.raises(MalformedJson):
        read_value(text, "It")
    with pytest.raises(MalformedJson):
        read_object(f'{{"variables": {text}}}'.encode("utf-8", "surrogatepass"))
