"""Every sample, played against the laboratory on a clock of its own: it ends where its file says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.samples import Order, Sample, read_samples
from app.core.clock import FixedClock
from app.core.db import Database
from app.factory import PROCESSES
from tests.factories.shipped import Shipped, shipped

SAMPLES = {sample.name: sample for sample in read_samples(PROCESSES / "samples")}
ROUNDS_S = 45  # longer than any chain of retries and of what the laboratory tells


@pytest.fixture
def house(database: Database, clock: FixedClock, tmp_path: Path) -> Iterator[Shipped]:
    with shipped(database, clock, tmp_path) as made:
        made.deploy_shipped()
        yield made


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_sample_ends_where_its_file_says(house: Shipped, sample: Sample) -> None:
    for call in sample.before:
        house.lab.client.post(call["path"], json=call["body"]).raise_for_status()
    for fault in sample.faults:
        # What the laboratory would hold back for seconds it answers at once here, to the same effect.
        house.lab.client.post("/lab/faults", json={**fault, "hold_s": 0}).raise_for_status()
    instance_id = house.begin(sample.request["processId"], **sample.request["variables"])
    order = Order(sample, instance_id)
    for _ in range(ROUNDS_S):
        house.listen(instance_id, seconds=1)
        order.seen = seen(house, instance_id)
        if order.state in ("completed", "fallen_out"):
            break
    assert order.is_where_expected, f"expected {sample.expected}, found {order.found}"


def seen(house: Shipped, instance_id: str) -> dict[str, object]:
    """What the API would say of it."""
    incidents = [{"elementId": each.element_id, "code": each.code} for each in house.incidents(instance_id)]
    waits = [{"elementId": token.element_id, "kind": token.kind} for token in house.tokens(instance_id)]
    return {"state": house.state(instance_id), "incidents": incidents, "waits": waits}
