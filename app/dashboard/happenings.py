"""The history as an operator reads it: one line for each thing that happened, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.dashboard.diagrams import Elements
from app.dashboard.times import duration, span
from app.dashboard.words import ACTIONS, brief, rule_said, spoken
from app.engine.queries import HistoryView

Detail = Mapping[str, Any]
LISTENING = ("boundaryEvent", "startEvent")  # a start event does, where an event sub-process begins
MOST_RULES = 10  # of one decision, on its line
SHORTEST = timedelta(milliseconds=1)  # what passes in less is not worth a word


@dataclass(frozen=True)
class Line:
    """`tone`: good, bad, person or quiet."""

    at: datetime
    words: str
    element_id: str | None
    actor: str | None
    facts: str
    tone: str
    decision_id: str | None = None
    decision: str = ""  # as it was called, with its version


def tell(
    history: Sequence[HistoryView], elements: Elements, decision_names: Mapping[str, str] | None = None
) -> list[Line]:
    """Newest first, as given. A step that has ended is one line; a listener that heard nothing is none."""
    entered = {row.detail.get("number"): row.at for row in history if row.kind == "entered"}
    ended = {row.detail.get("number") for row in history if row.kind in ("completed", "cancelled")}
    lines = []
    for row in history:
        drawn = elements.get(row.element_id or "")
        listens = drawn is not None and drawn.type in LISTENING
        if row.kind == "entered" and (listens or row.detail.get("number") in ended):
            continue
        if row.kind == "cancelled" and listens:
            continue
        line = _line(row, entered.get(row.detail.get("number")))
        if row.kind == "decision":
            decision_id = str(row.detail.get("decision"))
            name = (decision_names or {}).get(decision_id) or decision_id
            line = replace(line, decision_id=decision_id, decision=f"{name} v{row.detail.get('version')}")
        passes = drawn is not None and drawn.type.endswith(("Gateway", "startEvent"))
        lines.append(replace(line, words="Passed", tone="quiet") if passes and row.kind == "completed" else line)
    return lines


def _line(row: HistoryView, entered_at: datetime | None) -> Line:
    words, facts, tone = _WORDS.get(row.kind, _other)(row.detail)
    if words == "":
        words = spoken(row.kind)
    if row.kind in ("completed", "cancelled") and entered_at is not None and row.at - entered_at >= SHORTEST:
        facts = ", ".join(filter(None, (facts, f"took {duration(row.at - entered_at)}")))
    return Line(row.at, words, row.element_id, row.actor, facts, tone)


def _completed(detail: Detail) -> tuple[str, str, str]:
    attempt = detail.get("attempt") or 0
    return "Done", f"at attempt {attempt}" if attempt > 1 else "", "good"


def _failed(detail: Detail) -> tuple[str, str, str]:
    wait = detail.get("retry_in_s")
    then = "no more tries" if wait is None else f"next try in {span(wait)}"
    return f"Attempt {detail.get('attempt')} failed", f"{_error(detail)}; {then}", "bad"


def _refused(detail: Detail) -> tuple[str, str, str]:
    return "Refused", f"attempt {detail.get('attempt')}: {_error(detail)}", "bad"


def _late(detail: Detail) -> tuple[str, str, str]:
    facts = f"{detail.get('outcome')}, after the step had moved on: {_error(detail) or brief(detail.get('outputs'))}"
    return f"Late result of attempt {detail.get('attempt')}", facts, "bad"


def _claim_expired(detail: Detail) -> tuple[str, str, str]:
    facts = f"attempt {detail.get('attempt')} may have had its effect; the step is repeated under its key"
    return "Worker lost", facts, "bad"


_CHANGED = ("inputs", "outputs", "variable", "take", "to", "name", "key", "again", "with")


def _action(detail: Detail) -> tuple[str, str, str]:
    changed = {name: detail[name] for name in _CHANGED if detail.get(name)}
    given = f", {brief(changed, 160)}" if changed else ""
    return ACTIONS.get(detail.get("action", ""), "Action"), f"“{detail.get('reason', '')}”{given}", "person"


def _message(detail: Detail) -> tuple[str, str, str]:
    return f"Message {detail.get('name')} arrived", f"key {detail.get('key')}", "good"


def _sent(detail: Detail) -> tuple[str, str, str]:
    what = "Signal" if detail.get("key") is None else "Message"
    if detail.get("duplicate"):
        return f"{what} {detail.get('name')} not sent again", "an equal one lives still", "quiet"
    reached = len(detail.get("recipients") or ()), len(detail.get("started") or ())
    found = [f"{count} {word}" for count, word in zip(reached, ("waited for it", "started"), strict=True) if count]
    return f"{what} {detail.get('name')} sent", ", ".join(found) or "nobody waited for it", "quiet"


def _came_late(detail: Detail) -> tuple[str, str, str]:
    what = "Signal" if detail.get("key") is None else "Message"
    return f"{what} {detail.get('name')} came too late", f"{detail.get('element')} waited no longer", "quiet"


def _task_completed(detail: Detail) -> tuple[str, str, str]:
    given = ", ".join(detail.get("variables") or ())
    return "Task completed", f"gave {given}" if given else "", "person"


def _migrated(detail: Detail) -> tuple[str, str, str]:
    words = f"Migrated from version {detail.get('from_version')} to version {detail.get('to_version')}"
    return words, f"“{detail.get('reason', '')}”", "person"


def _decision(detail: Detail) -> tuple[str, str, str]:
    """The rules that matched, in the order in which they did, and the value where it is not just what one rule gave."""
    matched = detail.get("matched") or []
    several = len({rule.get("decision") for rule in matched}) > 1
    said = [_rule(rule, several) for rule in matched[:MOST_RULES]]
    if len(matched) > MOST_RULES:
        said.append(f"{len(matched) - MOST_RULES} more rules")
    if len(matched) != 1:
        said.append(f"value {brief(detail.get('value'), 160)}")
    errors = detail.get("errors") or []
    return "Decided", "; ".join([*said, *errors]), "bad" if errors else "good"


def _rule(rule: Detail, several: bool) -> str:
    where = f"{rule.get('decision')}, rule" if several else "rule"
    return f"{where} {rule.get('rule')} matched: {rule_said(rule.get('inputs') or {}, rule.get('outputs') or {})}"


def _other(detail: Detail) -> tuple[str, str, str]:
    return "", brief(dict(detail), 160) if detail else "", "quiet"


def _error(detail: Detail) -> str:
    return ": ".join(str(detail[name]).rstrip(".") for name in ("code", "message") if detail.get(name))


_WORDS: dict[str, Callable[[Detail], tuple[str, str, str]]] = {
    "entered": lambda detail: ("Reached", "", "quiet"),
    "completed": _completed,
    "cancelled": lambda detail: ("Cancelled", "", "quiet"),
    "failed": _failed,
    "refused": _refused,
    "late_result": _late,
    "claim_expired": _claim_expired,
    "action": _action,
    "migrated": _migrated,
    "message": _message,
    "message_sent": _sent,
    "signal_sent": _sent,
    "late_message": _came_late,
    "late_signal": _came_late,
    "signal": lambda detail: (f"Signal {detail.get('name')} arrived", "", "good"),
    "compensated": lambda detail: (f"Took back {detail.get('element')}", "", "good"),
    "decision": _decision,
    "task_claimed": lambda detail: ("Task taken", "", "person"),
    "task_unclaimed": lambda detail: ("Task given back", "", "person"),
    "task_completed": _task_completed,
}
