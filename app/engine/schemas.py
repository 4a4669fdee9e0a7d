"""Variables held against the JSON Schema that a process declares for them."""

from collections.abc import Iterator
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.core.errors import InvalidInput


class VariablesRefused(InvalidInput):
    """The variables do not fit; `problems` holds (JSON path, message) for every one."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        path, message = problems[0]
        super().__init__(message, path=path, problems=problems)


def check_schema(schema: dict[str, Any] | None, variables: dict[str, Any]) -> None:
    """Hold the variables against the process's JSON Schema, if it declares one; every problem at once."""
    if schema is None:
        return
    problems = [
        (path, error.message) for error in Draft202012Validator(schema).iter_errors(variables) for path in _paths(error)
    ]
    if problems:
        raise VariablesRefused(sorted(problems))


def _paths(error: ValidationError) -> Iterator[str]:
    base = "$.variables" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [str(name) for name in cast(list[str], error.validator_value) if name not in error.instance]
        yield from (f"{base}.{name}" for name in missing if repr(name) in error.message)
    else:
        yield base
