"""What a handler gives, raises and tells, without the secrets that it was given."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Self

from app.core.secrecy import Scrubber
from app.core.tracing import Facts, Kind, Span
from app.engine.outcomes import Attempted, Failed
from app.handling.contract import Done, Refused, Waiting


def scrubbed(outcome: Attempted, scrubber: Scrubber) -> Attempted:
    """The outcome, with a mark in the place of each secret; itself while no secret is known."""
    if not scrubber.knows_any:
        return outcome
    match outcome:
        case Done(outputs=outputs):
            return Done(**scrubber.value(outputs))
        case Waiting():
            return replace(outcome, message=scrubber.text(outcome.message), key=scrubber.text(outcome.key))
        case Refused() | Failed():
            return replace(
                outcome,
                code=scrubber.text(outcome.code),
                message=scrubber.text(outcome.message),
                detail=scrubber.value(outcome.detail),
            )
    return outcome


class ScrubbedSpan:
    """A handler's span: what it notes, and the error that leaves its block, are scrubbed before they are recorded."""

    def __init__(self, span: Span, scrubber: Scrubber) -> None:
        self._span = span
        self._scrubber = scrubber

    @property
    def traceparent(self) -> str | None:
        return self._span.traceparent

    @property
    def trace_id(self) -> str | None:
        return self._span.trace_id

    def child(self, name: str, facts: Facts, kind: Kind = "internal") -> Span:
        child = self._span.child(self._scrubber.text(name), self._scrubber.value(dict(facts)), kind)
        return ScrubbedSpan(child, self._scrubber)

    def note(self, facts: Facts) -> None:
        self._span.note(self._scrubber.value(dict(facts)))

    def fail(self, why: str) -> None:
        self._span.fail(self._scrubber.text(why))

    def __enter__(self) -> Self:
        self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(f"{type(error).__name__}: {error}")
        self._span.__exit__(None, None, None)
