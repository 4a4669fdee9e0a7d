"""Rules that overlap, rules that never come to turn, and inputs that no rule matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from app.decisions.dmn.lint_columns import ALL, Atoms, Column

Example = dict[str, Any]
MOST_FOUND = 20
"""Of one kind in one table: who mends these looks again."""
_MOST_RULES = 5_000
_MOST_COLUMNS = 60
_MOST_STEPS = 300_000


class Rules:
    """The rules of one table as bit masks: for each column and atom, the rules that match there."""

    def __init__(self, columns: Sequence[Column], count: int) -> None:
        self.columns = columns
        self.count = count
        self.empty = _mask({at for column in columns for at, cell in enumerate(column.cells) if cell == frozenset()})
        """Rules with a cell that nothing passes."""
        self.unclear = self.empty | _mask({at for column in columns for at in column.unclear})
        self.all = (1 << count) - 1
        self.anything = [_mask({at for at, cell in enumerate(column.cells) if cell is ALL}) for column in columns]
        self.at = [self._masks(column, anything) for column, anything in zip(columns, self.anything, strict=True)]
        self._steps = 0

    @staticmethod
    def _masks(column: Column, anything: int) -> list[int]:
        masks = [anything] * len(column.examples)
        for rule, cell in enumerate(column.cells):
            for atom in cell or ():
                masks[atom] |= 1 << rule
        return masks

    def overlaps(self) -> Iterator[tuple[int, int, Example]]:
        """Pairs of rules, counted from 0, that an input matches both."""
        for later in range(self.count):
            if self.unclear >> later & 1:
                continue
            meeting = ((1 << later) - 1) & ~self.unclear
            for column, masks in zip(self.columns, self.at, strict=True):
                cell = column.cells[later]
                if cell is not ALL:
                    meeting &= self._any_of(masks, cell)
                if not meeting:
                    break
            for earlier in _bits(meeting):
                yield earlier, later, self._common(earlier, later)

    def never(self) -> Iterator[int]:
        """Rules with a cell that nothing passes, such as `[5..1]`."""
        return _bits(self.empty)

    def shadowed(self) -> Iterator[tuple[int, int, Example]]:
        """Rules that an earlier one leaves nothing to: (earlier, later)."""
        for later in range(self.count):
            covering = 0 if self.empty >> later & 1 else ((1 << later) - 1) & ~self.unclear
            for number, column in enumerate(self.columns):
                cell = column.cells[later]
                if cell is ALL or later in column.unclear:
                    covering &= self.anything[number]
                else:
                    for atom in self._spending(cell):
                        covering &= self.at[number][atom]
                if not covering:
                    break
            if covering:
                earlier = (covering & -covering).bit_length() - 1
                yield earlier, later, self._common(earlier, later)

    def gaps(self) -> Iterator[Example]:
        """Inputs that no rule matches. A cell that is not simple counts as one that lets everything pass."""
        yield from self._gaps(0, self.all, {}, set())

    def _gaps(self, number: int, left: int, chosen: Example, seen: set[tuple[int, int]]) -> Iterator[Example]:
        if not left:
            found = {**chosen, **self._rest(number)}
            yield {label: value for label, value in found.items() if value is not None}
            return
        if number == len(self.columns) or (number, left) in seen:
            return
        seen.add((number, left))
        column, masks = self.columns[number], self.at[number]
        tried: set[int] = set()
        for remaining, atoms in groupby(self._spending(sorted(column.required)), key=lambda atom: left & masks[atom]):
            if remaining and remaining in tried:
                continue
            tried.add(remaining)
            example = column.examples[next(atoms)]
            yield from self._gaps(number + 1, remaining, {**chosen, column.label: example}, seen)

    def _rest(self, number: int) -> Example:
        return {one.label: one.examples[min(one.required)] for one in self.columns[number:] if one.required}

    def _any_of(self, masks: Sequence[int], cell: Atoms) -> int:
        met = 0
        for atom in self._spending(cell):
            met |= masks[atom]
        return met

    def _spending(self, atoms: Any) -> Iterator[int]:
        for atom in atoms:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise TooMuchToCheck
            yield atom

    def _common(self, earlier: int, later: int) -> Example:
        example: Example = {}
        for column in self.columns:
            one, other = column.cells[earlier], column.cells[later]
            if one is ALL and other is ALL:
                continue
            common = other if one is ALL else one if other is ALL else one & other
            wanted = sorted(common & column.required or common) if common else []
            if wanted:
                example[column.label] = column.examples[wanted[0]]
        return example


def check_size(columns: int, rules: int) -> None:
    """Raises TooMuchToCheck for what should not even be cut into atoms."""
    if rules > _MOST_RULES or columns > _MOST_COLUMNS:
        raise TooMuchToCheck


class TooMuchToCheck(Exception):
    """The table is too large for this; what was found until then stands."""


def _mask(rules: set[int]) -> int:
    mask = 0
    for rule in rules:
        mask |= 1 << rule
    return mask


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        mask ^= lowest
        yield lowest.bit_length() - 1
