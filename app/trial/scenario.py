"""Scenarios: what comes into a flow, what its handlers answer, what happens to it, and where that must lead.

process: ftth_cease
title: The router comes back
at: "2026-03-02T12:00:00Z"
start: {order_id: ORD-1, ...}
results:                       # by element; of a called process by process/element; attempt by attempt
  stop_billing: [{refused: not_billed}]
events:                        # each when no step waits for its answer any more
  - {complete: check_bill}
  - {wait: P28D}
expect:
  state: completed
  path: [cease_ordered, ...]
  outputs: {told_end: notification_id-1}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.core.errors import InvalidInput
from app.trial.answers import Answer, read_answer
from app.trial.events import Event, read_event
from app.trial.writing import read_yaml, write_yaml

FIELDS = frozenset({"process", "title", "at", "business_key", "start", "results", "events", "expect"})
EXPECTED = frozenset({"state", "path", "outputs", "standing"})
USUAL_TIME = "2026-03-02T12:00:00Z"


@dataclass(frozen=True)
class Expected:
    """`outputs` are some of the variables at the end; `standing` is what is waited for where, if it has not ended.

    None: anything.
    """

    state: str | None = None
    path: tuple[str, ...] | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    standing: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Scenario:
    process_id: str
    title: str
    at: datetime
    start: Mapping[str, Any]
    results: Mapping[str, Sequence[Answer]]
    events: Sequence[Event]
    expect: Expected
    business_key: str | None = None


def read_scenario(text: str) -> Scenario:
    """InvalidInput names the field at fault."""
    written = read_yaml(text)
    if not isinstance(written, Mapping):
        raise InvalidInput("A scenario begins with `process:`.", path="$")
    _known(written, FIELDS, "")
    process_id, title = _text(written, "process"), _text(written, "title")
    expect = _object(written, "expect")
    _known(expect, EXPECTED, "expect.")
    business_key = written.get("business_key")
    if not isinstance(business_key, str | None):
        raise InvalidInput("business_key: expected a text.", path="$.business_key")
    return Scenario(
        process_id,
        title,
        read_time(written.get("at", USUAL_TIME)),
        _object(written, "start"),
        {place: _answers(place, given) for place, given in _object(written, "results").items()},
        [read_event(each, f"events[{number}]") for number, each in enumerate(_list(written, "events"))],
        _expected(expect),
        business_key,
    )


def write_scenario(scenario: Scenario) -> str:
    """As `read_scenario` reads it; what says nothing is left out."""
    expect = scenario.expect
    expected: dict[str, Any] = {"state": expect.state, "path": None if expect.path is None else list(expect.path)}
    expected |= {"outputs": dict(expect.outputs) or None, "standing": expect.standing and dict(expect.standing)}
    results = {
        place: [each.written() for each in given] if len(given) > 1 else given[0].written()
        for place, given in scenario.results.items()
        if given
    }
    written = {
        "process": scenario.process_id,
        "title": scenario.title,
        "at": scenario.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "business_key": scenario.business_key,
        "start": dict(scenario.start),
        "results": results or None,
        "events": [each.written() for each in scenario.events] or None,
        "expect": {name: value for name, value in expected.items() if value is not None},
    }
    return write_yaml({name: value for name, value in written.items() if value is not None})


def read_time(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidInput(f"at: expected an instant such as {USUAL_TIME}, found {text!r}.", path="$.at")
    return found


def _answers(place: str, given: Any) -> list[Answer]:
    path = f"results.{place}"
    if isinstance(given, list):
        return [read_answer(each, f"{path}[{number}]") for number, each in enumerate(given)]
    return [read_answer(given, path)]


def _expected(written: Mapping[str, Any]) -> Expected:
    path, standing = written.get("path"), written.get("standing")
    if path is not None and not (isinstance(path, list) and all(isinstance(each, str) for each in path)):
        raise InvalidInput("expect.path: expected a list of element ids.", path="$.expect.path")
    if not isinstance(standing, Mapping | None):
        raise InvalidInput("expect.standing: expected what is waited for, by element.", path="$.expect.standing")
    state = written.get("state")
    if not isinstance(state, str | None):
        raise InvalidInput("expect.state: expected a text such as completed.", path="$.expect.state")
    return Expected(state, None if path is None else tuple(path), _object(written, "outputs", "expect."), standing)


def _known(written: Mapping[str, Any], names: frozenset[str], before: str) -> None:
    if unknown := sorted(set(written) - names):
        known = ", ".join(sorted(names))
        raise InvalidInput(
            f"{before}{unknown[0]} is not known. A scenario has: {known}.", path=f"$.{before}{unknown[0]}"
        )


def _text(written: Mapping[str, Any], name: str) -> str:
    value = written.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"{name}: expected a text, found {value!r}.", path=f"$.{name}")
    return value


def _object(written: Mapping[str, Any], name: str, before: str = "") -> Mapping[str, Any]:
    value = written.get(name)
    if not isinstance(value, Mapping | None):
        raise InvalidInput(f"{before}{name}: expected names and values.", path=f"$.{before}{name}")
    return value or {}


def _list(written: Mapping[str, Any], name: str) -> list[Any]:
    value = written.get(name)
    if not isinstance(value, list | None):
        raise InvalidInput(f"{name}: expected a list.", path=f"$.{name}")
    return value or []
