"""What the history of an instance says of what it sends and what comes to it."""

from __future__ import annotations

from typing import Any

import pytest

from app.dashboard.happenings import tell
from app.engine.queries import HistoryView
from tests.factories.dashboards import NOON

SENT = {"recipients": ["i-1", "i-2"], "started": ["i-3"]}


@pytest.mark.parametrize(
    ("kind", "detail", "words", "facts"),
    [
        ("message_sent", {"name": "ready", "key": "7", **SENT}, "Message ready sent", "2 waited for it, 1 started"),
        ("message_sent", {"name": "ready", "key": ""}, "Message ready sent", "nobody waited for it"),
        ("message_sent", {"name": "ready", "key": "7", "duplicate": True}, "Message ready not sent again", "an equal"),
        ("signal_sent", {"name": "storm", **SENT}, "Signal storm sent", "2 waited for it, 1 started"),
        ("late_message", {"name": "ready", "key": "7", "element": "w"}, "Message ready came too late", "w waited no"),
        ("late_signal", {"name": "storm", "element": "w"}, "Signal storm came too late", "w waited no"),
    ],
)
def test_what_was_sent_and_what_came_too_late_is_told(
    kind: str, detail: dict[str, Any], words: str, facts: str
) -> None:
    (line,) = tell([HistoryView(NOON, kind, "t", None, detail)], {})
    assert line.words == words
    assert line.facts.startswith(facts)


def test_a_migration_is_told_with_who_and_why() -> None:
    detail = {"from_version": 1, "to_version": 3, "reason": "v1 is wrong", "mapping": {"a": "b"}}
    (line,) = tell([HistoryView(NOON, "migrated", None, "olga", detail)], {})
    assert (line.words, line.facts, line.actor) == ("Migrated from version 1 to version 3", "“v1 is wrong”", "olga")
