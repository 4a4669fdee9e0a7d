"""A look ends in time, one at a time, and is kept for a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.watch.bounded import Look


class Thing:
    """Something that hangs until it is let go; it counts the looks at it."""

    def __init__(self) -> None:
        self.looks = 0
        self.let_go = threading.Event()

    def look(self) -> int:
        self.looks += 1
        assert self.let_go.wait(10)
        return self.looks


@pytest.fixture
def thing() -> Iterator[Thing]:
    made = Thing()
    yield made
    made.let_go.set()


def test_a_thing_that_hangs_costs_the_limit_and_one_thread(thing: Thing) -> None:
    look = Look("t", thing.look, limit_s=0.01, kept_s=0)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            look.see()
    assert thing.looks == 1


def test_a_thing_that_answers_again_is_looked_at_again(thing: Thing) -> None:
    look = Look("t", thing.look, limit_s=10, kept_s=0)
    begun = look.begin()
    thing.let_go.set()
    assert begun.result(10) == 1
    assert look.see() == 2


def test_what_was_seen_is_kept_for_a_moment(thing: Thing) -> None:
    thing.let_go.set()
    look = Look("t", thing.look, limit_s=10, kept_s=3600)
    assert [look.see() for _ in range(3)] == [1, 1, 1]


def test_what_went_wrong_reaches_whoever_asked() -> None:
    def look() -> None:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        Look("t", look, limit_s=10, kept_s=0).see()
