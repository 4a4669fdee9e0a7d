"""What comes of an attempt holds no secret that was given out, and an attempt that asks for none looks for none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core.clock import FixedClock
from app.core.log import get_logger
from app.core.secrecy import NoSecret, Scrubber
from app.dispatch.attempt import Attempts, Outside
from app.dispatch.scrubbing import ScrubbedSpan
from app.engine.outcomes import Failed
from app.engine.steps import ClaimedStep
from app.handling import Done, Refused, Waiting, Work, handles
from app.handling.registry import Handler
from app.watch.otel import OtelTracing

VALUE = "a-value-of-a-test"
MARK = "[secret key]"


class Given:
    """One secret, and how often it was asked for."""

    def __init__(self) -> None:
        self.scrubber = Scrubber()
        self.asked = 0

    def __getitem__(self, name: str) -> str:
        self.asked += 1
        if name != "key":
            raise NoSecret(name, ["the first place", "the second place"])
        self.scrubber.learn(name, VALUE)
        return VALUE


STEP = ClaimedStep("i", None, 1, "i:/|a", 1, "a", "t", {}, False)


@pytest.fixture
def given() -> Given:
    return Given()


def attempt(given: Given, clock: FixedClock, function: Any, **changes: Any) -> Any:
    attempts = Attempts(clock, Outside({}, given, given.scrubber), get_logger("tests"))
    return attempts.make(replace(STEP, **changes), Handler(handles("t")(function)), clock.now())


def test_outputs_refusals_and_waits_are_scrubbed(given: Given, clock: FixedClock) -> None:
    def done(work: Work) -> Done:
        return Done(of=[work.secret("key"), 7])

    def refused(work: Work) -> Refused:
        return Refused("no", f"no {work.secret('key')}", {"deep": {"of": VALUE}})

    def waiting(work: Work) -> Waiting:
        return Waiting("called", work.secret("key"))

    assert attempt(given, clock, done) == Done(of=[MARK, 7])
    assert attempt(given, clock, refused) == Refused("no", f"no {MARK}", {"deep": {"of": MARK}})
    assert attempt(given, clock, waiting) == Waiting("called", MARK)


def test_a_fault_is_scrubbed(given: Given, clock: FixedClock) -> None:
    def fail(work: Work) -> Done:
        raise ValueError(work.secret("key"))

    failed = attempt(given, clock, fail)
    assert isinstance(failed, Failed)
    assert failed.message == MARK


def test_a_secret_that_is_missing_is_told_with_the_places(given: Given, clock: FixedClock) -> None:
    def ask(work: Work) -> Done:
        return Done(of=work.secret("other"))

    failed = attempt(given, clock, ask)
    assert (failed.code, failed.retry) == ("MissingSetting", False)
    assert "a needs the secret 'other'" in failed.message
    assert "Looked at: the first place; the second place" in failed.message


def test_an_attempt_that_asks_for_no_secret_looks_for_none(given: Given, clock: FixedClock) -> None:
    outputs = {"of": ["x"]}

    def done(work: Work) -> Done:
        return Done(**outputs)

    assert attempt(given, clock, done) == Done(of=["x"])
    assert given.asked == 0


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def span(kept: InMemorySpanExporter) -> Iterator[ScrubbedSpan]:
    tracing = OtelTracing(SimpleSpanProcessor(kept), "1")
    scrubber = Scrubber()
    scrubber.learn("key", VALUE)
    with tracing.span("step", None, {}) as made:
        yield ScrubbedSpan(made, scrubber)
    tracing.close()


def test_a_span_and_its_children_are_scrubbed(span: ScrubbedSpan, kept: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match=VALUE), span.child(f"GET {VALUE}", {"url": VALUE}) as child:
        child.note({"answer": VALUE})
        raise ValueError(VALUE)
    (ended,) = kept.get_finished_spans()
    assert VALUE not in ended.to_json()
    assert ended.name == f"GET {MARK}"
    assert ended.status.description == f"ValueError: {MARK}"
    assert ended.parent is not None
    assert span.traceparent is not None


def test_a_grandchild_is_scrubbed_too(span: ScrubbedSpan, kept: InMemorySpanExporter) -> None:
    with span.child("a", {}) as child, child.child("b", {}) as grandchild:
        grandchild.fail(VALUE)
    assert all(VALUE not in ended.to_json() for ended in kept.get_finished_spans())
