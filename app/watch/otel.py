"""Traces by OpenTelemetry. The only module that imports it, and imported only where traces are wanted."""

from __future__ import annotations

import re
import threading
import time
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from app.core.tracing import Facts, Kind, Span

SEND_WITHIN_S = 3.0
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


class OtelTracing:
    """Spans for an OpenTelemetry collector. Where it is and what is sampled, the SDK's own OTEL_ variables say."""

    def __init__(self, processor: SpanProcessor, version: str) -> None:
        resource = Resource.create({SERVICE_NAME: "turnup", SERVICE_VERSION: version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer: Tracer = self._provider.get_tracer("turnup")

    def span(
        self,
        name: str,
        parent: str | None,
        facts: Facts,
        kind: Kind = "internal",
        took_s: float = 0,
    ) -> Span:
        return _begin(self._tracer, name, _remote(parent), facts, kind, took_s)

    def close(self) -> None:
        # The exporter tries for ten seconds to reach a collector that is away; nobody waits for that.
        sender = threading.Thread(target=self._provider.shutdown, name="turnup-last-spans", daemon=True)
        sender.start()
        sender.join(SEND_WITHIN_S)


def open_otlp(version: str) -> OtelTracing:
    """Sends in the background, over HTTP, to OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318)."""
    return OtelTracing(BatchSpanProcessor(OTLPSpanExporter()), version)


class _Span:
    def __init__(self, tracer: Tracer, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span
        context = span.get_span_context()
        self.trace_id: str | None = f"{context.trace_id:032x}"
        self.traceparent: str | None = f"00-{self.trace_id}-{context.span_id:016x}-{context.trace_flags:02x}"

    def child(self, name: str, facts: Facts, kind: Kind = "internal") -> Span:
        return _begin(self._tracer, name, self._span, facts, kind, 0)

    def note(self, facts: Facts) -> None:
        self._span.set_attributes(facts)

    def fail(self, why: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, why[:500]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(f"{type(error).__name__}: {error}")
        self._span.end()


def _begin(tracer: Tracer, name: str, parent: OtelSpan | None, facts: Facts, kind: Kind, took_s: float) -> Span:
    began_ns = time.time_ns() - round(took_s * 1e9)
    # An empty context, never the current one: parents are passed
    context = set_span_in_context(parent or NonRecordingSpan(SpanContext(0, 0, is_remote=False)), Context())
    span = tracer.start_span(name, context, _KINDS[kind], dict(facts), start_time=began_ns, record_exception=False)
    return _Span(tracer, span)


def _remote(traceparent: str | None) -> OtelSpan | None:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    if not trace_id or not span_id:
        return None
    return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & 1)))
