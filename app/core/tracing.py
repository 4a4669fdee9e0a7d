"""Traces: which piece of work was part of which other, across threads and processes.

A parent is named by its W3C `traceparent`, a text that is passed on, stored with an instance, sent to other systems:
nothing is ambient. Without the `otel` extra, or without TURNUP_TRACES, every span is NO_SPAN and costs a call.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Protocol, Self

Kind = Literal["server", "client", "internal"]
Facts = Mapping[str, str | int | float | bool]


class Span(Protocol):
    """One piece of work. It ends with its `with` block, and an exception that leaves the block is noted on it."""

    @property
    def traceparent(self) -> str | None:
        """What work that belongs under this one is given; None when nothing is traced."""
        ...

    @property
    def trace_id(self) -> str | None:
        """For logs."""
        ...

    def child(self, name: str, facts: Facts, kind: Kind = "internal") -> Span: ...

    def note(self, facts: Facts) -> None: ...

    def fail(self, why: str) -> None:
        """Mark the work as failed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracing(Protocol):
    """Begins spans and sends them off. Safe to use from many threads."""

    def span(
        self,
        name: str,
        parent: str | None,
        facts: Facts,
        kind: Kind = "internal",
        took_s: float = 0,
    ) -> Span:
        """`parent` is a traceparent; without one, or with one that is none, the span begins a trace of its own.

        `took_s`: it began that long ago.
        """
        ...

    def close(self) -> None:
        """Send what has not been sent; waits a few seconds at most."""
        ...


class NoSpan:
    """A span that nobody records."""

    traceparent: str | None = None
    trace_id: str | None = None

    def child(self, name: str, facts: Facts, kind: Kind = "internal") -> Span:
        return self

    def note(self, facts: Facts) -> None:
        pass

    def fail(self, why: str) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class NoTracing:
    """Tracing that is off."""

    def span(
        self,
        name: str,
        parent: str | None,
        facts: Facts,
        kind: Kind = "internal",
        took_s: float = 0,
    ) -> Span:
        return NO_SPAN

    def close(self) -> None:
        pass


NO_SPAN: Span = NoSpan()
NO_TRACING: Tracing = NoTracing()
