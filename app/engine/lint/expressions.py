"""FEEL and names, wherever a diagram holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.core.errors import InvalidInput
from app.decisions.feel import compile_feel
from app.engine.diagram import Element, Finding, Flow

NAME = re.compile(r"[^\W\d]\w*")
WORDS = "true false null if then else for in return some every satisfies and or not between instance of function"
RESERVED = frozenset(WORDS.split())
LONGEST = 10_000


def is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None and text not in RESERVED


def is_feel(text: str) -> bool:
    return text.strip().startswith("=")


def check_feel(place: Element | Flow, what: str, text: str) -> Iterator[Finding]:
    """An expression that has to be FEEL, with its leading `=`."""
    if not text.startswith("="):
        message = f"{_capital(what)} is no FEEL expression: '{text[:60]}'."
        yield Finding.error(place, "no_expression", message, "Write '=' before it, as in =speed_mbps > 100.")
        return
    if len(text) > LONGEST:
        message = f"{_capital(what)} has {len(text)} characters; {LONGEST} are allowed."
        yield Finding.error(place, "long_expression", message, "Let a handler do it.")
        return
    try:
        compile_feel(text[1:].strip())
    except InvalidInput as error:
        message = f"{_capital(what)} cannot be read: {error.message}"
        yield Finding.error(place, "bad_expression", message, f"Correct the expression: {text[:200]}")


def check_source(place: Element, what: str, text: str) -> Iterator[Finding]:
    """FEEL after `=`, else a literal that is not empty."""
    if is_feel(text):
        yield from check_feel(place, what, text.strip())
    elif not text.strip():
        yield Finding.error(place, "empty_expression", f"{_capital(what)} is empty.", "Fill it in or delete it.")


def check_name(place: Element, what: str, text: str) -> Iterator[Finding]:
    """One name of a variable."""
    if not is_name(text):
        message = f"{_capital(what)} '{text[:60]}' is no variable name."
        yield Finding.error(place, "bad_name", message, "Use one name of letters, digits and '_', such as speed_mbps.")


def check_path(place: Element, what: str, text: str) -> Iterator[Finding]:
    """Names with dots between them."""
    if not all(is_name(part) for part in text.split(".")):
        remedy = "Use names of letters, digits and '_', with dots between them, such as order.ont_id."
        yield Finding.error(place, "bad_name", f"{_capital(what)} '{text[:60]}' is no variable name.", remedy)


def _capital(what: str) -> str:
    return f"{what[0].upper()}{what[1:]}"
