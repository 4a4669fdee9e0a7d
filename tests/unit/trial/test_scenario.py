"""Scenarios as they are written: what is wrong with one is said, and its scalars are what they look like."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.trial.scenario import read_scenario
from app.trial.writing import LIMIT_CHARACTERS, read_yaml, write_yaml

BEGIN = "process: p\ntitle: t\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "begins with `process:`"),
        ("title: t", "process: expected a text"),
        (f"{BEGIN}color: red", "color is not known"),
        (f"{BEGIN}at: yesterday", "at: expected an instant"),
        (f"{BEGIN}at: 2026-03-02T12:00:00", "at: expected an instant"),
        (f"{BEGIN}start: [1]", "start: expected names and values"),
        (f"{BEGIN}results: {{a: {{ok: 1}}}}", "results.a: expected one of done, refused, failed, waiting"),
        (f"{BEGIN}results: {{a: [{{done: {{}}}}, {{refused: 7}}]}}", r"results.a\[1\].refused: expected a text"),
        (f"{BEGIN}results: {{a: {{done: {{}}, retry: true}}}}", "retry is nothing that `done` has"),
        (f"{BEGIN}events: [{{wait: soon}}]", r"events\[0\].wait: expected `next` or a time"),
        (f"{BEGIN}events: [{{message: go, kez: x}}]", "kez is nothing that `message` has"),
        (f"{BEGIN}expect: {{end: x}}", "expect.end is not known"),
        (f"{BEGIN}expect: {{path: go}}", "expect.path: expected a list"),
        ("a: &x [1]\nb: *x", "an alias"),
        ("a: 1\na: 2", "given twice"),
        ("1: 2", "is no text"),
        ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("[" * 100_000, "no YAML"),
        ("a: 'open", "no YAML"),
        ("x" * (LIMIT_CHARACTERS + 1), "at most"),
    ],
)
def test_what_is_wrong_with_a_scenario_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_scenario(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("010", "010"),
        ("2026-03-02", "2026-03-02"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("~", "~"),
        ("+44", "+44"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("'7'", "7"),
    ],
)
def test_a_scalar_is_what_it_looks_like_and_is_written_so(text: str, value: Any) -> None:
    found = read_yaml(f"a: {text}")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)
    assert read_yaml(write_yaml(found)) == found
