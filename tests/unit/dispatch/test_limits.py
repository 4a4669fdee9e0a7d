"""Each call ends once: by its own thread, or by the watch."""

from __future__ import annotations

import threading

from app.dispatch.limits import Limits, Running
from app.engine.steps import ClaimedStep
from tests.unit.dispatch.conftest import NOW


def running(ends_at: float) -> Running:
    step = ClaimedStep("i", None, 1, "i/1", 1, "a", "t.a", {}, repeat=False)
    return Running(step, threading.current_thread(), 30, ends_at, NOW)


def test_a_call_expires_once_and_only_past_its_limit() -> None:
    limits, early, late = Limits(), running(10), running(20)
    limits.watch(early)
    limits.watch(late)
    assert limits.expired(9.9) == []
    assert limits.expired(10) == [early]
    assert limits.expired(10) == []
    assert limits.count() == 1


def test_a_released_call_does_not_expire() -> None:
    limits, call = Limits(), running(10)
    limits.watch(call)
    assert limits.release(call)
    assert limits.expired(99) == []


def test_an_expired_call_learns_that_it_is_late() -> None:
    limits, call = Limits(), running(10)
    limits.watch(call)
    limits.expired(99)
    assert not limits.release(call)
