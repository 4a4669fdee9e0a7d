"""Columns of a decision table as finite sets: the line of numbers cut where a cell says so, or the listed values.

Within an atom (a number, the open interval between two, a value) all simple cells of the column say the same, so what
holds for its example holds for all of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.decisions.feel import FeelSyntaxError, Range, UnaryTests, compile_unary_tests

_NOT = re.compile(r"\s*not\s*\((.*)\)\s*", re.DOTALL)

Atoms = frozenset[int]
ALL = None
"""A cell that lets everything pass, as `-` does."""


@dataclass(frozen=True)
class Column:
    label: str
    examples: tuple[Any, ...]
    """One for each atom, in order."""
    required: Atoms
    """The atoms that some rule should match; none if the column does not say what may come."""
    cells: tuple[Atoms | None, ...]
    """For each rule the atoms that it matches; None if all."""
    unclear: frozenset[int]
    """Rules whose cell is not as simple as that."""


def column_of(label: str, texts: Sequence[str], allowed: str | None, *, boolean: bool) -> Column:
    tests = [_tests(text) for text in texts]
    limits = _tests(allowed) if allowed else None
    simple = [one for one in tests if one is not None and not one.is_any]
    if simple and all(_positive(one).interval() is not None for one in simple):
        return _numbers(label, tests, limits)
    constants = [_positive(one).constants() for one in simple]
    if simple and all(one is not None and not any(isinstance(each, Decimal) for each in one) for one in constants):
        return _values(label, tests, limits, boolean=boolean)
    unclear = frozenset(at for at, one in enumerate(tests) if one is None or not one.is_any)
    return Column(label, (None,), frozenset((0,)), (ALL,) * len(texts), unclear)


def _tests(text: str) -> UnaryTests | None:
    try:
        return compile_unary_tests(text or "-", lenient=True)
    except FeelSyntaxError:
        return None


def _positive(tests: UnaryTests) -> UnaryTests:
    """Without the `not(...)` around it."""
    inner = _NOT.fullmatch(tests.text) if tests.negated else None
    return (_tests(inner[1]) if inner else None) or tests


def _numbers(label: str, tests: Sequence[UnaryTests | None], limits: UnaryTests | None) -> Column:
    """With n cuts there are 2n + 1 atoms: odd ones are the cuts themselves, even ones what lies between."""
    allowed = limits.interval() if limits is not None else None
    written = [_positive(one).interval() or () for one in tests if one is not None and not one.is_any]
    ends = {end for ranges in (*written, allowed or ()) for one in ranges for end in (one.low, one.high)}
    cuts = sorted(end for end in ends if end is not None)
    everything = frozenset(range(2 * len(cuts) + 1))
    cells = tuple(
        ALL if one is None or one.is_any else _held(_atoms(_positive(one).interval() or (), cuts), one, everything)
        for one in tests
    )
    return Column(
        label,
        tuple(_example(atom, cuts) for atom in sorted(everything)),
        everything if allowed is None else _atoms(allowed, cuts),
        cells,
        frozenset(at for at, one in enumerate(tests) if one is None),
    )


def _held(atoms: Atoms, tests: UnaryTests, everything: Atoms) -> Atoms:
    return everything - atoms if tests.negated else atoms


def _atoms(ranges: Sequence[Range], cuts: Sequence[Decimal]) -> Atoms:
    found: set[int] = set()
    for one in ranges:
        first, last = 0, 2 * len(cuts)
        if one.low is not None:
            first = 2 * bisect_left(cuts, one.low) + (1 if one.low_included else 2)
        if one.high is not None:
            last = 2 * bisect_left(cuts, one.high) + (1 if one.high_included else 0)
        found.update(range(first, last + 1))
    return frozenset(found)


def _example(atom: int, cuts: Sequence[Decimal]) -> int | float:
    place, is_cut = divmod(atom, 2)
    if is_cut:
        return _plain(cuts[place])
    if not cuts:
        return 0
    if place == 0:
        return _plain(cuts[0] - 1)
    if place == len(cuts):
        return _plain(cuts[-1] + 1)
    low, high = cuts[place - 1], cuts[place]
    whole = low.to_integral_value(rounding="ROUND_FLOOR") + 1
    return _plain(whole if whole < high else (low + high) / 2)


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _values(label: str, tests: Sequence[UnaryTests | None], limits: UnaryTests | None, *, boolean: bool) -> Column:
    listed = limits.constants() if limits is not None else None
    written: set[Any] = set()
    for one in tests:
        if one is not None and not one.is_any:
            written |= _positive(one).constants() or frozenset()
    if boolean or (written and written <= {True, False}):
        listed = frozenset((True, False))
    values = sorted(written | (listed or frozenset()), key=str)
    if listed is None:
        values.append("any other")
    numbers = {value: at for at, value in enumerate(values)}
    everything = frozenset(numbers.values())
    cells = tuple(
        ALL
        if one is None or one.is_any
        else _held(frozenset(numbers[value] for value in _positive(one).constants() or ()), one, everything)
        for one in tests
    )
    required = frozenset(numbers[value] for value in (listed if listed is not None else written))
    unclear = frozenset(at for at, one in enumerate(tests) if one is None)
    return Column(label, tuple(values), required, cells, unclear)
