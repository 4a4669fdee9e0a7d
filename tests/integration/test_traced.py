"""One trace from the caller's request to the call at the other system, through the database, on both stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from werkzeug.wrappers import Request, Response

from app.core.clock import SystemClock
from app.core.settings import read_settings
from app.factory import House, build_house
from app.lab.settings import LabSettings
from app.lab.web import Lab
from app.watch.otel import OtelTracing
from handlers.clients.http import close_clients
from tests.factories.diagrams import Diagram
from tests.factories.labs import serving
from tests.factories.people import add_token
from tests.unit.dispatch.waiting import PATIENCE_S, until

TOKEN = "t"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@dataclass
class TracedLab:
    """A laboratory that remembers the `traceparent` of each call."""

    url: str = ""
    parents: list[str] = field(default_factory=list)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[TracedLab]:
    traced = TracedLab()
    inner = Lab(LabSettings(tmp_path / "lab.sqlite", latency_ms=(0, 0)), SystemClock())

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        traced.parents.append(environ.get("HTTP_TRACEPARENT", ""))
        return inner.app(environ, start_response)

    with serving(app) as url:
        traced.url = url
        yield traced
    close_clients()
    inner.close()


OpenHouse = Callable[..., House]


@pytest.fixture
def open_house(database_url: str, tmp_path: Path, lab: TracedLab) -> Iterator[OpenHouse]:
    """A house on the database, as `turnup serve` builds it; with another one of its own each time."""
    opened: list[House] = []

    def build(**environ: str) -> House:
        given = {
            "TURNUP_DATABASE_URL": database_url,
            "TURNUP_DATA_DIR": str(tmp_path / "data"),
            "TURNUP_LAB_URL": lab.url,
            **environ,
        }
        house = build_house(read_settings(given), given, too_many_strays=lambda: None)
        add_token(house.room.database, TOKEN)
        opened.append(house)
        return house

    yield build
    for house in opened:
        if house.dispatch.is_running:
            house.stop(PATIENCE_S)
        house.room.close()


def start(house: House, **headers: str) -> str:
    diagram = Diagram("traced").start("s").service("find", "olt.find_free_port").end("e").chain("s", "find", "e")
    client = house.app.test_client()
    own = {"Authorization": f"Bearer {TOKEN}"}
    client.post("/api/v1/process-definitions", data=diagram.xml(), content_type="application/xml", headers=own)
    body = {"processId": "traced", "businessKey": "ORD-1", "variables": {"olt": "lon-1", "serial": "ALCL00000001"}}
    answer = client.post("/api/v1/process-instances", json=body, headers={**own, **headers})
    assert answer.status_code == 202, answer.text
    assert answer.json is not None
    return str(answer.json["id"])


def is_completed(house: House, instance_id: str) -> bool:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    shown = house.app.test_client().get(f"/api/v1/process-instances/{instance_id}", headers=headers).json
    assert shown is not None
    assert shown["state"] != "fallen_out", shown["incidents"]
    return bool(shown["state"] == "completed")


def chain(spans: tuple[ReadableSpan, ...], last: ReadableSpan) -> list[str]:
    """The names from the last span up to the trace's beginning."""
    by_id = {span.context.span_id: span for span in spans}
    names = [last.name]
    while last.parent is not None and last.parent.span_id in by_id:
        last = by_id[last.parent.span_id]
        names.append(last.name)
    return names


def test_one_trace_leads_from_the_request_to_the_call(
    open_house: OpenHouse, lab: TracedLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    monkeypatch.setattr("app.factory.open_tracing", lambda *_: OtelTracing(SimpleSpanProcessor(kept), "1"))
    api, worker = open_house(), open_house()  # all that they share is the database
    instance_id = start(api, traceparent=f"00-{TRACE}-{SPAN}-01")
    worker.start()
    until(lambda: is_completed(worker, instance_id))
    worker.stop(PATIENCE_S)
    spans = tuple(span for span in kept.get_finished_spans() if f"{span.context.trace_id:032x}" == TRACE)
    (call,) = [span for span in spans if span.kind.name == "CLIENT"]
    assert chain(spans, call) == [
        f"POST {lab.url}",
        "step olt.find_free_port",
        "advance",
        "POST /api/v1/process-instances",
    ]
    assert call.attributes is not None
    assert call.attributes["http.response.status_code"] == 201
    (parent,) = lab.parents
    assert parent == f"00-{TRACE}-{call.context.span_id:016x}-01"
    (step,) = [span for span in spans if span.name.startswith("step")]
    assert step.attributes is not None
    assert (step.attributes["turnup.instance_id"], step.attributes["turnup.business_key"]) == (instance_id, "ORD-1")


def test_without_traces_nothing_is_stored_and_nothing_sent(open_house: OpenHouse, lab: TracedLab) -> None:
    house = open_house()
    instance_id = start(house, traceparent=f"00-{TRACE}-{SPAN}-01")
    house.start()
    until(lambda: is_completed(house, instance_id))
    assert lab.parents == [""]


def test_spans_reach_a_collector(open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the extra is used: OTLP over HTTP, where the SDK's own variables say."""
    received: list[str] = []

    @Request.application
    def collector(request: Request) -> Response:
        sent = ExportTraceServiceRequest()
        sent.ParseFromString(request.get_data())
        received.extend(
            span.name for resource in sent.resource_spans for scope in resource.scope_spans for span in scope.spans
        )
        return Response(status=200)

    with serving(collector) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        house = open_house(TURNUP_TRACES="otlp")
        instance_id = start(house)
        house.start()
        until(lambda: is_completed(house, instance_id))
        house.stop(PATIENCE_S)
    assert {"POST /api/v1/process-instances", "advance", "step olt.find_free_port"} <= set(received)
