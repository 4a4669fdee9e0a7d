"""Forms inside a diagram (form-js, as Camunda Modeler writes them): which are accepted, and what fits them.

The browser checks what is written before it is sent; this is what decides.
"""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Any, Final

import regex

from app.core.clock import Clock
from app.core.errors import TurnupError
from app.decisions.feel import compile_feel
from app.engine.schemas import VariablesRefused

Schema = Mapping[str, Any]
LONGEST = 200_000  # characters of a form
SHOWN: Final = frozenset({"text", "separator", "spacer", "button", "group"})
TEXTS: Final = frozenset({"textfield", "textarea"})
ONE_OF: Final = frozenset({"select", "radio"})
SOME_OF: Final = frozenset({"checklist", "taglist"})
INPUTS: Final = TEXTS | ONE_OF | SOME_OF | {"number", "checkbox", "datetime"}
_PATTERN_LIMIT_S = 0.2
_OPTIONS = ("valuesKey", "valuesExpression")


def read_form(text: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The form, or why it is none that can be shown here."""
    try:
        schema = json.loads(text) if len(text) <= LONGEST else None
    except ValueError:
        schema = None
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        return None, [f"It is no JSON object with a list of components, of at most {LONGEST:,} characters."]
    problems = list(_problems(schema))
    return (None if problems else schema), problems


def components_of(schema: Schema) -> Iterator[Schema]:
    """Every component, those in groups too."""
    for each in schema.get("components", ()):
        if isinstance(each, dict):
            yield each
            yield from components_of(each)


def keys_of(schema: Schema) -> list[str]:
    """The variables that the form shows or gives."""
    found = [each[name] for each in components_of(schema) for name in ("key", "valuesKey") if each.get(name)]
    return list(dict.fromkeys(found))


def _problems(schema: Schema) -> Iterator[str]:
    for each in components_of(schema):
        kind, key = str(each.get("type")), each.get("key")
        if kind not in INPUTS | SHOWN:
            yield f"A component of type '{kind[:40]}' is not supported; these are: {', '.join(sorted(INPUTS | SHOWN))}."
        elif kind in INPUTS and not (isinstance(key, str) and key.isidentifier()):
            yield f"The key {str(key)[:60]!r} is no plain name. Give each field the name of one variable."
        elif each.get("path") or "valuesExpression" in each:
            yield f"The field '{key or kind}' has a path, or computes its options. Use plain keys, values or valuesKey."
        hide = (each.get("conditional") or {}).get("hide")
        if hide:
            yield from _feel_problems(str(hide))
        for name, rule in (each.get("validate") or {}).items():
            if isinstance(rule, str) and rule.startswith("="):
                yield f"The rule '{name}' of '{key}' is an expression. Write its value."
            if name == "pattern":
                yield from _pattern_problems(str(rule))


def _feel_problems(text: str) -> Iterator[str]:
    try:
        compile_feel(text.removeprefix("=").strip())
    except TurnupError as error:
        yield f"The condition {text[:60]!r}: {error.message}"


def _pattern_problems(pattern: str) -> Iterator[str]:
    try:
        regex.compile(pattern)
    except regex.error as error:
        yield f"The pattern {pattern[:60]!r} cannot be read: {error}."


def check_answers(schema: Schema, given: Mapping[str, Any], around: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """What the form takes of what was given; VariablesRefused with every field that does not fit.

    `around` are the variables that the task sees. Of a field that is hidden, or only shown, nothing is taken.
    """
    taken: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for each in _asked(schema, ChainMap(dict(given), dict(around)), clock):
        key, value = each["key"], given.get(each["key"])
        problem = _refusal(each, value, around)
        if problem is not None:
            problems.append((f"$.variables.{key}", f"{each.get('label') or key}: {problem}"))
        elif key in given:
            taken[key] = value
    if problems:
        raise VariablesRefused(problems)
    return taken


def _asked(schema: Schema, view: Mapping[str, Any], clock: Clock) -> Iterator[Schema]:
    for each in schema.get("components", ()):
        hide = (each.get("conditional") or {}).get("hide")
        if hide and _is_true(str(hide), view, clock):
            continue
        if each.get("type") in INPUTS and not each.get("disabled") and not each.get("readonly"):
            yield each
        yield from _asked(each, view, clock)


def _is_true(expression: str, view: Mapping[str, Any], clock: Clock) -> bool:
    try:
        return compile_feel(expression.removeprefix("=").strip()).json(view, clock=clock) is True
    except TurnupError:
        return False  # as the browser has it: what cannot be computed hides nothing


def _refusal(field: Schema, value: Any, around: Mapping[str, Any]) -> str | None:
    rules = field.get("validate") or {}
    if value is None or value in ("", []) or (field["type"] == "checkbox" and value is False):
        return "fill this in." if rules.get("required") else None
    for look in (_wrong_kind, partial(_not_offered, around=around), _out_of_bounds):
        problem = look(field, value)
        if problem is not None:
            return problem
    return None


def _wrong_kind(field: Schema, value: Any) -> str | None:
    kind = field["type"]
    if kind in TEXTS:
        return None if isinstance(value, str) else "expected a text."
    if kind == "number":
        wanted: Any = str if field.get("serializeToString") else (int, float)
        return None if isinstance(value, wanted) and not isinstance(value, bool) else "expected a number."
    if kind == "checkbox":
        return None if isinstance(value, bool) else "expected yes or no."
    if kind in SOME_OF:
        return None if isinstance(value, list) else "expected a list."
    return _no_time(field, value) if kind == "datetime" else None


def _no_time(field: Schema, value: Any) -> str | None:
    kind = field.get("subtype", "date")
    read: Any = {"date": date.fromisoformat, "time": time.fromisoformat}.get(kind, datetime.fromisoformat)
    try:
        read(value)
    except (TypeError, ValueError):
        return f"expected a {kind} such as {_EXAMPLES.get(kind, _EXAMPLES['datetime'])}."
    return None


_EXAMPLES: Final = {"date": "2026-12-01", "time": "09:30", "datetime": "2026-12-01T09:30Z"}


def _not_offered(field: Schema, value: Any, around: Mapping[str, Any]) -> str | None:
    if field["type"] not in ONE_OF | SOME_OF:
        return None
    offered = around.get(field["valuesKey"]) if field.get("valuesKey") else field.get("values")
    known = [each.get("value") if isinstance(each, dict) else each for each in offered or []]
    chosen = value if isinstance(value, list) else [value]
    odd = [each for each in chosen if each not in known]
    return f"{str(odd[0])[:60]!r} is not among what can be chosen." if odd else None


def _out_of_bounds(field: Schema, value: Any) -> str | None:
    rules = field.get("validate") or {}
    if field["type"] == "number":
        number = float(value) if isinstance(value, int | float) or _is_number(value) else None
        if number is None:
            return "expected a number."
        if rules.get("min") is not None and number < float(rules["min"]):
            return f"at least {rules['min']}."
        if rules.get("max") is not None and number > float(rules["max"]):
            return f"at most {rules['max']}."
    if isinstance(value, str) and field["type"] in TEXTS:
        if rules.get("minLength") is not None and len(value) < int(rules["minLength"]):
            return f"at least {rules['minLength']} characters."
        if rules.get("maxLength") is not None and len(value) > int(rules["maxLength"]):
            return f"at most {rules['maxLength']} characters."
        if rules.get("pattern") and not _matches(str(rules["pattern"]), value):
            return f"it does not match {rules['pattern']}."
    return None


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def _matches(pattern: str, value: str) -> bool:
    """As a browser looks: anywhere in it."""
    try:
        return regex.search(pattern, value, timeout=_PATTERN_LIMIT_S) is not None
    except TimeoutError:
        return False
