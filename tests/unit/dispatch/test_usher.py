"""While every hand is inside a handler the usher makes the visits; one that is at the engine makes the next itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from app.core.priority import NORMAL
from app.dispatch import pool
from app.dispatch.pool import Pool
from tests.unit.dispatch.waiting import PATIENCE_S

SHORT_S = 0.1  # ten times what the usher waits before it asks


class Town:
    """A pool of one hand that is held up in its first visit; whoever makes the second is told."""

    def __init__(self, in_handlers: Callable[[], float]) -> None:
        self.go_on, self.held, self.second = threading.Event(), threading.Event(), threading.Event()
        self.by: list[tuple[str, bool]] = []
        self.pool: Pool[str, str] = Pool(1, self.visit, lambda step: None, 0.01, in_handlers)

    def visit(self, place: str, may_run: bool) -> None:
        if place == "first":
            self.held.set()
            assert self.go_on.wait(PATIENCE_S)
        else:
            self.by.append((threading.current_thread().name, may_run))
            self.second.set()


@contextmanager
def busy(in_handlers: Callable[[], float]) -> Iterator[Town]:
    town = Town(in_handlers)
    town.pool.start()
    town.pool.put_visit("first", NORMAL)
    assert town.held.wait(PATIENCE_S)
    town.pool.put_visit("second", NORMAL)
    yield town
    town.go_on.set()
    town.pool.stop()
    assert town.pool.join(PATIENCE_S)


def test_a_hand_that_is_inside_a_handler_holds_up_no_visit() -> None:
    with busy(lambda: 1) as town:
        assert town.second.wait(PATIENCE_S)
        assert town.by == [("turnup-usher", False)]


def test_a_hand_that_is_at_the_engine_makes_the_next_visit_itself() -> None:
    with busy(lambda: 0) as town:
        assert not town.second.wait(SHORT_S)
        town.go_on.set()
        assert town.second.wait(PATIENCE_S)
        assert town.by == [("turnup-hand", True)]


def test_the_usher_asks_again_where_the_hand_is() -> None:
    inside: list[float] = [0]
    with busy(lambda: inside[0]) as town:
        assert not town.second.wait(SHORT_S)
        inside[0] = 1
        assert town.second.wait(PATIENCE_S)
        assert town.by == [("turnup-usher", False)]


def test_no_visit_waits_for_long_for_a_hand_that_stays_at_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LONGEST_S", SHORT_S)
    with busy(lambda: 0) as town:
        assert town.second.wait(PATIENCE_S)
        assert town.by == [("turnup-usher", False)]
