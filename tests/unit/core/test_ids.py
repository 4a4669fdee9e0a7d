"""Identifiers sort by when they were made."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import ids
from app.core.ids import new_id


def test_ids_of_one_millisecond_rise_too() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_rise_while_the_clock_is_set_back_a_little(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_id()]
    before = time.time_ns() - 2 * 10**9
    monkeypatch.setattr(ids.time, "time_ns", lambda: before)
    made += [new_id() for _ in range(1_000)]
    assert made == sorted(set(made))


def test_a_clock_that_was_far_ahead_is_followed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    today = time.time_ns()
    monkeypatch.setattr(ids.time, "time_ns", lambda: today + 86_400 * 10**9)
    new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: today)
    assert uuid.UUID(new_id()).int >> 80 == today // 1_000_000


def test_threads_get_no_id_twice() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for some in pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)) for each in some]
    assert len(set(made)) == len(made)
