"""What came of an attempt, and how all of it is made fit to be stored.

A handler passes on what a system sent it, and a fault carries whatever its author gave it. What the store cannot hold
must not stand in the way of its instance for ever, so faults are made to fit, and outputs that do not fit are a fault.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from app.core.texts import as_text, is_text
from app.engine.spiff.triggers import LONGEST_KEY
from app.handling.contract import Done, Refused, Waiting


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt raised. `retry` says whether another attempt can help, `system_down` whether the system that was
    called was silent or failing, whoever calls."""

    code: str
    message: str
    retry: bool = True
    detail: dict[str, Any] = field(default_factory=dict)
    system_down: bool = False


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The attempt took longer than its handler may; it may yet have its effect."""

    after_s: float


Attempted = Done | Waiting | Refused | Failed | TimedOut


def storable(outcome: Attempted) -> Attempted:
    """The outcome itself, or the nearest that every store can hold."""
    match outcome:
        case Done(outputs=outputs):
            return outcome if _fits(outputs) else _bad("gave outputs")
        case Waiting(message=name, key=key):
            fits = is_text(name) and is_text(key) and max(len(name), len(key)) <= LONGEST_KEY
            return outcome if fits else _bad("waits for a message with a name or key")
        case Refused() | Failed():
            code, message, detail = as_text(outcome.code), as_text(outcome.message), outcome.detail
            return replace(outcome, code=code, message=message, detail=detail if _fits(detail) else _shown(detail))
    return outcome


def _fits(values: dict[str, Any]) -> bool:
    for name, value in values.items():
        if not isinstance(name, str) or not is_text(name):
            return False
        if type(value) is str and value.isascii():  # as most are
            continue
        try:
            orjson.dumps(value)
        except TypeError:
            return False
    return True


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {as_text(str(name)): as_text(repr(value)) for name, value in values.items()}


def _bad(what: str) -> Failed:
    why = f"a number past 64 bits, a NUL, half a surrogate pair, or a key of over {LONGEST_KEY} characters"
    message = f"The handler {what} that cannot be stored: {why}. Correct the handler, or skip the step."
    return Failed("BadResult", message, retry=False)
