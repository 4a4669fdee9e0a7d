"""Lifecycles as tables: which state may follow which."""

from collections.abc import Mapping, Set
from typing import Generic, TypeVar

from app.core.errors import Conflict

State = TypeVar("State", bound=str)


class IllegalMove(Conflict):
    """The table of states has no such move."""


class StateTable(Generic[State]):
    """Every state has a row, with the states that may follow it; nothing follows a final one."""

    def __init__(self, moves: Mapping[State, Set[State]]) -> None:
        self._moves = {state: frozenset(following) for state, following in moves.items()}
        strangers = frozenset[State]().union(*self._moves.values()) - self._moves.keys()
        if strangers:
            raise ValueError(f"States without a row of their own: {', '.join(sorted(strangers))}.")

    @property
    def states(self) -> tuple[State, ...]:
        """All of them, in the table's order."""
        return tuple(self._moves)

    def allows(self, before: State, after: State) -> bool:
        """Is there such a move? Staying is none."""
        return after in self._moves[before]

    def is_final(self, state: State) -> bool:
        return not self._moves[state]

    def check(self, before: State, after: State, what: str) -> None:
        """Raise IllegalMove, which calls the thing `what`, unless there is such a move."""
        if not self.allows(before, after):
            following = ", ".join(sorted(self._moves[before])) or "nothing else, for this is its end"
            raise IllegalMove(f"{what} is {before} and cannot become {after}. It can become: {following}.")
