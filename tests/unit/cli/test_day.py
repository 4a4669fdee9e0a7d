"""The demo's day: the clock on its wall, and orders drawn by lot that are as good as the samples."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.cli.day import LONGEST_OUTAGE_S, OUTAGES, STRUCK_OLT, Day, at, plan
from app.cli.samples import Sample, read_samples
from app.cli.variation import VARIED, Variations
from app.core.clock import SystemClock
from app.factory import PROCESSES
from app.lab.settings import LabSettings
from app.lab.web import Lab

SAMPLES = read_samples(PROCESSES / "samples")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    lab = Lab(LabSettings(tmp_path / "lab.sqlite"), SystemClock())
    yield lab.app.test_client()
    lab.close()


def variables(sample: Sample) -> dict[str, Any]:
    found: dict[str, Any] = sample.request["variables"]
    return found


def drawn(count: int = 200, smooth_part: float = 0.2) -> list[Sample]:
    variations = Variations(SAMPLES, random.Random(1))
    return [variations.one(smooth_part) for _ in range(count)]


@pytest.mark.parametrize(
    ("second", "shown"), [(0, "08:00"), (32, "10:40"), (60, "13:00"), (120, "18:00"), (500, "18:00")]
)
def test_two_minutes_are_ten_hours(second: float, shown: str) -> None:
    assert Day(120).clock(second) == shown


def test_the_day_begins_at_eight() -> None:
    assert (at(8, 0), at(13, 0), at(18, 0)) == (0, 0.5, 1)


def test_a_day_has_every_sample_and_more_of_their_kinds() -> None:
    day = plan(SAMPLES, 150, 120, seed=1)
    assert len(day.orders) == 150
    names = {sample.name for _, sample in day.orders}
    assert {sample.name for sample in SAMPLES} <= names
    assert [second for second, _ in day.orders] == sorted(second for second, _ in day.orders)
    assert 0 <= day.orders[0][0] < day.orders[-1][0] < 120


def test_a_short_day_has_some_of_the_samples() -> None:
    day = plan(SAMPLES, 5, 10, seed=1)
    assert len({sample.name for _, sample in day.orders} & {sample.name for sample in SAMPLES}) == 5


def test_the_same_seed_draws_the_same_day_and_another_one_another() -> None:
    assert plan(SAMPLES, 120, 60, seed=7) == plan(SAMPLES, 120, 60, seed=7)
    assert plan(SAMPLES, 120, 60, seed=7) != plan(SAMPLES, 120, 60, seed=8)


def test_the_node_that_goes_down_has_orders_while_it_does() -> None:
    day = plan(SAMPLES, 150, 120, seed=1)
    struck = [second for second, sample in day.orders if variables(sample).get("olt") == STRUCK_OLT]
    outage = next(each for each in OUTAGES if each.match == {"olt": STRUCK_OLT})
    assert [second for second in struck if outage.begins - 0.03 <= second / 120 <= outage.ends]


def test_no_outage_is_longer_than_handlers_try() -> None:
    assert max(outage.fault(3600)["for_s"] for outage in OUTAGES) <= LONGEST_OUTAGE_S


@pytest.mark.parametrize("names", [("order_id",), ("serial",), ("olt", "port"), ("number",), ("subscription_id",)])
def test_no_two_orders_share_what_one_customer_has(names: tuple[str, ...]) -> None:
    identities = Counter(tuple(map(variables(sample).get, names)) for sample in [*SAMPLES, *drawn()])
    shared = [each for each, count in identities.items() if count > 1 and None not in each]
    assert [each for each in shared if not str(each[-1]).endswith(("/15", "/16"))] == []


def test_every_kind_that_may_be_varied_is_drawn_and_no_other() -> None:
    assert {sample.request["processId"] for sample in drawn()} == VARIED


def test_what_is_drawn_asks_the_laboratory_for_what_it_can_do(client: FlaskClient) -> None:
    for sample in drawn():
        for call in sample.before:
            assert client.post(call["path"], json=call["body"]).status_code < 300, call
        for fault in sample.faults:
            assert client.post("/lab/faults", json=fault).status_code == 201
            own = [value for value in variables(sample).values() if isinstance(value, str)]
            assert any(each in value for value in fault["match"].values() for each in own), "it would meet other orders"
        if "port" in variables(sample):
            path = f"/access/ports/{variables(sample)['olt']}/{variables(sample)['port']}"
            assert client.get(path).status_code == 200
