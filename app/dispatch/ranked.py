"""What waits for a thread, the most urgent first and the oldest first among equals."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from app.core.priority import LOWEST

Item = TypeVar("Item")
NOTHING = LOWEST + 1  # the rank of an empty queue: behind all


class Ranked(Generic[Item]):
    """A queue for each priority; nothing locks it but its owner."""

    def __init__(self) -> None:
        self._queues: tuple[deque[Item], ...] = tuple(deque() for _ in range(LOWEST + 1))

    def put(self, item: Item, priority: int) -> None:
        self._queues[priority].append(item)

    def rank(self) -> int:
        """The priority of the first; NOTHING if there is none."""
        return next((rank for rank, queue in enumerate(self._queues) if queue), NOTHING)

    def first(self) -> Item:
        """It stays where it is. There must be one."""
        return self._queues[self.rank()][0]

    def take(self) -> Item:
        """There must be one."""
        return self._queues[self.rank()].popleft()

    def empty(self) -> list[Item]:
        """All that there were."""
        left = [item for queue in self._queues for item in queue]
        for queue in self._queues:
            queue.clear()
        return left

    def __len__(self) -> int:
        return sum(map(len, self._queues))
