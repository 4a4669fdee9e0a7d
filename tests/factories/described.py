"""Requests drawn from the API's own description by Schemathesis, and whatever of the answers breaks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from schemathesis import Config
from schemathesis.engine import events, from_schema
from schemathesis.openapi import from_url

from tests.factories.labs import serving

# Every other check is on: no 5xx, status, content type, headers and body as described, what breaks the description
# refused, methods, Allow and authorization, what was deleted gone and what was made there.
OFF = {
    # A schema cannot say all: a diagram that is none, a migration to the same version, an element that there is not.
    "positive_data_acceptance": {"enabled": False},
}
OPERATIONS_OFF = [
    {
        # `check` is the id of a process, too, for who sends a GET: Allow is right to name it.
        "include-path": "/api/v1/process-definitions/check",
        "checks": {"allow_header_conformance": {"enabled": False}},
    }
]


@dataclass
class Held:
    """`broken` says, for each finding, what it is and how to ask for it again."""

    requests: int = 0
    operations: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)


def hold_to_its_description(app: Flask, token: str, *, phases: Sequence[str], examples: int, seed: int) -> Held:
    """Ask the application, served on loopback, what its description lets be asked, and some that it does not.

    Phases are examples, coverage (each bound and each way to break it), fuzzing (`examples` for each operation) and
    stateful (the ids that answers bring are asked for).
    """
    settings = {
        "seed": seed,
        "continue-on-failure": True,
        "headers": {"Authorization": f"Bearer {token}"},
        "checks": OFF,
        "operations": OPERATIONS_OFF,
        "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True},
        "phases": {name: {"enabled": name in phases} for name in ("examples", "coverage", "fuzzing", "stateful")},
    }
    held = Held()
    with serving(app) as url:
        schema = from_url(f"{url}/openapi/openapi.json", config=Config.from_dict(settings))
        for event in from_schema(schema).execute():
            _note(event, held)
    return held


def _note(event: Any, held: Held) -> None:
    if isinstance(event, events.NonFatalError):
        held.broken.append(f"{event.label}: {event.value!r}")
    elif isinstance(event, events.FatalError):
        held.broken.append(repr(event.exception))
    elif isinstance(event, events.ScenarioFinished):
        held.requests += len(event.recorder.cases)
        held.operations.update(case.value.operation.label for case in event.recorder.cases.values())
        for checks in event.recorder.checks.values():
            found = [check.failure_info for check in checks if check.failure_info is not None]
            held.broken.extend(f"{one.failure.title}: {one.failure.message}\n{one.code_sample[:2000]}" for one in found)
