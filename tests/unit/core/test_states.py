"""A lifecycle moves only along its table."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from app.core.jobs.tables import ITEM_MOVES, JOB_MOVES, JobState
from app.core.states import IllegalMove, StateTable

TABLES: dict[str, tuple[StateTable[Any], set[str]]] = {
    "job": (
        JOB_MOVES,
        {
            "running paused",
            "running stopped",
            "running completed",
            "planned running",
            "planned stopped",
            "paused running",
            "paused stopped",
            "paused completed",
        },
    ),
    "item of a job": (
        ITEM_MOVES,
        {
            "pending begun",
            "pending done",
            "pending failed",
            "pending skipped",
            "begun done",
            "begun failed",
            "begun skipped",
        },
    ),
}
PAIRS = [
    (name, before, after)
    for name, (table, _) in TABLES.items()
    for before, after in itertools.product(table.states, repeat=2)
]


@pytest.mark.parametrize(("name", "before", "after"), PAIRS)
def test_a_state_is_followed_only_by_what_the_table_says(name: str, before: Any, after: Any) -> None:
    table, moves = TABLES[name]
    allowed = f"{before} {after}" in moves
    assert table.allows(before, after) is allowed
    if allowed:
        table.check(before, after, "The thing")
    else:
        with pytest.raises(IllegalMove, match=f"The thing is {before} and cannot become {after}"):
            table.check(before, after, "The thing")


@pytest.mark.parametrize("name", TABLES)
def test_what_nothing_follows_is_final(name: str) -> None:
    table, moves = TABLES[name]
    left = {move.split()[0] for move in moves}
    assert {state for state in table.states if table.is_final(state)} == set(table.states) - left


def test_a_refused_move_says_which_there_are() -> None:
    with pytest.raises(IllegalMove, match=r"It can become: running, stopped\.$"):
        JOB_MOVES.check(JobState.PLANNED, JobState.COMPLETED, "The job")
    with pytest.raises(IllegalMove, match="this is its end"):
        JOB_MOVES.check(JobState.STOPPED, JobState.RUNNING, "The job")


def test_a_state_without_a_row_is_no_table() -> None:
    with pytest.raises(ValueError, match="gone"):
        StateTable({"here": {"gone"}})
