"""SpiffArena's Python as FEEL: it means the same, and is never run."""

from __future__ import annotations

from typing import Any

import pytest

from app.conversion.arena.python import map_condition, map_expression
from app.conversion.arena.scripts import context_of, map_script
from app.conversion.terms import NotMapped, as_source
from app.core.clock import FixedClock
from app.decisions.feel import compile_feel

NAMES: dict[str, Any] = {"a": 3, "b": 5, "yes": True, "xs": [1, 2, 3], "d": {"k": 1, "n": {"m": [4]}}, "t": "Ont"}


@pytest.mark.parametrize(
    "python",
    [
        "a == 3 and b != 5 or yes",
        "not yes",
        "1 < a <= 3 < b",
        "a in [1, 3]",
        "a not in xs",
        "a is not None",
        "len(xs) + sum(xs) - max(xs)",
        "(a - 1) * 2 - (b - 1)",
        "b // 2",
        "b % a",
        "2 ** a",
        "-a",
        "d['n']['m'][0]",
        "xs[-1]",
        "d.get('k', 9)",
        "d.get('q', 9)",
        "'x' if a > 2 else 'y'",
        "f'{t}-{a}!'",
        "t.lower() + 'x'",
        "', '.join(['a', 'b'])",
        "[x * 2 for x in xs if x > 1]",
        "any(x > 2 for x in xs)",
        "all(x > 2 for x in xs)",
        "{'a': a, 'b': [b]}",
        "sorted([3, 1, 2])",
        "round(2.675, 1)",
        "t.startswith('O')",
    ],
)
def test_an_expression_gives_what_python_gives(python: str, clock: FixedClock) -> None:
    term, _ = map_condition(python)
    given = compile_feel(as_source(term)[1:]).json(NAMES, clock=clock)
    assert given == eval(python, dict(NAMES))


@pytest.mark.parametrize(
    "script",
    [
        "x = 1",
        "x = a + 1\nx = x * 2\ny = x",
        "a += 1\na -= b\nz = a",
        "d['k'] = 7\nz = d['k']",
        "xs.append(4)\nn = len(xs)",
        "d.update({'k': 2})",
        "if a > 10:\n    z = 1\nelif a > 2:\n    z = 2\nelse:\n    z = 3",
        "if a > 10:\n    a = 1",
        '"""Said."""\nz = 1',
    ],
)
def test_a_script_that_assigns_leaves_what_python_leaves(script: str, clock: FixedClock) -> None:
    assigned = map_script(script)
    made = compile_feel(context_of(assigned).text).json(NAMES, clock=clock)
    names: dict[str, Any] = {"a": 3, "b": 5, "xs": [1, 2, 3], "d": {"k": 1, "n": {"m": [4]}}}
    exec(script, {}, names)
    assert {name: made[step] for name, step in assigned.results.items()} == {
        name: names[name] for name in assigned.results
    }


@pytest.mark.parametrize(
    "python",
    [
        "foo(1)",
        "__import__('os').system('x')",
        "lambda: 1",
        "xs[a]",
        "a +",
        "x if y",
        "(x := 1)",
        "[*xs]",
        "a @ b",
        "1j",
        "b'x'",
    ],
)
def test_what_has_no_counterpart_is_not_mapped(python: str) -> None:
    with pytest.raises(NotMapped):
        map_expression(python)


@pytest.mark.parametrize(
    "script", ["import os", "for x in xs:\n    y = x", "x, y = 1, 2", "del x", "print(1)", "# nothing"]
)
def test_a_script_that_does_more_than_assign_is_not_mapped(script: str) -> None:
    with pytest.raises(NotMapped):
        map_script(script)


def test_what_only_python_takes_for_true_is_doubted() -> None:
    _, doubts = map_condition("items and a > 1")
    assert [doubt.split()[0] for doubt in doubts] == ["items"]
