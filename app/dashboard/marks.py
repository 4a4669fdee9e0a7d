"""What the viewer draws over a diagram: where tokens stand, what is done, what failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.dashboard.words import SECONDARY_WAITS
from app.engine.queries import PassedView, TokenView
from app.trial.coverage import Coverage


def marks(tokens: Iterable[TokenView], passed: Mapping[str, PassedView]) -> dict[str, dict[str, Any]]:
    """By element id: `state` (done, active or failed), `tokens` standing there, how many `failed`, times `passed`."""
    drawn: dict[str, dict[str, Any]] = {
        element_id: {"state": "done", "tokens": 0, "failed": 0, "passed": view.count}
        for element_id, view in passed.items()
        if view.count
    }
    for token in tokens:
        if token.element_id is None or token.kind == "attached":
            continue
        mark = drawn.setdefault(token.element_id, {"state": "active", "tokens": 0, "failed": 0, "passed": 0})
        failed = token.kind == "incident"
        mark["state"] = "failed" if failed or mark["failed"] else "active"
        mark["failed"] += failed
        mark["tokens"] += token.kind not in SECONDARY_WAITS
    return drawn


def covered_marks(covered: Coverage | None) -> dict[str, dict[str, Any]]:
    """What scenarios have gone through is done, the rest `missed`."""
    if covered is None:
        return {}
    states = {**dict.fromkeys(covered.missed, "missed"), **dict.fromkeys(covered.reached, "done")}
    return {
        element_id: {"state": state, "tokens": 0, "failed": 0, "passed": int(state == "done")}
        for element_id, state in states.items()
    }
