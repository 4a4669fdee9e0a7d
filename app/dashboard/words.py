"""What the engine's stored names are called on a page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from app.core.jobs import ItemView
from app.engine import queries

SHOWN_CHARACTERS = 4000  # of one value: pages are asked for every other second

STATES = {
    "active": "Active",
    "fallen_out": "Fallen out",
    "suspended": "Suspended",
    "completed": "Completed",
    "cancelled": "Cancelled",
}

WAITS = {
    "job": "Ready to run",
    "held": "Held back",
    "claim": "Running",
    "retry": "Waits to try again",
    "timer": "Waits for its time",
    "message": "Waits for a message",
    "signal": "Waits for a signal",
    "condition": "Waits for its condition",
    "callback": "Waits for the system to call back",
    "user_task": "Waits for a person",
    "join": "Waits for the other branches",
    "child": "What is inside it runs",
    "attached": "Listens for errors and escalations",
    "incident": "Fallen out",
}

FINDINGS = {"unaffected": "Unaffected", "can_move": "Can move", "blocked": "Blocked"}

CHANGES = {"added": "Added", "removed": "Removed", "changed": "Changed"}

_PHRASES = {
    "incident": "fallen out at {element}",
    "retry": "tries {element} again",
    "claim": "{element} runs",
    "job": "a worker for {element}",
    "held": "its turn at {element}",
    "user_task": "a person: {element}",
    "timer": "timer {element}",
    "condition": "the condition of {element}",
    "join": "other branches at {element}",
}

BREAKERS = {
    "closed": "Called",
    "open": "Down",
    "half_open": "Coming back",
    "stopped": "Stopped",
}

# Tokens that stand because another token does; a page shows them last and a diagram not at all.
SECONDARY_WAITS = frozenset({"attached", "child"})

# The normal one needs no word.
PRIORITIES = {0: "the highest", 1: "high", 3: "low", 4: "the lowest"}

ACTIONS = {
    "retry": "Retry",
    "retry_with_inputs": "Retry with corrected inputs",
    "skip": "Skip",
    "choose": "Choice of a value",
    "complete": "Completion by hand",
    "move": "Move to another element",
    "rewind": "Rewind",
    "cancel": "Cancellation",
    "suspend": "Suspension",
    "resume": "Resumption",
    "send": "Message sent by hand",
}

JOBS = {
    "planned": "Planned",
    "running": "Running",
    "paused": "Paused",
    "stopped": "Stopped",
    "completed": "Completed",
}

JOB_ITEMS = {
    "pending": "To do",
    "begun": "Under way",
    "done": "Passed",
    "failed": "Failed",
    "skipped": "Left out",
}

LONGEST = {
    "instance": "Open the longest",
    "incident": "Fallen out the longest",
    "user_task": "Waits longest for a person",
    "held": "Held back the longest",
    "job": "Waits longest for a worker",
}

OVERDUE = {
    "user_task": "a person",
    "timer": "a timer",
    "retry": "another try",
    "callback": "a system that was to call back",
}

HOURLY = {"started": "Started", "completed": "Completed", "fallen_out": "Fell out"}

# What came of an action; `running` is told while its outcome is not known.
OUTCOMES = {
    "running": "is running…",
    "passed": "passed",
    "failed_alike": "failed alike",
    "failed_differently": "failed differently",
    "cancelled": "was cancelled",
}

# Of what came of a move by hand; what it passed to is named
VERDICTS = {
    "stands": "stands there",
    "failed_alike": "failed alike",
    "failed_differently": "failed differently",
    "cancelled": "was cancelled",
    "unread": "nobody has taken it yet",
}

PREPOSITIONS = {"rewind": "to", "move": "to"}

ELEMENTS = {
    "startEvent": "Start event",
    "endEvent": "End event",
    "serviceTask": "Service task",
    "scriptTask": "Script task",
    "businessRuleTask": "Business rule task",
    "userTask": "User task",
    "manualTask": "Manual task",
    "sendTask": "Send task",
    "receiveTask": "Receive task",
    "task": "Task",
    "subProcess": "Sub-process",
    "transaction": "Transaction",
    "callActivity": "Call activity",
    "exclusiveGateway": "Exclusive gateway",
    "parallelGateway": "Parallel gateway",
    "inclusiveGateway": "Inclusive gateway",
    "eventBasedGateway": "Event-based gateway",
    "intermediateCatchEvent": "Catch event",
    "intermediateThrowEvent": "Throw event",
    "boundaryEvent": "Boundary event",
    "sequenceFlow": "Sequence flow",
    "process": "Process",
}


def verdict(acted: queries.ActedView, elements: Mapping[str, Any], instance: queries.InstanceRow) -> str:
    """What came of a move by hand, as things stand now."""
    names = [elements[each].name if each in elements else each for each in acted.to]
    if acted.verdict == "passed":
        return ("taken by " if acted.action == "send" else "passed to ") + " and ".join(names) if names else "passed"
    if acted.action in ("suspend", "resume"):
        stands = instance.state == "suspended"
        return "stands still" if stands and acted.action == "suspend" else "still suspended" if stands else "goes on"
    if acted.waits:
        return f"{VERDICTS['stands']}: {WAITS.get(acted.waits, acted.waits).lower()}"
    return VERDICTS.get(acted.verdict, "done")


def counted(number: int) -> str:
    """A number of things in the database; a plus where counting them has stopped."""
    return f"{number:,}" if queries.is_all(number) else f"{number:,}+"


def spoken(name: str) -> str:
    """A stored name that has no words of its own: `task_claimed` -> `Task claimed`."""
    return name.replace("_", " ").strip().capitalize()


def anchor(key: str) -> str:
    """A key as part of an element's id: `olt=lon-3` -> `6f6c743d6c6f6e2d33`."""
    return key.encode().hex()


