"""Variables before the schema of their process: what is costly has a bound."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.engine.schemas import MOST_REFERENCES, PATTERNS_LIMIT_S, VariablesRefused, check_schema

SLOW = "(a|aa)+$"


def problems(schema: dict[str, Any], variables: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        check_schema(schema, variables)
    except VariablesRefused as refused:
        return refused.problems
    return []


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"x": {"pattern": SLOW}}},
        {"properties": {"x": {"items": {"pattern": SLOW}}}},
        {"patternProperties": {SLOW: {}}},
        {"patternProperties": {SLOW: {}}, "additionalProperties": False},
        {"propertyNames": {"pattern": SLOW}},
    ],
)
def test_a_catastrophic_pattern_is_a_clear_refusal_soon(schema: dict[str, Any]) -> None:
    nasty = "a" * 5000 + "!"
    began = time.monotonic()
    found = problems(schema, {"x": [nasty] * 200 if "items" in str(schema) else nasty, nasty: 1})
    assert any("takes too long" in message for _, message in found)
    assert time.monotonic() - began < 10 * PATTERNS_LIMIT_S


def test_a_hundred_thousand_items_are_told_apart_soon() -> None:
    schema = {"properties": {"x": {"uniqueItems": True}}}
    items: list[Any] = [{"n": number} for number in range(100_000)]
    began = time.monotonic()
    assert problems(schema, {"x": items}) == []
    assert problems(schema, {"x": [*items, {"n": 7.0}]}) == [("$.variables.x", "The same item stands in the list more than once")]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("items", "unique"),
    [([1, 1.0], False), ([1, True], True), ([0, False], True), ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], False), ([[1], [1.0]], False), ([1e300, 1e300], False), ([None, 0, "", []], True)],
)
def test_items_are_equal_as_json_schema_says(items: list[Any], unique: bool) -> None:
    assert (problems({"properties": {"x": {"uniqueItems": True}}}, {"x": items}) == []) is unique


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_references_that_lead_to_two_each_are_a_clear_refusal_soon(keyword: str) -> None:
    doubling = {f"d{n}": {"allOf": [{keyword: f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"$defs": {**doubling, "d40": {"type": "string"}}, "properties": {"x": {keyword: "#/$defs/d0"}}}
    began = time.monotonic()
    assert problems(schema, {"x": "1"}) == [
        ("$.variables", f"The process's schema takes more than {MOST_REFERENCES:,} references to follow")
    ]
    assert time.monotonic() - began < 60


def test_a_reference_to_itself_is_a_clear_refusal() -> None:
    schema = {"$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}
    assert problems(schema, {"x": "1"})[0][0] == "$.variables"


def test_references_say_what_they_said() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}, "required": ["name"]}
    schema = {"$defs": {"tree": tree}, "properties": {"tree": {"$ref": "#/$defs/tree"}}}
    assert problems(schema, {"tree": {"name": "a", "next": {"name": "b"}}}) == []
    assert problems(schema, {"tree": {"name": "a", "next": {}}}) == [
        ("$.variables.tree.next.name", "'name' is a required property")
    ]


def test_patterns_say_what_they_said() -> None:
    schema = {
        "properties": {"port": {"pattern": r"^\d+/\d+$"}},
        "patternProperties": {"^x_": {"type": "integer"}},
        "additionalProperties": False,
    }
    assert problems(schema, {"port": "1/7", "x_a": 1}) == []
    assert problems(schema, {"port": "1-7"}) == [("$.variables.port", "'1-7' does not match '^\\\\d+/\\\\d+$'")]
    assert problems(schema, {"x_a": "one"}) == [("$.variables.x_a", "'one' is not of type 'integer'")]
    assert problems(schema, {"y": 1}) == [("$.variables", "Additional properties are not allowed: 'y'")]
    assert problems({**schema, "additionalProperties": {"type": "null"}}, {"y": 1})[0][0] == "$.variables.y"
