"""What the forms of a trial's pages say: how it begins, what a handler answers, what happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.core.errors import InvalidInput
from app.trial.answers import Answer, read_answer
from app.trial.events import KINDS, Event, read_event
from app.trial.room import ANSWERS, Answers
from app.trial.scenario import read_time
from app.web.json_in import read_object

AS_PLANNED = "as_planned"


def read_variables(form: Mapping[str, str], name: str = "variables") -> dict[str, Any]:
    """A JSON object; nothing is none."""
    text = form.get(name, "").strip()
    if not text:
        return {}
    try:
        return read_object(text.encode())
    except InvalidInput as error:
        raise InvalidInput(f"Write a JSON object, such as {{}}. {error.message}", path=f"$.{name}") from error


def read_instant(form: Mapping[str, str], now: datetime) -> datetime:
    """When the trial's clock begins; a field for a date and a time has no zone, and means UTC."""
    text = form.get("at", "").strip()
    if not text:
        return now.replace(microsecond=0)
    found = read_time(text if text.endswith("Z") or "+" in text else f"{text}Z")
    return found.astimezone(UTC)


def read_answers(form: Mapping[str, str]) -> Answers:
    """Who answers for the handlers."""
    wanted = form.get("answers", ANSWERS[0])
    for each in ANSWERS:
        if each == wanted:
            return each
    raise InvalidInput(f"Expected one of {', '.join(ANSWERS)}, found {wanted[:40]!r}.", path="$.answers")


def read_step(form: Mapping[str, str]) -> Answer | None:
    """What the handler is said to answer; None: what it would be answered anyway."""
    kind = form.get("answer", AS_PLANNED)
    if kind == AS_PLANNED:
        return None
    if kind == "done":
        return Answer("done", read_variables(form, "outputs"))
    code, message = form.get("code", "").strip(), form.get("message", "").strip()
    if not code:
        raise InvalidInput("Say with which code, such as port_taken.", path="$.code")
    more = {"key": form.get("key", "")} if kind == "waiting" else {"message": message}
    return read_answer({kind: code, **more}, "answer")


def read_happening(form: Mapping[str, str]) -> Event:
    kind, name = form.get("kind", ""), form.get("name", "").strip()
    if kind not in KINDS:
        raise InvalidInput(f"Expected one of {', '.join(KINDS)}, found {kind[:40]!r}.", path="$.kind")
    written: dict[str, Any] = {kind: name}
    if kind == "message":
        written["key"] = form.get("key", "")
    if variables := read_variables(form):
        written["variables"] = variables
    try:
        return read_event(written, "event")
    except InvalidInput as error:
        raise InvalidInput(error.message.removeprefix("event."), path="$.name") from error
