"""What waits for a thread: by priority, and by age among equals."""

from __future__ import annotations

from app.dispatch.ranked import NOTHING, Ranked


def test_the_most_urgent_is_taken_first_and_the_oldest_among_equals() -> None:
    queue: Ranked[str] = Ranked()
    for item, priority in (("a", 2), ("b", 4), ("c", 2), ("d", 0), ("e", 0)):
        queue.put(item, priority)
    assert (queue.first(), queue.rank(), len(queue)) == ("d", 0, 5)
    assert [queue.take() for _ in range(5)] == ["d", "e", "a", "c", "b"]
    assert (queue.rank(), len(queue), bool(queue)) == (NOTHING, 0, False)


def test_what_is_left_is_given_out_at_once() -> None:
    queue: Ranked[str] = Ranked()
    queue.put("a", 3)
    queue.put("b", 1)
    assert queue.empty() == ["b", "a"]
    assert not queue
