"""Built-in functions on text. Positions count characters, from 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.decisions.feel.scope import Evaluation


def contains(_evaluation: Evaluation, text: Any, match: Any) -> bool | None:
    return match in text if type(text) is str and type(match) is str else None


def starts_with(_evaluation: Evaluation, text: Any, match: Any) -> bool | None:
    return text.startswith(match) if type(text) is str and type(match) is str else None


def ends_with(_evaluation: Evaluation, text: Any, match: Any) -> bool | None:
    return text.endswith(match) if type(text) is str and type(match) is str else None


def upper_case(_evaluation: Evaluation, text: Any) -> str | None:
    return text.upper() if type(text) is str else None


def lower_case(_evaluation: Evaluation, text: Any) -> str | None:
    return text.lower() if type(text) is str else None


def string_length(_evaluation: Evaluation, text: Any) -> Decimal | None:
    return Decimal(len(text)) if type(text) is str else None


def substring(_evaluation: Evaluation, text: Any, start: Any, length: Any = None) -> str | None:
    """A negative start counts from the end. Null for a start that the text does not have, or a length below 1.

    Positions and lengths that are not whole are cut off at the point.
    """
    begin = int(start) if type(start) is Decimal else None
    count = int(length) if type(length) is Decimal else None
    if type(text) is not str or not begin or abs(begin) > len(text):
        return None
    if length is not None and (count is None or count < 1):
        return None
    first = begin - 1 if begin > 0 else len(text) + begin
    return text[first:] if count is None else text[first : first + count]


def substring_before(_evaluation: Evaluation, text: Any, match: Any) -> str | None:
    """Empty where the match is not found."""
    if type(text) is not str or type(match) is not str:
        return None
    at = text.find(match)
    return text[:at] if at >= 0 else ""


def substring_after(_evaluation: Evaluation, text: Any, match: Any) -> str | None:
    if type(text) is not str or type(match) is not str:
        return None
    at = text.find(match)
    return text[at + len(match) :] if at >= 0 else ""


def string_join(evaluation: Evaluation, texts: Any, delimiter: Any = None) -> str | None:
    """Leaves nulls out. Null if anything else is in the list."""
    texts = texts if type(texts) is list else [texts]
    joint = "" if delimiter is None else delimiter
    given = [text for text in texts if text is not None]
    if type(joint) is not str or not all(type(text) is str for text in given):
        return None
    evaluation.spend_text(sum(map(len, given)) + len(joint) * len(given))
    return joint.join(given)
