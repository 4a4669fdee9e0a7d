"""Spans as OpenTelemetry has them; parents are passed as text."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core.errors import InvalidSetting
from app.core.tracing import NO_SPAN, NO_TRACING
from app.watch.otel import OtelTracing
from app.watch.traces import open_tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(kept: InMemorySpanExporter) -> Iterator[OtelTracing]:
    made = OtelTracing(SimpleSpanProcessor(kept), "1.2.3")
    yield made
    made.close()


def test_a_span_goes_on_with_the_trace_that_it_was_given(tracing: OtelTracing, kept: InMemorySpanExporter) -> None:
    with tracing.span("step", PARENT, {"turnup.handler": "t"}) as span:
        assert span.trace_id == TRACE
    (ended,) = kept.get_finished_spans()
    assert ended.parent is not None
    assert f"{ended.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert dict(ended.attributes or {}) == {"turnup.handler": "t"}
    assert ended.resource.attributes["service.name"] == "turnup"


def test_a_child_hangs_under_its_span_and_names_itself_to_others(
    tracing: OtelTracing, kept: InMemorySpanExporter
) -> None:
    with tracing.span("step", PARENT, {}) as span, span.child("GET olt", {}, "client") as call:
        assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", call.traceparent or "")
    child, parent = kept.get_finished_spans()
    assert child.parent is not None
    assert child.parent.span_id == parent.context.span_id
    assert child.kind.name == "CLIENT"


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "nonsense",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        PARENT.upper(),
        PARENT + "x",
    ],
)
def test_a_parent_that_is_none_begins_a_trace(tracing: OtelTracing, sent: str | None) -> None:
    with tracing.span("request", sent, {}) as one, tracing.span("request", sent, {}) as two:
        assert len({one.trace_id, two.trace_id, TRACE, "0" * 32}) == 4


def test_what_the_caller_does_not_sample_is_not_recorded_but_passed_on(
    tracing: OtelTracing, kept: InMemorySpanExporter
) -> None:
    with tracing.span("request", PARENT[:-2] + "00", {}) as span:
        assert span.traceparent is not None
        assert span.traceparent.startswith(f"00-{TRACE}-")
        assert span.traceparent.endswith("-00")
    assert kept.get_finished_spans() == ()


def test_a_span_that_is_told_late_began_when_it_did(tracing: OtelTracing, kept: InMemorySpanExporter) -> None:
    with tracing.span("advance", None, {}, took_s=5):
        pass
    (ended,) = kept.get_finished_spans()
    assert ended.end_time is not None
    assert ended.start_time is not None
    assert ended.end_time - ended.start_time >= 5_000_000_000


def test_a_fault_that_leaves_the_block_is_on_the_span(tracing: OtelTracing, kept: InMemorySpanExporter) -> None:
    with pytest.raises(OSError, match="away"), tracing.span("call", None, {}):
        raise OSError("away")
    (ended,) = kept.get_finished_spans()
    assert (ended.status.status_code.name, ended.status.description) == ("ERROR", "OSError: away")


def test_a_collector_that_hangs_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.watch.otel.SEND_WITHIN_S", 0.05)
    let_go, ended = threading.Event(), threading.Event()

    class Hanging(InMemorySpanExporter):
        def shutdown(self) -> None:
            assert let_go.wait(10)
            ended.set()

    OtelTracing(SimpleSpanProcessor(Hanging()), "1").close()
    assert not ended.is_set()
    let_go.set()
    assert ended.wait(10)


def test_without_traces_every_span_is_the_same_nothing() -> None:
    assert open_tracing("", "1") is NO_TRACING
    with NO_TRACING.span("a", PARENT, {}) as span:
        assert span is NO_SPAN
        assert span.child("b", {}) is NO_SPAN
        assert (span.trace_id, span.traceparent) == (None, None)


def imported_by(statement: str, *blocked: str) -> subprocess.CompletedProcess[str]:
    """Runs the statement where the blocked packages are not installed; prints what of OpenTelemetry was imported."""
    program = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in blocked)
    program += statement + "\nprint([n for n in sys.modules if n.startswith('opentelemetry') and sys.modules[n]])"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_the_server_imports_nothing_of_opentelemetry_unless_told() -> None:
    run = imported_by("import app.cli\nfrom app.watch.traces import open_tracing\nopen_tracing('', '1')")
    assert run.stdout == "[]\n", run.stderr


def test_traces_without_the_extra_are_refused_with_the_remedy() -> None:
    statement = "from app.watch.traces import open_tracing\nopen_tracing('otlp', '1')"
    run = imported_by(statement, "opentelemetry", "opentelemetry.sdk")
    assert "InvalidSetting: TURNUP_TRACES is 'otlp', which needs opentelemetry" in run.stderr
    assert "pip install" in run.stderr


def test_a_missing_extra_is_a_setting_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "app.watch.otel", None)
    with pytest.raises(InvalidSetting) as raised:
        open_tracing("otlp", "1")
    assert raised.value.facts == {"variable": "TURNUP_TRACES"}
