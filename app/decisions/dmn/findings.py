"""What an author should know about a decision model, and what keeps one from being loaded at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.core.errors import Unprocessable

_LONGEST = 600


@dataclass(frozen=True)
class Finding:
    """Errors should keep a model from being deployed; it loads all the same, and what is wrong in it gives null."""

    severity: Literal["error", "warning"]
    element_id: str | None
    code: str
    message: str
    remedy: str
    line: int | None
    decision_id: str | None = None
    rule: int | None = None  # counts from 1
    column: str | None = None  # of a decision table, by its label
    example: dict[str, object] | None = None  # inputs that show it, by the columns' labels


class DmnRefused(Unprocessable):
    """The document is no decision model that is read here; `findings` say where, why and what to do."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        place = f" (line {first.line})" if first.line else ""
        super().__init__(f"{first.message}{place} {first.remedy}", findings=[one.code for one in self.findings])


def shortened(text: str) -> str:
    """Findings quote what strangers wrote, which may be megabytes."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
