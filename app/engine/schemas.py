"""Variables held against the JSON Schema that a process declares for them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import orjson
import regex
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from app.core.errors import InvalidInput

PATTERNS_LIMIT_S = 0.5
MOST_REFERENCES = 50_000
_SHOWN = 200
# Where jsonschema uses Python's own engine, which nothing stops, compares each with each, or goes from one reference to
# many
_COSTLY: Final = frozenset({"pattern", "patternProperties", "uniqueItems", "$ref", "$dynamicRef"})


class VariablesRefused(InvalidInput):
    """The variables do not fit; `problems` holds (JSON path, message) for every one."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        path, message = problems[0]
        super().__init__(message, path=path, problems=problems)


def check_schema(schema: dict[str, Any] | None, variables: dict[str, Any]) -> None:
    """Hold the variables against the process's JSON Schema, if it declares one; every problem at once.

    All its patterns together may take PATTERNS_LIMIT_S: one like `(a+)+$` says no to a text that it cannot finish with.
    So does a schema of which more than MOST_REFERENCES have to be followed.
    """
    if schema is None:
        return
    kind = _Bounded().validator() if _COSTLY & _words(schema) else Draft202012Validator
    try:
        problems = [(path, error.message) for error in kind(schema).iter_errors(variables) for path in _paths(error)]
    except (_Endless, RecursionError):
        problems = [("$.variables", f"The process's schema takes more than {MOST_REFERENCES:,} references to follow")]
    if problems:
        raise VariablesRefused(sorted(problems))


class _Endless(Exception):
    """References that lead to references, two by two."""


class _Bounded:
    """The keywords that could keep a thread, and with it the process, busy for as long as somebody likes."""

    def __init__(self) -> None:
        self._left_s = PATTERNS_LIMIT_S
        self._references_left = MOST_REFERENCES

    def validator(self) -> Any:
        own = {
            "$ref": self._reference("$ref"),
            "$dynamicRef": self._reference("$dynamicRef"),
            "pattern": self._pattern,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
            "uniqueItems": _unique_items,
        }
        return validators.extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]  # the library's

    def _reference(self, keyword: str) -> Any:
        follow = Draft202012Validator.VALIDATORS[keyword]

        def counted(validator: Any, reference: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
            self._references_left -= 1
            if self._references_left < 0:
                raise _Endless
            yield from follow(validator, reference, instance, schema) or ()

        return counted

    def _finds(self, pattern: str, text: str) -> bool:
        began = time.monotonic()
        try:
            if self._left_s <= 0:
                raise TimeoutError
            return regex.search(pattern, text, timeout=self._left_s) is not None
        except TimeoutError:
            problem = "takes too long on this text; repetition within repetition, as in (a+)+, does"
            raise ValidationError(f"The pattern {pattern[:_SHOWN]!r} {problem}") from None
        finally:
            self._left_s -= time.monotonic() - began

    def _pattern(self, _: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, str):
            return
        try:
            if not self._finds(pattern, instance):
                yield ValidationError(f"{_brief(instance)} does not match {pattern!r}")
        except ValidationError as too_slow:
            yield too_slow

    def _pattern_properties(
        self, validator: Any, patterns: Mapping[str, Any], instance: Any, _: Any
    ) -> Iterator[ValidationError]:
        if not isinstance(instance, dict):
            return
        for pattern, schema in patterns.items():
            for name, value in instance.items():
                try:
                    found = self._finds(pattern, name)
                except ValidationError as too_slow:
                    yield too_slow
                    return
                if found:
                    yield from validator.descend(value, schema, path=name, schema_path=pattern)

    def _additional_properties(
        self, validator: Any, rule: Any, instance: Any, schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        if not isinstance(instance, dict):
            return
        try:
            extras = [name for name in instance if not self._is_declared(name, schema)]
        except ValidationError:
            return  # patternProperties has said so
        if isinstance(rule, dict):
            for name in extras:
                yield from validator.descend(instance[name], rule, path=name)
        elif not rule and extras:
            shown = ", ".join(map(_brief, sorted(extras)[:10]))
            yield ValidationError(f"Additional properties are not allowed: {shown}")

    def _is_declared(self, name: str, schema: Mapping[str, Any]) -> bool:
        patterns = schema.get("patternProperties", {})
        return name in schema.get("properties", {}) or any(self._finds(pattern, name) for pattern in patterns)


def _unique_items(_: Any, rule: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if rule and isinstance(instance, list):
        keys = {orjson.dumps(_canonical(item), option=orjson.OPT_SORT_KEYS) for item in instance}
        if len(keys) < len(instance):
            yield ValidationError("The same item stands in the list more than once")


def _canonical(value: Any) -> Any:
    """Equal for what JSON Schema calls equal: 1 and 1.0 are."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, list):
        return [_canonical(each) for each in value]
    if isinstance(value, dict):
        return {name: _canonical(each) for name, each in value.items()}
    return value


def _words(schema: Any) -> set[str]:
    """Every name in it, keyword or not."""
    found: set[str] = set()
    ahead = [schema]
    while ahead:
        value = ahead.pop()
        if isinstance(value, dict):
            found.update(value)
            ahead.extend(value.values())
        elif isinstance(value, list):
            ahead.extend(value)
    return found


def _brief(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def _paths(error: ValidationError) -> Iterator[str]:
    base = "$.variables" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [str(name) for name in cast(list[str], error.validator_value) if name not in error.instance]
        yield from (f"{base}.{name}" for name in missing if repr(name) in error.message)
    else:
        yield base
