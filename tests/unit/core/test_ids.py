"""Identifiers sort by when they were made."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import ids
from app.core.ids import new_id


def test_an_id_is_a_uuid_of_version_7_that_says_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_of_one_millisecond_rise_too() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_rise_while_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_id()]
    yesterday = time.time_ns() - 86_400 * 10**9
    monkeypatch.setattr(ids.time, "time_ns", lambda: yesterday)
    made += [new_id() for _ in range(1_000)]
    assert made == sorted(set(made))


def test_threads_get_no_id_twice() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for some in pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)) for each in some]
    assert len(set(made)) == len(made)
