"""Where a sample order is, held against where it should be."""

from __future__ import annotations

from typing import Any

import pytest

from app.cli.samples import Order, Sample, read_samples
from app.factory import PROCESSES


def wait(element: str, kind: str) -> dict[str, Any]:
    return {"elementId": element, "kind": kind}


def order(expected: str, /, element: str | None = None, code: str | None = None, **seen: Any) -> Order:
    return Order(Sample("s", "S", {}, [], [], expected, element, code), "i-1", seen)


FELL_OUT = {"state": "fallen_out", "incidents": [{"elementId": "a", "code": "port_taken"}], "waits": []}
WAITS = {"state": "active", "waits": [wait("w", "message"), wait("late", "timer")]}


@pytest.mark.parametrize(
    "found",
    [
        order("completed", state="completed", waits=[]),
        order("fallen_out", "a", "port_taken", **FELL_OUT),
        order("fallen_out", "a", **FELL_OUT),
        order("waiting", "w", **WAITS),
    ],
)
def test_an_order_is_where_its_sample_says(found: Order) -> None:
    assert found.is_where_expected


@pytest.mark.parametrize(
    "found",
    [
        order("completed", **WAITS),
        order("completed"),
        order("fallen_out", "b", "port_taken", **FELL_OUT),
        order("fallen_out", "a", "unknown_serial", **FELL_OUT),
        order("waiting", "a", **FELL_OUT),
        order("waiting", "elsewhere", **WAITS),
        order("waiting", "w", state="active", waits=[wait("w", "retry")]),
        order("waiting", "w", state="completed", waits=[]),
    ],
)
def test_an_order_elsewhere_is_seen(found: Order) -> None:
    assert not found.is_where_expected


def test_every_shipped_sample_can_be_read() -> None:
    samples = read_samples(PROCESSES / "samples")
    assert len(samples) >= 20
    assert len({sample.request["businessKey"] for sample in samples}) == len(samples)
