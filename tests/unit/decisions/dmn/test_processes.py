"""The decisions that come with the product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.decisions.dmn import lint, load

DECISIONS = Path(__file__).parents[4] / "processes/decisions"


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("*.dmn")), ids=lambda path: path.stem)
def test_each_is_named_like_its_file_and_has_no_findings(path: Path) -> None:
    model = load(path.read_bytes())
    assert lint(model) == []
    assert path.stem in model.decisions


@pytest.mark.parametrize(
    ("speed_mbps", "segment", "profile", "rule"),
    [
        (100, None, "basic", 1), (299.5, "residential", "basic", 1), (50, "business", "fast", 2),
        (300, None, "fast", 3), (899, "business", "fast", 3), (900, None, "gigabit", 4), (0, None, None, None),
    ],
)  # fmt: skip
def test_the_router_profile(speed_mbps: float, segment: str | None, profile: str | None, rule: int | None) -> None:
    model = load((DECISIONS / "choose_profile.dmn").read_bytes())
    outcome = model.explain("choose_profile", {"speed_mbps": speed_mbps, "segment": segment})
    assert outcome.value == profile
    assert [one.rule_index for one in outcome.matched] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("given", "queue", "due_hours"),
    [
        ({"error_code": "port_taken", "segment": "residential", "waiting_hours": 1}, "access", 48),
        ({"error_code": "account_blocked", "segment": "business", "waiting_hours": 1}, "billing", 8),
        ({"error_code": "unknown_ont", "segment": "business", "waiting_hours": 5}, "customer-equipment-urgent", 1),
        ({"error_code": "a_new_one", "waiting_hours": 30}, "desk", 8),
    ],
)
def test_the_queue_of_a_fallout(given: dict[str, Any], queue: str, due_hours: int) -> None:
    model = load((DECISIONS / "fallout_queue.dmn").read_bytes())
    assert model.explain("fallout_queue", given).value == {"queue": queue, "due_hours": due_hours}