def kind_in_words(bpmn_type: str) -> str:
    """`userTask` is a user task."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", bpmn_type).lower()


def brief(value: Any, limit: int = 80) -> str:
    """A JSON value on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def pretty(value: Any, limit: int = SHOWN_CHARACTERS) -> str:
    """A JSON value as a person reads it: text without quotes, the rest indented; the end of a long one is left out."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters; the JSON has them all)"


def as_json(value: Any) -> str:
    """A JSON value as it is written into a form."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def rule_said(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    """Why a rule matched and what it gave: `Speed 500, Line fibre → Profile fast`."""
    asked, given = _pairs(inputs), _pairs(outputs)
    return f"{asked} → {given}" if asked else given


def _pairs(named: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {brief(value, 60)}".strip() for name, value in named.items())


def share(part: int, whole: int) -> str:
    """`3 %`, `0.4 %`; a part of nothing is nothing."""
    percent = 100 * part / whole if whole else 0.0
    return f"{percent:.0f} %" if percent >= 1 or not part else f"{percent:.1f} %"


def rounded_s(seconds: float | None) -> str:
    """A length of time that is known within a fifth: two digits of it."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{float(f'{seconds * 1000:.2g}'):g} ms"
    return f"{float(f'{seconds:.2g}'):g} s"


def result_of(item: ItemView) -> str:
    """What came of an item of bulk work: `Passed to ONT online`, `Failed alike`."""
    outcome = item.outcome or {}
    told = OUTCOMES.get(str(outcome.get("outcome")), JOB_ITEMS[item.state]).capitalize()
    return f"{told} to {outcome['to']}" if outcome.get("to") else told


def why_of(item: ItemView) -> str:
    """What there is to say of an item that did not pass, or not yet."""
    outcome = item.outcome or {}
    said = [str(outcome[name]) for name in ("code", "message") if outcome.get(name) and outcome[name] not in OUTCOMES]
    return ": ".join(said)


def further(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What an incident's detail says beyond what the page shows elsewhere."""
    shown = {"inputs", "variable", "scope", "stored", "new"}
    return {name: value for name, value in detail.items() if name not in shown and value not in (None, {}, [])}


def phrase(kind: str | None, element: str, summary: str | None) -> str:
    """What an instance waits for, on one line, with the element's name where `summary` has its id."""
    template = _PHRASES.get(kind or "")
    return template.format(element=element) if template and element else summary or ""
