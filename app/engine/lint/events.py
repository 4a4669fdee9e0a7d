"""What events and message tasks wait for or send: names, keys, codes, conditions, times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from app.core.errors import InvalidInput, TurnupError
from app.decisions.feel import compile_feel
from app.decisions.feel.temporal import parse_duration, parse_instant
from app.engine.diagram import Diagram, Element, Finding, Publication, TimerKind
from app.engine.lint.expressions import check_feel, check_source, is_feel
from app.engine.spiff.timers import EXAMPLES, Cycle
from app.engine.spiff.triggers import LONGEST_KEY

LONGEST_TRIED = 200
_TURNS = re.compile(r"\b(for|some|every|function)\b|\.\.")  # what may take long
THROWING = frozenset({"intermediateThrowEvent", "endEvent", "sendTask"})
_PARSERS: Mapping[TimerKind, Callable[[str], object]] = {
    "duration": parse_duration,
    "date": parse_instant,
    "cycle": Cycle.parse,
}


def check_events(diagram: Diagram) -> Iterator[Finding]:
    for element in diagram.elements.values():
        match element.event:
            case "timer":
                yield from _check_timer(element, starts=_starts_process(diagram, element))
            case "signal":
                yield from _check_signal(element, starts=_starts_process(diagram, element))
            case "error":
                yield from _check_code(element, "error", element.error_code)
            case "escalation":
                yield from _check_code(element, "escalation", element.escalation_code)
            case "conditional":
                yield from _check_condition(element)
        if element.type == "sendTask" or (element.event == "message" and element.type in THROWING):
            yield from _check_sender(element)
        elif element.type == "receiveTask" or element.event == "message":
            yield from _check_message(element, starts=_starts_process(diagram, element))


def _starts_process(diagram: Diagram, element: Element) -> bool:
    return element.type == "startEvent" and element.parent == diagram.process_id


def _check_message(element: Element, *, starts: bool) -> Iterator[Finding]:
    name, key = element.message or ("", None)
    if not name.strip() or is_feel(name):
        message = f"This waits for no message with a fixed name (found '{name[:60]}')."
        remedy = "Choose a message and give it a name that is no expression."
        yield Finding.error(element, "no_message", message, remedy)
    elif len(name) > LONGEST_KEY:
        yield _long_name(element, "message", name)
    elif starts:  # any message of that name starts an instance, whatever its key
        return
    elif not (key or "").strip():
        message = f"The message '{name}' has no correlation key, so nobody could tell whose it is."
        yield Finding.error(element, "no_correlation_key", message, "Give it one, such as =order_id.")
    else:
        yield from check_source(element, "the correlation key", key or "")


def _check_sender(element: Element) -> Iterator[Finding]:
    if element.publishes is None and element.handler is None:
        message = "Nothing says how this message is sent."
        remedy = (
            "Give it a handler that sends it (task definition), or, to let Turnup deliver it to a waiting process, a"
            " message and a zeebe:publishMessage with the correlation key."
        )
        yield Finding.error(element, "no_sender", message, remedy)
    elif element.publishes is not None and element.handler is not None:
        message = "This message would be sent by a handler and by Turnup."
        yield Finding.error(element, "two_senders", message, "Keep the task definition or the zeebe:publishMessage.")
    elif element.publishes is not None:
        yield from _check_publication(element, element.publishes)


def _check_publication(element: Element, sent: Publication) -> Iterator[Finding]:
    if not sent.name.strip():
        message = "The message that is to be published has no name."
        yield Finding.error(element, "no_message", message, "Choose a message and give it a name.")
    for what, text in (
        ("the message's name", sent.name or "-"),
        ("the correlation key", sent.key),
        ("the message id", sent.message_id),
        ("the time to live", sent.time_to_live),
    ):
        if text is not None:
            yield from check_source(element, what, text)
    if sent.time_to_live is not None and sent.time_to_live.strip() and not is_feel(sent.time_to_live):
        yield from _check_time(element, "The time to live", "duration", sent.time_to_live.strip())


def _check_signal(element: Element, *, starts: bool) -> Iterator[Finding]:
    name = element.signal or ""
    if not name.strip():
        message = "This event has no signal, or one without a name."
        yield Finding.error(element, "no_signal", message, "Choose a signal and give it a name.")
    elif starts and is_feel(name):
        message = f"The signal that starts a process has a fixed name (found '{name[:60]}')."
        yield Finding.error(element, "no_signal", message, "Give it a name that is no expression.")
    elif len(name) > LONGEST_KEY and not is_feel(name):
        yield _long_name(element, "signal", name)
    else:
        yield from check_source(element, "the signal", name)


def _long_name(element: Element, kind: str, name: str) -> Finding:
    message = f"The name of this {kind} has {len(name)} characters; {LONGEST_KEY} are allowed."
    return Finding.error(element, "long_name", message, "Give it a shorter one.")


def _check_code(element: Element, kind: str, code: str | None) -> Iterator[Finding]:
    if element.type in THROWING:
        if not (code or "").strip():
            message = f"This event throws no {kind} with a code."
            yield Finding.error(element, f"{kind}_without_code", message, f"Choose an {kind} and give it a code.")
        else:
            yield from check_source(element, f"the {kind} code", code or "")
    elif code is not None and not code.strip():
        message = f"The {kind} of this event has no code, so nothing could match it."
        remedy = f"Give the {kind} a code, or choose no {kind} to catch all."
        yield Finding.error(element, f"{kind}_without_code", message, remedy)
    elif code is not None and is_feel(code):
        message = f"The {kind} code that this event waits for is an expression: {code[:60]}."
        yield Finding.error(element, f"{kind}_code_expression", message, "Write the code itself.")


def _check_condition(element: Element) -> Iterator[Finding]:
    if not element.condition:
        message = "This event has no condition."
        yield Finding.error(element, "no_condition", message, "Write one in FEEL, such as =temperature > 70.")
    else:
        yield from check_feel(element, "the condition", element.condition)


def _check_timer(element: Element, *, starts: bool) -> Iterator[Finding]:
    kind, text = element.timer or ("duration", "")
    if not text:
        message = "This timer has no time."
        yield Finding.error(element, "no_time", message, f"Give it a duration ({EXAMPLES['duration']}) or a date.")
    elif is_feel(text):
        yield from check_feel(element, "the timer", text)
        yield from _check_closed(element, kind, text, starts=starts)
    else:
        yield from _check_time(element, "The timer", kind, text)


def _check_closed(element: Element, kind: TimerKind, text: str, *, starts: bool) -> Iterator[Finding]:
    """An expression without variables gives now what it will give; at the start of a process there are none."""
    try:
        expression = compile_feel(text.strip()[1:].strip())
        value = expression.json({}) if not expression.names and _is_quick(text) else None
    except TurnupError:
        return  # told elsewhere, or it depends on what only a run knows
    if expression.names and starts:
        message = f"The timer of this start reads '{min(expression.names)[:60]}', and there are no variables yet."
        yield Finding.error(element, "bad_start_time", message, "It is read when the diagram is deployed: use none.")
    elif not expression.names and _is_quick(text) and (problem := _problem(kind, value)) is not None:
        code = "bad_start_time" if starts else "bad_time"
        remedy = f"Let it give text such as {EXAMPLES[kind]}: {text[:200]}"
        yield Finding.error(element, code, f"The timer is no {kind}: {problem}.", remedy)


def _problem(kind: TimerKind, value: object) -> str | None:
    """Why a value is no such time."""
    if not isinstance(value, str):
        return f"the expression gives {'nothing' if value is None else str(value)[:60]}"
    try:
        _PARSERS[kind](value)
    except InvalidInput as error:
        return error.message
    return None


def _is_quick(text: str) -> bool:
    return len(text) <= LONGEST_TRIED and not _TURNS.search(text)


def _check_time(element: Element, what: str, kind: TimerKind, text: str) -> Iterator[Finding]:
    try:
        _PARSERS[kind](text)
    except InvalidInput as error:
        remedy = f"Write it as {EXAMPLES[kind]}, or '=' and an expression."
        if kind == "cycle" and ("*" in text or text.startswith("@") or len(text.split()) > 4):
            remedy = "Cron is not read. Write how often and how long between: R/P1D, or R/2027-01-01T06:00:00Z/P1D."
        yield Finding.error(element, "bad_time", f"{what} is no {kind}: {error.message}", remedy)
