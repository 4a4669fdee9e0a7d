"""What waits for a time, the earliest first: what is not due is not looked at."""

from collections.abc import Mapping
from heapq import heappop, heappush

from app.engine.spiff.index import Node


class Agenda:
    """`standing` are the open tokens by number; a time that a token no longer waits for is passed over."""

    def __init__(self, standing: Mapping[int, Node]) -> None:
        self._standing = standing
        self._times: list[tuple[int, int]] = []  # due, number: a heap

    def add(self, node: Node) -> None:
        """Its wait has a time."""
        heappush(self._times, (node.wait.due_at, node.id))

    def next_due(self) -> int | None:
        while self._times:
            due_at, number = self._times[0]
            if self._waits(due_at, number):
                return due_at
            heappop(self._times)
        return None

    def take_due(self, now: int) -> list[Node]:
        """The tokens whose time has come, the earliest first."""
        found: dict[int, Node] = {}
        while self._times and self._times[0][0] <= now:
            due_at, number = heappop(self._times)
            if self._waits(due_at, number):
                found[number] = self._standing[number]
        return list(found.values())

    def _waits(self, due_at: int, number: int) -> bool:
        node = self._standing.get(number)
        return node is not None and node.wait is not None and node.wait.due_at == due_at
