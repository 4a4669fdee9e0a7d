"""The one shape in which every error leaves the house."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails, ValidationError

from app.core.errors import InvalidInput, TurnupError
from app.decisions.dmn import DmnRefused
from app.decisions.dmn import Finding as DmnFinding
from app.engine.bundle import Examined, FilesRefused
from app.engine.diagram import DiagramRefused, DiagramTooLarge, Finding
from app.engine.form_versions import FormRefused
from app.engine.migration.plan import MappingRefused
from app.engine.schemas import VariablesRefused
from app.web.json_in import json_path
from app.web.models import Input, Output, Parameters
from app.web.near import nearest

ERRORS_LIMIT = 50
# In the words of JSON where pydantic's are Python's
_EXPECTED = {
    "dict_type": "Expected an object",
    "string_type": "Expected a string",
    "int_type": "Expected a whole number",
    "float_type": "Expected a number",
    "string_pattern_mismatch": "Expected text without control characters",
}
_WITH_FINDINGS = (DiagramRefused, DiagramTooLarge, DmnRefused, FormRefused)
_WHERE = {"Query": "query", "Path": "path", "Header": "header"}


class Problem(Output):
    """One of several things that are wrong."""

    path: str | None = Field(description="JSON path of the field, such as `$.variables.speed_mbps`")
    code: str
    message: str


class FindingOut(Output):
    """Something wrong, or doubtful, in a diagram."""

    file: str | None = Field(default=None, description="Where several were sent: in which")
    severity: str = Field(description="`error`: not deployed; `warning`: deployed all the same")
    element_id: str | None
    line: int | None
    code: str
    message: str
    remedy: str


class ErrorBody(Output):
    """What every error answers."""

    code: str = Field(description="Stable name of the error", examples=["UnknownProcess"])
    reason: str = Field(description="The same for a person, in a few words", examples=["Unknown process"])
    message: str = Field(description="What was expected, what was found and what to do")
    path: str | None = Field(default=None, description="Where in the request, as a JSON path", examples=["$.processId"])
    status: int = Field(examples=[404])
    errors: list[Problem] = Field(default=[], description="Everything that is wrong, where more than one thing is")
    findings: list[FindingOut] | None = Field(default=None, description="For a refused diagram: where, why, what to do")
    facts: dict[str, Any] | None = Field(default=None, description="Keys for looking further")
    error_id: str | None = Field(default=None, description="For 5xx: what the server's log calls this error")


class InvalidRequest(InvalidInput):
    """The request does not have the documented shape; `problems` holds every field at fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        first = self.problems[0]
        more = f" ({len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first.message}{more}", path=first.path)


def body_of(error: TurnupError) -> ErrorBody:
    """An error of the house as it is answered."""
    facts = {name: value for name, value in error.facts.items() if name not in ("problems", "findings")}
    return ErrorBody(
        code=error.code,
        reason=in_words(error.code),
        message=error.message,
        path=error.path,
        status=error.status,
        errors=_several(error)[:ERRORS_LIMIT],
        findings=_told(error),
        facts=facts or None,
    )


def in_words(code: str) -> str:
    """`IdempotencyKeyReused` -> `Idempotency key reused`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", code).capitalize()


def refuse(error: ValidationError) -> InvalidRequest:
    """What pydantic found, with JSON paths and with the names that were perhaps meant."""
    return InvalidRequest([_problem(error.title, detail) for detail in error.errors(include_url=False)[:ERRORS_LIMIT]])


def _several(error: TurnupError) -> list[Problem]:
    if isinstance(error, InvalidRequest):
        return error.problems
    if isinstance(error, VariablesRefused | MappingRefused):
        return [Problem(path=path, code=error.code, message=message) for path, message in error.problems]
    return []


def _told(error: TurnupError) -> list[FindingOut] | None:
    if isinstance(error, FilesRefused):
        return file_findings(error.examined)
    if isinstance(error, _WITH_FINDINGS):
        return [FindingOut.model_validate(finding) for finding in error.findings]
    return None


def file_findings(examined: Sequence[Examined]) -> list[FindingOut]:
    """Each with the file that it is about."""
    return with_files((each.file.name, one) for each in examined for one in each.findings)


def with_files(told: Iterable[tuple[str, Finding | DmnFinding]]) -> list[FindingOut]:
    """Each with the file that it is about."""
    return [FindingOut.model_validate({**vars(one), "file": name}) for name, one in told]


def _problem(title: str, detail: ErrorDetails) -> Problem:
    path = _path(title, detail["loc"])
    if detail["type"] == "extra_forbidden":
        name = str(detail["loc"][-1])
        known = _names(title)
        meant = nearest(name, known)
        remedy = f"Did you mean '{meant}'?" if meant else f"Known are: {', '.join(known) or 'none'}."
        return Problem(path=path, code="unknown_field", message=f"There is no '{name[:80]}' here. {remedy}")
    if detail["type"] == "missing":
        return Problem(path=path, code="missing", message=f"'{detail['loc'][-1]}' is required.")
    found = repr(detail["input"])
    shown = found if len(found) <= 80 else found[:80] + "..."
    expected = _EXPECTED.get(detail["type"], detail["msg"])
    return Problem(path=path, code=detail["type"], message=f"{expected}, found {shown}.")


def _path(title: str, steps: tuple[str | int, ...]) -> str:
    for ending, where in _WHERE.items():
        if title.endswith(ending):
            return f"{where}.{steps[-1]}" if steps else where
    return json_path(*steps)


def _names(title: str) -> list[str]:
    models: list[type[BaseModel]] = [Input, Parameters]
    for model in models:
        models.extend(model.__subclasses__())
        if model.__name__ == title:
            return [field.alias or name for name, field in model.model_fields.items()]
    return []
