"""Built-in functions with patterns. Null for what is not a pattern.

A pattern that tries for too long (`(a+)+$`) uses up the evaluation's time for patterns, whatever the text looked like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import regex

from app.decisions.feel.errors import BudgetExceeded
from app.decisions.feel.scope import MATCHING_LIMIT_S, Evaluation
from app.decisions.feel.xpath import LONGEST_PATTERN, BadPattern, compile_pattern

_REPLACEMENT = re.compile(r"\\([\\$])|\$(\d+)|([^\\$]+)", re.DOTALL)
Found = TypeVar("Found")


def matches(evaluation: Evaluation, text: Any, pattern: Any, flags: Any) -> bool | None:
    compiled = _compiled(text, pattern, flags)
    if compiled is None:
        return None
    return _timed(evaluation, lambda limit_s: compiled.search(text, timeout=limit_s) is not None)


def replace(evaluation: Evaluation, text: Any, pattern: Any, replacement: Any, flags: Any) -> str | None:
    """`$1` is what the first group found. Null for a pattern that finds nothing everywhere, such as `a*`."""
    compiled = _compiled(text, pattern, flags)
    if compiled is None or type(replacement) is not str:
        return None
    literal = type(flags) is str and "q" in flags
    parts = [replacement] if literal else _parts(replacement, compiled.groups)
    if parts is None or compiled.search("") is not None:
        return None

    def put(found: regex.Match[str]) -> str:
        made = "".join((found[part] or "") if isinstance(part, int) else part for part in parts)
        evaluation.spend_text(len(made) + 16)
        return made

    return _timed(evaluation, lambda limit_s: compiled.sub(put, text, timeout=limit_s))


def split(evaluation: Evaluation, text: Any, delimiter: Any) -> list[str] | None:
    compiled = _compiled(text, delimiter, None)
    if compiled is None or compiled.search("") is not None:
        return None
    return _timed(evaluation, lambda limit_s: _pieces(compiled, text, evaluation, limit_s))


def _pieces(pattern: regex.Pattern[str], text: str, evaluation: Evaluation, limit_s: float) -> list[str]:
    pieces, start = [], 0
    for found in pattern.finditer(text, timeout=limit_s):
        evaluation.spend(1)
        pieces.append(text[start : found.start()])
        start = found.end()
    return [*pieces, text[start:]]


def _compiled(text: Any, pattern: Any, flags: Any) -> regex.Pattern[str] | None:
    if type(text) is not str or type(pattern) is not str or not (flags is None or type(flags) is str):
        return None
    if len(pattern) > LONGEST_PATTERN:
        problem = f"A pattern has {len(pattern)} characters, more than the {LONGEST_PATTERN} allowed"
        raise BudgetExceeded(problem, limit=LONGEST_PATTERN)
    try:
        return compile_pattern(pattern, flags or "")
    except BadPattern:
        return None


def _timed(evaluation: Evaluation, find: Callable[[float], Found]) -> Found:
    with evaluation.matching() as limit_s:
        try:
            return find(limit_s)
        except TimeoutError as error:
            problem = "A pattern takes too long on this text; repetition within repetition, as in (a+)+, does"
            raise BudgetExceeded(problem, limit_s=MATCHING_LIMIT_S) from error


def _parts(replacement: str, groups: int) -> list[str | int] | None:
    """Text and numbers of groups; None if the replacement has a lone `$` or a backslash."""
    parts: list[str | int] = []
    at = 0
    while at < len(replacement):
        found = _REPLACEMENT.match(replacement, at)
        if found is None:
            return None
        at = found.end()
        if found[2] is None:
            parts.append(found[1] or found[3])
            continue
        digits = found[2]
        while len(digits) > 1 and int(digits[:6]) > groups:
            digits = digits[:-1]
        at = found.start() + 1 + len(digits)
        parts.append(int(digits) if int(digits) <= groups else "")
    return parts
